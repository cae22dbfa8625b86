/** What the first bytes of a connection say about JT808. */
import type { Detection, FrameView } from '../protocol.js';
import { FLAG } from './message.js';

/** Flag, message id, properties. */
const TELLING_BYTES = 5;
const FLAGS_MAX = 16;
const no = (because: string): Detection => ({ kind: 'no', because });

/** A flag, a device's message id (below 0x1000; other vendors' reach 0x6FFF) and properties whose reserved bit is 0. */
export function detect({ bytes, from, to, final }: FrameView): Detection {
  if (bytes[from] !== FLAG) return no('does not start with 7E');
  let start = from;
  while (start + 1 < to && start - from < FLAGS_MAX && bytes[start + 1] === FLAG) start++;
  if (start + 1 < to && bytes[start + 1]! >= 0x70) return no('no message id of a device behind 7E');
  if (start + TELLING_BYTES > to)
    return final ? no('cut off behind 7E') : { kind: 'need', atLeast: start + TELLING_BYTES - from };
  return { kind: 'yes', start, end: start + TELLING_BYTES, because: '7E and the message id of a device' };
}
