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
    for (let i = 1; i < last; i++) {
      const c = frame[i]!;
      if (c === ESCAPE) return this.#unescape(frame, last, i, sum);
      sum ^= c;
    }
    return sum === 0 ? this.#header(frame, 1, last) : 'bad_checksum';
  }

  /** The same for a frame with flags, a good checksum and no escapes. */
  readSound(frame: Uint8Array): RejectReason | null {
    return this.#header(frame, 1, frame.length - 1);
  }

  /** Goes on from the first escape, at `first`; `sum` is that of the bytes in front of it. */
  #unescape(frame: Uint8Array, last: number, first: number, sum: number): RejectReason | null {
    if (this.#scratch.length < last) this.#scratch = new Uint8Array(last * 2);
    const out = this.#scratch;
    let to = 0;
    for (let i = 1; i < first; i++) out[to++] = frame[i]!;
    for (let i = first; i < last; i++) {
      let c = frame[i]!;
      if (c === ESCAPE) {
        const next = frame[++i]!;
        if (next !== 1 && next !== 2) return 'bad_escape';
        c = next === 1 ? ESCAPE : FLAG;
      }
      sum ^= c;
      out[to++] = c;
    }
    return sum === 0 ? this.#header(out, 0, to) : 'bad_checksum';
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

/** Words a message: header, checksum, escapes, flags. `body` of at most 1023 bytes, but for one that was joined. */
export function wordMessage(id: number, to: Addressee, serial: number, body: Uint8Array, packet?: Packet): Uint8Array {
  const { phone, version } = to;
  const header = 6 + phone.length + (version === null ? 0 : 1) + (packet === undefined ? 0 : 4);
  // As it is sent when nothing in it needs an escape, which is the rule for answers.
  const plain = new Uint8Array(header + body.length + 3);
  plain[0] = FLAG;
  put16(plain, 1, id);
  put16(plain, 3, (body.length & LENGTH) | (version === null ? 0 : EDITION_2019) | (packet === undefined ? 0 : SPLIT));
  let at = 5;
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
  let extra = 0;
  for (let i = 1; i < at; i++) {
    const c = plain[i]!;
    sum ^= c;
    if (c === FLAG || c === ESCAPE) extra++;
  }
  plain[at] = sum;
  plain[at + 1] = FLAG;
  if (sum === FLAG || sum === ESCAPE) extra++;
  return extra === 0 ? plain : escape(plain, extra);
}
/** Short copies are quicker byte by byte than by a call of the platform. Gives the offset behind them. */
function copy(from: Uint8Array, into: Uint8Array, at: number): number {
  if (from.length > SHORT_BYTES_MAX) into.set(from, at);
  else for (let i = 0; i < from.length; i++) into[at + i] = from[i]!;
  return at + from.length;
}
const SHORT_BYTES_MAX = 32;

/** What stands between the flags with `extra` escapes. The checksum is escaped like everything else. */
function escape(plain: Uint8Array, extra: number): Uint8Array {
  const out = new Uint8Array(plain.length + extra);
  const last = plain.length - 1;
  let at = 0;
  out[at++] = FLAG;
  for (let i = 1; i < last; i++) {
    const c = plain[i]!;
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
