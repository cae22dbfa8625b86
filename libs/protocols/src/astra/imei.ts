/** Identity on the wire: an IMEI in seven bytes, and its check digit. */
import { u24, u32 } from '../wire/reader.js';

const HIGH_DIGITS = 8;
const LOW_DIGITS = 7;
const HIGH_MAX = 99_999_999;
const LOW_MAX = 9_999_999;
export const IMEI_BYTES = 7;

/** u32 with the first eight digits, u24 with the last seven; null when they do not fit their digits. */
export function headerIdent(b: Uint8Array, at: number): string | null {
  if (at + IMEI_BYTES > b.length) return null;
  const high = u32(b, at);
  const low = u24(b, at + 4);
  if (high > HIGH_MAX || low > LOW_MAX) return null;
  return String(high).padStart(HIGH_DIGITS, '0') + String(low).padStart(LOW_DIGITS, '0');
}

/** A header IMEI that chance would hardly make: digits that fit, a right check digit and not all zero. */
export function credibleIdent(b: Uint8Array, at: number): string | null {
  const ident = headerIdent(b, at);
  return ident !== null && luhn(ident) && !/^0+$/.test(ident) ? ident : null;
}

/** Check digit of a 15-digit IMEI. */
export function luhn(digits: string): boolean {
  let sum = 0;
  for (let i = digits.length - 1, twice = false; i >= 0; i--, twice = !twice) {
    const digit = digits.charCodeAt(i) - 0x30;
    sum += twice ? (digit > 4 ? 2 * digit - 9 : 2 * digit) : digit;
  }
  return sum % 10 === 0;
}
