/**
 * Big-endian reading. The functions are for tables with fixed offsets, whose bounds were checked once for the whole group; the
 * class is for what is read one after the other. Neither throws: past the end a byte reads as 0, and the class remembers it.
 */

export { fromHex } from '../hex.js';

export const u8 = (b: Uint8Array, at: number): number => b[at]! | 0;
export const u16 = (b: Uint8Array, at: number): number => (b[at]! << 8) | b[at + 1]!;
export const u24 = (b: Uint8Array, at: number): number => (b[at]! << 16) | (b[at + 1]! << 8) | b[at + 2]!;
export const u32 = (b: Uint8Array, at: number): number => i32(b, at) >>> 0;
export const i8 = (b: Uint8Array, at: number): number => (b[at]! << 24) >> 24;
export const i16 = (b: Uint8Array, at: number): number => (((b[at]! << 8) | b[at + 1]!) << 16) >> 16;
export const i32 = (b: Uint8Array, at: number): number =>
  (b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!;

const UPPER = Array.from({ length: 256 }, (_, i) => i.toString(16).toUpperCase().padStart(2, '0'));

/** Upper-case hex of [from, to), cut to what is there. */
export function hex(b: Uint8Array, from: number, to: number): string {
  let text = '';
  const end = Math.min(to, b.length);
  for (let i = from; i < end; i++) text += UPPER[b[i]!]!;
  return text;
}

/** One character a byte (ISO 8859-1, so nothing is lost), cut to what is there. */
export function latin1(b: Uint8Array, from: number, to: number): string {
  let text = '';
  const end = Math.min(to, b.length);
  for (let i = from; i < end; i++) text += String.fromCharCode(b[i]!);
  return text;
}

/** Reads forward over [at, end) of a buffer. `short` stays true once a read went past `end`; such a read gives 0. */
export class Reader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
  short = false;

  constructor(bytes: Uint8Array, from = 0, to: number = bytes.length) {
    this.bytes = bytes;
    this.at = from;
    this.end = Math.min(to, bytes.length);
  }
  get left(): number {
    return this.end - this.at;
  }
  /** Where the next `count` bytes start; -1, and `short`, when they are not all there. */
  take(count: number): number {
    const at = this.at;
    if (count < 0 || at + count > this.end) {
      this.short = true;
      this.at = this.end;
      return -1;
    }
    this.at = at + count;
    return at;
  }
  u8(): number {
    const at = this.take(1);
    return at < 0 ? 0 : u8(this.bytes, at);
  }
  u16(): number {
    const at = this.take(2);
    return at < 0 ? 0 : u16(this.bytes, at);
  }
  u24(): number {
    const at = this.take(3);
    return at < 0 ? 0 : u24(this.bytes, at);
  }
  u32(): number {
    const at = this.take(4);
    return at < 0 ? 0 : u32(this.bytes, at);
  }
  i8(): number {
    const at = this.take(1);
    return at < 0 ? 0 : i8(this.bytes, at);
  }
  i16(): number {
    const at = this.take(2);
    return at < 0 ? 0 : i16(this.bytes, at);
  }
  i32(): number {
    const at = this.take(4);
    return at < 0 ? 0 : i32(this.bytes, at);
  }
  hex(count: number): string {
    const at = this.take(count);
    return at < 0 ? '' : hex(this.bytes, at, at + count);
  }
  latin1(count: number): string {
    const at = this.take(count);
    return at < 0 ? '' : latin1(this.bytes, at, at + count);
  }
  /** A view, not a copy. */
  slice(count: number): Uint8Array {
    const at = this.take(count);
    return at < 0 ? this.bytes.subarray(0, 0) : this.bytes.subarray(at, at + count);
  }
}
