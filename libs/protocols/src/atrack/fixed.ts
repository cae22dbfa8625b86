/**
 * The fixed part of a record, binary and ASCII, read into a draft. Same fields, order and units in both:
 *
 *   gps T | rtc T | sending T | longitude i32 | latitude i32 | heading u16 | report id u8 | odometer u32 | HDOP u16 | inputs u8 |
 *   speed u16 | outputs u8 | analog u16 | driver str | temperature 1 i16 | temperature 2 i16 | text str
 */
import { i16, i32, latin1, u16, u32 } from '../wire/reader.js';
import {
  BAD,
  COMMA,
  DECIMAL,
  DIGITS_MAX,
  EMPTY,
  MINUS,
  PERCENT,
  SUB,
  find,
  onlyZeros,
  scanNumber,
  scanned,
  trimmed,
} from './ascii.js';
import { type Draft, NONE } from './draft.js';
import { textKeyOf } from './text.js';
import { CALENDAR_DIGITS, asciiTime, binaryTime, type TimeBytes } from './time.js';

/** Shortest record: no driver, no text. */
export const recordMin = (timeBytes: TimeBytes): number => 29 + 3 * timeBytes;

/** Reads the fixed part at `at`. Gives the offset of the custom info, or -1: the frame ends inside the fixed part. */
export function readBinaryFixed(b: Uint8Array, at: number, end: number, timeBytes: TimeBytes, d: Draft): number {
  if (end - at < recordMin(timeBytes)) return -1;
  d.gps = binaryTime(b, at, timeBytes);
  d.rtc = binaryTime(b, at + timeBytes, timeBytes);
  d.send = binaryTime(b, at + 2 * timeBytes, timeBytes);
  let p = at + 3 * timeBytes;
  d.longitude = i32(b, p);
  d.latitude = i32(b, p + 4);
  d.heading = u16(b, p + 8);
  d.reason = b[p + 10]!;
  d.odometer = u32(b, p + 11);
  d.hdop = u16(b, p + 15);
  d.inputs = b[p + 17]!;
  d.speed = u16(b, p + 18);
  d.outputs = b[p + 20]!;
  d.analog = u16(b, p + 21);
  p += 23;
  const driverEnd = find(b, 0, p, end);
  if (driverEnd + 6 > end) return -1;
  d.driver = driverEnd === p ? '' : trimmed(b, p, driverEnd);
  p = driverEnd + 1;
  d.temperature1 = i16(b, p);
  d.temperature2 = i16(b, p + 2);
  p += 4;
  const textEnd = find(b, 0, p, end);
  if (textEnd === end) return -1;
  d.text = textEnd === p ? '' : latin1(b, p, textEnd);
  d.textKey = d.text === '' ? '' : textKeyOf(d.text);
  d.bad = false;
  d.startCustom();
  return textEnd + 1;
}

const U16_MAX = 0xffff;
const U32_MAX = 0xffffffff;

/**
 * The field at `cursor` when it is digits and a comma, as nearly all are: moves `cursor` behind the comma. -1, and nothing moved, for
 * everything else: `scanNumber` says what that is.
 */
function plainDigits(b: Uint8Array, to: number): number {
  const from = cursor;
  let at = from;
  let value = 0;
  for (; at < to; at++) {
    const digit = b[at]! - 0x30;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  if (at === to || b[at] !== COMMA || at === from || at - from > DIGITS_MAX) return -1;
  cursor = at + 1;
  return value;
}

/** A whole number within bounds; what is not is left out and remembered. Moves `cursor` behind the comma. */
function whole(b: Uint8Array, to: number, low: number, high: number, d: Draft): number {
  const plain = plainDigits(b, to);
  if (plain >= 0) return within(plain, low, high, d);
  const value = scanNumber(b, cursor, to);
  cursor = scanned.end + 1;
  if (scanned.kind === EMPTY) return NONE;
  if (scanned.kind === BAD || scanned.kind === DECIMAL) {
    d.bad = true;
    return NONE;
  }
  return within(value, low, high, d);
}

function within(value: number, low: number, high: number, d: Draft): number {
  if (value >= low && value <= high) return value;
  d.bad = true;
  return NONE;
}
/** Where the next field begins. Module state for one call of `readAsciiFixed`, which does not call itself. */
let cursor = 0;

/** As `whole`; a value with a decimal point is in another unit, `scale` of the wire's units each. */
function scaled(b: Uint8Array, to: number, low: number, high: number, scale: number, d: Draft): number {
  const negative = b[cursor] === MINUS;
  if (negative) cursor++;
  const plain = plainDigits(b, to);
  if (plain >= 0) return within(negative ? -plain : plain, low, high, d);
  if (negative) cursor--;
  let value = scanNumber(b, cursor, to);
  cursor = scanned.end + 1;
  if (scanned.kind === EMPTY) return NONE;
  // Rounded at a thousandth of the wire's unit, so that 1.1 × 10 is 11.
  if (scanned.kind === DECIMAL) value = Math.round(value * scale * 1000) / 1000;
  if (scanned.kind === BAD) {
    d.bad = true;
    return NONE;
  }
  return within(value, low, high, d);
}

function time(b: Uint8Array, to: number, d: Draft): number {
  const from = cursor;
  const plain = plainDigits(b, to);
  if (plain > 0 && plain <= U32_MAX && cursor - from <= CALENDAR_DIGITS) return plain;
  const end = find(b, COMMA, from, to);
  cursor = end + 1;
  const seconds = asciiTime(b, from, end);
  if (seconds === 0 && !onlyZeros(b, from, end)) d.bad = true;
  return seconds;
}

/**
 * Reads the fixed part of the line [at, to), CR LF excluded. `formKnown`: where 0x1A is lost, the text ends at the next comma. Gives the
 * offset of the first custom value, `to` + 1 when there is none, or -1: the line has fewer than 16 commas.
 */
export function readAsciiFixed(b: Uint8Array, at: number, to: number, formKnown: boolean, d: Draft): number {
  cursor = at;
  d.bad = false;
  d.gps = time(b, to, d);
  d.rtc = time(b, to, d);
  d.send = time(b, to, d);
  // With a decimal point: degrees, not millionths; kilometres; the plain value.
  d.longitude = scaled(b, to, -2147483648, 2147483647, 1e6, d);
  d.latitude = scaled(b, to, -2147483648, 2147483647, 1e6, d);
  d.heading = whole(b, to, 0, U16_MAX, d);
  d.reason = whole(b, to, 0, 255, d);
  d.odometer = scaled(b, to, 0, U32_MAX, 10, d);
  d.hdop = scaled(b, to, 0, U16_MAX, 10, d);
  d.inputs = whole(b, to, 0, 255, d);
  d.speed = whole(b, to, 0, U16_MAX, d);
  d.outputs = whole(b, to, 0, 255, d);
  d.analog = whole(b, to, 0, U16_MAX, d);
  const driverEnd = find(b, COMMA, cursor, to);
  d.driver = driverEnd === cursor ? '' : trimmed(b, cursor, driverEnd);
  cursor = driverEnd + 1;
  d.temperature1 = whole(b, to, -32768, 32767, d);
  d.temperature2 = whole(b, to, -32768, 32767, d);
  // A field that ran to the end of the line has left the cursor behind it, and so have all after it.
  if (cursor > to) return -1;
  d.startCustom();
  return readText(b, cursor, to, formKnown, d);
}

const isForm = (b: Uint8Array, at: number, to: number): boolean =>
  at + 3 <= to && b[at] === PERCENT && b[at + 1] === 0x43 && b[at + 2] === 0x49;

/** The text ends at 0x1A, and may hold commas; without 0x1A it ends at the next comma only if something says so. */
function readText(b: Uint8Array, from: number, to: number, formKnown: boolean, d: Draft): number {
  const comma = find(b, COMMA, from, to);
  const upToComma = trimmed(b, from, comma);
  let end = find(b, SUB, from, to);
  let next = end + 1;
  // A blank field in front of the first 0x1A: that one closes a later value, and the text's own is lost.
  const closed = end < to && (next === to || b[next] === COMMA) && !(upToComma === '' && comma < end);
  if (closed) next = next === to ? to + 1 : next + 1;
  else {
    const endsAtComma = formKnown || upToComma === '' || isForm(b, comma + 1, to);
    end = endsAtComma ? comma : to;
    next = end + 1;
  }
  d.text = end === from ? '' : latin1(b, from, end);
  // Where 0x1A is lost, how far the text reaches depends on the form; the identity must not.
  d.textKey = d.text === '' ? '' : closed ? textKeyOf(d.text) : textKeyOf(latin1(b, from, comma));
  return next;
}
