/**
 * Joins the parts of split messages (JT/T 808 sub-packages, ATrack pictures), keyed by device. Pure: receipt times come in.
 *
 * Bounds: a set waits at most SET_AGE_MAX_US after its first part; a device holds at most SETS_MAX sets and BYTES_MAX bytes;
 * whatever falls over a bound comes out as expired, never silently.
 */
import type { Part, Protocol } from './protocol.js';

export const SET_AGE_MAX_US = 120_000_000;
export const SETS_MAX = 64;
export const BYTES_MAX = 8 * 1024 * 1024;

export interface HeldPart<Ref> {
  readonly index: number;
  readonly frame: Uint8Array;
  readonly ref: Ref;
}
/** A set that will not be completed, with the parts that came. */
export interface ExpiredSet<Ref> {
  readonly ident: string;
  readonly protocol: Protocol;
  readonly set: string;
  readonly count: number;
  readonly parts: readonly HeldPart<Ref>[];
}
export interface Joined<Ref> {
  /** Decodes like a frame; null while parts are missing, or for a repeat of a part that is held. */
  readonly frame: Uint8Array | null;
  readonly expired: readonly ExpiredSet<Ref>[];
}

interface OpenSet<Ref> {
  readonly ident: string;
  readonly protocol: Protocol;
  readonly set: string;
  readonly count: number;
  readonly firstAtUs: number;
  readonly parts: Map<number, HeldPart<Ref>>;
  bytes: number;
}

export class Assembler<Ref> {
  /** By device, then by protocol and set; insertion order is age. */
  readonly #devices = new Map<string, Map<string, OpenSet<Ref>>>();

  /** Takes one part. The frame is copied. */
  add(protocol: Protocol, ident: string, part: Part, frame: Uint8Array, ref: Ref, receivedAtUs: number): Joined<Ref> {
    const sets = this.#setsOf(ident);
    const key = `${protocol.id} ${part.set}`;
    const expired: ExpiredSet<Ref>[] = this.#takeOld(sets, receivedAtUs);
    let open = sets.get(key);
    if (open !== undefined && open.count !== part.count) {
      // The device began another message under the same name: the old one can not be completed.
      expired.push(this.#take(sets, key, open));
      open = undefined;
    }
    if (open === undefined) {
      open = { ident, protocol, set: part.set, count: part.count, firstAtUs: receivedAtUs, parts: new Map(), bytes: 0 };
      sets.set(key, open);
    }
    const held = open.parts.get(part.index);
    open.bytes += frame.length - (held?.frame.length ?? 0);
    open.parts.set(part.index, { index: part.index, frame: frame.slice(), ref: held?.ref ?? ref });
    if (open.parts.size === open.count) {
      this.#take(sets, key, open);
      const parts = [...open.parts.values()].sort((a, b) => a.index - b.index).map((p) => p.frame);
      if (sets.size === 0) this.#devices.delete(ident);
      return { frame: protocol.join!(parts), expired };
    }
    for (const [oldKey, old] of sets) {
      if (sets.size <= SETS_MAX && bytesOf(sets) <= BYTES_MAX) break;
      expired.push(this.#take(sets, oldKey, old));
    }
    if (sets.size === 0) this.#devices.delete(ident);
    return { frame: null, expired };
  }

  /** Sets whose time is over at `nowUs`. */
  expire(nowUs: number): readonly ExpiredSet<Ref>[] {
    const expired: ExpiredSet<Ref>[] = [];
    for (const [ident, sets] of this.#devices) {
      expired.push(...this.#takeOld(sets, nowUs));
      if (sets.size === 0) this.#devices.delete(ident);
    }
    return expired;
  }

  /** Every reference that an unfinished set holds: the input may not be committed past the lowest. */
  *refs(): Iterable<Ref> {
    for (const sets of this.#devices.values())
      for (const open of sets.values()) for (const part of open.parts.values()) yield part.ref;
  }

  #setsOf(ident: string): Map<string, OpenSet<Ref>> {
    let sets = this.#devices.get(ident);
    if (sets === undefined) this.#devices.set(ident, (sets = new Map<string, OpenSet<Ref>>()));
    return sets;
  }

  #takeOld(sets: Map<string, OpenSet<Ref>>, nowUs: number): ExpiredSet<Ref>[] {
    const expired: ExpiredSet<Ref>[] = [];
    for (const [key, open] of sets)
      if (nowUs - open.firstAtUs > SET_AGE_MAX_US) expired.push(this.#take(sets, key, open));
    return expired;
  }

  #take(sets: Map<string, OpenSet<Ref>>, key: string, open: OpenSet<Ref>): ExpiredSet<Ref> {
    sets.delete(key);
    return {
      ident: open.ident,
      protocol: open.protocol,
      set: open.set,
      count: open.count,
      parts: [...open.parts.values()],
    };
  }
}

function bytesOf<Ref>(sets: Map<string, OpenSet<Ref>>): number {
  let bytes = 0;
  for (const open of sets.values()) bytes += open.bytes;
  return bytes;
}
