/**
 * Numbers and texts as few bytes, without loss: what is a whole number of its resolution is written as that number, anything else as it
 * is. Writers and readers are used over and over, so that packing a device allocates nothing.
 *
 *   unsigned  7 bits a byte, low ones first
 *   number    unsigned, whose two low bits say what it is: a zigzag-coded count of steps, a double behind it, or null
 *   time      the same, against a base: seconds, milliseconds, a double behind it, or null
 */

/** What first times are told against, 2020: seconds since then are short. */
export const EPOCH_US = 1_577_836_800_000_000;

const STEPS = 0;
const DOUBLE = 1;
const NULL = 2;
const SECONDS = 0;
const MILLISECONDS = 1;
const EXACT = 2;
const NO_TIME = 3;
/** Counts below this fit 32 bits with sign and tag. */
const COUNT_MAX = 2 ** 29;
const SECOND_US = 1_000_000;
const MILLISECOND_US = 1_000;
/** Texts longer than this go through the runtime's encoder. */
const SHORT_TEXT_MAX = 40;

export class Writer {
  bytes: Buffer;
  at = 0;
  #view: DataView;

  constructor(room = 1 << 16) {
    this.bytes = Buffer.allocUnsafeSlow(room);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** From the start, over what was written before. */
  rewind(): void {
    this.at = 0;
  }

  /** Asks for room: every value but a text or a blob takes at most 10 bytes, and asks by itself for none. */
  room(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(2 * this.bytes.length + count);
    this.bytes.copy(grown, 0, 0, this.at);
    this.bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  byte(value: number): void {
    this.bytes[this.at++] = value;
  }

  word(value: number): void {
    this.#view.setUint32(this.at, value);
    this.at += 4;
  }

  double(value: number): void {
    this.#view.setFloat64(this.at, value);
    this.at += 8;
  }

  /** A whole number of at most 53 bits. */
  unsigned(value: number): void {
    let rest = value;
    while (rest >= 2 ** 31) {
      this.bytes[this.at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#small(rest);
  }

  /** A whole number of at most 52 bits and a sign. */
  signed(value: number): void {
    this.unsigned(value < 0 ? -2 * value - 1 : 2 * value);
  }

  number(value: number | null, stepsPerUnit: number): void {
    if (value === null) {
      this.bytes[this.at++] = NULL;
      return;
    }
    const count = Math.round(value * stepsPerUnit);
    // Minus zero is no count.
    if (Math.abs(count) < COUNT_MAX && Object.is((count | 0) / stepsPerUnit, value)) this.#counted(count, STEPS);
    else {
      this.bytes[this.at++] = DOUBLE;
      this.double(value);
    }
  }

  /** µs; short where it lies whole seconds or milliseconds from `baseUs`. */
  time(valueUs: number | null, baseUs: number): void {
    if (valueUs === null) {
      this.bytes[this.at++] = NO_TIME;
      return;
    }
    const difference = valueUs - baseUs;
    const [seconds, milliseconds] = [difference / SECOND_US, difference / MILLISECOND_US];
    if (Math.abs(seconds) < COUNT_MAX && Number.isInteger(seconds)) this.#counted(seconds, SECONDS);
    else if (Math.abs(milliseconds) < COUNT_MAX && Number.isInteger(milliseconds))
      this.#counted(milliseconds, MILLISECONDS);
    else {
      this.bytes[this.at++] = EXACT;
      this.double(valueUs);
    }
  }

  text(value: string | null): void {
    if (value === null) {
      this.bytes[this.at++] = 0;
      return;
    }
    this.room(3 * value.length + 10);
    if (value.length <= SHORT_TEXT_MAX) {
      const start = this.at;
      this.bytes[this.at++] = value.length + 1;
      for (let i = 0; ; i++) {
        if (i === value.length) return;
        const code = value.charCodeAt(i);
        if (code >= 128) break;
        this.bytes[this.at++] = code;
      }
      this.at = start;
    }
    this.unsigned(Buffer.byteLength(value) + 1);
    this.at += this.bytes.write(value, this.at);
  }

  /** Bytes from `from` to `to` of `source`, behind their number. */
  blob(source: Uint8Array, from = 0, to = source.length): void {
    this.room(to - from + 10);
    this.unsigned(to - from);
    this.raw(source, from, to);
  }

  /** The same without their number. */
  raw(source: Uint8Array, from: number, to: number): void {
    this.room(to - from);
    if (to > from) this.bytes.set(from === 0 && to === source.length ? source : source.subarray(from, to), this.at);
    this.at += to - from;
  }

  #counted(count: number, tag: number): void {
    this.#small(((((count << 1) ^ (count >> 31)) << 2) | tag) >>> 0);
  }

  #small(value: number): void {
    let bits = value >>> 0;
    while (bits >= 128) {
      this.bytes[this.at++] = (bits & 127) | 128;
      bits >>>= 7;
    }
    this.bytes[this.at++] = bits;
  }
}

const DOUBLE_BYTES = new Uint8Array(8);
const DOUBLE_VIEW = new DataView(DOUBLE_BYTES.buffer);

/** Reads what a Writer wrote, in the same order. */
export class Reader {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;

  /** Reads from `at` of `bytes` on. */
  over(bytes: Buffer, at = 0): this {
    this.bytes = bytes;
    this.at = at;
    return this;
  }

  byte(): number {
    return this.bytes[this.at++]!;
  }

  word(): number {
    const { bytes, at } = this;
    this.at = at + 4;
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  }

  double(): number {
    for (let i = 0; i < 8; i++) DOUBLE_BYTES[i] = this.bytes[this.at + i]!;
    this.at += 8;
    return DOUBLE_VIEW.getFloat64(0);
  }

  unsigned(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.bytes[this.at++]!;
      value += (byte & 127) * scale;
      // The end of the bytes is no number: it ends the number, too.
      if (!(byte >= 128)) return value;
      scale *= 128;
    }
  }

  signed(): number {
    const value = this.unsigned();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  number(stepsPerUnit: number): number | null {
    const value = this.#small();
    switch (value & 3) {
      case STEPS:
        return countOf(value) / stepsPerUnit;
      case DOUBLE:
        return this.double();
      default:
        return null;
    }
  }

  time(baseUs: number): number | null {
    const value = this.#small();
    switch (value & 3) {
      case SECONDS:
        return baseUs + countOf(value) * SECOND_US;
      case MILLISECONDS:
        return baseUs + countOf(value) * MILLISECOND_US;
      case EXACT:
        return this.double();
      default:
        return null;
    }
  }

  text(): string | null {
    const length = this.unsigned() - 1;
    if (length < 0) return null;
    const from = this.at;
    this.at += length;
    return this.bytes.toString('utf8', from, from + length);
  }

  /** A view: copy what is kept. */
  blob(): Buffer {
    const length = this.unsigned();
    const from = this.at;
    this.at += length;
    return this.bytes.subarray(from, from + length);
  }

  #small(): number {
    const { bytes } = this;
    let byte = bytes[this.at++]!;
    let value = byte & 127;
    for (let shift = 7; byte >= 128; shift += 7) {
      byte = bytes[this.at++]!;
      value |= (byte & 127) << shift;
    }
    return value >>> 0;
  }
}

function countOf(value: number): number {
  const zigzag = value >>> 2;
  return (zigzag >>> 1) ^ -(zigzag & 1);
}
