/**
 * The position block: time, validity, latitude, N/S, longitude, E/W, speed, course, [an integer,] date. It stands at no fixed
 * place, so it is found by its two hemisphere letters.
 */
import { FIRST, type TextFields } from './fields.js';

const POINT = 0x2e;
const MINUS = 0x2d;

/** Result of reading a coordinate that is no number of microdegrees. */
export const COORDINATE_NONE = -1;
export const COORDINATE_IMPOSSIBLE = -2;

export const isNorthSouth = (c: number): boolean => c === 0x4e || c === 0x53;
export const isEastWest = (c: number): boolean => c === 0x45 || c === 0x57;

/** The index of the latitude, or -1. The block needs two fields in front of it: time and validity. */
export function findBlock(f: TextFields): number {
  for (let i = FIRST + 2; i + 3 < f.count; i++)
    if (isNorthSouth(f.single(i + 1)) && isEastWest(f.single(i + 3))) return i;
  return -1;
}

/** The index of the date that closes the block: one vendor puts an integer of 1–3 digits in front of it. */
export function dateOf(f: TextFields, latitude: number): number {
  const at = latitude + 6;
  const size = f.size(at);
  const extra = size >= 1 && size <= 3 && f.isDigits(at, size) && f.isDigits(at + 1, 6);
  return extra ? at + 1 : at;
}

/**
 * The status word of a frame whose block is missing: the first field of eight hexadecimal digits that can be none of its
 * neighbours' kind (a coordinate without a point is followed by its hemisphere; a plain number has no date in front of it).
 */
export function findStatus(f: TextFields): number {
  for (let i = FIRST; i < f.count; i++) {
    if (f.word(i) < 0) continue;
    const next = f.single(i + 1);
    if (isNorthSouth(next) || isEastWest(next)) continue;
    if (!f.isDigits(i, 8) || f.isSix(i - 1)) return i;
  }
  return -1;
}

/**
 * Microdegrees of a coordinate, without its sign. Three forms, in this order: `-D-M.m` (the sign is redundant), digits with a
 * point (the two before it and the fraction are minutes), 7–9 digits (the last four are the fraction of the minutes).
 */
export function microdegrees(f: TextFields, i: number): number {
  const size = f.size(i);
  if (size < 1) return COORDINATE_NONE;
  const b = f.bytes;
  const from = f.from(i);
  const to = f.to(i);
  if (b[from] === MINUS) return signedForm(b, from + 1, to);
  let whole = 0;
  let fraction = 0;
  let scale = 0;
  let digits = 0;
  for (let at = from; at < to; at++) {
    const c = b[at]!;
    if (c === POINT && scale === 0) {
      scale = 1;
      continue;
    }
    if (c < 0x30 || c > 0x39) return COORDINATE_NONE;
    if (scale === 0) {
      whole = whole * 10 + c - 0x30;
      digits++;
    } else if (scale < 1e7) {
      fraction = fraction * 10 + c - 0x30;
      scale *= 10;
    }
  }
  if (scale > 0) {
    if (digits < 2 || digits > 5) return digits > 5 ? COORDINATE_IMPOSSIBLE : COORDINATE_NONE;
    return micro(Math.floor(whole / 100), whole % 100, fraction, scale);
  }
  if (digits < 7 || digits > 9) return COORDINATE_NONE;
  const minutes = Math.floor(whole / 10_000) % 100;
  return micro(Math.floor(whole / 1_000_000), minutes, whole % 10_000, 10_000);
}

/** `D-M.m`, behind the redundant minus. */
function signedForm(b: Uint8Array, from: number, to: number): number {
  let degrees = 0;
  let minutes = 0;
  let fraction = 0;
  let scale = 0;
  let stage = 0;
  let digits = 0;
  for (let at = from; at < to; at++) {
    const c = b[at]!;
    const separator = stage === 0 ? MINUS : POINT;
    if (c === separator && digits > 0 && stage < 2) {
      stage++;
      digits = 0;
      scale = stage === 2 ? 1 : 0;
      continue;
    }
    if (c < 0x30 || c > 0x39 || ++digits > 7) return COORDINATE_NONE;
    if (stage === 0) degrees = degrees * 10 + c - 0x30;
    else if (stage === 1) minutes = minutes * 10 + c - 0x30;
    else {
      fraction = fraction * 10 + c - 0x30;
      scale *= 10;
    }
  }
  return stage === 2 && digits > 0 ? micro(degrees, minutes, fraction, scale) : COORDINATE_NONE;
}

function micro(degrees: number, minutes: number, fraction: number, scale: number): number {
  if (minutes >= 60) return COORDINATE_IMPOSSIBLE;
  return degrees * 1_000_000 + Math.round(((minutes * scale + fraction) * 50_000) / (3 * scale));
}
