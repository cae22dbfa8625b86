/**
 * The report log of one device: every report of the late horizon as the fold sees it, hour by hour, with the fold's state at the start of each hour.
 *
 * An hour's entries stand in segments in the order of their arrival; sorted they are the fold's input. The last segment of the newest
 * hour travels with the device's state record; the others are records of their own: `ident|HOUR.NUMBER`. When the newest
 * hour goes on, the one before is merged into one segment, sorted. `ident|HOUR` is the state at the hour's start.
 * Hours that the horizon has passed end as tombstones.
 *
 * A report in order asks for the open segment alone. What is stored apart from it is only read when an older hour is asked for.
 */
import type { Reader, Writer } from '../store/bytes.js';
import { compareEntries, HOUR_US, hourOf, type Entry } from './entry.js';
import { LogChanges, partOf, type Part } from './log-changes.js';
import { Packed } from './packed.js';
import { putNewest, takeNewest, type Newest } from './newest.js';

/** Event time back from the newest folded report within which a late report is folded and a repeat is known. */
export const HORIZON_US = 6 * HOUR_US;
/** Entries of an open segment: a state record then stays below 1 kB. */
export const SEGMENT_ENTRIES = 24;
/** Small segments of a closed hour from which they are merged again: late reports came in the meantime. */
const SMALL_SEGMENTS_MAX = 8;
/** Entries of a merged segment: a device that reports without pause must not make a record that no broker takes. */
const MERGED_ENTRIES = 2_000;

interface Segment {
  readonly number: number;
  readonly packed: Packed;
}

interface Hour {
  readonly hour: number;
  /** Encoded state of the fold before the hour's first entry. */
  start: Buffer;
  segments: Segment[];
  nextNumber: number;
}

const NOTHING = Buffer.alloc(0);

export class ReportLog {
  /** Oldest first. While `stored` is not read it is the newest hour's open segment alone. */
  #hours: Hour[] = [];
  #newest: Newest | null = null;
  readonly #changes = new LogChanges();
  #stored: (() => Iterable<Part>) | null;

  /** `stored` gives what `takeChanges` said to write; it is asked at most once. */
  constructor(stored: (() => Iterable<Part>) | null = null) {
    this.#stored = stored;
  }

  /** The last entry in the order of the fold; null: none. */
  get newest(): Newest | null {
    if (this.#newest === null) {
      const last = this.#all().at(-1);
      if (last !== undefined) this.#newest = sorted(last).at(-1) ?? null;
    }
    return this.#newest;
  }

  get count(): number {
    return this.#all().reduce((sum, { segments }) => segments.reduce((n, { packed }) => n + packed.count, sum), 0);
  }

  /** Bytes of all entries. */
  get bytes(): number {
    return this.#all().reduce((sum, { segments }) => segments.reduce((n, { packed }) => n + packed.length, sum), 0);
  }

  /** The entry of this message id; null: there is none. A higher revision may have another time: all hours are searched then. */
  find(entry: Entry): Entry | null {
    const { newest } = this;
    if (newest === null || (entry.revision === 0 && entry.timeUs > newest.timeUs)) return null;
    const id = Buffer.allocUnsafe(8);
    id.writeUInt32BE(entry.idHigh, 0);
    id.writeUInt32BE(entry.idLow, 4);
    for (const hour of this.#all()) {
      if (entry.revision === 0 && hour.hour !== hourOf(entry.timeUs)) continue;
      for (const { packed } of hour.segments) {
        if (!packed.mayHold(id)) continue;
        const found = packed.entries().find((e) => e.idHigh === entry.idHigh && e.idLow === entry.idLow);
        if (found !== undefined) return found;
      }
    }
    return null;
  }

  /**
   * Puts an entry in its place. `start` gives the state at the start of its hour, should it be the first of the newest hour; an
   * older hour that was empty starts as the next one does.
   */
  insert(entry: Entry, start: () => Buffer): void {
    const number = hourOf(entry.timeUs);
    let hour = this.#hours.at(-1);
    if (hour?.hour !== number) hour = this.#hourAt(number, start);
    this.#append(hour, entry);
    if (this.#newest === null || compareEntries(entry, this.#newest) > 0) this.#newest = entry;
  }

  /** Takes out the entry of this identity, which stands in the log. */
  remove(entry: Entry): void {
    const hour = this.#all().find((h) => h.hour === hourOf(entry.timeUs));
    if (hour === undefined) return;
    this.#replaceAll(
      hour,
      sorted(hour).filter((e) => e.idHigh !== entry.idHigh || e.idLow !== entry.idLow),
    );
    if (hour.segments.length === 0) this.#drop(hour);
    this.#newest = null;
  }

  /** Hours from the one of `timeUs` on, with their entries in order. */
  *hoursFrom(timeUs: number): Generator<{ readonly hour: number; readonly start: Buffer; readonly entries: Entry[] }> {
    for (const hour of this.#all())
      if (hour.hour >= hourOf(timeUs)) yield { hour: hour.hour, start: hour.start, entries: sorted(hour) };
  }

  /** State of the fold before an event time's hour; null: no entry is that late. An hour without entries starts as the next one. */
  startAt(timeUs: number): Buffer | null {
    return this.#all().find((h) => h.hour >= hourOf(timeUs))?.start ?? null;
  }

  /** Another state at the start of an hour, found by folding again. */
  setStart(number: number, start: Buffer): void {
    const hour = this.#all().find((h) => h.hour === number);
    if (hour === undefined || hour.start.equals(start)) return;
    hour.start = start;
    this.#changes.write(number);
  }

  /** Forgets hours that lie wholly before the horizon. True when there were any. */
  prune(newestUs: number): boolean {
    const first = this.#all()[0];
    if (first === undefined || (first.hour + 1) * HOUR_US >= newestUs - HORIZON_US) return false;
    const gone = this.#hours.filter((h) => (h.hour + 1) * HOUR_US < newestUs - HORIZON_US);
    for (const hour of gone) this.#drop(hour);
    return true;
  }

  /** What changed since the last call, besides the open segment. */
  takeChanges(): { readonly written: readonly Part[]; readonly dropped: readonly string[] } {
    if (this.#changes.none) return NO_CHANGES;
    const open = this.#open();
    const written: Part[] = [];
    for (const { hour, start, segments } of this.#hours) {
      if (this.#changes.isWritten(hour)) written.push({ part: partOf(hour), payload: start });
      for (const { number, packed } of segments)
        if (packed !== open?.packed && this.#changes.isWritten(hour, number))
          written.push({ part: partOf(hour, number), payload: withCount(packed) });
    }
    return { written, dropped: this.#changes.takeDropped() };
  }

  /** The open segment, and which entry is the newest. */
  writeOpen(out: Writer): void {
    const hour = this.#hours.at(-1);
    const open = this.#open();
    out.room(32);
    if (hour === undefined || open === undefined) {
      out.unsigned(0);
      return;
    }
    out.unsigned(hour.hour + 1);
    out.unsigned(open.number);
    putNewest(out, this.newest);
    open.packed.write(out);
  }

  /** Reads what writeOpen wrote, into a log that is empty but for what is stored. */
  readOpen(from: Reader): void {
    const hour = from.unsigned() - 1;
    if (hour < 0) return;
    const number = from.unsigned();
    this.#newest = takeNewest(from);
    const segments = [{ number, packed: Packed.read(from) }];
    this.#hours = [{ hour, start: NOTHING, segments, nextNumber: number + 1 }];
  }

  /** All hours: what is stored apart is read now, if it was not yet. */
  #all(): Hour[] {
    const stored = this.#stored;
    if (stored === null) return this.#hours;
    this.#stored = null;
    for (const { part, payload } of stored()) {
      const [hour = '', number] = part.split('.');
      const found = this.#restored(Number(hour));
      if (number === undefined) found.start = payload;
      else this.#setSegment(found, Number(number), () => new Packed(payload, payload.readUInt16BE(0), 2));
    }
    return this.#hours;
  }

  /** What is there already is newer than what is stored. */
  #setSegment(hour: Hour, number: number, packed: () => Packed): void {
    if (hour.segments.some((segment) => segment.number === number)) return;
    hour.segments.push({ number, packed: packed() });
    hour.segments.sort((a, b) => a.number - b.number);
    hour.nextNumber = Math.max(hour.nextNumber, number + 1);
  }

  #restored(number: number): Hour {
    let hour = this.#hours.find((h) => h.hour === number);
    if (hour === undefined) {
      hour = { hour: number, start: NOTHING, segments: [], nextNumber: 1 };
      this.#hours.push(hour);
      this.#hours.sort((a, b) => a.hour - b.hour);
    }
    return hour;
  }

  #hourAt(number: number, start: () => Buffer): Hour {
    const hours = this.#all();
    let at = hours.length;
    while (at > 0 && hours[at - 1]!.hour > number) at--;
    const before = hours[at - 1];
    if (before?.hour === number) return before;
    const next = hours[at];
    if (next === undefined && before !== undefined) this.#merge(before);
    const hour = { hour: number, start: next?.start ?? start(), segments: [], nextNumber: 1 };
    hours.splice(at, 0, hour);
    this.#changes.write(number);
    return hour;
  }

  #open(): Segment | undefined {
    return this.#hours.at(-1)?.segments.at(-1);
  }

  #append(hour: Hour, entry: Entry): void {
    let segment = hour.segments.at(-1);
    if (segment === undefined || segment.packed.count >= SEGMENT_ENTRIES) {
      // While it was open it travelled with the device's own record.
      if (segment !== undefined) this.#changes.write(hour.hour, segment.number);
      segment = { number: hour.nextNumber++, packed: new Packed() };
      hour.segments.push(segment);
    }
    segment.packed.append(entry);
    if (hour === this.#hours.at(-1)) return;
    this.#changes.write(hour.hour, segment.number);
    if (hour.segments.length <= SMALL_SEGMENTS_MAX) return;
    const small = hour.segments.filter(({ packed }) => packed.count <= SEGMENT_ENTRIES).length;
    if (small > SMALL_SEGMENTS_MAX) this.#merge(hour);
  }

  #merge(hour: Hour): void {
    if (hour.segments.length > 1) this.#replaceAll(hour, sorted(hour));
    else for (const { number } of hour.segments) this.#changes.write(hour.hour, number);
  }

  #replaceAll(hour: Hour, entries: readonly Entry[]): void {
    for (const { number } of hour.segments) this.#changes.drop(hour.hour, number);
    hour.segments = [];
    for (let from = 0; from < entries.length; from += MERGED_ENTRIES) {
      const packed = new Packed();
      for (const entry of entries.slice(from, from + MERGED_ENTRIES)) packed.append(entry);
      const number = hour.nextNumber++;
      hour.segments.push({ number, packed });
      this.#changes.write(hour.hour, number);
    }
  }

  #drop(hour: Hour): void {
    this.#hours = this.#hours.filter((h) => h !== hour);
    this.#changes.drop(hour.hour);
    for (const { number } of hour.segments) this.#changes.drop(hour.hour, number);
  }
}

const NO_CHANGES = { written: [], dropped: [] } as const;

function sorted(hour: Hour): Entry[] {
  const entries = hour.segments.flatMap(({ packed }) => packed.entries());
  return entries.sort(compareEntries);
}

/** Number of entries (u16), then the entries. */
function withCount(packed: Packed): Buffer {
  const bytes = Buffer.allocUnsafe(2 + packed.length);
  bytes.writeUInt16BE(packed.count, 0);
  packed.bytes.copy(bytes, 2);
  return bytes;
}
