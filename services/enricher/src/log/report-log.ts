/**
 * The report log of one device: every report of the late horizon as the fold sees it, hour by hour, with the fold's state at the start of each hour.
 *
 * An hour's entries stand in segments in the order of their arrival; sorted they are the fold's input. The last segment of the newest
 * hour travels with the device's state record; the others are records of their own: `ident|HOUR.NUMBER`. When the newest
 * hour goes on, the one before is merged into one segment, sorted. `ident|HOUR` is the state at the hour's start.
 * Hours that the horizon has passed end as tombstones.
 *
 * A report in order asks for the open segment alone, and so does one that is later than everything was when that segment was begun:
 * devices that say several things in one second are not searched for. The last closed segments of the newest hour keep the state
 * of the fold at their end, so that a report that is a little late does not fold the whole hour again.
 */
import type { Reader, Writer } from '../store/bytes.js';
import { compareEntries, HOUR_US, hourOf, type Entry } from './entry.js';
import { addStored, beforeHour, emptyHour, NOTHING, openSegment, segmentPayload, sorted } from './hour.js';
import type { Checkpoint, Hour, Segment } from './hour.js';
import { LogChanges, partOf, type Part } from './log-changes.js';
import { Packed } from './packed.js';
import { putNewest, takeNewest, type Newest } from './newest.js';

/** Event time back from the newest folded report within which a late report is folded and a repeat is known. */
export const HORIZON_US = 6 * HOUR_US;
/** Entries of an open segment: a state record then stays below 1 kB. */
export const SEGMENT_ENTRIES = 24;
/** Where no report is newer than all before it, a segment goes on up to here: states are kept between two event times. */
export const SEGMENT_ENTRIES_MAX = 96;
/** So many closed segments of the newest hour become one, when there are as many behind them. */
const MERGED_SEGMENTS = 16;
/** Small segments of a closed hour from which they are merged again: late reports came in the meantime. */
const SMALL_SEGMENTS_MAX = 8;
/** Entries of a merged segment: a device that reports without pause must not make a record that no broker takes. */
const MERGED_ENTRIES = 2_000;

/** A place in the log at which the fold's state is kept. */
export interface Mark {
  readonly upToUs: number;
  /** Keeps the state, found by folding again. */
  readonly set: (state: Buffer) => void;
}

export class ReportLog {
  /** Oldest first. While `stored` is not read it is the newest hour's open segment alone. */
  #hours: Hour[] = [];
  #newest: Newest | null = null;
  readonly #changes = new LogChanges();
  /** Event time of the newest entry when the open segment was begun: what is later is in that segment alone. */
  #baseUs = Infinity;
  #stored: (() => Iterable<Part>) | null;

  /** `stored` gives what `takeChanges` said to write; it is asked at most once. */
  constructor(stored: (() => Iterable<Part>) | null = null) {
    this.#stored = stored;
  }

  /** The last entry in the order of the fold; null: none. */
  get newest(): Newest | null {
    if (this.#newest === null) {
      const last = this.#all().at(-1);
      if (last !== undefined) this.#newest = sorted(last.segments).at(-1) ?? null;
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
    const own = entry.revision === 0;
    if (own && entry.timeUs > this.#baseUs) return findIn(this.#hours.at(-1)!.segments.at(-1)!, id, entry);
    for (const { hour, segments } of this.#all()) {
      if (own && hour !== hourOf(entry.timeUs)) continue;
      for (const segment of segments) {
        if (own && segment.closedUs < entry.timeUs) continue;
        const found = findIn(segment, id, entry);
        if (found !== null) return found;
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
    this.#append(hour, entry, start);
    if (this.#newest === null || compareEntries(entry, this.#newest) > 0) this.#newest = entry;
  }

  /** Takes out the entry of this identity, which stands in the log. */
  remove(entry: Entry): void {
    const hour = this.#all().find((h) => h.hour === hourOf(entry.timeUs));
    if (hour === undefined) return;
    this.#replaceAll(
      hour,
      sorted(hour.segments).filter((e) => e.idHigh !== entry.idHigh || e.idLow !== entry.idLow),
    );
    if (hour.segments.length === 0) this.#drop(hour);
    this.#newest = null;
    this.#rebase();
  }

  /** The last kept state before an event time; null: no entry is that late. */
  checkpointBefore(timeUs: number): Checkpoint | null {
    const hours = this.#all();
    // An hour without entries starts as the next one.
    const hour = hours.find((h) => h.hour >= hourOf(timeUs));
    if (hour === undefined) return null;
    let found: Checkpoint = { upToUs: beforeHour(hourOf(timeUs)), state: hour.start };
    if (hour === hours.at(-1))
      for (const { closedUs, closed } of hour.segments)
        if (closed !== null && closedUs < timeUs && closedUs > found.upToUs)
          found = { upToUs: closedUs, state: closed };
    return found;
  }

  /** Entries later than `upToUs` in the order of the fold, and the places among them at which its state is kept. */
  after(upToUs: number): { readonly entries: Entry[]; readonly marks: readonly Mark[] } {
    const entries: Entry[] = [];
    const marks: Mark[] = [];
    const hours = this.#all();
    for (const hour of hours) {
      if (hour.hour < hourOf(upToUs)) continue;
      const isNewest = hour === hours.at(-1);
      if (beforeHour(hour.hour) > upToUs)
        marks.push({ upToUs: beforeHour(hour.hour), set: (state) => this.#setStart(hour, state) });
      const found = sorted(hour.segments.filter(({ closedUs }) => !isNewest || closedUs > upToUs));
      for (const entry of found) if (entry.timeUs > upToUs) entries.push(entry);
      if (!isNewest) continue;
      for (const segment of hour.segments)
        if (segment.closed !== null && segment.closedUs > upToUs)
          marks.push({ upToUs: segment.closedUs, set: (state) => this.#setClosed(hour, segment, state) });
    }
    return { entries, marks };
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
      for (const segment of segments)
        if (segment !== open && this.#changes.isWritten(hour, segment.number))
          written.push({ part: partOf(hour, segment.number), payload: segmentPayload(segment) });
    }
    return { written, dropped: this.#changes.takeDropped() };
  }

  /** The open segment, and which entry is the newest. */
  writeOpen(out: Writer): void {
    const hour = this.#hours.at(-1);
    const open = this.#open();
    out.room(48);
    if (hour === undefined || open === undefined) {
      out.unsigned(0);
      return;
    }
    out.unsigned(hour.hour + 1);
    out.unsigned(open.number);
    putNewest(out, this.newest);
    out.time(this.#baseUs, beforeHour(hour.hour));
    open.packed.write(out);
  }

  /** Reads what writeOpen wrote, into a log that is empty but for what is stored. */
  readOpen(from: Reader): void {
    const hour = from.unsigned() - 1;
    if (hour < 0) return;
    const number = from.unsigned();
    this.#newest = takeNewest(from);
    this.#baseUs = from.time(beforeHour(hour))!;
    const segments = [openSegment(number, Packed.read(from))];
    this.#hours = [{ hour, start: NOTHING, segments, nextNumber: number + 1 }];
  }

  /** All hours: what is stored apart is read now, if it was not yet. */
  #all(): Hour[] {
    const stored = this.#stored;
    if (stored === null) return this.#hours;
    this.#stored = null;
    addStored(this.#hours, stored());
    return this.#hours;
  }

  #hourAt(number: number, start: () => Buffer): Hour {
    const hours = this.#all();
    let at = hours.length;
    while (at > 0 && hours[at - 1]!.hour > number) at--;
    const before = hours[at - 1];
    if (before?.hour === number) return before;
    const next = hours[at];
    if (next === undefined && before !== undefined) this.#merge(before);
    const hour = emptyHour(number, next?.start ?? start());
    hours.splice(at, 0, hour);
    if (next === undefined) this.#baseUs = beforeHour(number);
    this.#changes.write(number);
    return hour;
  }

  #open(): Segment | undefined {
    return this.#hours.at(-1)?.segments.at(-1);
  }

  #append(hour: Hour, entry: Entry, start: () => Buffer): void {
    const isNewest = hour === this.#hours.at(-1);
    let segment = hour.segments.at(-1);
    if (
      segment === undefined ||
      (segment.packed.count >= SEGMENT_ENTRIES && this.#closes(segment, entry, isNewest, start))
    ) {
      // While it was open it travelled with the device's own record.
      if (segment !== undefined) this.#changes.write(hour.hour, segment.number);
      const closed = segment?.number ?? 0;
      segment = openSegment(hour.nextNumber++);
      hour.segments.push(segment);
      if (isNewest && closed > MERGED_SEGMENTS && closed % MERGED_SEGMENTS === 0) this.#gather(hour, closed);
    }
    segment.packed.append(entry);
    if (isNewest) return;
    this.#changes.write(hour.hour, segment.number);
    if (hour.segments.length <= SMALL_SEGMENTS_MAX) return;
    const small = hour.segments.filter(({ packed }) => packed.count <= SEGMENT_ENTRIES).length;
    if (small > SMALL_SEGMENTS_MAX) this.#merge(hour);
  }

  /** Closes a full segment before `entry`, with the state that `start` gives; false: it goes on. */
  #closes(segment: Segment, entry: Entry, isNewest: boolean, start: () => Buffer): boolean {
    if (!isNewest) return true;
    const newestUs = this.newest?.timeUs ?? Infinity;
    const ahead = entry.timeUs > newestUs;
    if (!ahead && segment.packed.count < SEGMENT_ENTRIES_MAX) return false;
    segment.closedUs = newestUs;
    segment.closed = ahead ? start() : null;
    this.#baseUs = Math.max(this.#baseUs, newestUs);
    return true;
  }

  /** Makes one segment of small ones that were closed a while ago: an hour of a device that reports without pause has few parts. */
  #gather(hour: Hour, closed: number): void {
    this.#all();
    const last = closed - MERGED_SEGMENTS;
    const small = hour.segments.filter(
      ({ number, packed }) => number > last - MERGED_SEGMENTS && number <= last && packed.count <= SEGMENT_ENTRIES_MAX,
    );
    const end = small.at(-1);
    if (end === undefined || small.length < 2) return;
    const packed = new Packed();
    for (const segment of small) {
      for (const entry of segment.packed.entries()) packed.append(entry);
      if (segment !== end) this.#changes.drop(hour.hour, segment.number);
    }
    const one = { number: end.number, packed, closedUs: end.closedUs, closed: null };
    hour.segments = hour.segments.flatMap((s) => (s === end ? [one] : small.includes(s) ? [] : [s]));
    this.#changes.write(hour.hour, one.number);
  }

  #setStart(hour: Hour, start: Buffer): void {
    if (hour.start.equals(start)) return;
    hour.start = start;
    this.#changes.write(hour.hour);
  }

  #setClosed({ hour }: Hour, segment: Segment, state: Buffer): void {
    if (segment.closed?.equals(state) === true) return;
    segment.closed = state;
    this.#changes.write(hour, segment.number);
  }

  /** Behind changes of closed segments. */
  #rebase(): void {
    const hour = this.#all().at(-1);
    this.#baseUs = (hour?.segments ?? [])
      .slice(0, -1)
      .reduce((us, { closedUs }) => Math.max(us, closedUs), hour === undefined ? Infinity : beforeHour(hour.hour));
  }

  #merge(hour: Hour): void {
    if (hour.segments.length > 1) this.#replaceAll(hour, sorted(hour.segments));
    else for (const { number } of hour.segments) this.#changes.write(hour.hour, number);
  }

  #replaceAll(hour: Hour, entries: readonly Entry[]): void {
    for (const { number } of hour.segments) this.#changes.drop(hour.hour, number);
    hour.segments = [];
    for (let from = 0; from < entries.length; from += MERGED_ENTRIES) {
      const packed = new Packed();
      for (const entry of entries.slice(from, from + MERGED_ENTRIES)) packed.append(entry);
      const number = hour.nextNumber++;
      hour.segments.push(openSegment(number, packed));
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

function findIn({ packed }: Segment, id: Buffer, { idHigh, idLow }: Entry): Entry | null {
  if (!packed.mayHold(id)) return null;
  return packed.entries().find((e) => e.idHigh === idHigh && e.idLow === idLow) ?? null;
}
