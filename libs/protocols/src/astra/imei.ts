/** Identity on the wire: an IMEI in seven bytes, and its check digit. */
import { u24, u32 } from '../wire/reader.js';

const HIGH_MAX = 99_999_999;
const LOW_MAX = 9_999_999;
export const IMEI_BYTES = 7;
const IMEI_DIGITS = 15;

/** Idents kept as text: a device sends its own with every packet. Beyond that the cache starts anew. */
const IDENTS_MAX = 65_536;
const idents = new Map<number, string>();

/** u32 with the first eight digits, u24 with the last seven; null when they do not fit their digits. */
export function headerIdent(b: Uint8Array, at: number): string | null {
  if (at + IMEI_BYTES > b.length) return null;
  const high = u32(b, at);
  const low = u24(b, at + 4);
  if (high > HIGH_MAX || low > LOW_MAX) return null;
  return identText(high * (LOW_MAX + 1) + low);
}

/** Fifteen digits fit a double exactly. */
function identText(number: number): string {
  const known = idents.get(number);
  if (known !== undefined) return known;
  if (idents.size >= IDENTS_MAX) idents.clear();
  const text = String(number).padStart(IMEI_DIGITS, '0');
  idents.set(number, text);
  return text;
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
