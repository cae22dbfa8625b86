/**
 * ASCII frames that came through a relay which takes the stream for text: it turns each byte above 7F into the two of its UTF-8 form, so
 * that neither length nor CRC fits. Undone, both must fit again; so nothing is read that the device did not sign.
 */
import { crc16Arc } from '../wire/crc.js';
import { CR, LF } from './ascii.js';
import { asciiCrc } from './header.js';

export type Restored = { readonly bytes: Uint8Array; readonly end: number } | 'need' | null;

const isLead = (byte: number): boolean => byte === 0xc2 || byte === 0xc3;

/**
 * The frame of `length` bytes that became [from, end) of `b`. Null: this is no such frame. `need`: it may be, but has not come whole;
 * bytes up to `to` have.
 */
export function restoreUtf8(b: Uint8Array, from: number, to: number, length: number): Restored {
  const bytes = new Uint8Array(length);
  let at = from;
  let pairs = 0;
  for (let i = 0; i < length; i++) {
    if (at >= to) return pairs > 0 ? 'need' : null;
    const byte = b[at++]!;
    if (byte < 0x80) {
      bytes[i] = byte;
      continue;
    }
    if (!isLead(byte)) return null;
    if (at >= to) return 'need';
    const low = b[at++]!;
    if ((low & 0xc0) !== 0x80) return null;
    bytes[i] = ((byte & 3) << 6) | (low & 0x3f);
    pairs++;
  }
  if (pairs === 0 || bytes[length - 2] !== CR || bytes[length - 1] !== LF) return null;
  return crc16Arc(bytes, 7, length) === asciiCrc(bytes, 0) ? { bytes, end: at } : null;
}
