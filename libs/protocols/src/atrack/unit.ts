/** The unit id: unsigned 64 bit, so no double. Kept as two halves of 32 bit; `ident` is its decimal text. */

const TWO_32 = 4294967296;
const U64_DIGITS_MAX = 20;
/** Below this the halves join without rounding. */
const EXACT_HIGH = 0x200000;

/** Decimal text of a unit id. */
export function identOf(high: number, low: number): string {
  if (high < EXACT_HIGH) return String(high * TWO_32 + low);
  return ((BigInt(high) << 32n) | BigInt(low)).toString();
}

/** A unit id as its two halves; null when it is no unsigned 64-bit number. */
export interface UnitId {
  readonly high: number;
  readonly low: number;
}

/** Digits that a double holds exactly, whatever they are. */
export const EXACT_DIGITS = 15;

/** Halves of a whole number below 2^53. */
export function halvesOf(value: number): UnitId {
  const high = Math.floor(value / TWO_32);
  return { high, low: value - high * TWO_32 };
}

/** Halves of a decimal text of at most 20 digits. */
export function unitIdOf(digits: string): UnitId | null {
  if (digits.length === 0 || digits.length > U64_DIGITS_MAX || !/^[0-9]+$/.test(digits)) return null;
  if (digits.length <= EXACT_DIGITS) return halvesOf(Number(digits));
  const value = BigInt(digits);
  if (value > 0xffffffffffffffffn) return null;
  return { high: Number(value >> 32n), low: Number(value & 0xffffffffn) };
}

/** FE 02, unit id, sequence id: the acknowledgement of a frame, and the keep-alive. A sequence above 65535 keeps its low 16 bits. */
export function acknowledgement(high: number, low: number, sequence: number): Uint8Array {
  const bytes = new Uint8Array(12);
  bytes[0] = 0xfe;
  bytes[1] = 0x02;
  bytes[2] = high >>> 24;
  bytes[3] = high >>> 16;
  bytes[4] = high >>> 8;
  bytes[5] = high;
  bytes[6] = low >>> 24;
  bytes[7] = low >>> 16;
  bytes[8] = low >>> 8;
  bytes[9] = low;
  bytes[10] = sequence >>> 8;
  bytes[11] = sequence;
  return bytes;
}
