/**
 * The comma-separated fields of a text frame, as offsets into its bytes: one pass, no strings. One instance serves all frames,
 * because nothing here waits between the scan and the use.
 */
import { utcSeconds } from '../wire/calendar.js';
import { TEXT_BYTES_MAX } from './state.js';

const COMMA = 0x2c;
const BLANK = 0x20;
const HEX_VALUES = Int8Array.from({ length: 256 }, (_, c) => {
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  const letter = c | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
});

/** First field behind the type. Fields 0, 1 and 2 are vendor, identifier and type. */
export const FIRST = 3;

export class TextFields {
  bytes: Uint8Array = new Uint8Array(0);
  count = 0;
  readonly #from = new Int32Array(TEXT_BYTES_MAX + 2);
  readonly #to = new Int32Array(TEXT_BYTES_MAX + 2);
  /** Where the closing `#` stands. */
  end = 0;

  /** Splits `*…#`; blanks around a field are not part of it. False: not such a frame, or longer than any frame is. */
  scan(frame: Uint8Array): boolean {
    const end = frame.length - 1;
    if (end < 1 || end > TEXT_BYTES_MAX || frame[0] !== 0x2a || frame[end] !== 0x23) return false;
    this.bytes = frame;
    this.end = end;
    let count = 0;
    let from = 1;
    for (let i = 1; i <= end; i++) {
      if (i < end && frame[i] !== COMMA) continue;
      let to = i;
      while (from < to && frame[from] === BLANK) from++;
      while (to > from && frame[to - 1] === BLANK) to--;
      this.#from[count] = from;
      this.#to[count] = to;
      count++;
      from = i + 1;
    }
    this.count = count;
    return true;
  }

  from(i: number): number {
    return this.#from[i]!;
  }
  to(i: number): number {
    return this.#to[i]!;
  }
  /** Characters of a field; -1 when the frame has no such field. */
  size(i: number): number {
    return i < this.count ? this.#to[i]! - this.#from[i]! : -1;
  }
  /** The only character of a field, or -1. */
  single(i: number): number {
    return i < this.count && this.#to[i]! - this.#from[i]! === 1 ? this.bytes[this.#from[i]!]! : -1;
  }
  /** One character a byte; '' when there is no such field. */
  text(i: number): string {
    let text = '';
    if (i < this.count)
      for (let at = this.#from[i]!, to = this.#to[i]!; at < to; at++) text += String.fromCharCode(this.bytes[at]!);
    return text;
  }

  /** A whole number of 1–15 digits, or -1. */
  integer(i: number): number {
    const size = this.size(i);
    if (size < 1 || size > 15) return -1;
    let value = 0;
    for (let at = this.#from[i]!, to = this.#to[i]!; at < to; at++) {
      const digit = this.bytes[at]! - 0x30;
      if (digit < 0 || digit > 9) return -1;
      value = value * 10 + digit;
    }
    return value;
  }

  /** A number of 1–8 hexadecimal digits, or -1. */
  hex(i: number): number {
    const size = this.size(i);
    if (size < 1 || size > 8) return -1;
    return this.#hex(this.#from[i]!, this.#to[i]!);
  }
  /** Eight hexadecimal digits as an unsigned number, or -1. */
  word(i: number): number {
    return this.size(i) === 8 ? this.#hex(this.#from[i]!, this.#to[i]!) : -1;
  }
  /** The status word of a field that holds date and status without a comma between them, or -1. */
  joinedWord(i: number): number {
    return this.size(i) === 14 && this.isDigits(i, 6) ? this.#hex(this.#from[i]! + 6, this.#to[i]!) : -1;
  }
  #hex(from: number, to: number): number {
    let value = 0;
    for (let at = from; at < to; at++) {
      const digit = HEX_VALUES[this.bytes[at]!]!;
      if (digit < 0) return -1;
      value = value * 16 + digit;
    }
    return value;
  }

  /** Digits with an optional fraction, no sign: the value, or -1. */
  decimal(i: number): number {
    if (this.size(i) < 1 || this.size(i) > 17) return -1;
    let value = 0;
    let scale = 0;
    for (let at = this.#from[i]!, to = this.#to[i]!; at < to; at++) {
      const c = this.bytes[at]!;
      if (c === 0x2e && scale === 0) {
        scale = 1;
        continue;
      }
      if (c < 0x30 || c > 0x39) return -1;
      value = value * 10 + (c - 0x30);
      scale *= 10;
    }
    return scale > 1 ? value / scale : value;
  }

  /** Whether the first `count` characters are digits. */
  isDigits(i: number, count: number): boolean {
    if (this.size(i) < count) return false;
    for (let at = this.#from[i]!, to = at + count; at < to; at++) {
      const c = this.bytes[at]!;
      if (c < 0x30 || c > 0x39) return false;
    }
    return true;
  }
  /** Exactly six digits: a time of day or a date. */
  isSix(i: number): boolean {
    return this.size(i) === 6 && this.isDigits(i, 6);
  }
  /** Two digits at `offset` of a field whose digits are known to be there. */
  #pair(i: number, offset: number): number {
    const at = this.#from[i]! + offset;
    return (this.bytes[at]! - 0x30) * 10 + this.bytes[at + 1]! - 0x30;
  }

  /** Seconds since 1970 of `HHMMSS` in field `time` and `DDMMYY` at the start of field `date`; -1 when missing or impossible. */
  seconds(time: number, date: number): number {
    if (!this.isSix(time) || !this.isDigits(date, 6)) return -1;
    return utcSeconds(
      this.#pair(date, 4),
      this.#pair(date, 2),
      this.#pair(date, 0),
      this.#pair(time, 0),
      this.#pair(time, 2),
      this.#pair(time, 4),
    );
  }
}
