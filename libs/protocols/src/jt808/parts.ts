/**
 * Which parts of split messages have come, on one connection. Only numbers are kept: the bodies are joined behind the broker. A set
 * with parts missing is asked for again after a silence, a few times, and then given up.
 */
import type { Addressee, Message } from './message.js';

export const SETS_MAX = 64;
/** 8 MiB of bodies of 1023 bytes: more can not be held for one device. */
export const PARTS_MAX = 8_192;
export const SILENCE_MS = 60_000;
export const REQUESTS_MAX = 3;

export interface PartSet {
  readonly addressee: Addressee;
  readonly firstSerial: number;
  readonly seen: Uint8Array;
  missing: number;
  /** Packets from the first on that are there without a gap, and whose answers are out. */
  inRow: number;
  /** The part noted last had come before. */
  repeated: boolean;
  /** The part noted last was the last one that was missing. */
  completedNow: boolean;
  lastMs: number;
  requests: number;
  /** 0x0801: what the server names when all parts are there. */
  mediaId: number | null;
}

/**
 * Numbers of the packets that are to be answered now that `number` was noted: itself and those behind it that waited for it, none when
 * an earlier one is still missing, itself alone when it is a repeat.
 */
export function answerable(set: PartSet, number: number): readonly number[] {
  if (set.repeated) return [number];
  const numbers: number[] = [];
  while (set.inRow < set.seen.length && set.seen[set.inRow] === 1) numbers.push(++set.inRow);
  return numbers;
}

/** A request for the parts that did not come (0x8003). */
export interface MissingParts {
  readonly addressee: Addressee;
  readonly firstSerial: number;
  readonly numbers: readonly number[];
}

export class PartSets {
  readonly #sets = new Map<string, PartSet>();

  get size(): number {
    return this.#sets.size;
  }

  /** Notes a part; repeats change nothing. Returns its set. */
  note(m: Message, nowMs: number): PartSet {
    const key = `${m.phone.join('.')} ${m.id} ${m.firstSerial} ${m.total}`;
    let set = this.#sets.get(key);
    if (set === undefined) {
      // The oldest gives way: a device that leaves 64 messages unfinished will not finish that one.
      if (this.#sets.size >= SETS_MAX) this.#sets.delete(this.#sets.keys().next().value!);
      set = {
        addressee: { phone: m.phone, version: m.version },
        firstSerial: m.firstSerial,
        seen: new Uint8Array(m.total),
        missing: m.total,
        inRow: 0,
        repeated: false,
        completedNow: false,
        lastMs: nowMs,
        requests: 0,
        mediaId: null,
      };
      this.#sets.set(key, set);
    }
    set.lastMs = nowMs;
    const isNew = set.seen[m.number - 1] === 0;
    if (isNew) {
      set.seen[m.number - 1] = 1;
      set.missing--;
    }
    set.repeated = !isNew;
    set.completedNow = isNew && set.missing === 0;
    return set;
  }

  /** What to ask for now. Complete sets are kept for one silence, so that a late repeat opens no new one. */
  due(nowMs: number): readonly MissingParts[] {
    const due: MissingParts[] = [];
    for (const [key, set] of this.#sets) {
      if (nowMs - set.lastMs < SILENCE_MS) continue;
      if (set.missing === 0 || set.requests >= REQUESTS_MAX) {
        this.#sets.delete(key);
        continue;
      }
      set.requests++;
      set.lastMs = nowMs;
      const numbers: number[] = [];
      set.seen.forEach((seen, i) => {
        if (seen === 0) numbers.push(i + 1);
      });
      due.push({ addressee: set.addressee, firstSerial: set.firstSerial, numbers });
    }
    return due;
  }
}
