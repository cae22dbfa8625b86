/** Big-endian writing into a buffer that grows. The counterpart of Reader; numbers are cut to their width, as typed arrays do. */

const FIRST_BYTES = 128;

export class Writer {
  #bytes: Uint8Array;
  #at = 0;

  constructor(capacity: number = FIRST_BYTES) {
    this.#bytes = new Uint8Array(Math.max(1, capacity));
  }
  /** Bytes written so far. */
  get length(): number {
    return this.#at;
  }
  #room(count: number): number {
    const at = this.#at;
    const need = at + count;
    if (need > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(need, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
    }
    this.#at = need;
    return at;
  }
  u8(value: number): this {
    const at = this.#room(1);
    this.#bytes[at] = value;
    return this;
  }
  u16(value: number): this {
    return this.u8(value >>> 8).u8(value);
  }
  u24(value: number): this {
    return this.u8(value >>> 16).u16(value);
  }
  u32(value: number): this {
    return this.u16(value >>> 16).u16(value);
  }
  bytes(source: Uint8Array): this {
    const at = this.#room(source.length);
    this.#bytes.set(source, at);
    return this;
  }
  /** One byte a character; what is above U+00FF becomes `?`. */
  latin1(text: string): this {
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      this.u8(code > 0xff ? 0x3f : code);
    }
    return this;
  }
  zeros(count: number): this {
    for (let i = 0; i < count; i++) this.u8(0);
    return this;
  }
  /** Overwrites two bytes written before, for lengths that are known at the end. */
  setU16(at: number, value: number): this {
    if (at + 2 > this.#at) return this;
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
    return this;
  }
  /** A view of what was written so far; valid until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }
  /** A copy of what was written. */
  done(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }
}

/** Bytes of a text, one a character. */
export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    bytes[i] = code > 0xff ? 0x3f : code;
  }
  return bytes;
}
