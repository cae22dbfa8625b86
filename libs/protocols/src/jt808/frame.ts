/**
 * Finds JT808 messages between their flags. A good frame is consumed with its closing flag; a bad one without, because that flag
 * may open the next good frame. Some senders use one flag for both, and a read may end right behind it: then the flag stays in the
 * buffer, marked as used.
 */
import type { Framed, FrameView, RejectReason } from '../protocol.js';
import { ESCAPE, FLAG, MESSAGE_BYTES_MIN } from './message.js';
import { BAD_FRAMES_MAX, BETWEEN_FLAGS_MAX, BUFFERED_MAX, type Jt808Link } from './state.js';

const STAR = 0x2a;
const DOLLAR = 0x24;
const CR = 0x0d;
const LF = 0x0a;

export function frame(view: FrameView, state: Jt808Link): Framed {
  const { bytes, from, to, final, transport } = view;
  state.sound = 0;
  if (bytes[from] !== FLAG) return noise(view);
  if (state.sharedFlag) {
    const next = from + 1 < to ? bytes[from + 1]! : -1;
    if (next < 0 && !final) return { kind: 'need', atLeast: 2 };
    if (next < 0 || opensAnother(next)) {
      state.sharedFlag = false;
      return { kind: 'skip', end: from + 1 };
    }
  }
  // One pass: the end, the sum over unescaped bytes, and whether the escapes are good.
  let sum = 0;
  let escapes = 0;
  let bad = false;
  const end = Math.min(to, from + 1 + BUFFERED_MAX);
  let at = from + 1;
  for (; at < end; at++) {
    let c = bytes[at]!;
    // One comparison for most bytes: escape and flag are neighbours.
    if (c >= ESCAPE && c <= FLAG) {
      if (c === FLAG) break;
      escapes++;
      const next = at + 1 < end ? bytes[at + 1]! : 0;
      if (next === 1 || next === 2) {
        at++;
        c = next === 1 ? ESCAPE : FLAG;
      } else bad = true;
    }
    sum ^= c;
  }
  if (at >= end) return unfinished(to - from, final, transport, from, to);
  const between = at - from - 1;
  // Two flags in a row: the first one belongs to nothing.
  if (between === 0) {
    state.sharedFlag = false;
    return { kind: 'skip', end: at };
  }
  if (bad) return refuse('bad_escape', at, state);
  if (between - escapes < MESSAGE_BYTES_MIN) return refuse('truncated', at, state);
  if (between > BETWEEN_FLAGS_MAX) return refuse('bad_length', at, state);
  if (sum !== 0) return refuse('bad_checksum', at, state);
  if (escapes === 0) state.sound = between + 2;
  const next = at + 1 < to ? bytes[at + 1]! : -1;
  state.sharedFlag = next < 0 || !opensAnother(next);
  return state.sharedFlag ? { kind: 'frame', end: at + 1, resumeAt: at } : { kind: 'frame', end: at + 1 };
}

/** See `Protocol.settles`. The same test as that of a flag with its next byte in one read. */
export function settles(state: Jt808Link, left: number, next: number): boolean {
  if (left !== FLAG || !state.sharedFlag || !opensAnother(next)) return false;
  state.sharedFlag = false;
  return true;
}

/** Bytes before a flag, where no other dialect shares the connection. */
function noise({ bytes, from, to }: FrameView): Framed {
  let end = from + 1;
  while (end < to && bytes[end] !== FLAG) end++;
  return { kind: 'bad', reason: 'noise', resumeAt: end };
}

/** A byte behind a closing flag that shows that the flag closed, and no more. */
const opensAnother = (c: number): boolean => c === FLAG || c === STAR || c === DOLLAR || c === CR || c === LF;

function refuse(reason: RejectReason, closing: number, state: Jt808Link): Framed {
  state.sharedFlag = true;
  const close = ++state.badFrames > BAD_FRAMES_MAX;
  return { kind: 'bad', reason, resumeAt: close ? null : closing };
}

function unfinished(buffered: number, final: boolean, transport: string, from: number, to: number): Framed {
  if (buffered > BUFFERED_MAX) return { kind: 'bad', reason: 'bad_length', resumeAt: from + 1 };
  if (!final) return { kind: 'need', atLeast: buffered + 1 };
  // The rest of a datagram is dropped; on a stream a text frame may stand behind a lone flag.
  return { kind: 'bad', reason: 'truncated', resumeAt: transport === 'udp' ? to : from + 1 };
}
