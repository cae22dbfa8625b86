/** What decoding one frame gathers, and the identity of its records. */
import { Report } from '../catalogue/report.generated.js';
import { append, numberSetter } from '../catalogue/set.js';
import type { CommandResponse, DecodeInput, Learnt, RejectReason, Rejection } from '../protocol.js';
import { IdentityKey } from '../wire/identity.js';
import type { Draft } from './draft.js';
import type { ImpactPacket } from './impact.js';
import { TIME_MIN_S } from './time.js';

/** Mutable form of `Decoded`. Its lists are added to with `append`. */
export interface Outcome {
  reports: Report[];
  responses: CommandResponse[];
  rejected: Rejection[];
  learnt: Learnt[];
}
const NONE: never[] = [];
Object.freeze(NONE);
export const emptyOutcome = (): Outcome => ({ reports: NONE, responses: NONE, rejected: NONE, learnt: NONE });
/** Forgets all that was gathered. */
export const clear = (out: Outcome): void => void Object.assign(out, emptyOutcome());

export function reject(out: Outcome, reason: RejectReason, start: number, end: number, path: string): void {
  out.rejected = append(out.rejected, { reason, start, end, path });
}

/** A report of the device with the roots that the protocol knows. */
export function newReport(input: DecodeInput, sequence: number): Report {
  const r = new Report();
  r.ident = input.ident;
  r.protocol = 'atrack';
  r.received_at = input.receivedAtUs;
  r.timestamp = input.receivedAtUs;
  if (sequence >= 0) r.event_seqnum = sequence;
  return r;
}

const key = new IdentityKey();

/**
 * Identity: RTC and GPS time, report id, position, odometer, inputs and text of the fixed part, and for impact data the packet id: what
 * the device recorded, the same in a re-send, in ASCII and binary, and with and without the format of the custom info. A record whose
 * RTC was not set has no identity of its own: its ids stay 0, because a clock that begins anew would make different records equal.
 */
export function identify(d: Draft, r: Report, packet = -1): void {
  if (d.rtc < TIME_MIN_S) return;
  key
    .start('atrack', r.ident)
    .u32(d.rtc)
    .u32(d.gps)
    .u8(d.reason)
    .u32(d.longitude)
    .u32(d.latitude)
    .u32(d.odometer)
    .u8(d.inputs)
    .text(d.textKey);
  if (packet >= 0) key.u8(packet);
  key.into(r);
}

const setPacketNumber = numberSetter('accelerometer.data.seqnum');

/** Writes an impact packet. `base`: id of the device's first packet. */
export function applyPacket(packet: ImpactPacket, base: number, r: Report): void {
  setPacketNumber(r, packet.id - base);
  r.acceleration_array = packet.samples;
}
