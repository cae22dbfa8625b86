/** The hours of a report log and their segments, and what is stored of them. */
import { compareEntries, HOUR_US, type Entry } from './entry.js';
import type { Part } from './log-changes.js';
import { Packed } from './packed.js';

/** The fold's state behind all entries up to an event time. */
export interface Checkpoint {
  /** µs; entries of this very time are in the state. */
  readonly upToUs: number;
  /** Encoded. */
  readonly state: Buffer;
}

export interface Segment {
  readonly number: number;
  readonly packed: Packed;
  /** Event time of the log's newest entry when the segment was closed: later times are not in it. Infinity: it is open, or that is not known. */
  closedUs: number;
  /** State up to `closedUs`; null: it is not kept. */
  closed: Buffer | null;
}

export interface Hour {
  readonly hour: number;
  /** Encoded state of the fold before the hour's first entry. */
  start: Buffer;
  segments: Segment[];
  nextNumber: number;
}

export const NOTHING: Buffer = Buffer.alloc(0);

/** The last event time before an hour. */
export const beforeHour = (hour: number): number => hour * HOUR_US - 1;

export const openSegment = (number: number, packed = new Packed()): Segment => ({
  number,
  packed,
  closedUs: Infinity,
  closed: null,
});

export const emptyHour = (hour: number, start: Buffer = NOTHING): Hour => ({
  hour,
  start,
  segments: [],
  nextNumber: 1,
});

/** Entries of segments, in the order of the fold. */
export const sorted = (segments: readonly Segment[]): Entry[] =>
  segments.flatMap(({ packed }) => packed.entries()).sort(compareEntries);

const HEADER_BYTES = 12;

/** Number of entries (u16), length of the state (u16), `closedUs` (f64), the state, the entries. */
export function segmentPayload({ packed, closedUs, closed }: Segment): Buffer {
  const state = closed ?? NOTHING;
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + state.length + packed.length);
  bytes.writeUInt16BE(packed.count, 0);
  bytes.writeUInt16BE(state.length, 2);
  bytes.writeDoubleBE(closedUs, 4);
  state.copy(bytes, HEADER_BYTES);
  packed.bytes.copy(bytes, HEADER_BYTES + state.length);
  return bytes;
}

function segmentOf(number: number, payload: Buffer): Segment {
  const from = HEADER_BYTES + payload.readUInt16BE(2);
  return {
    number,
    packed: new Packed(payload, payload.readUInt16BE(0), from),
    closedUs: payload.readDoubleBE(4),
    closed: from === HEADER_BYTES ? null : payload.subarray(HEADER_BYTES, from),
  };
}

/** Adds what is stored to `hours`; what is there already is newer. */
export function addStored(hours: Hour[], stored: Iterable<Part>): void {
  const byHour = new Map(hours.map((hour) => [hour.hour, hour]));
  const own = new Set(hours.flatMap(({ hour, segments }) => segments.map(({ number }) => `${hour}.${number}`)));
  for (const { part, payload } of stored) {
    const dot = part.indexOf('.');
    const number = Number(dot < 0 ? part : part.slice(0, dot));
    let hour = byHour.get(number);
    if (hour === undefined) {
      byHour.set(number, (hour = emptyHour(number)));
      hours.push(hour);
    }
    if (dot < 0) hour.start = payload;
    else if (!own.has(part)) hour.segments.push(segmentOf(Number(part.slice(dot + 1)), payload));
  }
  hours.sort((a, b) => a.hour - b.hour);
  for (const hour of hours) {
    hour.segments.sort((a, b) => a.number - b.number);
    hour.nextNumber = Math.max(hour.nextNumber, (hour.segments.at(-1)?.number ?? 0) + 1);
  }
}
