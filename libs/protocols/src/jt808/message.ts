/**
 * One JT/T 808 message: flags, escapes, checksum, header. Both directions use the same form:
 *
 *   7E | id u16 | properties u16 | [version u8] | phone BCD[6] or BCD[10] | serial u16 | [total u16, number u16] | body | XOR | 7E
 *
 * The version byte and the longer phone belong to the 2019 edition, which bit 14 of the properties announces; total and number to
 * sub-packages (bit 13). Between the flags 7E travels as 7D 02 and 7D as 7D 01.
 */
import type { RejectReason } from '../protocol.js';
import { u16 } from '../wire/reader.js';

export const FLAG = 0x7e;
export const ESCAPE = 0x7d;
export const EDITION_2019 = 0x4000;
export const SPLIT = 0x2000;
const ENCRYPTION = 0x1c00;
const LENGTH = 0x03ff;
/** Longest body of one packet; longer ones are split. */
export const BODY_BYTES_MAX = 1023;
/** Shortest message between the flags, unescaped: header and checksum. */
export const MESSAGE_BYTES_MIN = 13;

/** How a message names its device, so that an answer can be worded in the same edition. */
export interface Addressee {
  /** Phone field as on the wire: 6 bytes, or 10 in the 2019 edition. */
  readonly phone: Uint8Array;
  /** Version byte of the 2019 edition; null: 2011 or 2013. */
  readonly version: number | null;
}

/** A message being read. One instance serves all frames of its owner; nothing in it outlives the next `read`. */
export class Message implements Addressee {
  /** Unescaped bytes; offsets below count in them. */
  bytes: Uint8Array = new Uint8Array(0);
  id = 0;
  properties = 0;
  version: number | null = null;
  serial = 0;
  total = 1;
  number = 1;
  phoneFrom = 0;
  phoneTo = 0;
  bodyFrom = 0;
  bodyTo = 0;
  #scratch = new Uint8Array(4096);

  get phone(): Uint8Array {
    return this.bytes.slice(this.phoneFrom, this.phoneTo);
  }
  get is2019(): boolean {
    return this.version !== null;
  }
  get isEncrypted(): boolean {
    return (this.properties & ENCRYPTION) !== 0;
  }
  get isSplit(): boolean {
    return (this.properties & SPLIT) !== 0;
  }
  /** Put together by `join`: number 0, which no device may send, says that the body runs to the end. */
  get isJoined(): boolean {
    return this.isSplit && this.number === 0 && this.total > 0;
  }
  /** One packet of several, with a number that can be. */
  get isPart(): boolean {
    return this.isSplit && this.total > 1 && this.number >= 1 && this.number <= this.total;
  }
  /** Serial of the first packet of the set. */
  get firstSerial(): number {
    return (this.serial - (this.number - 1)) & 0xffff;
  }

  /** Reads a frame with its flags. Null: good; otherwise why not. A body longer than declared is cut to what is declared. */
  read(frame: Uint8Array): RejectReason | null {
    const last = frame.length - 1;
    if (last < 2 || frame[0] !== FLAG || frame[last] !== FLAG) return 'truncated';
    let sum = 0;
    let escapes = 0;
    for (let i = 1; i < last; i++) {
      const c = frame[i]!;
      sum ^= c;
      if (c === ESCAPE) escapes++;
    }
    if (escapes === 0) return sum === 0 ? this.#header(frame, 1, last) : 'bad_checksum';
    const end = this.#unescape(frame, last);
    if (end < 0) return 'bad_escape';
    sum = 0;
    for (let i = 0; i < end; i++) sum ^= this.#scratch[i]!;
    return sum === 0 ? this.#header(this.#scratch, 0, end) : 'bad_checksum';
  }

  #unescape(frame: Uint8Array, last: number): number {
    if (this.#scratch.length < last) this.#scratch = new Uint8Array(last * 2);
    const out = this.#scratch;
    let to = 0;
    for (let i = 1; i < last; i++) {
      let c = frame[i]!;
      if (c === ESCAPE) {
        const next = frame[++i]!;
        if (next !== 1 && next !== 2) return -1;
        c = next === 1 ? ESCAPE : FLAG;
      }
      out[to++] = c;
    }
    return to;
  }

  /** `end` is behind the checksum. */
  #header(b: Uint8Array, from: number, end: number): RejectReason | null {
    if (end - from < MESSAGE_BYTES_MIN) return 'truncated';
    this.bytes = b;
    this.id = u16(b, from);
    this.properties = u16(b, from + 2);
    const is2019 = (this.properties & EDITION_2019) !== 0;
    this.version = is2019 ? b[from + 4]! : null;
    this.phoneFrom = from + (is2019 ? 5 : 4);
    this.phoneTo = this.phoneFrom + (is2019 ? 10 : 6);
    const split = (this.properties & SPLIT) !== 0;
    this.bodyFrom = this.phoneTo + (split ? 6 : 2);
    const present = end - 1 - this.bodyFrom;
    if (present < 0) return 'truncated';
    this.serial = u16(b, this.phoneTo);
    this.total = split ? u16(b, this.phoneTo + 2) : 1;
    this.number = split ? u16(b, this.phoneTo + 4) : 1;
    if (this.isJoined) {
      this.bodyTo = end - 1;
      return null;
    }
    const declared = this.properties & LENGTH;
    if (declared > present) return 'bad_length';
    if (present === declared + 1 && hasBrokenEscape(b, from, end)) return 'bad_checksum';
    this.bodyTo = this.bodyFrom + declared;
    return null;
  }
}

/**
 * Whether a single flipped bit may have turned an escape (7D 01, 7D 02) into two bytes: 7C 01 and 7C 02 have the very sum that the
 * escaped byte had, so that the checksum can not tell, but the message is one byte longer than it says.
 */
function hasBrokenEscape(b: Uint8Array, from: number, end: number): boolean {
  for (let i = from; i + 1 < end; i++) if (b[i] === ESCAPE - 1 && (b[i + 1] === 1 || b[i + 1] === 2)) return true;
  return false;
}

export interface Packet {
  readonly total: number;
  readonly number: number;
}

/** The message being worded, before its escapes. Only one that was joined is longer. */
const scratch = new Uint8Array(2048);

/** Words a message: header, checksum, escapes, flags. `body` of at most 1023 bytes, but for one that was joined. */
export function wordMessage(id: number, to: Addressee, serial: number, body: Uint8Array, packet?: Packet): Uint8Array {
  const { phone, version } = to;
  const bound = HEADER_BYTES_MAX + body.length + 1;
  const plain = bound <= scratch.length ? scratch : new Uint8Array(bound);
  put16(plain, 0, id);
  put16(plain, 2, (body.length & LENGTH) | (version === null ? 0 : EDITION_2019) | (packet === undefined ? 0 : SPLIT));
  let at = 4;
  if (version !== null) plain[at++] = version;
  at = copy(phone, plain, at);
  put16(plain, at, serial);
  at += 2;
  if (packet !== undefined) {
    put16(plain, at, packet.total);
    put16(plain, at + 2, packet.number);
    at += 4;
  }
  at = copy(body, plain, at);
  let sum = 0;
  for (let i = 0; i < at; i++) sum ^= plain[i]!;
  plain[at] = sum;
  return escape(plain, at + 1);
}
/** Id, properties, version, phone, serial, packet. */
const HEADER_BYTES_MAX = 21;

/** Short copies are quicker byte by byte than by a call of the platform. Gives the offset behind them. */
function copy(from: Uint8Array, into: Uint8Array, at: number): number {
  if (from.length > SHORT_BYTES_MAX) into.set(from, at);
  else for (let i = 0; i < from.length; i++) into[at + i] = from[i]!;
  return at + from.length;
}
const SHORT_BYTES_MAX = 32;

/** The first `length` bytes between flags. The checksum is escaped like everything else. */
function escape(from: Uint8Array, length: number): Uint8Array {
  let extra = 0;
  for (let i = 0; i < length; i++) if (from[i] === FLAG || from[i] === ESCAPE) extra++;
  const out = new Uint8Array(length + extra + 2);
  let at = 0;
  out[at++] = FLAG;
  for (let i = 0; i < length; i++) {
    const c = from[i]!;
    if (c === FLAG || c === ESCAPE) {
      out[at++] = ESCAPE;
      out[at++] = c === ESCAPE ? 1 : 2;
    } else out[at++] = c;
  }
  out[at] = FLAG;
  return out;
}

function put16(b: Uint8Array, at: number, value: number): void {
  b[at] = value >>> 8;
  b[at + 1] = value;
}

const ID_TEXT = new Map<number, string>();
/** `0x0200`: lower-case hex, four digits. */
export function idText(id: number): string {
  let text = ID_TEXT.get(id);
  if (text === undefined) ID_TEXT.set(id, (text = `0x${id.toString(16).padStart(4, '0')}`));
  return text;
}
