/**
 * The report log of one device: every report of the late horizon as the fold sees it, hour by hour, with the fold's state at the start of each hour.
 *
 * An hour's entries stand in segments in the order of their arrival; sorted they are the fold's input. The last segment of the newest
 * hour travels with the device's state record; the others are records of their own: `ident|HOUR.NUMBER`. When the newest
 * hour goes on, the one before is merged into one segment, sorted. `ident|HOUR` is the state at the hour's start.
 * Hours that the horizon has passed end as tombstones.
 */
import { compareEntries, HOUR_US, hourOf, type Entry } from './entry.js';
import { Packed } from './pack.js';

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

/** State records besides the head: what to write, and what has ended. */
export interface LogChanges {
  readonly written: readonly { readonly part: string; readonly payload: Buffer }[];
  readonly dropped: readonly string[];
}

export class ReportLog {
  /** Oldest first. */
  #hours: Hour[] = [];
  #newest: Entry | null = null;
  readonly #dirty = new Set<string>();
  readonly #dropped = new Set<string>();

  /** The last entry in the order of the fold; null: none. */
  get newest(): Entry | null {
    const last = this.#hours.at(-1);
    if (this.#newest === null && last !== undefined) this.#newest = sorted(last).at(-1) ?? null;
    return this.#newest;
  }

  get count(): number {
    return this.#hours.reduce((sum, { segments }) => segments.reduce((n, { packed }) => n + packed.count, sum), 0);
  }

  /** Bytes of all entries. */
  get bytes(): number {
    return this.#hours.reduce(
      (sum, { segments }) => segments.reduce((n, { packed }) => n + packed.bytes.length, sum),
      0,
    );
  }

  /** The entry of this message id; null: there is none. A higher revision may have another time: all hours are searched then. */
  find(entry: Entry): Entry | null {
    const newest = this.newest;
    if (newest === null || (entry.revision === 0 && entry.timeUs > newest.timeUs)) return null;
    const id = Buffer.allocUnsafe(8);
    id.writeUInt32BE(entry.idHigh, 0);
    id.writeUInt32BE(entry.idLow, 4);
    for (const hour of this.#hours) {
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
    let at = this.#hours.length;
    while (at > 0 && this.#hours[at - 1]!.hour > number) at--;
    let hour = this.#hours[at - 1];
    if (hour?.hour !== number) {
      const next = this.#hours[at];
      if (next === undefined && hour !== undefined) this.#merge(hour);
      hour = { hour: number, start: next?.start ?? start(), segments: [], nextNumber: 1 };
      this.#hours.splice(at, 0, hour);
      this.#dirty.add(partOf(number));
    }
    this.#append(hour, entry);
    if (this.#newest === null || compareEntries(entry, this.#newest) > 0) this.#newest = entry;
  }

  /** Takes out the entry of this identity, which stands in the log. */
  remove(entry: Entry): void {
    const hour = this.#hours.find((h) => h.hour === hourOf(entry.timeUs));
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
    for (const hour of this.#hours)
      if (hour.hour >= hourOf(timeUs)) yield { hour: hour.hour, start: hour.start, entries: sorted(hour) };
  }

  /** State of the fold before an event time's hour; null: no entry is that late. An hour without entries starts as the next one. */
  startAt(timeUs: number): Buffer | null {
    return this.#hours.find((h) => h.hour >= hourOf(timeUs))?.start ?? null;
  }

  /** Another state at the start of an hour, found by folding again. */
  setStart(number: number, start: Buffer): void {
    const hour = this.#hours.find((h) => h.hour === number);
    if (hour === undefined || hour.start.equals(start)) return;
    hour.start = start;
    this.#dirty.add(partOf(number));
  }

  /** Forgets hours that lie wholly before the horizon. True when there were any. */
  prune(newestUs: number): boolean {
    const first = this.#hours[0];
    if (first === undefined || (first.hour + 1) * HOUR_US >= newestUs - HORIZON_US) return false;
    const gone = this.#hours.filter((h) => (h.hour + 1) * HOUR_US < newestUs - HORIZON_US);
    for (const hour of gone) this.#drop(hour);
    return true;
  }

  /** What changed since the last call, besides the open segment. */
  takeChanges(): LogChanges {
    const written: { part: string; payload: Buffer }[] = [];
    if (this.#dirty.size > 0) {
      const open = this.#open();
      for (const hour of this.#hours) {
        if (this.#dirty.has(partOf(hour.hour))) written.push({ part: partOf(hour.hour), payload: hour.start });
        for (const segment of hour.segments) {
          const part = partOf(hour.hour, segment.number);
          if (segment !== open && this.#dirty.has(part)) written.push({ part, payload: withCount(segment.packed) });
        }
      }
    }
    const dropped = [...this.#dropped];
    this.#dirty.clear();
    this.#dropped.clear();
    return { written, dropped };
  }

  /** The open segment: hour (u32), number (u32), then count and entries as in a segment's record; empty: the log is. */
  encodeOpen(): Buffer {
    const hour = this.#hours.at(-1);
    const open = this.#open();
    if (hour === undefined || open === undefined) return Buffer.alloc(0);
    const head = Buffer.alloc(8);
    head.writeUInt32BE(hour.hour, 0);
    head.writeUInt32BE(open.number, 4);
    return Buffer.concat([head, withCount(open.packed)]);
  }

  /** Puts back what takeChanges wrote, by part. */
  restore(part: string, payload: Buffer): void {
    const [hour = '', number] = part.split('.');
    const found = this.#restored(Number(hour));
    if (number === undefined) found.start = Buffer.from(payload);
    else this.#restoreSegment(found, Number(number), payload);
  }

  /** Puts back what encodeOpen wrote; the last step of a restore. */
  restoreOpen(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#restoreSegment(this.#restored(bytes.readUInt32BE(0)), bytes.readUInt32BE(4), bytes.subarray(8));
  }

  #restoreSegment(hour: Hour, number: number, payload: Buffer): void {
    const packed = new Packed(Buffer.from(payload.subarray(2)), payload.readUInt16BE(0));
    hour.segments = [...hour.segments.filter((s) => s.number !== number), { number, packed }];
    hour.segments.sort((a, b) => a.number - b.number);
    hour.nextNumber = Math.max(hour.nextNumber, number + 1);
  }

  #restored(number: number): Hour {
    let hour = this.#hours.find((h) => h.hour === number);
    if (hour === undefined) {
      hour = { hour: number, start: Buffer.alloc(0), segments: [], nextNumber: 1 };
      this.#hours.push(hour);
      this.#hours.sort((a, b) => a.hour - b.hour);
    }
    return hour;
  }

  #open(): Segment | undefined {
    return this.#hours.at(-1)?.segments.at(-1);
  }

  #append(hour: Hour, entry: Entry): void {
    let segment = hour.segments.at(-1);
    if (segment === undefined || segment.packed.count >= SEGMENT_ENTRIES) {
      if (segment !== undefined) {
        segment.packed.close();
        // While it was open it travelled with the device's own record.
        this.#dirty.add(partOf(hour.hour, segment.number));
      }
      segment = { number: hour.nextNumber++, packed: new Packed() };
      hour.segments.push(segment);
    }
    segment.packed.append(entry);
    this.#dirty.add(partOf(hour.hour, segment.number));
    const small = (): number => hour.segments.filter(({ packed }) => packed.count <= SEGMENT_ENTRIES).length;
    if (hour !== this.#hours.at(-1) && hour.segments.length > SMALL_SEGMENTS_MAX && small() > SMALL_SEGMENTS_MAX)
      this.#merge(hour);
  }

  #merge(hour: Hour): void {
    if (hour.segments.length > 1) this.#replaceAll(hour, sorted(hour));
    else
      for (const { number, packed } of hour.segments) {
        packed.close();
        this.#dirty.add(partOf(hour.hour, number));
      }
  }

  #replaceAll(hour: Hour, entries: readonly Entry[]): void {
    for (const { number } of hour.segments) this.#forget(partOf(hour.hour, number));
    hour.segments = [];
    for (let from = 0; from < entries.length; from += MERGED_ENTRIES) {
      const packed = new Packed();
      for (const entry of entries.slice(from, from + MERGED_ENTRIES)) packed.append(entry);
      packed.close();
      // A number of its own: a part that has ended never comes back.
      const number = hour.nextNumber++;
      hour.segments.push({ number, packed });
      this.#dirty.add(partOf(hour.hour, number));
    }
  }

  #drop(hour: Hour): void {
    this.#hours = this.#hours.filter((h) => h !== hour);
    this.#forget(partOf(hour.hour));
    for (const { number } of hour.segments) this.#forget(partOf(hour.hour, number));
  }

  #forget(part: string): void {
    this.#dirty.delete(part);
    this.#dropped.add(part);
  }
}

const partOf = (hour: number, number?: number): string => (number === undefined ? `${hour}` : `${hour}.${number}`);

function sorted(hour: Hour): Entry[] {
  const entries = hour.segments.flatMap(({ packed }) => packed.entries());
  return entries.sort(compareEntries);
}

/** Number of entries (u16), then the entries. */
function withCount(packed: Packed): Buffer {
  const bytes = Buffer.allocUnsafe(2 + packed.bytes.length);
  bytes.writeUInt16BE(packed.count, 0);
  packed.bytes.copy(bytes, 2);
  return bytes;
}
