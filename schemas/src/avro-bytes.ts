/**
 * Avro's primitive encodings, written straight into memory: the inner loop of the generated telemetry writer. Each function
 * returns the position after what it wrote, and trusts that there is room: the writer asks once for a whole value.
 */

/** Most bytes of a long: 64 bits in groups of seven. */
export const LONG_BYTES_MAX = 10;
/** Most bytes of a UTF-16 code unit in UTF-8. */
export const UTF8_BYTES_MAX = 3;

const GROUP = 0x80;
/** Four groups of seven bits: what fits an unsigned 32-bit step without loss. */
const FOUR_GROUPS = 2 ** 28;
/** Texts longer than this go through the runtime's encoder, whose call costs as much as this many characters here. */
const SHORT_TEXT_MAX = 48;

/** Zigzag variable-length integer. Beyond 2^53 the value would not be exact: it throws. */
export function putLong(bytes: Uint8Array, at: number, value: number): number {
  if (value >= -1073741824 && value < 1073741824) {
    let bits = ((value << 1) ^ (value >> 31)) >>> 0;
    while (bits >= GROUP) {
      bytes[at++] = (bits & 0x7f) | GROUP;
      bits >>>= 7;
    }
    bytes[at++] = bits;
    return at;
  }
  if (!Number.isSafeInteger(value)) throw new TypeError(`${value} is no whole number that fits 53 bits`);
  // Doubling may pass 2^53, so the lowest group is taken before: zigzag = 2n, or 2(-n)-1.
  const positive = value >= 0;
  const half = positive ? value : -value - 1;
  let rest = Math.floor(half / 64);
  bytes[at++] = ((half % 64) << 1) | (positive ? 0 : 1) | GROUP;
  while (rest >= FOUR_GROUPS) {
    let low = rest % FOUR_GROUPS;
    rest = Math.floor(rest / FOUR_GROUPS);
    for (let i = 0; i < 4; i++) {
      bytes[at++] = (low & 0x7f) | GROUP;
      low >>>= 7;
    }
  }
  while (rest >= GROUP) {
    bytes[at++] = (rest & 0x7f) | GROUP;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

/** Length in bytes, then UTF-8. */
export function putString(bytes: Buffer, at: number, text: string): number {
  const { length } = text;
  if (length <= SHORT_TEXT_MAX) {
    // At most 63 characters: the length is one byte, and ASCII needs no second pass.
    const start = at;
    bytes[at++] = length << 1;
    let i = 0;
    for (; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code >= GROUP) break;
      bytes[at++] = code;
    }
    if (i === length) return at;
    at = start;
  }
  at = putLong(bytes, at, Buffer.byteLength(text));
  return at + bytes.write(text, at);
}

const HEX = Buffer.from('0123456789abcdef');
/** 32 bits as eight lower-case hexadecimal digits, without a length. */
export function putHex(bytes: Uint8Array, at: number, word: number): number {
  for (let shift = 28; shift >= 0; shift -= 4) bytes[at++] = HEX[(word >>> shift) & 15]!;
  return at;
}

export const isList = (value: unknown): boolean => Array.isArray(value);

/** Refuses a value of the wrong type; `field` is the field's name. */
export function refuse(field: string, value: unknown, wanted: string): never {
  throw new TypeError(`the field ${field}: ${String(value)} is no ${wanted}`);
}
