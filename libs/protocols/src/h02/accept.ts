/** What the edge does with an H02 frame: who sent it, and what is answered. */
import type { Accepted, AcceptEnv, FrameContext, Rejection } from '../protocol.js';
import { bcdText, isBcd } from '../wire/bcd.js';
import { two, utcFields } from '../wire/calendar.js';
import { latin1Bytes } from '../wire/writer.js';
import { findBlock, findStatus } from './block.js';
import { TextFields } from './fields.js';
import { rejection } from './report.js';
import { BAD_FRAMES_MAX, IDENT_DIGITS_MAX, VENDOR_DEFAULT, type H02Link } from './state.js';
import { syntaxFault, typeOf, type MessageType } from './types.js';

const STAR = 0x2a;
const MARK_X = 0x58;
const CONTEXT: FrameContext = Object.freeze({});
const fields = new TextFields();

export function accept(frame: Uint8Array, state: H02Link, env: AcceptEnv): Accepted {
  if (frame[0] === STAR) return acceptText(frame, state, env);
  if (frame[0] === MARK_X) {
    if (state.ident === null) return reject(state, rejection('no_ident', frame.length, 'ident'));
    return publish(state, state.ident, 'data', null);
  }
  const ident = identOfRecord(frame, state.ident);
  if (ident === null) return reject(state, rejection('bad_ident', frame.length, 'ident'));
  const reply = env.settingsOf(ident).h02Ack ?? 'r12';
  return publish(state, ident, 'data', reply === 'r12' ? r12(ident, state, env.nowMs) : null);
}

function acceptText(frame: Uint8Array, state: H02Link, env: AcceptEnv): Accepted {
  const f = fields;
  if (!f.scan(frame)) return reject(state, rejection('bad_syntax', frame.length));
  const fault = syntaxFault(f);
  if (fault !== null) return reject(state, rejection('bad_syntax', frame.length, fault));
  const ident = identOfText(f, state.ident);
  if (ident === null) {
    const reason = f.size(1) === 0 ? 'no_ident' : 'bad_ident';
    return reject(state, rejection(reason, frame.length, 'ident'));
  }
  state.vendorCode = vendorOf(f, state.vendorCode);
  const type = typeOf(f);
  const data =
    type.kind !== 'silent' && type.kind !== 'heartbeat' && type.kind !== 'confirmation' && type.kind !== 'text';
  return publish(state, ident, data ? 'data' : 'control', replyTo(f, type, ident, state, env));
}

function publish(state: H02Link, ident: string, kind: 'data' | 'control', reply: Uint8Array | null): Accepted {
  state.ident = ident;
  state.badFrames = 0;
  return { kind: 'publish', ident, context: CONTEXT, reply, class: kind };
}

function reject(state: H02Link, why: Rejection): Accepted {
  const close = ++state.badFrames > BAD_FRAMES_MAX;
  return { kind: 'reject', rejection: why, ident: null, reply: null, close };
}

function replyTo(f: TextFields, type: MessageType, ident: string, state: H02Link, env: AcceptEnv): Uint8Array | null {
  if (type.ack === 'none') return null;
  const mode = env.settingsOf(ident).h02Ack ?? 'r12';
  if (mode === 'none') return null;
  if (type.ack === 'echo') {
    // The received frame cut behind its type: `*HQ,<id>,HTBT#`.
    const cut = f.bytes.slice(0, f.to(2) + 1);
    cut[cut.length - 1] = 0x23;
    return cut;
  }
  // A frame that gave no report is not acknowledged.
  if (findBlock(f) < 0 && findStatus(f) < 0) return null;
  if (mode === 'r12') return r12(ident, state, env.nowMs);
  if (!type.classic) return null;
  const t = utcFields(env.nowMs);
  const stamp = `20${two(t.yy)}${two(t.mo)}${two(t.dd)}${two(t.hh)}${two(t.mi)}${two(t.ss)}`;
  return latin1Bytes(`*${VENDOR_DEFAULT},${ident},V4,${type.name},${stamp}#`);
}

/** `*HQ,<id>,R12,<HHMMSS>#`: the server's time of day. The mark is HQ for every device; see the README. */
function r12(ident: string, state: H02Link, nowMs: number): Uint8Array {
  let last = state.r12;
  if (last?.ident !== ident)
    state.r12 = last = { ident, bytes: latin1Bytes(`*${VENDOR_DEFAULT},${ident},R12,000000#`) };
  const { bytes: form } = last;
  const bytes = new Uint8Array(form.length);
  const time = form.length - TIME_FROM_END;
  for (let i = 0; i < time; i++) bytes[i] = form[i]!;
  const second = Math.floor(nowMs / 1000) % 86_400;
  const minute = (second / 60) | 0;
  const hour = (minute / 60) | 0;
  putTwo(bytes, time, hour);
  putTwo(bytes, time + 2, minute - hour * 60);
  putTwo(bytes, time + 4, second - minute * 60);
  bytes[time + 6] = HASH;
  return bytes;
}
/** `HHMMSS#` */
const TIME_FROM_END = 7;
const HASH = 0x23;
const ZERO = 0x30;
function putTwo(bytes: Uint8Array, at: number, value: number): void {
  const tens = (value / 10) | 0;
  bytes[at] = ZERO + tens;
  bytes[at + 1] = ZERO + value - tens * 10;
}

/**
 * The digits as sent. An empty identifier, or the factory's zeros, means the connection's own device. Null: none is known, or it
 * is too long to be one.
 */
function identOfText(f: TextFields, known: string | null): string | null {
  const size = f.size(1);
  const from = f.from(1);
  if (size > IDENT_DIGITS_MAX) return null;
  let zeros = true;
  let same = known !== null && known.length === size;
  for (let i = 0; i < size; i++) {
    const c = f.bytes[from + i]!;
    if (c !== 0x30) zeros = false;
    if (same && known!.charCodeAt(i) !== c) same = false;
  }
  if (zeros || same) return known;
  return f.text(1);
}

/**
 * Ten digits at byte 1 (fifteen of the 42-byte layout). Where they are the first or last ten of a known IMEI, the device is that one.
 */
function identOfRecord(b: Uint8Array, known: string | null): string | null {
  const width = b.length === 42 ? 8 : 5;
  if (known !== null && width === 5 && isSame(b, known)) return known;
  if (!isBcd(b, 1, 1 + width)) return null;
  let zeros = true;
  for (let i = 1; i <= width; i++) if (b[i] !== 0) zeros = false;
  if (zeros) return known;
  const digits = bcdText(b, 1, 1 + width).slice(0, width === 8 ? 15 : 10);
  if (known === null || known.length !== 15 || width === 8) return digits;
  return known.startsWith(digits) || known.endsWith(digits) ? known : digits;
}

/** The ten digits at byte 1 are those of the connection's device: the usual case, which makes no string. */
function isSame(b: Uint8Array, known: string): boolean {
  if (known.length !== 10) return false;
  for (let i = 0; i < 5; i++) {
    const two = b[1 + i]!;
    if (known.charCodeAt(2 * i) !== ZERO + (two >>> 4) || known.charCodeAt(2 * i + 1) !== ZERO + (two & 15))
      return false;
  }
  return true;
}

function vendorOf(f: TextFields, known: string | null): string {
  const at = f.from(0);
  const same = known !== null && known.charCodeAt(0) === f.bytes[at] && known.charCodeAt(1) === f.bytes[at + 1];
  return same ? known : f.text(0);
}
