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
    for (let i = 0; i < value.length && at < KEY_BYTES_MAX; i++) {
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
    murmur128(this.#bytes, this.#at, report);
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
function word(b: Uint8Array, at: number, end: number): number {
  let w = 0;
  for (let i = 0; i < 4 && at + i < end; i++) w |= b[at + i]! << (8 * i);
  return w;
}

/** MurmurHash3_x86_128, seed 0; the four words go to id_1 … id_4. */
export function murmur128(
  b: Uint8Array,
  length: number,
  out: { id_1: number; id_2: number; id_3: number; id_4: number },
): void {
  let h1 = 0;
  let h2 = 0;
  let h3 = 0;
  let h4 = 0;
  const blocks = length & ~15;
  for (let i = 0; i < blocks; i += 16) {
    const k1 = b[i]! | (b[i + 1]! << 8) | (b[i + 2]! << 16) | (b[i + 3]! << 24);
    const k2 = b[i + 4]! | (b[i + 5]! << 8) | (b[i + 6]! << 16) | (b[i + 7]! << 24);
    const k3 = b[i + 8]! | (b[i + 9]! << 8) | (b[i + 10]! << 16) | (b[i + 11]! << 24);
    const k4 = b[i + 12]! | (b[i + 13]! << 8) | (b[i + 14]! << 16) | (b[i + 15]! << 24);
    h1 ^= Math.imul(rotl(Math.imul(k1, C1), 15), C2);
    h1 = (Math.imul((rotl(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0;
    h2 ^= Math.imul(rotl(Math.imul(k2, C2), 16), C3);
    h2 = (Math.imul((rotl(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0;
    h3 ^= Math.imul(rotl(Math.imul(k3, C3), 17), C4);
    h3 = (Math.imul((rotl(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0;
    h4 ^= Math.imul(rotl(Math.imul(k4, C4), 18), C1);
    h4 = (Math.imul((rotl(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0;
  }
  if (length > blocks) {
    h4 ^= Math.imul(rotl(Math.imul(word(b, blocks + 12, length), C4), 18), C1);
    h3 ^= Math.imul(rotl(Math.imul(word(b, blocks + 8, length), C3), 17), C4);
    h2 ^= Math.imul(rotl(Math.imul(word(b, blocks + 4, length), C2), 16), C3);
    h1 ^= Math.imul(rotl(Math.imul(word(b, blocks, length), C1), 15), C2);
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
