/** Packed BCD: two decimal digits a byte, high nibble first. A nibble above 9 makes the group invalid, never an exception. */

/** Value of each byte, 0–99; -1 where a nibble is above 9. */
const VALUES = Int8Array.from({ length: 256 }, (_, b) =>
  b >>> 4 > 9 || (b & 15) > 9 ? -1 : (b >>> 4) * 10 + (b & 15),
);
const PAIRS = Array.from({ length: 256 }, (_, b) => b.toString(16).toUpperCase().padStart(2, '0'));

/** 0–99, or -1. */
export const bcd = (b: Uint8Array, at: number): number => VALUES[b[at]!]!;

/** Whether every nibble of [from, to) is a decimal digit. */
export function isBcd(b: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (VALUES[b[i]!]! < 0) return false;
  return true;
}

/** The digits of [from, to) as a number, or -1. At most 7 bytes, so that it is exact. */
export function bcdNumber(b: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) {
    const two = VALUES[b[i]!]!;
    if (two < 0) return -1;
    value = value * 100 + two;
  }
  return value;
}

/** Both digits of every byte of [from, to), leading zeros kept; other nibbles as A–F. */
export function bcdText(b: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) text += PAIRS[b[i]!]!;
  return text;
}

/** Writes decimal digits right-aligned into `width` bytes, padded with zeros in front; too many digits are cut in front. */
export function bcdBytes(digits: string, width: number): Uint8Array {
  const padded = digits.padStart(width * 2, '0').slice(-width * 2);
  const bytes = new Uint8Array(width);
  for (let i = 0; i < width; i++) bytes[i] = Number.parseInt(padded.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}
