/**
 * The edge half behind the framing: checks the sum, names the device, words the reply. Reports and pictures are acknowledged even when
 * their contents can not be decoded, because the device repeats an unacknowledged frame for ever; a wrong sum is not.
 */
import type { AcceptEnv, Accepted, FrameContext, RejectReason } from '../protocol.js';
import { latin1, u16, u32 } from '../wire/reader.js';
import { CR, LF } from './ascii.js';
import { BINARY_HEADER_BYTES, KEEP_ALIVE_BYTES, asciiHead, asciiHeader, isPicture, kindAt } from './header.js';
import { noteImpact, noteReply } from './impact-wait.js';
import type { AtrackLink } from './link-state.js';
import { parseReply } from './reply.js';
import { asciiCrcFits, binaryCrcFits } from './search.js';
import { restoreUtf8 } from './utf8.js';
import { EXACT_DIGITS, acknowledgement, halvesOf, identOf, unitIdOf } from './unit.js';

const NO_CONTEXT: FrameContext = {};
/** A frame whose sum is wrong, of a device that is decoded all the same. */
const MISMATCH: FrameContext = { crc: 'mismatch' };
/** A frame that a relay has turned into UTF-8; undone, its sum fits. */
const UTF8: FrameContext = { encoding: 'utf8' };

/** See `Protocol.accept`. */
export function accept(frame: Uint8Array, state: AtrackLink, env: AcceptEnv): Accepted {
  switch (kindAt(frame, 0, frame.length, true)) {
    case 'keep_alive':
      return keepAlive(frame, state);
    case 'reply':
      return reply(frame, state, env);
    case 'ascii':
      return ascii(frame, state, env);
    case 'binary':
      return binary(frame, state, env);
    default:
      return refuse(frame, 'bad_syntax', null, 'header');
  }
}

function refuse(frame: Uint8Array, reason: RejectReason, ident: string | null, path: string): Accepted {
  return { kind: 'reject', rejection: { reason, start: 0, end: frame.length, path }, ident, reply: null, close: false };
}

/** Text of the unit id; the last one is remembered, because a connection carries one device as a rule. */
function unitIdent(high: number, low: number, state: AtrackLink): string {
  if (high !== state.unitHigh || low !== state.unitLow) {
    state.unitHigh = high;
    state.unitLow = low;
    state.unitIdent = identOf(high, low);
  }
  return state.unitIdent;
}

/** Answered with the same bytes. */
function keepAlive(frame: Uint8Array, state: AtrackLink): Accepted {
  if (frame.length !== KEEP_ALIVE_BYTES) return refuse(frame, 'bad_length', null, 'length');
  const ident = unitIdent(u32(frame, 2), u32(frame, 6), state);
  if (ident === '0') return refuse(frame, 'bad_ident', null, 'unit_id');
  state.ident = ident;
  return { kind: 'publish', ident, context: NO_CONTEXT, reply: frame.slice(), class: 'control' };
}

/** Not acknowledged. It names no device, but for `$UNID=` and `$INFO=`, whose first value is the unit id. */
function reply(frame: Uint8Array, state: AtrackLink, env: AcceptEnv): Accepted {
  const parsed = parseReply(frame);
  if (state.ident === null && (parsed?.name === 'UNID' || parsed?.name === 'INFO')) {
    const unit = unitIdOf(parsed.params?.[0] ?? '');
    if (unit !== null && (unit.high !== 0 || unit.low !== 0)) state.ident = unitIdent(unit.high, unit.low, state);
  }
  if (parsed !== null) noteReply(parsed, state, env.nowMs);
  if (state.ident === null) return refuse(frame, 'no_ident', null, 'unit_id');
  return { kind: 'publish', ident: state.ident, context: NO_CONTEXT, reply: null, class: 'control' };
}

/** `frame` has just found the sum of these bytes good. Holds once. */
function isSummed(frame: Uint8Array, state: AtrackLink): boolean {
  const is = state.summed === frame.length;
  state.summed = 0;
  return is;
}

function binary(frame: Uint8Array, state: AtrackLink, env: AcceptEnv): Accepted {
  if (frame.length < BINARY_HEADER_BYTES || u16(frame, 4) + 6 !== frame.length)
    return refuse(frame, 'bad_length', null, 'length');
  const high = u32(frame, 8);
  const low = u32(frame, 12);
  return report(
    frame,
    isSummed(frame, state) || binaryCrcFits(frame, 0, frame.length) ? NO_CONTEXT : MISMATCH,
    high,
    low,
    u16(frame, 6),
    state,
    env,
  );
}

function ascii(frame: Uint8Array, state: AtrackLink, env: AcceptEnv): Accepted {
  const summed = isSummed(frame, state);
  // The header of a frame whose sum `frame` has just found good has just been read too.
  const said = summed && asciiHead.start === 0 ? 'ok' : asciiHeader(frame, 0, frame.length);
  if (said !== 'ok') return refuse(frame, said === 'need' ? 'truncated' : said, null, 'header');
  const { length, sequence, unitFrom, unitTo } = asciiHead;
  const exact = unitTo - unitFrom <= EXACT_DIGITS;
  const unit = exact ? halvesOf(asciiHead.unit) : unitIdOf(latin1(frame, unitFrom, unitTo));
  if (unit === null) return refuse(frame, 'bad_ident', null, 'unit_id');
  const whole = length === frame.length && frame[length - 2] === CR && frame[length - 1] === LF;
  if (length < frame.length && restoredWhole(frame, length))
    return report(frame, UTF8, unit.high, unit.low, sequence, state, env);
  if (!whole && env.settingsOf(identOf(unit.high, unit.low)).crcMode !== 'lenient')
    return refuse(frame, 'bad_length', null, 'length');
  const fits = whole && (summed || asciiCrcFits(frame, 0, length));
  const context = fits ? NO_CONTEXT : MISMATCH;
  return report(frame, context, unit.high, unit.low, sequence, state, env);
}

function restoredWhole(frame: Uint8Array, length: number): boolean {
  const restored = restoreUtf8(frame, 0, frame.length, length);
  return restored !== null && restored !== 'need' && restored.end === frame.length;
}

/** Publishes a report or a piece of a picture. `sound`: what its sum says. */
function report(
  frame: Uint8Array,
  sound: FrameContext,
  high: number,
  low: number,
  sequence: number,
  state: AtrackLink,
  env: AcceptEnv,
): Accepted {
  const ident = unitIdent(high, low, state);
  if (sound === MISMATCH && env.settingsOf(ident).crcMode !== 'lenient') {
    if (state.impact !== null) state.impact.doubtful = true;
    // Of a broken frame the unit id may be broken too.
    return refuse(frame, 'bad_checksum', ident === state.ident ? ident : null, 'crc');
  }
  if (ident === '0') return refuse(frame, 'bad_ident', null, 'unit_id');
  state.ident = ident;
  let context = sound;
  if (state.impact !== null && isPicture(frame, 0)) state.impact.doubtful = true;
  else if (state.impact !== null) {
    const waiting = noteImpact(frame, sequence, ident, state, env.nowMs);
    if (waiting !== null) context = { ...context, ...waiting };
  }
  return { kind: 'publish', ident, context, reply: acknowledgement(high, low, sequence), class: 'data' };
}
