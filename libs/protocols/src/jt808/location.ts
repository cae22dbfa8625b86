/**
 * The body of 0x0200, which 0x0201, 0x0500 and the items of 0x0704 carry too:
 *
 *   00 alarm u32 | 04 status u32 | 08 latitude u32 1e-6 | 0C longitude u32 1e-6 | 10 altitude i16 m | 12 speed u16 0.1 km/h |
 *   14 direction u16 | 16 time BCD[6] | 1C items: id u8, length u8, value
 */
import type { Report } from '../catalogue/report.generated.js';
import { addQuality } from '../catalogue/set.js';
import type { DecodeInput } from '../protocol.js';
import { i16, u16, u32 } from '../wire/reader.js';
import { readItems } from './items.js';
import { identifyLocation, setTime, startReport } from './report.js';

/** Bytes before the additional items. */
export const LOCATION_BYTES = 28;
const SOUTH = 0x4;
const WEST = 0x8;
const FIX = 0x2;
const ENCRYPTED = 0x20;
const LATITUDE_MAX = 90_000_000;
const LONGITUDE_MAX = 180_000_000;
const SPEED_DIVISOR = 10;

/** A live report this far in the past, within two minutes, is a device whose clock runs on UTC: a hint, never a correction. */
const OFFSET_US = 8 * 3_600_000_000;
const OFFSET_TOLERANCE_US = 120_000_000;

/** Reads [from, to), which has at least LOCATION_BYTES. */
export function readLocation(input: DecodeInput, id: number, b: Uint8Array, from: number, to: number): Report {
  const report = startReport(input, id);
  const alarm = u32(b, from);
  const status = u32(b, from + 4);
  report.numbers = { 'alarm.bitmask': alarm };
  report.vehicle_state_bitmask = status;
  writeAlarms(report, alarm, status);
  report.engine_ignition_status = (status & 1) !== 0;
  report.engine_blocked_status = (status & 0x400) !== 0;
  report.position_valid = (status & FIX) !== 0;
  readPlace(report, b, from, status);
  setTime(report, b, from + 22, input);
  if (id === 0x0200 && isLate(report, input.receivedAtUs)) addQuality(report, 'utc_offset_suspect');
  identifyLocation(report, b, from);
  readItems(report, b, from + LOCATION_BYTES, to);
  return report;
}

/** The named booleans, true and false: an explicit false clears what was reported before. */
function writeAlarms(report: Report, alarm: number, status: number): void {
  report.sos_alarm = (alarm & 0x1) !== 0;
  report.overspeeding_event = (alarm & 0x2) !== 0;
  report.battery_low_alarm = (alarm & 0x80) !== 0;
  report.power_cut_alarm = (alarm & 0x100) !== 0;
  report.towing_alarm_status = (alarm & 0x1000_0000) !== 0;
  // One literal of a fixed shape: half the cost of eleven setters on a hot path. Bits 13 and 14 only warn of 1 and 2.
  report.flags = {
    'fatigue.driving.status': (alarm & 0x4) !== 0,
    'theft.alarm': (alarm & 0x0400_0000) !== 0,
    'ignition.illegal.alarm': (alarm & 0x0800_0000) !== 0,
    'crash.event': (alarm & 0x2000_0000) !== 0,
    'rollover.event': (alarm & 0x4000_0000) !== 0,
    'door.lock.status': (status & 0x1000) !== 0,
    'door.open.status': (status & 0x3_e000) !== 0,
    'gps.satellites.status': (status & 0x4_0000) !== 0,
    'beidou.satellites.status': (status & 0x8_0000) !== 0,
    'glonass.satellites.status': (status & 0x10_0000) !== 0,
    'galileo.satellites.status': (status & 0x20_0000) !== 0,
  };
}

function readPlace(report: Report, b: Uint8Array, from: number, status: number): void {
  const latitude = u32(b, from + 8);
  const longitude = u32(b, from + 12);
  // Both zero: the device has no position, and its altitude, speed and course are none either.
  if (latitude === 0 && longitude === 0) return;
  if (latitude > LATITUDE_MAX || longitude > LONGITUDE_MAX) {
    report.position_valid = false;
    addQuality(report, 'value_out_of_range');
  } else {
    report.position_latitude = ((status & SOUTH) !== 0 && latitude > 0 ? -latitude : latitude) / 1_000_000;
    report.position_longitude = ((status & WEST) !== 0 && longitude > 0 ? -longitude : longitude) / 1_000_000;
    // The bit says that a plug-in has displaced the coordinates. Captured devices set it with plain ones: kept, and marked.
    if ((status & ENCRYPTED) !== 0) addQuality(report, 'position_encrypted');
  }
  report.position_altitude = i16(b, from + 16);
  report.position_speed = u16(b, from + 18) / SPEED_DIVISOR;
  const direction = u16(b, from + 20);
  if (direction <= 360) report.position_direction = direction === 360 ? 0 : direction;
  else addQuality(report, 'value_out_of_range');
}

function isLate(report: Report, receivedAtUs: number): boolean {
  if (report.device_time === null) return false;
  return Math.abs(receivedAtUs - report.device_time - OFFSET_US) <= OFFSET_TOLERANCE_US;
}
