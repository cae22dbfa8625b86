/**
 * What a message is, by its first eight bytes, and the header of an ASCII frame.
 *
 *   binary   prefix 2 | CRC u16 | L u16 | sequence u16 | unit id u64 | records          L counts from offset 6
 *   ASCII    PP,CCCC,LEN,SEQ,UNITID,records                                             LEN counts from the comma behind it
 */
import { u16 } from '../wire/reader.js';
import { COMMA, DOLLAR, LF, CR, SPACE, hexDigit, isDigit } from './ascii.js';

export const KEEP_ALIVE_BYTES = 12;
export const BINARY_HEADER_BYTES = 16;
/** Sequence and unit id are always there. */
export const LENGTH_MIN = 10;
/** A device collects at most 255 positions; the largest frame seen is below 2 KiB. */
export const FRAME_BYTES_MAX = 16_384;
export const REPLY_BYTES_MAX = 4_096;
const LEN_DIGITS_MAX = 6;
const SEQUENCE_DIGITS_MAX = 10;
const UNIT_DIGITS_MAX = 20;

export type Kind = 'keep_alive' | 'reply' | 'ascii' | 'filler' | 'binary' | 'need';

export const isFiller = (byte: number): boolean => byte === CR || byte === LF || byte === 0 || byte === SPACE;
export const isKeepAlive = (b: Uint8Array, at: number): boolean => b[at] === 0xfe && b[at + 1] === 0x02;
/** `@R` with the binary layout: a piece of a picture, whatever prefix is configured. */
export const isPicture = (b: Uint8Array, at: number): boolean => b[at] === 0x40 && b[at + 1] === 0x52;

/** `xx,HHHH,` at `at`. Eight bytes decide: bytes 2 and 3 of a binary frame are its CRC, whose high byte may well be a comma. */
export function isAsciiAt(b: Uint8Array, at: number): boolean {
  if (b[at + 2] !== COMMA || b[at + 7] !== COMMA) return false;
  for (let i = at + 3; i < at + 7; i++) if (hexDigit(b[i]!) < 0) return false;
  // The device takes neither CR LF nor a zero byte as prefix.
  return b[at] !== 0 && b[at + 1] !== 0 && !(b[at] === CR && b[at + 1] === LF);
}

/** Kind of the message at `from`; `need`: too few bytes to say. `final`: no more will come. */
export function kindAt(b: Uint8Array, from: number, to: number, final: boolean): Kind {
  const first = b[from]!;
  const have = to - from;
  if (first === 0xfe) {
    if (have < 2) return 'need';
    if (b[from + 1] === 0x02) return 'keep_alive';
  }
  if (first === DOLLAR) return 'reply';
  if (have < 8) {
    if (isFiller(first) && (final || (have > 2 && b[from + 2] !== COMMA))) return 'filler';
    if (have < 3 || b[from + 2] === COMMA) return 'need';
    return have < 6 ? 'need' : 'binary';
  }
  if (isAsciiAt(b, from)) return 'ascii';
  return isFiller(first) ? 'filler' : 'binary';
}

/** Length of the binary frame at `from`, or 0 when its length field can not be. Six bytes must be there. */
export function binaryLength(b: Uint8Array, from: number): number {
  const length = u16(b, from + 4);
  return length < LENGTH_MIN || length + 6 > FRAME_BYTES_MAX ? 0 : length + 6;
}

/** Header of an ASCII frame: offsets in the buffer. Filled by `asciiHeader`; one for all, like the scanner's result. */
export interface AsciiHeader {
  /** Length that LEN announces, from the first byte of the frame. */
  length: number;
  sequence: number;
  unitFrom: number;
  unitTo: number;
  /** Value of the unit id's digits, exact for 15 of them and fewer. */
  unit: number;
  /** First byte of the first record. */
  body: number;
  /** Where the frame begins. */
  start: number;
}
export const asciiHead: AsciiHeader = { length: 0, sequence: 0, unitFrom: 0, unitTo: 0, unit: 0, body: 0, start: 0 };

/** Reads the header at `from` into `asciiHead`. The first eight bytes passed `isAsciiAt`. */
export function asciiHeader(b: Uint8Array, from: number, to: number): 'ok' | 'need' | 'bad_length' | 'bad_syntax' {
  let at = from + 8;
  let length = 0;
  while (at < to && isDigit(b[at]!)) {
    if (at - from - 8 >= LEN_DIGITS_MAX) return 'bad_length';
    length = length * 10 + (b[at++]! - 0x30);
  }
  if (at === to) return 'need';
  if (b[at] !== COMMA || at === from + 8) return 'bad_length';
  const total = at - from + length;
  if (total > FRAME_BYTES_MAX) return 'bad_length';
  const sequenceFrom = ++at;
  let sequence = 0;
  while (at < to && isDigit(b[at]!)) {
    if (at - sequenceFrom >= SEQUENCE_DIGITS_MAX) return 'bad_syntax';
    sequence = sequence * 10 + (b[at++]! - 0x30);
  }
  if (at === to) return 'need';
  if (b[at] !== COMMA || at === sequenceFrom) return 'bad_syntax';
  const unitFrom = ++at;
  let unit = 0;
  while (at < to && isDigit(b[at]!)) {
    if (at - unitFrom >= UNIT_DIGITS_MAX) return 'bad_syntax';
    unit = unit * 10 + (b[at++]! - 0x30);
  }
  if (at === to) return 'need';
  if (b[at] !== COMMA || at === unitFrom) return 'bad_syntax';
  if (at + 1 - from > total) return 'bad_length';
  asciiHead.length = total;
  asciiHead.sequence = sequence;
  asciiHead.unitFrom = unitFrom;
  asciiHead.unitTo = at;
  asciiHead.unit = unit;
  asciiHead.body = at + 1;
  asciiHead.start = from;
  return 'ok';
}

/** The four CRC digits of an ASCII frame. */
export function asciiCrc(b: Uint8Array, from: number): number {
  let crc = 0;
  for (let i = from + 3; i < from + 7; i++) crc = (crc << 4) | hexDigit(b[i]!);
  return crc;
}
