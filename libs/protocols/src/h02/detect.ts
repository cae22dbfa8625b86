/** What the first bytes of a connection say about H02. */
import type { Detection, FrameView } from '../protocol.js';
import { bcd, isBcd } from '../wire/bcd.js';

/** Line ends that a modem may send before its first frame. */
const LEAD_BYTES_MAX = 16;
/** `$`, identifier, time and date. */
const RECORD_BYTES = 12;

const no = (because: string): Detection => ({ kind: 'no', because });

/**
 * `*`, two characters and a comma; or `$` with ten decimal digits and a time or a date that exists behind them (text that starts
 * with `$` has letters there). `X` records count only on a connection that is known to speak H02.
 */
export function detect({ bytes, from, to, final }: FrameView): Detection {
  let start = from;
  while (start < to && start - from < LEAD_BYTES_MAX && (bytes[start] === 0x0d || bytes[start] === 0x0a)) start++;
  if (start >= to) return final ? no('only line ends') : { kind: 'need', atLeast: start - from + 1 };
  if (bytes[start] === 0x2a) {
    for (let i = 1; i <= 2 && start + i < to; i++)
      if (!isMark(bytes[start + i]!)) return no('no vendor mark of two characters behind *');
    if (start + 3 >= to) return final ? no('cut off behind *') : { kind: 'need', atLeast: start + 4 - from };
    if (bytes[start + 3] !== 0x2c) return no('no comma behind the vendor mark');
    return { kind: 'yes', start, end: start + 4, because: '*, a vendor mark of two characters, and a comma' };
  }
  if (bytes[start] !== 0x24) return no('neither * nor $');
  if (!isBcd(bytes, start + 1, Math.min(to, start + 6))) return no('no decimal identifier behind $');
  if (start + RECORD_BYTES > to)
    return final ? no('cut off behind $') : { kind: 'need', atLeast: start + RECORD_BYTES - from };
  if (!isTime(bytes, start + 6) && !isDate(bytes, start + 9))
    return no('neither a time nor a date behind the identifier');
  return { kind: 'yes', start, end: start + RECORD_BYTES, because: '$, a decimal identifier, and a time or date' };
}

const isMark = (c: number): boolean => c > 0x20 && c < 0x7f && c !== 0x2c;
const within = (value: number, low: number, high: number): boolean => value >= low && value <= high;
const isTime = (b: Uint8Array, at: number): boolean =>
  within(bcd(b, at), 0, 23) && within(bcd(b, at + 1), 0, 59) && within(bcd(b, at + 2), 0, 59);
const isDate = (b: Uint8Array, at: number): boolean =>
  within(bcd(b, at), 1, 31) && within(bcd(b, at + 1), 1, 12) && bcd(b, at + 2) >= 0;
