/**
 * Finds H02 messages: text `*…#`, `$` records without a length field, `X` records, and the noise between them.
 *
 * A `$` record's length is learnt. Its payload may hold any marker byte, so no byte alone decides: a length fits when the record's
 * head is plausible for it and it ends at the end of what is buffered or at something that starts a message.
 */
import type { AcceptEnv, Framed, FrameView } from '../protocol.js';
import { isBcd } from '../wire/bcd.js';
import { BAD_FRAMES_MAX, BINARY_BYTES_MAX, TEXT_BYTES_MAX, type BinaryLength, type H02Link } from './state.js';

const STAR = 0x2a;
const HASH = 0x23;
const DOLLAR = 0x24;
const MARK_X = 0x58;
const FLAG = 0x7e;
const X_BYTES = 32;
/** A record that fits exactly may be the first part of a longer one: silence says that it is not. */
const EXACT_SILENCE_MS = 500;
/** A record that fits no length may still be on its way. */
const PARTIAL_SILENCE_MS = 2_000;
/** From here on the 13 bytes behind a 32-byte record tell a further message from the tail of a 45-byte one. */
const TELLING_BYTES = 45;

/** Lengths in the order in which they are tried; 32 is the last because every other begins like it. */
const LENGTHS: readonly BinaryLength[] = [45, 42, 51, 46, 48, 32];
const SINOTRACK_LENGTHS: readonly BinaryLength[] = [45, 32];

export function frame(view: FrameView, state: H02Link, env?: AcceptEnv): Framed {
  const framed = next(view, state, env);
  if (framed.kind !== 'need') state.damagedLength = null;
  if (framed.kind === 'bad' && framed.reason !== 'noise' && ++state.badFrames > BAD_FRAMES_MAX)
    return { kind: 'bad', reason: framed.reason, resumeAt: null };
  return framed;
}

function next(view: FrameView, state: H02Link, env: AcceptEnv | undefined): Framed {
  switch (view.bytes[view.from]) {
    case STAR:
      return text(view);
    case DOLLAR:
      return binary(view, state, env);
    case MARK_X:
      return xRecord(view);
    case 0x0d:
    case 0x0a:
      return lineEnds(view);
    default:
      return noise(view);
  }
}

function text({ bytes, from, to, final }: FrameView): Framed {
  const end = Math.min(to, from + TEXT_BYTES_MAX);
  for (let i = from + 1; i < end; i++) if (bytes[i] === HASH) return { kind: 'frame', end: i + 1 };
  if (to - from > TEXT_BYTES_MAX) return { kind: 'bad', reason: 'bad_length', resumeAt: from + 1 };
  if (final) return { kind: 'bad', reason: 'truncated', resumeAt: to };
  return { kind: 'need', atLeast: to - from + 1 };
}

function lineEnds({ bytes, from, to }: FrameView): Framed {
  let end = from + 1;
  while (end < to && (bytes[end] === 0x0d || bytes[end] === 0x0a)) end++;
  return { kind: 'skip', end };
}

/** Bytes that start nothing, up to the next one that may. */
function noise({ bytes, from, to }: FrameView, first = from + 1): Framed {
  let end = first;
  while (end < to && !opens(bytes[end]!)) end++;
  return { kind: 'bad', reason: 'noise', resumeAt: end };
}
const opens = (c: number): boolean =>
  c === STAR || c === DOLLAR || c === MARK_X || c === FLAG || c === 0x0d || c === 0x0a;

function xRecord(view: FrameView): Framed {
  const { bytes, from, to, final, transport } = view;
  // Zeros are no date here: they stand in the middle of many things.
  if (transport === 'udp' || !dated(bytes, from, to, 0, false)) return noise(view);
  if (to - from >= X_BYTES) return { kind: 'frame', end: from + X_BYTES };
  if (final) return noise(view);
  return { kind: 'need', atLeast: X_BYTES, silenceMs: PARTIAL_SILENCE_MS };
}

function binary(view: FrameView, state: H02Link, env: AcceptEnv | undefined): Framed {
  const { bytes, from, to, final } = view;
  const n = to - from;
  const learnt = state.binaryLength;
  if (learnt !== null && n >= learnt && head(bytes, from, to, shiftOf(learnt)) && boundary(bytes, from + learnt, to))
    return { kind: 'frame', end: from + learnt };
  const short = head(bytes, from, to, 0);
  const long = head(bytes, from, to, 3);
  if (!short && !long) return damaged(view, state);
  const fits = (length: number): boolean => (length === 42 ? long : short);
  if (learnt !== null && n < learnt && !final) return { kind: 'need', atLeast: learnt };
  state.binaryLength = null;
  const lengths = isSinotrack(state, env) ? SINOTRACK_LENGTHS : LENGTHS;
  const take = (length: BinaryLength): Framed => {
    state.binaryLength = length;
    return { kind: 'frame', end: from + length };
  };
  const wait = (silenceMs: number): Framed => ({ kind: 'need', atLeast: n + 1, silenceMs });

  // A message that certainly starts behind a record settles its length before any exact fit does: 45 bytes may be a record of 32
  // and the start of the next, cut by TCP.
  if (short && n > 45 && certain(bytes, from, from + 45, to)) return take(45);
  if (short && n > 32 && certain(bytes, from, from + 32, to)) return take(32);
  for (const length of lengths) {
    if (n !== length || !fits(length)) continue;
    if (length === 32 || (length === 42 && short)) {
      if (final) return take(length);
      return wait(EXACT_SILENCE_MS);
    }
    if (length > 45 && boundary(bytes, from + 45, to)) break;
    return take(length);
  }
  for (const length of lengths) {
    if (n <= length || !fits(length) || !boundary(bytes, from + length, to)) continue;
    if (length === 32 && n < TELLING_BYTES && !final) return wait(EXACT_SILENCE_MS);
    return take(length);
  }
  if (n < (lengths === LENGTHS ? BINARY_BYTES_MAX : TELLING_BYTES + 1)) {
    if (!final) return wait(PARTIAL_SILENCE_MS);
    if (n >= 32 && short) return take(32);
    return { kind: 'bad', reason: 'truncated', resumeAt: to };
  }
  return noise(view);
}

/** How much further on everything behind the identifier stands. */
const shiftOf = (length: BinaryLength): 0 | 3 => (length === 42 ? 3 : 0);

const isSinotrack = (state: H02Link, env: AcceptEnv | undefined): boolean =>
  state.ident !== null && env?.settingsOf(state.ident).h02SinotrackOnly === true;

/**
 * A head that fits no layout. A record that stood alone in a read is handed on, because the decoder drops only the damaged values
 * (hour 25); a `$` in the middle of anything else is noise.
 */
function damaged(view: FrameView, state: H02Link): Framed {
  const { bytes, from, to, final } = view;
  const n = to - from;
  if (!isBcd(bytes, from + 1, Math.min(to, from + 6))) return noise(view);
  if (n === 32 || n === 45) {
    if (final) return { kind: 'frame', end: to };
    state.damagedLength = n;
    return { kind: 'need', atLeast: n + 1, silenceMs: EXACT_SILENCE_MS };
  }
  if (n < 45 && !final && state.damagedLength === null)
    return { kind: 'need', atLeast: n + 1, silenceMs: EXACT_SILENCE_MS };
  const length = state.damagedLength;
  return length !== null && n > length ? { kind: 'frame', end: from + length } : noise(view);
}

/**
 * Whether the head of a `$` record is plausible: decimal digits where digits stand, a time that exists, a day and month that do or
 * are zero. `k` is 3 for the layout with the longer identifier. Bytes that have not arrived pass.
 */
export function head(b: Uint8Array, p: number, to: number, k: 0 | 3): boolean {
  if (b[p] !== DOLLAR || !isBcd(b, p + 1, Math.min(to, p + 6 + k)) || !dated(b, p, to, k, true)) return false;
  if (!isBcd(b, p + 12 + k, Math.min(to, p + 16 + k)) || !isBcd(b, p + 17 + k, Math.min(to, p + 21 + k))) return false;
  return p + 21 + k >= to || b[p + 21 + k]! >>> 4 <= 9;
}

/** Time and date at p + 6 and p + 9, as far as they have arrived. */
function dated(b: Uint8Array, p: number, to: number, k: 0 | 3, zeros: boolean): boolean {
  const time = p + 6 + k;
  const date = p + 9 + k;
  if (!isBcd(b, time, Math.min(to, time + 6))) return false;
  if (time < to && b[time]! > 0x23) return false;
  if (time + 1 < to && b[time + 1]! > 0x59) return false;
  if (time + 2 < to && b[time + 2]! > 0x59) return false;
  const isZero = (at: number): boolean => at >= to || b[at] === 0;
  if (zeros && isZero(date) && isZero(date + 1) && isZero(date + 2)) return true;
  if (date < to && (b[date] === 0 || b[date]! > 0x31)) return false;
  return date + 1 >= to || (b[date + 1] !== 0 && b[date + 1]! <= 0x12);
}

/** Whether a message may start at `q`, or nothing has arrived there. */
function boundary(b: Uint8Array, q: number, to: number): boolean {
  if (q >= to) return true;
  switch (b[q]) {
    case STAR:
      return (
        (q + 1 >= to || letter(b[q + 1]!)) && (q + 2 >= to || letter(b[q + 2]!)) && (q + 3 >= to || b[q + 3] === 0x2c)
      );
    case DOLLAR:
      return head(b, q, to, 0) || head(b, q, to, 3);
    case MARK_X:
      return dated(b, q, to, 0, false);
    case FLAG:
      return true;
    default:
      return false;
  }
}

/** Whether enough has arrived at `q` to be sure that it is no payload: text, a record of the same device, JT808's first bytes. */
function certain(b: Uint8Array, p: number, q: number, to: number): boolean {
  if (!boundary(b, q, to)) return false;
  switch (b[q]) {
    case STAR:
      return q + 3 < to;
    case DOLLAR:
      if (q + 5 >= to) return false;
      for (let i = 1; i <= 5; i++) if (b[q + i] !== b[p + i]) return false;
      return true;
    case MARK_X:
      if (q + 11 >= to) return false;
      for (let i = 9; i <= 11; i++) if (b[q + i] !== b[p + i]) return false;
      return true;
    default:
      // Message ids of devices are below 0x1000; the highest bit of the properties is reserved.
      return q + 4 < to && b[q + 1]! < 0x10 && b[q + 3]! < 0x80;
  }
}
const letter = (c: number): boolean => (c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a;
