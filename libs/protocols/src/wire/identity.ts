/**
 * Identity of a report: 128 bits of MurmurHash3 (x86, 128) over the ident and the key that each protocol lists.
 *
 * The function is frozen: data lakes merge on it. A change of the key of a protocol is a new field, not a new key. The hash is
 * not a defence: idents are hashed in, so a device can collide only with itself.
 */
import type { Report } from '../catalogue/report.generated.js';

/** Longest key: ident (≤ 64 bytes) and content; longer texts are cut, which only makes near-equal reports equal. */
const KEY_BYTES_MAX = 1024;

/** A scratch for one key. Write the ident first, then what the device recorded, never how it was sent. */
export class IdentityKey {
  readonly #bytes = new Uint8Array(KEY_BYTES_MAX);
  readonly #view = new DataView(this.#bytes.buffer);
  #at = 0;

  /** Starts a key with the protocol's own tag and the ident, zero-terminated. */
  start(protocol: string, ident: string): this {
    this.#at = 0;
    return this.text(protocol).text(ident);
  }
  u8(value: number): this {
    if (this.#at < KEY_BYTES_MAX) this.#bytes[this.#at++] = value;
    return this;
  }
  u32(value: number): this {
    if (this.#at + 4 <= KEY_BYTES_MAX) {
      this.#view.setUint32(this.#at, value);
      this.#at += 4;
    }
    return this;
  }
  f64(value: number): this {
    if (this.#at + 8 <= KEY_BYTES_MAX) {
      this.#view.setFloat64(this.#at, value);
      this.#at += 8;
    }
    return this;
  }
  /** UTF-16 code units, low byte (idents and types are ASCII; other texts keep both bytes), then a zero. */
  text(value: string): this {
    const bytes = this.#bytes;
    let at = this.#at;
    const { length } = value;
    let i = 0;
    // All but a long text at the end of a long key have room for what ASCII takes, and need not ask for each character.
    if (at + length < KEY_BYTES_MAX)
      for (; i < length; i++) {
        const code = value.charCodeAt(i);
        if (code > 0xff) break;
        bytes[at++] = code;
      }
    for (; i < length && at < KEY_BYTES_MAX; i++) {
      const code = value.charCodeAt(i);
      bytes[at++] = code;
      if (code > 0xff && at < KEY_BYTES_MAX) bytes[at++] = code >>> 8;
    }
    if (at < KEY_BYTES_MAX) bytes[at++] = 0;
    this.#at = at;
    return this;
  }
  bytes(source: Uint8Array, from: number, to: number): this {
    const end = Math.min(to, from + KEY_BYTES_MAX - this.#at);
    const bytes = this.#bytes;
    let at = this.#at;
    for (let i = from; i < end; i++) bytes[at++] = source[i]!;
    this.#at = at;
    return this;
  }
  /** Hashes what was written and stores it in the report. */
  into(report: Report): void {
    const at = this.#at;
    for (let i = at; i < blocksEnd(at); i++) this.#bytes[i] = 0;
    murmurBlocks(this.#view, at, report);
  }
}

const C1 = 0x239b961b;
const C2 = 0xab0e9789 | 0;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93 | 0;

const rotl = (x: number, n: number): number => (x << n) | (x >>> (32 - n));
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
/** Bytes of the blocks that `length` bytes begin. */
const blocksEnd = (length: number): number => (length + 15) & ~15;

/** MurmurHash3_x86_128, seed 0, of the first `length` bytes; the four words go to id_1 … id_4. */
export function murmur128(b: Uint8Array, length: number, out: Words): void {
  const padded = new Uint8Array(blocksEnd(length));
  padded.set(b.subarray(0, length));
  murmurBlocks(new DataView(padded.buffer), length, out);
}

interface Words {
  id_1: number;
  id_2: number;
  id_3: number;
  id_4: number;
}

/**
 * The hash of `length` bytes with zeros behind them up to a whole block. Where the last block is not full its words are mixed in without
 * the step between blocks; a word of zeros changes nothing there.
 */
function murmurBlocks(view: DataView, length: number, out: Words): void {
  let h1 = 0;
  let h2 = 0;
  let h3 = 0;
  let h4 = 0;
  const blocks = length & ~15;
  for (let i = 0; i < blocks; i += 16) {
    h1 ^= Math.imul(rotl(Math.imul(view.getInt32(i, true), C1), 15), C2);
    h1 = (Math.imul((rotl(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0;
    h2 ^= Math.imul(rotl(Math.imul(view.getInt32(i + 4, true), C2), 16), C3);
    h2 = (Math.imul((rotl(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0;
    h3 ^= Math.imul(rotl(Math.imul(view.getInt32(i + 8, true), C3), 17), C4);
    h3 = (Math.imul((rotl(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0;
    h4 ^= Math.imul(rotl(Math.imul(view.getInt32(i + 12, true), C4), 18), C1);
    h4 = (Math.imul((rotl(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0;
  }
  if (length > blocks) {
    h4 ^= Math.imul(rotl(Math.imul(view.getInt32(blocks + 12, true), C4), 18), C1);
    h3 ^= Math.imul(rotl(Math.imul(view.getInt32(blocks + 8, true), C3), 17), C4);
    h2 ^= Math.imul(rotl(Math.imul(view.getInt32(blocks + 4, true), C2), 16), C3);
    h1 ^= Math.imul(rotl(Math.imul(view.getInt32(blocks, true), C1), 15), C2);
  }
  h1 ^= length;
  h2 ^= length;
  h3 ^= length;
  h4 ^= length;
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = (h2 + h1) | 0;
  h3 = (h3 + h1) | 0;
  h4 = (h4 + h1) | 0;
  h1 = mix(h1);
  h2 = mix(h2);
  h3 = mix(h3);
  h4 = mix(h4);
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = (h2 + h1) | 0;
  h3 = (h3 + h1) | 0;
  h4 = (h4 + h1) | 0;
  out.id_1 = h1;
  out.id_2 = h2;
  out.id_3 = h3;
  out.id_4 = h4;
}
