/** The server's side of `AT$GDAT`: when packets are waited for, and from which id they count. */
import type { FrameContext } from '../protocol.js';
import { findCrLf } from './ascii.js';
import { Draft } from './draft.js';
import { readAsciiFixed, readBinaryFixed } from './fixed.js';
import { BINARY_HEADER_BYTES, asciiHead, asciiHeader, isAsciiAt } from './header.js';
import { asciiPacket, binaryPacket } from './impact.js';
import { ANSWER_WAIT_MS, type AtrackLink, IMPACT_PACKETS, IMPACT_WAIT_MS } from './link-state.js';
import type { Reply } from './reply.js';
import { REASON_IMPACT } from './report-reasons.js';
import { timeBytesAt } from './time.js';

/** An answer came: `$OK` to the query begins the wait, an error ends the hope for it. */
export function noteReply(reply: Reply, state: AtrackLink, nowMs: number): void {
  const { asked } = state;
  if (asked === null) return;
  if (nowMs - asked.atMs > ANSWER_WAIT_MS) {
    state.asked = null;
    return;
  }
  if (reply.tag !== asked.tag || (reply.name !== 'OK' && reply.name !== 'ERROR')) return;
  state.asked = null;
  if (reply.name === 'OK')
    state.impact = { ident: state.ident, base: null, doubtful: false, packets: new Map(), lastMs: nowMs };
}

const draft = new Draft();

/** Id of the impact packet in a frame, or -1. */
function packetId(frame: Uint8Array): number {
  if (isAsciiAt(frame, 0)) {
    if (asciiHeader(frame, 0, frame.length) !== 'ok') return -1;
    const crLf = findCrLf(frame, asciiHead.body, frame.length);
    const to = crLf < 0 ? frame.length : crLf;
    const at = readAsciiFixed(frame, asciiHead.body, to, true, draft);
    return at < 0 || draft.reason !== REASON_IMPACT ? -1 : (asciiPacket(frame, at, to, 1)?.id ?? -1);
  }
  const timeBytes = timeBytesAt(frame, BINARY_HEADER_BYTES, frame.length, 'auto');
  const at = readBinaryFixed(frame, BINARY_HEADER_BYTES, frame.length, timeBytes, draft);
  return at < 0 || draft.reason !== REASON_IMPACT ? -1 : (binaryPacket(frame, at, frame.length, 1)?.id ?? -1);
}

/**
 * What the decoder must know of a frame while impact data is waited for; null: nothing. The wait ends 60 s after the last packet, or
 * with the eighth; a repeat of one of the eight, whose acknowledgement was lost, is still known by its sequence id.
 */
export function noteImpact(
  frame: Uint8Array,
  sequence: number,
  ident: string,
  state: AtrackLink,
  nowMs: number,
): FrameContext | null {
  const wait = state.impact;
  if (wait === null) return null;
  wait.ident ??= ident;
  wait.lastMs ??= nowMs;
  if (nowMs - wait.lastMs > IMPACT_WAIT_MS) {
    state.impact = null;
    return null;
  }
  if (wait.ident !== ident) return null;
  const id = packetId(frame);
  if (id < 0) return null;
  const known = wait.packets.get(id);
  if (known === undefined && wait.packets.size >= IMPACT_PACKETS) return null;
  if (known !== undefined && wait.packets.size >= IMPACT_PACKETS && known !== sequence) return null;
  wait.packets.set(id, sequence);
  wait.base ??= id === 1 && !wait.doubtful ? 1 : 0;
  wait.lastMs = nowMs;
  return wait.base === 1 ? { waiting: 'impact_data', impact_base: '1' } : { waiting: 'impact_data' };
}
