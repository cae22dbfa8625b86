/** What every H02 report has: time, identity, position. */
import { Report } from '../catalogue/report.generated.js';
import { addQuality } from '../catalogue/set.js';
import type { CommandResponse, Decoded, DecodeInput, Rejection, RejectReason } from '../protocol.js';
import { IdentityKey } from '../wire/identity.js';
import { COORDINATE_IMPOSSIBLE, COORDINATE_NONE } from './block.js';

/** A device time further than this beyond the receipt is a clock that was never set. */
const FUTURE_MAX_US = 24 * 3_600_000_000;
const KMH_PER_KNOT = 1.852;
const NO_WORD = 0xffff_ffff;
const BIT_STORED = 0x0400_0000;
const key = new IdentityKey();

const NONE: readonly never[] = [];

export function startReport(input: DecodeInput, type: string): Report {
  const report = new Report();
  report.ident = input.ident;
  report.protocol = 'h02';
  report.message_type = type;
  report.received_at = input.receivedAtUs;
  report.timestamp = input.receivedAtUs;
  return report;
}

/** Device time in seconds, or negative when the frame has none that exists. */
export function setTime(report: Report, seconds: number, receivedAtUs: number): void {
  if (seconds < 0) return;
  const us = seconds * 1_000_000;
  report.device_time = us;
  if (us > receivedAtUs + FUTURE_MAX_US) addQuality(report, 'clock_suspect');
  else report.timestamp = us;
}

/**
 * Coordinates in microdegrees without sign. Impossible ones are dropped and the fix is not valid, the rest is kept. Without a fix
 * 0/0 is no place. Returns false when the frame gives no place at all: then its speed and course say nothing either.
 */
export function setPlace(report: Report, latitude: number, south: boolean, longitude: number, west: boolean): boolean {
  if (latitude === COORDINATE_NONE || longitude === COORDINATE_NONE) {
    report.position_valid = false;
    return false;
  }
  const impossible = latitude === COORDINATE_IMPOSSIBLE || longitude === COORDINATE_IMPOSSIBLE;
  if (impossible || latitude > 90_000_000 || longitude > 180_000_000) {
    report.position_valid = false;
    addQuality(report, 'value_out_of_range');
    return true;
  }
  report.position_latitude = (south && latitude > 0 ? -latitude : latitude) / 1_000_000;
  report.position_longitude = (west && longitude > 0 ? -longitude : longitude) / 1_000_000;
  return true;
}

/** Speed in knots; negative: not a number. */
export function setSpeed(report: Report, knots: number): void {
  if (knots >= 0) report.position_speed = Math.round(knots * KMH_PER_KNOT * 1000) / 1000;
  else addQuality(report, 'value_out_of_range');
}

/** Course in degrees; 360 is 0, more is none. */
export function setCourse(report: Report, degrees: number): void {
  if (degrees >= 0 && degrees <= 360) report.position_direction = degrees === 360 ? 0 : degrees;
  else addQuality(report, 'value_out_of_range');
}

/**
 * Identity: type, device time, position, status word. A report without device time has none of its own: its ids stay 0, and the
 * decoder service identifies it by where it arrived.
 */
export function identify(report: Report): Report {
  if (report.device_time === null) return report;
  key.start('h02', report.ident).text(report.message_type ?? '');
  key.f64(report.device_time);
  key.f64(report.position_latitude ?? NO_WORD).f64(report.position_longitude ?? NO_WORD);
  // Without the bit that says "read from memory" (26): a report that is sent again is the same report.
  key.u32(((report.vehicle_state_bitmask ?? 0) | BIT_STORED) >>> 0);
  key.into(report);
  return report;
}

export const one = (report: Report): Decoded => ({
  reports: [report],
  responses: NONE,
  rejected: NONE,
  learnt: NONE,
});
export const answered = (report: Report, response: CommandResponse): Decoded => ({
  reports: [report],
  responses: [response],
  rejected: NONE,
  learnt: NONE,
});
export const refused = (reason: RejectReason, end: number, path?: string): Decoded => ({
  reports: NONE,
  responses: NONE,
  rejected: [rejection(reason, end, path)],
  learnt: NONE,
});
export const rejection = (reason: RejectReason, end: number, path?: string): Rejection => ({
  reason,
  start: 0,
  end,
  ...(path !== undefined && { path }),
});
