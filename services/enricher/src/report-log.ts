/**
 * The report log of one device: which reports of the late horizon are known, by event time and identity. It is what makes a
 * re-send, a replay or a crash harmless: one report, one result.
 *
 * Layout of an entry, 17 bytes: event time (f64, µs), the first 64 bits of the message id (two u32), revision (u8). Entries stand
 * in segments of SEGMENT_ENTRIES in order of arrival; the open one travels with the device's state record, closed ones are
 * records of their own and end as tombstones when the horizon has passed them. 64 bits are enough among the reports of one
 * device with one event time.
 */

/** Event time back from the newest report within which a late report is folded and a repeat is known. */
export const HORIZON_US = 6 * 3_600_000_000;
/** Entries of a segment: a state record then stays below 1 kB. */
export const SEGMENT_ENTRIES = 24;
export const ENTRY_BYTES = 17;
/** Reports older than the horizon (or from the future) whose repeats are still known. */
export const RING_MAX = 64;
const REVISION_MAX = 255;

/** Identity and time of a report. */
export interface LogKey {
  readonly timeUs: number;
  /** First and second 32 bits of the message id. */
  readonly high: number;
  readonly low: number;
  readonly revision: number;
}

/** What the log says of a report. */
export type Verdict = 'new' | 'higher_revision' | 'in_log' | 'in_ring' | 'lower_revision';

export interface Segment {
  readonly number: number;
  readonly bytes: Buffer;
}

/** The key of a message id (32 hexadecimal digits). */
export function logKey(messageId: string, timeUs: number, revision: number): LogKey {
  return {
    timeUs,
    high: Number.parseInt(messageId.slice(0, 8), 16),
    low: Number.parseInt(messageId.slice(8, 16), 16),
    revision: Math.min(revision, REVISION_MAX),
  };
}

function write(bytes: Buffer, at: number, key: LogKey): void {
  bytes.writeDoubleBE(key.timeUs, at);
  bytes.writeUInt32BE(key.high, at + 8);
  bytes.writeUInt32BE(key.low, at + 12);
  bytes[at + 16] = key.revision;
}

/** Offset of the entry of `key` in `bytes`, or −1. */
function find(bytes: Buffer, key: LogKey): number {
  for (let at = 0; at < bytes.length; at += ENTRY_BYTES)
    if (
      bytes.readUInt32BE(at + 12) === key.low &&
      bytes.readUInt32BE(at + 8) === key.high &&
      bytes.readDoubleBE(at) === key.timeUs
    )
      return at;
  return -1;
}

function newestOf(bytes: Buffer): number {
  let newest = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < bytes.length; at += ENTRY_BYTES) newest = Math.max(newest, bytes.readDoubleBE(at));
  return newest;
}

/** What a change of the log must write. */
export interface LogChanges {
  /** Closed or changed segments. */
  readonly written: readonly Segment[];
  /** Numbers of segments that the horizon has passed. */
  readonly dropped: readonly number[];
}

export class ReportLog {
  #open: Buffer = Buffer.alloc(0);
  #nextNumber = 0;
  /** Closed segments, oldest first, with the newest event time of each. */
  readonly #closed = new Map<number, { bytes: Buffer; newestUs: number }>();
  #ring: Buffer = Buffer.alloc(0);
  readonly #dirty = new Set<number>();
  readonly #gone: number[] = [];

  /** Entries that stand in the log. */
  get size(): number {
    let entries = this.#open.length;
    for (const { bytes } of this.#closed.values()) entries += bytes.length;
    return entries / ENTRY_BYTES;
  }

  /**
   * Takes a report and says what it is. `folded`: inside the horizon and not from the future; others go to the ring.
   * Only 'new' and 'higher_revision' change the log.
   */
  take(key: LogKey, folded: boolean): Verdict {
    const inRing = this.#replace(this.#ring, key);
    if (inRing !== null) return inRing === 'in_log' ? 'in_ring' : inRing;
    if (!folded) {
      this.#ring = append(this.#ring, key, RING_MAX);
      return 'new';
    }
    const inOpen = this.#replace(this.#open, key);
    if (inOpen !== null) return inOpen;
    for (const [number, segment] of this.#closed) {
      const found = this.#replace(segment.bytes, key);
      if (found === null) continue;
      if (found === 'higher_revision') this.#dirty.add(number);
      return found;
    }
    this.#open = append(this.#open, key, SEGMENT_ENTRIES);
    if (this.#open.length === SEGMENT_ENTRIES * ENTRY_BYTES) this.#close();
    return 'new';
  }

  /** Forgets segments that lie wholly before `newestUs` − HORIZON_US. */
  prune(newestUs: number): void {
    for (const [number, segment] of this.#closed) {
      if (segment.newestUs >= newestUs - HORIZON_US) continue;
      this.#closed.delete(number);
      this.#dirty.delete(number);
      this.#gone.push(number);
    }
  }

  /** What changed since the last call, besides the state record. */
  takeChanges(): LogChanges {
    const written = [...this.#dirty].map((number) => ({ number, bytes: this.#closed.get(number)!.bytes }));
    const dropped = this.#gone.splice(0);
    this.#dirty.clear();
    return { written, dropped };
  }

  /** The part that travels with the device's state: next segment number, ring and open segment. */
  encodeHead(): Buffer {
    const head = Buffer.alloc(6);
    head.writeUInt32BE(this.#nextNumber, 0);
    head[4] = this.#ring.length / ENTRY_BYTES;
    head[5] = this.#open.length / ENTRY_BYTES;
    return Buffer.concat([head, this.#ring, this.#open]);
  }

  /** Reads what encodeHead wrote from the start of `bytes`; returns its length. */
  decodeHead(bytes: Buffer): number {
    this.#nextNumber = bytes.readUInt32BE(0);
    const ringEnd = 6 + bytes[4]! * ENTRY_BYTES;
    const end = ringEnd + bytes[5]! * ENTRY_BYTES;
    this.#ring = Buffer.from(bytes.subarray(6, ringEnd));
    this.#open = Buffer.from(bytes.subarray(ringEnd, end));
    return end;
  }

  /** A restored segment record; null: its tombstone. */
  restore(number: number, bytes: Buffer | null): void {
    if (bytes === null) this.#closed.delete(number);
    else this.#closed.set(number, { bytes: Buffer.from(bytes), newestUs: newestOf(bytes) });
  }

  #close(): void {
    const number = this.#nextNumber++;
    this.#closed.set(number, { bytes: this.#open, newestUs: newestOf(this.#open) });
    this.#dirty.add(number);
    this.#open = Buffer.alloc(0);
  }

  #replace(bytes: Buffer, key: LogKey): 'in_log' | 'lower_revision' | 'higher_revision' | null {
    const at = find(bytes, key);
    if (at < 0) return null;
    const known = bytes[at + 16]!;
    if (key.revision === known) return 'in_log';
    if (key.revision < known) return 'lower_revision';
    bytes[at + 16] = key.revision;
    return 'higher_revision';
  }
}

/** `bytes` with `key` behind it; beyond `entriesMax` the oldest goes. */
function append(bytes: Buffer, key: LogKey, entriesMax: number): Buffer {
  const kept = bytes.length >= entriesMax * ENTRY_BYTES ? bytes.subarray(ENTRY_BYTES) : bytes;
  const next = Buffer.alloc(kept.length + ENTRY_BYTES);
  kept.copy(next);
  write(next, kept.length, key);
  return next;
}
