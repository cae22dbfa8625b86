/**
 * Avro's primitive encodings, read back: the inner loop of the generated telemetry reader. A cursor that runs over the end, or meets
 * what this build's writers never write (a block with a size, a branch that is not there), is marked as failed; its caller then asks
 * the general library, which reads the rare and names the wrong.
 */

/** Texts that come again in every report (names, protocols, reasons) are kept, so that they cost no allocation. */
const KEPT_TEXTS = 1024;
const KEPT_BYTES_MAX = 48;
const kept: (string | undefined)[] = new Array<string | undefined>(KEPT_TEXTS);

const DOUBLE_BYTES = new Uint8Array(8);
/** Avro's doubles have the low byte first, as every machine that the runtime is made for. */
const DOUBLE = new Float64Array(DOUBLE_BYTES.buffer);

/** Value of a hexadecimal digit by its letter; 255: none. */
const DIGITS = Uint8Array.from({ length: 256 }, (_, code) => {
  const digit = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(digit) ? 255 : digit;
});

export class Cursor {
  /** Read position. */
  at: number;
  /** What was read is not to be used. */
  failed = false;

  constructor(
    readonly bytes: Buffer,
    at: number,
  ) {
    this.at = at;
  }

  /** Index of the branch of a union of null and one type: true when there is a value. */
  some(): boolean {
    const branch = this.bytes[this.at++];
    if (branch === 2) return true;
    if (branch !== 0) this.failed = true;
    return false;
  }

  boolean(): boolean {
    const value = this.bytes[this.at++];
    if (value !== 0 && value !== 1) this.failed = true;
    return value === 1;
  }

  double(): number {
    const { at } = this;
    this.at = at + 8;
    if (this.at > this.bytes.length) {
      this.failed = true;
      return 0;
    }
    // Eight single bytes cost less than a view for each value that is read.
    for (let i = 0; i < 8; i++) DOUBLE_BYTES[i] = this.bytes[at + i]!;
    return DOUBLE[0]!;
  }

  /** Zigzag variable-length integer of at most 53 bits. */
  long(): number {
    const { bytes } = this;
    let byte = bytes[this.at++] ?? this.#end();
    const negative = (byte & 1) === 1;
    let value = (byte & 0x7f) >>> 1;
    let scale = 64;
    // Nine more groups are the most that 64 bits have.
    for (let group = 0; byte >= 0x80 && group < 9; group++) {
      byte = bytes[this.at++] ?? this.#end();
      value += (byte & 0x7f) * scale;
      scale *= 128;
    }
    if (byte >= 0x80 || value > Number.MAX_SAFE_INTEGER) this.failed = true;
    return negative ? -value - 1 : value;
  }

  #end(): number {
    this.failed = true;
    return 0;
  }

  /** Number of entries of the one block of a list or map; 0: it is empty, or nothing more comes. */
  count(): number {
    const count = this.long();
    // A negative count has a size behind it; an entry has a byte at least, so a count beyond the rest is damage.
    if (count >= 0 && count <= this.bytes.length) return count;
    this.failed = true;
    return 0;
  }

  /** The end of a list or map that is not empty. */
  close(): void {
    if (this.bytes[this.at++] !== 0) this.failed = true;
  }

  string(): string {
    const length = this.long();
    const from = this.at;
    if (length < 0 || from + length > this.bytes.length) {
      this.failed = true;
      return '';
    }
    this.at = from + length;
    return this.bytes.toString('utf8', from, from + length);
  }

  /** Bytes, as a view. */
  view(): Buffer {
    const from = this.at;
    const length = this.long();
    const start = this.at;
    this.skipOver(length);
    return this.failed ? this.bytes.subarray(from, from) : this.bytes.subarray(start, this.at);
  }

  private skipOver(length: number): void {
    if (length < 0 || length > this.bytes.length - this.at) this.failed = true;
    else this.at += length;
  }

  /** Passes over what is not wanted. */
  skipText(): void {
    this.skipOver(this.long());
  }

  /** Eight hexadecimal digits, unsigned. */
  word(): number {
    const { bytes } = this;
    let high = 0;
    let low = 0;
    for (let i = 0; i < 4; i++) {
      const [a, b] = [DIGITS[bytes[this.at + i]!] ?? 255, DIGITS[bytes[this.at + 4 + i]!] ?? 255];
      if (a > 15 || b > 15) this.failed = true;
      high = (high << 4) | a;
      low = (low << 4) | b;
    }
    this.at += 8;
    return high * 65_536 + low;
  }

  /** A text that is likely to come again. */
  name(): string {
    const start = this.at;
    const { bytes } = this;
    const twice = bytes[start] ?? 0;
    const length = twice >>> 1;
    const from = start + 1;
    if ((twice & 1) === 1 || length === 0 || length > KEPT_BYTES_MAX || from + length > bytes.length)
      return this.string();
    const slot =
      (length * 31 + bytes[from]! * 17 + bytes[from + (length >>> 1)]! * 7 + bytes[from + length - 1]!) % KEPT_TEXTS;
    const known = kept[slot];
    if (known?.length === length) {
      let i = 0;
      while (i < length && known.charCodeAt(i) === bytes[from + i]! && bytes[from + i]! < 0x80) i++;
      if (i === length) {
        this.at = from + length;
        return known;
      }
    }
    const text = this.string();
    kept[slot] = text;
    return text;
  }
}
