/**
 * Cutting the byte stream. The length decides, never CR LF: an ASCII report with several positions holds several of them.
 *
 * Invariants: nothing is decided on fewer bytes than its test needs; a frame whose CRC fails but whose length fits stays a frame
 * (`accept` refuses it, and the stream stays in step), unless another message stands inside it; after bytes that were no frame,
 * only what passes `candidateAt` is read as one.
 */
import type { AcceptEnv, Framed, FrameView, RejectReason } from '../protocol.js';
import { latin1, u16, u32 } from '../wire/reader.js';
import { CR, LF, findCrLf } from './ascii.js';
import {
  FRAME_BYTES_MAX,
  KEEP_ALIVE_BYTES,
  REPLY_BYTES_MAX,
  asciiHead,
  asciiHeader,
  binaryLength,
  isAsciiAt,
  isPicture,
  kindAt,
} from './header.js';
import type { AtrackLink } from './link-state.js';
import { identOf } from './unit.js';
import { restoreUtf8 } from './utf8.js';
import { asciiCrcFits, binaryCrcFits, candidateAt, innerStart, restartInside, search } from './search.js';

/** After so many refusals in a row, or so many bytes lost, the connection is given up. */
export const REFUSALS_MAX = 5;
export const LOST_BYTES_MAX = 65_536;

/** See `Protocol.frame`. Without `env` the strict rules hold for every device. */
export function frame(view: FrameView, state: AtrackLink, env?: AcceptEnv): Framed {
  const { bytes: b, from, to, final } = view;
  state.summed = 0;
  if (state.searching) {
    const at = search(b, from, to, state);
    if (at > from) return lost(view, state, at, 'noise');
    if (candidateAt(b, from, to, state.prefix) === 'maybe')
      return final ? lost(view, state, to, 'truncated') : { kind: 'need', atLeast: to - from + 1 };
  }
  switch (kindAt(b, from, to, final)) {
    case 'need':
      return short(view, state, to - from + 1);
    case 'filler':
      return { kind: 'skip', end: from + 1 };
    case 'keep_alive':
      return to - from < KEEP_ALIVE_BYTES ? short(view, state, KEEP_ALIVE_BYTES) : good(state, from + KEEP_ALIVE_BYTES);
    case 'reply':
      return reply(view, state);
    case 'ascii':
      return ascii(view, state, env);
    case 'binary':
      return binary(view, state, env);
  }
}

function good(state: AtrackLink, end: number): Framed {
  state.searching = false;
  state.refusals = 0;
  state.lostBytes = 0;
  return { kind: 'frame', end };
}

/** Bytes up to `resumeAt` are lost. Gives the connection up when that has happened too often. */
function lost(view: FrameView, state: AtrackLink, resumeAt: number, reason: RejectReason): Framed {
  // A datagram never leaves the next one out of step.
  state.searching = view.transport === 'tcp' || resumeAt < view.to;
  state.lostBytes += resumeAt - view.from;
  if (reason !== 'noise') state.refusals++;
  if (state.impact !== null) state.impact.doubtful = true;
  const over = state.refusals >= REFUSALS_MAX || state.lostBytes > LOST_BYTES_MAX;
  return { kind: 'bad', reason, resumeAt: over && view.transport === 'tcp' ? null : resumeAt };
}

/** Out of step: on from the next byte where a message may start. */
function astray(view: FrameView, state: AtrackLink, reason: RejectReason): Framed {
  return lost(view, state, search(view.bytes, view.from + 1, view.to, state), reason);
}

/** The frame is not whole. */
function short(view: FrameView, state: AtrackLink, atLeast: number): Framed {
  if (!view.final) return { kind: 'need', atLeast };
  return lost(view, state, view.to, 'truncated');
}

/** `$NAME…` CR LF. */
function reply(view: FrameView, state: AtrackLink): Framed {
  const { bytes: b, from, to } = view;
  const end = findCrLf(b, from + 1, Math.min(to, from + REPLY_BYTES_MAX));
  if (end >= 0) return good(state, end + 2);
  if (to - from >= REPLY_BYTES_MAX) return astray(view, state, 'bad_length');
  return short(view, state, to - from + 1);
}

function binary(view: FrameView, state: AtrackLink, env: AcceptEnv | undefined): Framed {
  const { bytes: b, from, to } = view;
  const length = binaryLength(b, from);
  if (length === 0) return astray(view, state, 'bad_length');
  if (to - from < length) return unfinished(view, state, length);
  const end = from + length;
  if (!binaryCrcFits(b, from, end)) return broken(view, state, end, env);
  if (!isPicture(b, from)) state.prefix = u16(b, from);
  state.summed = length;
  return good(state, end);
}

function ascii(view: FrameView, state: AtrackLink, env: AcceptEnv | undefined): Framed {
  const { bytes: b, from, to, final } = view;
  const said = asciiHeader(b, from, to);
  if (said === 'need') return short(view, state, to - from + 1);
  if (said !== 'ok') return astray(view, state, said);
  const end = from + asciiHead.length;
  if (end > to) {
    // Only the announced length could tell where it ends, and the bytes that remain do not reach there.
    if (final && lenient(b, env)) return { kind: 'frame', end: to };
    return unfinished(view, state, asciiHead.length);
  }
  if (b[end - 2] === CR && b[end - 1] === LF) {
    if (!asciiCrcFits(b, from, end)) return broken(view, state, end, env);
    state.prefix = u16(b, from);
    state.summed = asciiHead.length;
    return good(state, end);
  }
  const restored = restoreUtf8(b, from, to, asciiHead.length);
  if (restored === 'need' && !final) return { kind: 'need', atLeast: to - from + 1 };
  if (restored !== null && restored !== 'need') return good(state, restored.end);
  if (!lenient(b, env)) return astray(view, state, 'bad_length');
  if (end === to && b[end - 1] === CR && !final) return { kind: 'need', atLeast: end - from + 1 };
  if (end < to && b[end] === LF) return { kind: 'frame', end: end + 1 };
  const next = findCrLf(b, end - 1, Math.min(to, from + FRAME_BYTES_MAX));
  if (next >= 0) return { kind: 'frame', end: next + 2 };
  if (to - from >= FRAME_BYTES_MAX) return astray(view, state, 'bad_length');
  return final ? { kind: 'frame', end: to } : { kind: 'need', atLeast: to - from + 1 };
}

/** The device of the header in `asciiHead` is decoded in spite of a wrong length. */
function lenient(b: Uint8Array, env: AcceptEnv | undefined): boolean {
  if (env === undefined) return false;
  const ident = latin1(b, asciiHead.unitFrom, asciiHead.unitTo).replace(/^0+(?=.)/, '');
  return env.settingsOf(ident).crcMode === 'lenient';
}

/** The announced end has not come. A whole frame further on shows that it never will. */
function unfinished(view: FrameView, state: AtrackLink, length: number): Framed {
  const restart = restartInside(view.bytes, view.from, view.to);
  if (restart >= 0) {
    state.prefix = u16(view.bytes, view.from);
    return lost(view, state, restart, 'truncated');
  }
  return short(view, state, length);
}

/**
 * The CRC fails at the announced end. A message inside means that this one was cut: go on there, not at the end. Where neither the
 * prefix nor what follows says that this was a message at all, the stream is out of step: any two bytes may be a prefix, and lengths
 * read from the middle of messages would swallow good ones without end.
 */
function broken(view: FrameView, state: AtrackLink, end: number, env: AcceptEnv | undefined): Framed {
  const { bytes: b, from, to, final } = view;
  const inner = innerStart(b, from, end, to);
  if (inner >= 0) {
    state.prefix = u16(b, from);
    return lost(view, state, inner, 'bad_checksum');
  }
  if (isAsciiAt(b, from) || candidateAt(b, from, to, state.prefix) === 'yes' || lenientBinary(b, from, env))
    return { kind: 'frame', end };
  if (to - end < 2) return final ? { kind: 'frame', end } : { kind: 'need', atLeast: end + 2 - from };
  return u16(b, end) === u16(b, from) ? { kind: 'frame', end } : astray(view, state, 'bad_checksum');
}

/** The device of the binary header at `from` is decoded in spite of a wrong sum. */
function lenientBinary(b: Uint8Array, from: number, env: AcceptEnv | undefined): boolean {
  if (env === undefined) return false;
  return env.settingsOf(identOf(u32(b, from + 8), u32(b, from + 12))).crcMode === 'lenient';
}
