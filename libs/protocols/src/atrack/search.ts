/** Finding the next message in bytes that are out of step. */
import { crc16Arc } from '../wire/crc.js';
import { u16 } from '../wire/reader.js';
import { AT_SIGN, COMMA, DOLLAR, isDigit, isLetter } from './ascii.js';
import {
  FRAME_BYTES_MAX,
  KEEP_ALIVE_BYTES,
  asciiHead,
  asciiHeader,
  asciiCrc,
  binaryLength,
  isAsciiAt,
  isKeepAlive,
} from './header.js';
import type { AtrackLink } from './link-state.js';

/** Whether a message may start here; `maybe`: more bytes are needed to say. */
export type Candidate = 'yes' | 'maybe' | 'no';

/**
 * A message may start at `at`: `FE 02`; `$` and a letter; or the prefix last seen here, or `@` and a letter, with a length that can
 * be.
 */
export function candidateAt(b: Uint8Array, at: number, to: number, prefix: number): Candidate {
  const first = b[at]!;
  if (at + 1 >= to)
    return first === 0xfe || first === DOLLAR || first === AT_SIGN || first === prefix >> 8 ? 'maybe' : 'no';
  const second = b[at + 1]!;
  if (first === 0xfe && second === 0x02) return 'yes';
  if (first === DOLLAR) return isLetter(second) ? 'yes' : 'no';
  if (!(first === AT_SIGN && isLetter(second)) && u16(b, at) !== prefix) return 'no';
  if (at + 3 > to) return 'maybe';
  if (b[at + 2] === COMMA) {
    if (at + 9 > to) return 'maybe';
    if (isAsciiAt(b, at)) return isDigit(b[at + 8]!) ? 'yes' : 'no';
  }
  if (at + 6 > to) return 'maybe';
  return binaryLength(b, at) > 0 ? 'yes' : 'no';
}

/** Offset of the first byte in [from, to) where a message may start, or `to`. */
export function search(b: Uint8Array, from: number, to: number, state: AtrackLink): number {
  for (let at = from; at < to; at++) if (candidateAt(b, at, to, state.prefix) !== 'no') return at;
  return to;
}

/** Whether the CRC of the binary frame [from, end) fits. */
export function binaryCrcFits(b: Uint8Array, from: number, end: number): boolean {
  return crc16Arc(b, from + 4, end) === u16(b, from + 2);
}
/** Whether the CRC of the ASCII frame [from, end) fits: it covers all behind the four digits. */
export function asciiCrcFits(b: Uint8Array, from: number, end: number): boolean {
  return crc16Arc(b, from + 7, end) === asciiCrc(b, from);
}

/**
 * Offset of a message inside the broken frame [from, end), whose end is its announced one: the sender was cut off in the middle and
 * began anew. A whole frame with a fitting CRC counts, and a header or keep-alive with the same unit id, as far as it has come. -1:
 * none. Bytes up to `to` have come.
 */
export function innerStart(b: Uint8Array, from: number, end: number, to: number): number {
  const prefix = u16(b, from);
  const ascii = isAsciiAt(b, from);
  sumBytesLeft = SUM_BYTES_MAX;
  for (let at = from + 1; at < Math.min(end, to); at++) {
    if (isKeepAlive(b, at) && !ascii && at + KEEP_ALIVE_BYTES <= to && sameBytes(b, from + 8, at + 2, 8)) return at;
    if (at + 1 >= to || u16(b, at) !== prefix) continue;
    if (ascii ? asciiInside(b, at, to, from) : binaryInside(b, at, to, from)) return at;
  }
  return -1;
}

/**
 * Bytes that one search may sum: a run of equal bytes looks like a header at each of them, and would cost the square of its length with
 * every read. What is behind the last sum is found when the announced end has come.
 */
const SUM_BYTES_MAX = 65_536;
let sumBytesLeft = 0;

/** A whole frame with a fitting CRC stands inside an unfinished one at `from`: the unfinished one will never be finished. */
export function restartInside(b: Uint8Array, from: number, to: number): number {
  const prefix = u16(b, from);
  const ascii = isAsciiAt(b, from);
  sumBytesLeft = SUM_BYTES_MAX;
  for (let at = from + 1; at + BINARY_MIN <= to; at++) {
    if (u16(b, at) !== prefix) continue;
    if (ascii ? wholeAscii(b, at, to) : wholeBinary(b, at, to)) return at;
  }
  return -1;
}
const BINARY_MIN = 16;

function wholeBinary(b: Uint8Array, at: number, to: number): boolean {
  if (at + 6 > to) return false;
  const length = binaryLength(b, at);
  if (length === 0 || at + length > to || (sumBytesLeft -= length) < 0) return false;
  return binaryCrcFits(b, at, at + length);
}

function wholeAscii(b: Uint8Array, at: number, to: number): boolean {
  if (at + 9 > to || !isAsciiAt(b, at) || asciiHeader(b, at, to) !== 'ok') return false;
  const length = asciiHead.length;
  if (at + length > to || (sumBytesLeft -= length) < 0) return false;
  return asciiCrcFits(b, at, at + length);
}

function binaryInside(b: Uint8Array, at: number, to: number, outer: number): boolean {
  if (at + 6 > to || binaryLength(b, at) === 0) return false;
  if (wholeBinary(b, at, to)) return true;
  const unitBytes = Math.min(8, to - (at + 8));
  return unitBytes > 0 && sameBytes(b, outer + 8, at + 8, unitBytes);
}

function asciiInside(b: Uint8Array, at: number, to: number, outer: number): boolean {
  if (at + 9 > to || !isAsciiAt(b, at)) return false;
  if (wholeAscii(b, at, to)) return true;
  const said = asciiHeader(b, at, to);
  if (said === 'need') return true;
  if (said !== 'ok') return false;
  const { unitFrom, unitTo } = asciiHead;
  if (asciiHeader(b, outer, Math.min(outer + FRAME_BYTES_MAX, to)) !== 'ok') return false;
  return (
    unitTo - unitFrom === asciiHead.unitTo - asciiHead.unitFrom &&
    sameBytes(b, unitFrom, asciiHead.unitFrom, unitTo - unitFrom)
  );
}

function sameBytes(b: Uint8Array, one: number, other: number, count: number): boolean {
  for (let i = 0; i < count; i++) if (b[one + i] !== b[other + i]) return false;
  return true;
}
