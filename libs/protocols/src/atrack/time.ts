/** Times of ATrack records: seconds since 1970, or calendar fields, UTC both. */
import { u16 } from '../wire/reader.js';

/** Times before 2009-01-01 are "not set". */
export const TIME_MIN_S = 1_230_768_000;
/** A time this far beyond the server's clock is "not set" as well. */
export const FUTURE_MAX_S = 86_400;
export const YEAR_MIN = 2000;
export const YEAR_MAX = 2100;

/** Bytes of a time on the wire: 4 (seconds) or 7 (calendar). */
export type TimeBytes = 4 | 7;

const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/** Seconds since 1970 of calendar fields, or 0 when they are no date and time of 1970 or later. */
export function calendarSeconds(y: number, month: number, day: number, h: number, m: number, s: number): number {
  if (y < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || h > 23 || m > 59 || s > 59) return 0;
  const leaps = (year: number): number => Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400);
  const leapYear = y % 4 === 0 && (y % 100 !== 0 || y % 400 === 0);
  const days =
    (y - 1970) * 365 +
    (leaps(y - 1) - leaps(1969)) +
    DAYS_BEFORE_MONTH[month - 1]! +
    (leapYear && month > 2 ? 1 : 0) +
    (day - 1);
  return ((days * 24 + h) * 60 + m) * 60 + s;
}

/** The binary time at `at`, in seconds; 0 when it is not set or no time. The caller has checked the bounds. */
export function binaryTime(b: Uint8Array, at: number, timeBytes: TimeBytes): number {
  if (timeBytes === 4) return ((b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!) >>> 0;
  return calendarSeconds(u16(b, at), b[at + 2]!, b[at + 3]!, b[at + 4]!, b[at + 5]!, b[at + 6]!);
}

/** A calendar time may stand at `at`: its year is 2000 to 2100 and the rest is possible. */
function calendarAt(b: Uint8Array, at: number): boolean {
  const year = u16(b, at);
  return year >= YEAR_MIN && year <= YEAR_MAX && binaryTime(b, at, 7) > 0;
}
const unsetAt = (b: Uint8Array, at: number): boolean => u16(b, at) === 0;

/**
 * Which format the times of a record at `at` have. Seconds whose high half is a year from 2000 to 2100 are of 1974, so the two do not
 * overlap. A GPS time that was never set is all zeros in both; then the times behind it decide.
 */
export function timeBytesAt(b: Uint8Array, at: number, end: number, mode: 'auto' | 'epoch' | 'calendar'): TimeBytes {
  if (mode !== 'auto') return mode === 'epoch' ? 4 : 7;
  if (at + 7 > end) return 4;
  // A short text frame holds one time only: there, what lies behind it is text.
  const two = at + 14 <= end;
  const three = at + 21 <= end;
  if (calendarAt(b, at)) {
    if (end - at < 50) return 7;
    return (!two || calendarAt(b, at + 7) || unsetAt(b, at + 7)) &&
      (!three || calendarAt(b, at + 14) || unsetAt(b, at + 14))
      ? 7
      : 4;
  }
  for (let i = at; i < at + 7; i++) if (b[i] !== 0) return 4;
  return two && calendarAt(b, at + 7) ? 7 : 4;
}

/** Digits of an ASCII calendar time. */
export const CALENDAR_DIGITS = 14;

/** The ASCII time of the field [from, to): 14 digits are a calendar, fewer are seconds. 0: not set, or no time. */
export function asciiTime(b: Uint8Array, from: number, to: number): number {
  const digits = to - from;
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = b[i]! - 0x30;
    if (digit < 0 || digit > 9) return 0;
    value = value * 10 + digit;
  }
  if (digits < CALENDAR_DIGITS) return value <= 0xffffffff ? value : 0;
  if (digits > CALENDAR_DIGITS) return 0;
  const two = (at: number): number => (b[from + at]! - 0x30) * 10 + (b[from + at + 1]! - 0x30);
  return calendarSeconds(two(0) * 100 + two(2), two(4), two(6), two(8), two(10), two(12));
}
