/** Reading numbers and texts out of ASCII lines by byte, without cutting strings out of them. Nothing here looks past `to`. */
import { latin1 } from '../wire/reader.js';

export const LF = 0x0a;
export const CR = 0x0d;
/** Closes a text in ASCII reports, and on some firmware any string value. */
export const SUB = 0x1a;
export const SPACE = 0x20;
export const DOLLAR = 0x24;
export const PERCENT = 0x25;
export const PLUS = 0x2b;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
export const POINT = 0x2e;
export const EQUALS = 0x3d;
export const AT_SIGN = 0x40;

/** Longest run of digits that a double holds exactly. */
export const DIGITS_MAX = 15;

export const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
export const isUpper = (byte: number): boolean => byte >= 0x41 && byte <= 0x5a;
export const isLetter = (byte: number): boolean => isUpper(byte & ~0x20);
const isBlank = (byte: number): boolean => byte === SPACE || byte === SUB || byte === 0x09 || byte === 0;

/** Value of a hex digit of either case, or -1. */
export function hexDigit(byte: number): number {
  if (isDigit(byte)) return byte - 0x30;
  const upper = byte & ~0x20;
  return upper >= 0x41 && upper <= 0x46 ? upper - 0x37 : -1;
}

/** Offset of the next such byte in [from, to), or `to`. */
export function find(b: Uint8Array, byte: number, from: number, to: number): number {
  for (let i = from; i < to; i++) if (b[i] === byte) return i;
  return to;
}

/** Offset of the next CR LF that lies whole in [from, to), or -1. */
export function findCrLf(b: Uint8Array, from: number, to: number): number {
  for (let i = from; i + 1 < to; i++) if (b[i + 1] === LF && b[i] === CR) return i;
  return -1;
}

/** What `scanNumber` found: nothing, a whole number, one with a decimal point, or no number. */
export const EMPTY = 0;
export const WHOLE = 1;
export const DECIMAL = 2;
export const BAD = 3;
export type Scanned = typeof EMPTY | typeof WHOLE | typeof DECIMAL | typeof BAD;

/** Of the last `scanNumber`. One object for all, because a result object a number would cost more than the number. */
export const scanned: { kind: Scanned; end: number } = { kind: EMPTY, end: 0 };

/**
 * Reads the decimal number of a field that begins at `from` and runs to the next comma or `to`. Blanks and SUB around it do not
 * count. The kind and the field's end (the comma) are left in `scanned`; the value means something for WHOLE and DECIMAL only.
 */
export function scanNumber(b: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && isBlank(b[at]!)) at++;
  let negative = false;
  if (at < to && (b[at] === MINUS || b[at] === PLUS)) negative = b[at++] === MINUS;
  const digitsFrom = at;
  let value = 0;
  for (; at < to; at++) {
    const digit = b[at]! - 0x30;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  let digits = at - digitsFrom;
  let kind: Scanned = WHOLE;
  if (at < to && b[at] === POINT) {
    kind = DECIMAL;
    let scale = 1;
    at++;
    while (at < to && isDigit(b[at]!)) {
      value = value * 10 + (b[at]! - 0x30);
      scale *= 10;
      digits++;
      at++;
    }
    value /= scale;
  }
  while (at < to && isBlank(b[at]!)) at++;
  if (at < to && b[at] !== COMMA) {
    kind = BAD;
    at = find(b, COMMA, at, to);
  } else if (digits === 0) kind = digitsFrom > from && !isBlank(b[digitsFrom - 1]!) ? BAD : EMPTY;
  else if (digits > DIGITS_MAX) kind = BAD;
  scanned.kind = kind;
  scanned.end = at;
  return negative ? -value : value;
}

/** Nothing but the digit 0 in [from, to), or nothing at all. */
export function onlyZeros(b: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (b[i] !== 0x30) return false;
  return true;
}

/** Text of [from, to) without the blanks and SUB around it. */
export function trimmed(b: Uint8Array, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(b[start]!)) start++;
  while (end > start && isBlank(b[end - 1]!)) end--;
  return start === end ? '' : latin1(b, start, end);
}

/** The same for a text that was cut out already. */
export function trimText(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}
