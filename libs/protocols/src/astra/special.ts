/** Readers of the modules that rows alone do not describe. Each respects `end`, so that a short body of Y says nothing false. */
import type { TroubleCode } from '../catalogue/report.generated.js';
import { flagSetter, numberSetter } from '../catalogue/set.js';
import { hex, i16, latin1, u16, u24, u32 } from '../wire/reader.js';
import { asciiText, isBlank } from './fields.js';
import { setText, type ReadModule } from './module.js';

const GEOFENCE_REASON = 1 << 3;
const setEntered = flagSetter('geofence.enter.status');

/** Module 8: id in the low seven bits; the top bit says entered or left, and only counts when the reason says geofence. */
export const readGeofence: ReadModule = (b, at, end, report, scratch) => {
  if (at >= end) return;
  report.geofence_id = b[at]! & 0x7f;
  if ((scratch.reasons & GEOFENCE_REASON) !== 0) setEntered(report, b[at]! >= 0x80);
};

/** Module 7: u16 country, u16 network (0 is a legal network). Country 0 or FFFF: no network known. */
export const readNetwork: ReadModule = (b, at, end, report) => {
  if (at + 2 > end) return;
  const country = u16(b, at);
  if (country === 0 || country === 0xffff) return;
  report.gsm_mcc = country;
  if (at + 4 <= end) report.gsm_mnc = u16(b, at + 2);
};

const IMSI_DIGITS = 15;

/** Module 27: one 56-bit number (not BCD), as decimal digits. */
export const readImsi: ReadModule = (b, at, end, report) => {
  if (at + 7 > end || isBlank(b, at, at + 7)) return;
  // Fifteen digits fit a double; more is not an IMSI, but is shown as it is.
  const high = u24(b, at);
  const digits =
    high < 1 << 21
      ? String(high * 2 ** 32 + u32(b, at + 3))
      : ((BigInt(high) << 32n) | BigInt(u32(b, at + 3))).toString();
  setText(report, 'gsm.sim.imsi', digits.padStart(IMSI_DIGITS, '0'));
};

/** Module 28: ASCII digits, filled with NUL, FF, blanks or `F`. */
export const readIccid: ReadModule = (b, at, end, report) => {
  const text = asciiText(b, at, Math.min(end, at + 20))?.replace(/F+$/, '') ?? '';
  if (text !== '') report.gsm_sim_iccid = text;
};

const DTC_COUNT = 5;
const DTC_CHARS = 5;

/** Module 15: five texts of five characters; NULs, blanks or zeros alone stand for none. */
export const readTroubleCodes: ReadModule = (b, at, end, report) => {
  const codes: TroubleCode[] = [];
  for (let i = 0, from = at; i < DTC_COUNT && from + DTC_CHARS <= end; i++, from += DTC_CHARS) {
    const code = troubleCodeText(b, from);
    if (code !== '') codes.push({ standard: 'OBDII', code, spn: null, fmi: null, cm: null, oc: null });
  }
  report.can_dtc = [...(report.can_dtc ?? []), ...codes];
};

function troubleCodeText(b: Uint8Array, from: number): string {
  const text = latin1(b, from, from + DTC_CHARS);
  const cut = text.indexOf('\0');
  const code = (cut < 0 ? text : text.slice(0, cut)).trim();
  return /^0*$/.test(code) ? '' : code;
}

const SENSOR_COUNT = 6;
const numbersOf = (name: string) => Array.from({ length: SENSOR_COUNT }, (_, i) => numberSetter(`${name}.${i + 1}`));
const SET_TEMPERATURE = numbersOf('sensor.temperature');
const SET_HUMIDITY = numbersOf('sensor.humidity');
const SET_LIGHT = numbersOf('sensor.light');

/** Module 33: six times a byte (low nibble type, high nibble not zero: valid) and two bytes of data. */
export const readSensors: ReadModule = (b, at, end, report) => {
  for (let i = 0, from = at; i < SENSOR_COUNT && from + 3 <= end; i++, from += 3) {
    const valid = b[from]! >>> 4 !== 0;
    const type = b[from]! & 0x0f;
    if (!valid) continue;
    if (type === 1) SET_TEMPERATURE[i]!(report, i16(b, from + 1) / 100);
    else if (type === 2) SET_HUMIDITY[i]!(report, u16(b, from + 1) / 100);
    else if (type === 3) SET_LIGHT[i]!(report, u16(b, from + 1));
  }
};

/** Module 33 of Y when the body is not 18 bytes: entries of types 1 and 2 have data, others are the type byte alone. */
export const readSensorsY: ReadModule = (b, at, end, report, scratch) => {
  if (end - at === 3 * SENSOR_COUNT) {
    readSensors(b, at, end, report, scratch);
    return;
  }
  for (let i = 0, from = at; i < SENSOR_COUNT && from < end; i++) {
    const valid = b[from]! >>> 4 !== 0;
    const type = b[from]! & 0x0f;
    const length = type === 1 || type === 2 ? 3 : 1;
    if (from + length > end) return;
    if (valid && type === 1) SET_TEMPERATURE[i]!(report, i16(b, from + 1) / 100);
    if (valid && type === 2) SET_HUMIDITY[i]!(report, u16(b, from + 1) / 100);
    from += length;
  }
};

/** Module 48: u16 count of the bytes that follow; private to the vendor. */
export const readDebug: ReadModule = (b, at, end, report) => {
  if (end - at > 2) setText(report, 'debug.data', hex(b, at + 2, end));
};
