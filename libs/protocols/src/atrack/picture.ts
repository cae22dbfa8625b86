/**
 * Pictures, in pieces: `@R`, header, then
 *
 *   time u32 | number u8 | count u8 | n u16 | n bytes of JPEG
 *
 * The time is the same in all pieces of a picture. Numbers begin at 0 or at 1; sources differ. So the index of a piece is its number modulo
 * the count, which is 0 to count − 1 exactly when all are there, in both ways of counting; the order is that of the numbers.
 */
import type { Decoded, Part } from '../protocol.js';
import { u16, u32 } from '../wire/reader.js';
import { BINARY_HEADER_BYTES, isPicture } from './header.js';

const TIME_AT = BINARY_HEADER_BYTES;
const NUMBER_AT = 20;
const COUNT_AT = 21;
const SIZE_AT = 22;
const DATA_AT = 24;
/** A joined picture keeps the header of its first piece, with a length that no frame has. */
const JOINED_LENGTH = 0;
/** A picture is given up beyond this. */
export const PICTURE_BYTES_MAX = 2 * 1024 * 1024;

const isJoined = (frame: Uint8Array): boolean => u16(frame, 4) === JOINED_LENGTH;

/** Whether the piece is whole: its data ends in the frame, and its number can be. */
function sound(frame: Uint8Array): boolean {
  if (frame.length < DATA_AT || !isPicture(frame, 0)) return false;
  const count = frame[COUNT_AT]!;
  const number = frame[NUMBER_AT]!;
  return count > 0 && number <= count && DATA_AT + u16(frame, SIZE_AT) <= frame.length;
}

const setOf = (frame: Uint8Array): string => `picture:${u32(frame, TIME_AT)}`;

/** See `Protocol.part`. A picture of one piece stands alone. */
export function part(frame: Uint8Array): Part | null {
  if (frame.length < DATA_AT || !isPicture(frame, 0) || isJoined(frame) || !sound(frame)) return null;
  const count = frame[COUNT_AT]!;
  return count === 1 ? null : { set: setOf(frame), index: frame[NUMBER_AT]! % count, count };
}

const dataOf = (frame: Uint8Array): Uint8Array => frame.subarray(DATA_AT, DATA_AT + u16(frame, SIZE_AT));

/** See `Protocol.join`. */
export function join(parts: readonly Uint8Array[]): Uint8Array {
  const pieces = [...parts].sort((a, b) => a[NUMBER_AT]! - b[NUMBER_AT]!);
  const bytes = pieces.reduce((sum, piece) => sum + dataOf(piece).length, 0);
  const joined = new Uint8Array(DATA_AT + bytes);
  const first = pieces[0];
  if (first !== undefined) joined.set(first.subarray(0, DATA_AT));
  joined[4] = 0;
  joined[5] = 0;
  let at = DATA_AT;
  for (const piece of pieces) {
    joined.set(dataOf(piece), at);
    at += dataOf(piece).length;
  }
  return joined;
}

/** A whole picture as media; a lone piece of several says nothing. No parameter is defined for the image. */
export function decodePicture(frame: Uint8Array): Decoded {
  const nothing = { reports: [], responses: [], learnt: [] };
  const joined = frame.length >= DATA_AT && isJoined(frame);
  if (!joined && !sound(frame))
    return { ...nothing, rejected: [{ reason: 'body_short', start: TIME_AT, end: frame.length, path: 'picture' }] };
  if (!joined && frame[COUNT_AT] !== 1) return { ...nothing, rejected: [] };
  const bytes = joined ? frame.subarray(DATA_AT) : dataOf(frame);
  if (bytes.length > PICTURE_BYTES_MAX)
    return { ...nothing, rejected: [{ reason: 'bad_length', start: DATA_AT, end: frame.length, path: 'picture' }] };
  return { ...nothing, rejected: [], media: { set: setOf(frame), bytes: bytes.slice(), type: 'image/jpeg' } };
}
