/** What every JT808 report has. */
import { Report } from '../catalogue/report.generated.js';
import { addQuality } from '../catalogue/set.js';
import type { CommandResponse, Decoded, DecodeInput, RejectReason } from '../protocol.js';
import { bcd } from '../wire/bcd.js';
import { utcSeconds } from '../wire/calendar.js';
import { IdentityKey } from '../wire/identity.js';
import { idText, type Message } from './message.js';

/** The standard's clock runs on Chinese time. */
const UTC_OFFSET_HOURS = 8;
/** A device time further than this beyond the receipt is a clock that was never set. */
const FUTURE_MAX_US = 24 * 3_600_000_000;
const NONE: readonly never[] = [];
const key = new IdentityKey();

export function startReport(input: DecodeInput, id: number): Report {
  const report = new Report();
  report.ident = input.ident;
  report.protocol = 'jt808';
  report.message_type = idText(id);
  report.received_at = input.receivedAtUs;
  report.timestamp = input.receivedAtUs;
  return report;
}

/** BCD[6] `YY MM DD hh mm ss` in the device's zone. Impossible: the report keeps its time of receipt. */
export function setTime(report: Report, b: Uint8Array, at: number, input: DecodeInput): void {
  const seconds = utcSeconds(
    bcd(b, at),
    bcd(b, at + 1),
    bcd(b, at + 2),
    bcd(b, at + 3),
    bcd(b, at + 4),
    bcd(b, at + 5),
  );
  if (seconds < 0) return;
  const us = (seconds - (input.settings.jt808UtcOffsetHours ?? UTC_OFFSET_HOURS) * 3_600) * 1_000_000;
  report.device_time = us;
  if (us > input.receivedAtUs + FUTURE_MAX_US) addQuality(report, 'clock_suspect');
  else report.timestamp = us;
}

/**
 * Identity of a location: device time, the words of position, alarm and status. Neither the message's id (a location that is sent
 * again comes in a batch) nor its serial. Without a device time it has none of its own: its ids stay 0, and the decoder service
 * identifies it by where it arrived.
 */
export function identifyLocation(report: Report, b: Uint8Array, at: number): void {
  if (report.device_time === null) return;
  key
    .start('jt808', report.ident)
    .f64(report.device_time)
    .bytes(b, at, at + 16)
    .into(report);
}

/** Identity of another message that tells a time: its kind, the time and its body. Most tell none, and have no identity of their own. */
export function identifyMessage(report: Report, m: Message): Report {
  if (report.device_time === null) return report;
  key
    .start('jt808', report.ident)
    .text(report.message_type ?? '')
    .f64(report.device_time)
    .bytes(m.bytes, m.bodyFrom, m.bodyTo)
    .into(report);
  return report;
}

export const decoded = (reports: readonly Report[], responses: readonly CommandResponse[] = NONE): Decoded => ({
  reports,
  responses,
  rejected: NONE,
  learnt: NONE,
});
export const refused = (reason: RejectReason, end: number, path?: string): Decoded => ({
  reports: NONE,
  responses: NONE,
  rejected: [{ reason, start: 0, end, ...(path !== undefined && { path }) }],
  learnt: NONE,
});
