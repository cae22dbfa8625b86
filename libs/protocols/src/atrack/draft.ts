/**
 * A record while it is read: the raw values of its fixed part, in the wire's units, which custom fields may override, and what
 * depends on several fields at once. One draft serves all records; a report is written from it at the end.
 */
import { addQuality } from '../catalogue/set.js';
import { NO_MAP, type Report } from '../catalogue/report.generated.js';
import type { DeviceSettings } from '../protocol.js';
import { FUTURE_MAX_S, TIME_MIN_S } from './time.js';
import { reasonsOf } from './report-reasons.js';
import { applyText } from './text.js';

/** A number that was not sent, or is no good. Outside of every wire type. */
export const NONE = -4_294_967_296;
/** Raw HDOP without a fix. */
export const HDOP_NO_FIX = 990;
/** Raw temperature without a sensor. */
export const TEMPERATURE_ABSENT = 2000;
export const MILEAGE_DIVISOR = 10;
const US_PER_S = 1e6;

export class Draft {
  /** Seconds since 1970; 0: not set. */
  gps = 0;
  rtc = 0;
  send = 0;
  /** 1e-6 degrees. */
  longitude = NONE;
  latitude = NONE;
  heading = NONE;
  reason = NONE;
  /** 0.1 km */
  odometer = NONE;
  /** 0.1 */
  hdop = NONE;
  inputs = NONE;
  speed = NONE;
  outputs = NONE;
  /** mV */
  analog = NONE;
  driver = '';
  /** 0.1 °C */
  temperature1 = NONE;
  temperature2 = NONE;
  /** As it came, with what surrounds it. */
  text = '';
  /** The part of the text that is the same with and without a known form. */
  textKey = '';
  /** A number of the fixed part was no number or out of range. */
  bad = false;
  // What custom fields said, for rules that join several of them; NONE: not reported.
  satellites = NONE;
  gpsStatus = NONE;
  fix = NONE;
  ignition = NONE;
  input0 = NONE;
  bitsSet = 0;
  bitsCleared = 0;
  outputsSet = 0;
  outputsCleared = 0;
  /** The format string that the record itself holds; '' without. */
  inline = '';

  /** Forgets the custom fields; the reader of the fixed part overwrites the rest. */
  startCustom(): void {
    this.satellites = NONE;
    this.gpsStatus = NONE;
    this.fix = NONE;
    this.ignition = NONE;
    this.input0 = NONE;
    this.bitsSet = 0;
    this.bitsCleared = 0;
    this.outputsSet = 0;
    this.outputsCleared = 0;
    this.inline = '';
  }
}

/** Settings of one decoding, with defaults filled in. */
export interface FieldSettings {
  /** Words per g: 1000, or 2048. */
  gDivisor: number;
  engineOdometerUnitKm: number;
  ignitionFromInput0: boolean;
  /** Server clock at receipt, seconds. */
  nowS: number;
}
export const ENGINE_ODOMETER_UNIT_KM = 1.609344;

/** Fills `into` from the settings of a device. */
export function readSettings(settings: DeviceSettings, receivedAtUs: number, into: FieldSettings): void {
  into.gDivisor = settings.gScale === 'counts2048' ? 2048 : 1000;
  into.engineOdometerUnitKm = settings.engineOdometerUnitKm ?? ENGINE_ODOMETER_UNIT_KM;
  into.ignitionFromInput0 = settings.ignitionFromInput0 ?? false;
  into.nowS = receivedAtUs / US_PER_S;
}

/** Applies the validity rules and writes the draft into the report. */
export function finish(d: Draft, r: Report, s: FieldSettings): void {
  writeTimes(d, r, s);
  writePosition(d, r);
  if (d.reason !== NONE) {
    r.report_reason = d.reason;
    r.report_reasons = reasonsOf(d.reason);
  }
  if (d.odometer !== NONE) r.vehicle_mileage = d.odometer / MILEAGE_DIVISOR;
  if (d.inputs !== NONE) r.din = ((d.inputs | d.bitsSet) & ~d.bitsCleared) >>> 0;
  if (d.outputs !== NONE) r.dout = ((d.outputs | d.outputsSet) & ~d.outputsCleared) >>> 0;
  // A custom field of the same name has been written already and wins.
  if (d.analog !== NONE && r.ain_1 === null) r.ain_1 = d.analog / 1000;
  if (d.temperature1 !== NONE && d.temperature1 !== TEMPERATURE_ABSENT && r.sensor_temperature_1 === null)
    r.sensor_temperature_1 = d.temperature1 / 10;
  if (d.temperature2 !== NONE && d.temperature2 !== TEMPERATURE_ABSENT && r.sensor_temperature_2 === null)
    r.sensor_temperature_2 = d.temperature2 / 10;
  if (d.driver !== '' && r.driver_id === null) writeDriver(d.driver, r);
  writeIgnition(d, r, s);
  if (d.text !== '') applyText(d.text, d.reason, r);
  if (d.bad) addQuality(r, 'value_out_of_range');
}

/** A calendar may say any year; beyond this (2255) a time in µs is no whole number any more, and is none that a device had. */
const DEVICE_TIME_MAX_S = Math.floor(Number.MAX_SAFE_INTEGER / US_PER_S);
const plausible = (t: number, nowS: number): boolean => t >= TIME_MIN_S && t <= nowS + FUTURE_MAX_S;

function writeTimes(d: Draft, r: Report, s: FieldSettings): void {
  const sendGood = plausible(d.send, s.nowS);
  if (d.rtc > 0 && d.rtc <= DEVICE_TIME_MAX_S) r.device_time = d.rtc * US_PER_S;
  if (plausible(d.rtc, s.nowS)) r.timestamp = d.rtc * US_PER_S;
  else {
    r.timestamp = sendGood ? d.send * US_PER_S : r.received_at;
    addQuality(r, 'clock_suspect');
  }
  if (plausible(d.gps, s.nowS)) r.position_timestamp = d.gps;
  if (!sendGood) return;
  if (r.numbers === NO_MAP) r.numbers = { 'send.timestamp': d.send };
  else r.numbers['send.timestamp'] = d.send;
}

/** Impossible coordinates, or both exactly 0, are left out, and the position is not valid; the rest of the record stays. */
function writePosition(d: Draft, r: Report): void {
  const { longitude, latitude } = d;
  let present = false;
  if (longitude >= -180e6 && longitude <= 180e6 && latitude >= -90e6 && latitude <= 90e6) {
    present = longitude !== 0 || latitude !== 0;
  } else if (longitude !== NONE && latitude !== NONE) addQuality(r, 'value_out_of_range');
  if (present) {
    r.position_longitude = longitude / 1e6;
    r.position_latitude = latitude / 1e6;
  }
  r.position_valid =
    present && (d.hdop === NONE || d.hdop < HDOP_NO_FIX) && d.fix !== 0 && d.gpsStatus !== 0 && d.satellites !== 0;
  if (d.heading !== NONE) {
    if (d.heading <= 359) r.position_direction = d.heading;
    else addQuality(r, 'value_out_of_range');
  }
  if (d.hdop !== NONE) r.position_hdop = d.hdop / 10;
  if (d.speed !== NONE) r.position_speed = d.speed;
  if (d.satellites !== NONE) r.position_satellites = d.satellites;
  else if (d.gpsStatus >= 1 && d.gpsStatus <= 64) r.position_satellites = d.gpsStatus;
}

function writeIgnition(d: Draft, r: Report, s: FieldSettings): void {
  if (d.ignition !== NONE) r.engine_ignition_status = d.ignition === 1;
  else if (d.input0 !== NONE) r.engine_ignition_status = d.input0 === 1;
  else if (s.ignitionFromInput0 && d.inputs !== NONE) r.engine_ignition_status = (d.inputs & 1) === 1;
}

const IBUTTON = /^[0-9A-Fa-f]{8,16}$/;
const ONLY_ZEROS = /^0+$/;

/** 8 to 16 hex digits are an iButton's; only zeros are nobody. */
export function writeDriver(driver: string, r: Report): void {
  if (driver === '' || ONLY_ZEROS.test(driver)) return;
  if (!IBUTTON.test(driver)) {
    r.driver_id = driver;
    return;
  }
  r.driver_id = driver.toUpperCase();
  if (r.strings === NO_MAP) r.strings = {};
  r.strings['ibutton.code'] = driver.toUpperCase();
}
