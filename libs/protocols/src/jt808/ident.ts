/** Who a phone field names. */
import { isBcd } from '../wire/bcd.js';

/** Digits of an IMEI without its check digit. */
const IMEI_DIGITS = 14;
const DIGITS = '0123456789';

/**
 * The digits without leading zeros. '' when all are zero: the connection's own device. One vendor writes 14 digits of the IMEI as a
 * binary number of 48 bits; such a field has a nibble above 9, and its check digit is appended. Null: neither.
 */
export function identOf(b: Uint8Array, from: number, to: number): string | null {
  if (!isBcd(b, from, to)) return to - from === 6 ? imeiOf(b, from) : null;
  let text = '';
  for (let i = from; i < to; i++) {
    const high = b[i]! >>> 4;
    const low = b[i]! & 15;
    if (high !== 0 || text !== '') text += DIGITS[high]!;
    if (low !== 0 || text !== '') text += DIGITS[low]!;
  }
  return text;
}

function imeiOf(b: Uint8Array, from: number): string | null {
  let value = 0;
  for (let i = from; i < from + 6; i++) value = value * 256 + b[i]!;
  const digits = String(value);
  return digits.length === IMEI_DIGITS ? `${digits}${luhn(digits)}` : null;
}

/** Check digit of an IMEI: every second digit doubled, digits added up to the next ten. */
function luhn(digits: string): number {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(i) - 0x30;
    const twice = i % 2 === 1 ? digit * 2 : digit;
    sum += twice > 9 ? twice - 9 : twice;
  }
  return (10 - (sum % 10)) % 10;
}
