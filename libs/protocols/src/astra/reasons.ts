/** Reason and status flags: rows of bits, and what each set bit says. */
import type { Report, SetFlag } from '../catalogue/report.generated.js';
import { flagSetter } from '../catalogue/set.js';

interface Reason {
  readonly label: string;
  readonly set?: SetFlag;
  readonly value?: boolean;
}

const row = (label: string, name?: string, value = true): Reason =>
  name === undefined ? { label } : { label, set: flagSetter(name), value };

/**
 * By bit, protocol X. Where two bits speak of one parameter true wins, whatever the order: see `falseFirst`.
 * Which bits feed movement.status is our choice.
 */
const REASONS_X: readonly Reason[] = [
  row('timed_interval'),
  row('distance'),
  row('position_on_demand'),
  row('geofence'),
  row('panic', 'alarm.panic.status'),
  row('external_io'),
  row('journey_start', 'movement.status'),
  row('journey_stop', 'movement.status', false),
  row('heading_change'),
  row('low_battery', 'battery.low.alarm'),
  row('external_power', 'external.powersource.event'),
  row('idling_start', 'idle.status'),
  row('idling_end', 'idle.status', false),
  row('idling_ongoing', 'idle.status'),
  row('reboot', 'device.reboot.event'),
  row('overspeed', 'overspeeding.event'),
  row('towing', 'towing.alarm.status'),
  row('unauthorised_driver', 'driver.unauthorized.alarm'),
  row('collision', 'vehicle.collision.alarm'),
  row('acceleration_threshold', 'harsh.acceleration.event'),
  row('cornering_threshold', 'harsh.cornering.event'),
  row('deceleration_threshold', 'harsh.braking.event'),
  row('gnss_reacquired'),
  row('canbus'),
  row('carrier'),
  row('tamper', 'device.tamper.status'),
  row('towing_end', 'towing.alarm.status', false),
  row('serial_device'),
  row('low_external_voltage', 'external.powersource.low.alarm'),
  row('entering_sleep', 'sleep.mode.status'),
  row('roll_over', 'rollover.event'),
  row('motion_whilst_parked', 'movement.status'),
  // Y only: X has 32 bits.
  row('trailer_data'),
];

/** Letters K, M, V: bit 23 is roll over. C has 16 bits. */
const REASONS_LEGACY: readonly Reason[] = REASONS_X.slice(0, 24).with(23, row('roll_over', 'rollover.event'));

/** What one combination of bits says. Devices send few combinations, so each is worked out once. */
interface Combination {
  readonly labels: readonly string[];
  readonly flags: readonly Reason[];
}

/** Combinations kept per table; beyond that the cache starts anew. */
const COMBINATIONS_MAX = 4096;

export type ReasonReader = (report: Report, high: number, low: number) => void;

/** Sets `report_reasons`, the flags of the set bits and `vehicle.state.bitmask`. `high`: bits 32 to 63, of Y. */
function readerOf(reasons: readonly Reason[]): ReasonReader {
  const known = new Map<number, Combination>();
  return (report, high, low) => {
    // Labelled bits end at 32, so one bit of the high half is enough for the key.
    const key = low + (high & 1) * 2 ** 32;
    let found = known.get(key);
    if (found === undefined) {
      if (known.size >= COMBINATIONS_MAX) known.clear();
      found = combination(reasons, high, low);
      known.set(key, found);
    }
    report.report_reasons = found.labels;
    for (let i = 0; i < found.flags.length; i++) found.flags[i]!.set!(report, found.flags[i]!.value!);
    setBitmask(report, high, low);
  };
}

function combination(reasons: readonly Reason[], high: number, low: number): Combination {
  const set = reasons.filter((_, bit) => (((bit < 32 ? low : high) >>> (bit & 31)) & 1) === 1);
  const flags = set.filter((reason) => reason.set !== undefined);
  // False first, so that true wins.
  flags.sort((a, b) => Number(a.value) - Number(b.value));
  return { labels: Object.freeze(set.map((reason) => reason.label)), flags };
}

/** A number while a double holds it exactly; above that (64 bits of Y) hex text, because a rounded bitmask is a wrong one. */
function setBitmask(report: Report, high: number, low: number): void {
  if (high < 1 << 21) report.vehicle_state_bitmask = high * 2 ** 32 + low;
  else {
    const digits = [high, low].map((word) => word.toString(16).padStart(8, '0')).join('');
    report.strings = { ...report.strings, 'vehicle.state.bitmask.hex': `0x${digits}` };
  }
}

export const readReasonsX: ReasonReader = readerOf(REASONS_X);
export const readReasonsLegacy: ReasonReader = readerOf(REASONS_LEGACY);

/** Bits of labels, for the encoder; names that are not known are ignored. */
export function reasonBits(labels: readonly string[]): number {
  return labels.reduce((bits, label) => {
    const bit = REASONS_X.findIndex((reason) => reason.label === label);
    return bit >= 0 && bit < 32 ? (bits | (1 << bit)) >>> 0 : bits;
  }, 0);
}

export const STATUS_IGNITION = 0x0001;
export const STATUS_PRIVATE = 0x0002;
export const STATUS_NO_FIX = 0x0004;
export const STATUS_ROAMING = 0x0008;
export const STATUS_MORE = 0x0010;
export const STATUS_STORED = 0x0020;
export const STATUS_IMMOBILISED = 0x0040;
export const STATUS_SERIAL_ERROR = 0x0080;
export const STATUS_JAMMING = 0x0100;
export const STATUS_TRUNK_LOCKED = 0x0200;
export const STATUS_CHARGING = 0x0400;
/** Letters K, M, V: an extra block follows the report. The same bit as jamming in X. */
export const STATUS_EXTRA_BLOCK = 0x0100;

/** Every letter: always emitted, true or false. */
function readCommonStatus(report: Report, status: number): void {
  report.engine_ignition_status = (status & STATUS_IGNITION) !== 0;
  report.private_status = (status & STATUS_PRIVATE) !== 0;
  report.position_valid = (status & STATUS_NO_FIX) === 0;
  report.gsm_network_roaming_status = (status & STATUS_ROAMING) !== 0;
  report.message_buffered_status = (status & STATUS_STORED) !== 0;
}

/** X, Y, Z. Bits 11 and up have no known meaning and stay in the raw number. Starts the report's maps: call it first. */
export function readStatusX(report: Report, status: number): void {
  readCommonStatus(report, status);
  report.engine_blocked_status = (status & STATUS_IMMOBILISED) !== 0;
  report.gnss_jamming_status = (status & STATUS_JAMMING) !== 0;
  report.flags = {
    'serial.device.error.status': (status & STATUS_SERIAL_ERROR) !== 0,
    'trunk.lock.status': (status & STATUS_TRUNK_LOCKED) !== 0,
    'battery.charging.status': (status & STATUS_CHARGING) !== 0,
  };
  report.numbers = { 'report.status.bitmask': status };
}

/** C, K, M, V: bit 8 means another thing here, and the others are not documented. Starts the report's maps: call it first. */
export function readStatusLegacy(report: Report, status: number): void {
  readCommonStatus(report, status);
  report.numbers = { 'report.status.bitmask': status };
}
