/**
 * Decodes `$` records (32 and 45 bytes; of 42, 46, 48 and 51 bytes, which other vendors send, the common head) and `X` records.
 *
 *   00 24 | 01 identifier 5 BCD | 06 hh mm ss | 09 DD MM YY | 0C latitude DDMMmmmm | 10 battery code |
 *   11 longitude DDDMMmmmm + flags nibble | 16 speed 3 + course 3 digits | 19 status u32 | 1D tail
 */
import { numberSetter } from '../catalogue/set.js';
import type { Report } from '../catalogue/report.generated.js';
import type { Decoded, DecodeInput } from '../protocol.js';
import { bcd, bcdNumber } from '../wire/bcd.js';
import { utcSeconds } from '../wire/calendar.js';
import { u16, u32 } from '../wire/reader.js';
import { COORDINATE_IMPOSSIBLE } from './block.js';
import { isCountry } from './cells.js';
import { identify, one, refused, setCourse, setPlace, setSpeed, setTime, startReport } from './report.js';
import { batteryLevel, writeStatus } from './status.js';

const EAST = 8;
const NORTH = 4;
const VALID = 2;
const CSQ_MAX = 31;
const MARK_X = 0x58;
/** Bytes before the tail. */
const HEAD_BYTES = 0x1d;
/** The unit of an X record's mileage in km, as S32's. */
const KM_PER_KNOT_SECOND = 1852 / 3600 / 1000;
const TEMPERATURE_NONE = 0xfe;

const setUserAlarms = numberSetter('user.alarm.bitmask');

export function decodeBinary(input: DecodeInput): Decoded {
  const b = input.frame;
  // The 42-byte layout has an identifier of eight bytes: everything behind it stands three bytes further on.
  const o = b.length === 42 ? 3 : 0;
  if (b.length < HEAD_BYTES + o) return refused('truncated', b.length);
  const isX = b[0] === MARK_X;
  const report = startReport(input, isX ? 'X' : '$');
  const seconds = utcSeconds(
    bcd(b, o + 11),
    bcd(b, o + 10),
    bcd(b, o + 9),
    bcd(b, o + 6),
    bcd(b, o + 7),
    bcd(b, o + 8),
  );
  setTime(report, seconds, input.receivedAtUs);
  readPlace(report, b, o);
  writeStatus(report, u32(b, o + 0x19), true, input.settings.h02Alarms !== false);
  if (isX) readX(report, b);
  else report.battery_level = batteryLevel(b[o + 0x10]!);
  if (b.length === 32) {
    readUserAlarms(report, b);
    report.event_seqnum = b[0x1f]!;
  } else if (b.length === 45) readTail45(report, b);
  return one(identify(report));
}

/** Latitude 8 digits, longitude 9 digits with the flags in the last nibble. */
function readPlace(report: Report, b: Uint8Array, o: number): void {
  const flags = b[o + 0x15]! & 15;
  report.position_valid = (flags & VALID) !== 0;
  const latitude = angle(bcdNumber(b, o + 0x0c, o + 0x10));
  const tail = b[o + 0x15]! >>> 4;
  const head = bcdNumber(b, o + 0x11, o + 0x15);
  const longitude = angle(tail > 9 || head < 0 ? -1 : head * 10 + tail);
  if (latitude === 0 && longitude === 0) return;
  setPlace(report, latitude, (flags & NORTH) === 0, longitude, (flags & EAST) === 0);
  readMotion(report, b, o + 0x16);
}

/** Three digits of speed and three of course; a damaged digit takes only its own value with it. */
function readMotion(report: Report, b: Uint8Array, at: number): void {
  const motion = bcdNumber(b, at, at + 3);
  if (motion >= 0) {
    setSpeed(report, Math.floor(motion / 1000));
    setCourse(report, motion % 1000);
    return;
  }
  setSpeed(report, threeDigits(b[at]! >>> 4, b[at]! & 15, b[at + 1]! >>> 4));
  setCourse(report, threeDigits(b[at + 1]! & 15, b[at + 2]! >>> 4, b[at + 2]! & 15));
}
const threeDigits = (a: number, b: number, c: number): number => (a > 9 || b > 9 || c > 9 ? -1 : 100 * a + 10 * b + c);

/** Degrees, minutes and four decimals of a minute as one number of digits → microdegrees. */
function angle(digits: number): number {
  if (digits < 0) return COORDINATE_IMPOSSIBLE;
  const minutes = digits % 1_000_000;
  if (minutes >= 600_000) return COORDINATE_IMPOSSIBLE;
  return Math.floor(digits / 1_000_000) * 1_000_000 + Math.round((minutes * 5) / 3);
}

/** Active low; FF: none. */
function readUserAlarms(report: Report, b: Uint8Array): void {
  if (b[0x1d] !== 0xff) setUserAlarms(report, b[0x1d]!);
}

/** Other vendors fill records of this length otherwise: the tail counts only if it holds a country code where this one has it. */
function readTail45(report: Report, b: Uint8Array): void {
  const mcc = u16(b, 0x25);
  if (!isCountry(mcc)) return;
  const csq = b[0x1f]!;
  // One literal of a fixed shape is cheaper than two setters.
  report.numbers = csq <= CSQ_MAX ? { 'gsm.csq': csq, 'gnss.signal.raw': b[0x20]! } : { 'gnss.signal.raw': b[0x20]! };
  readUserAlarms(report, b);
  report.vehicle_mileage = u32(b, 0x21);
  report.gsm_mcc = mcc;
  report.gsm_mnc = b[0x27]!;
  report.gsm_lac = u16(b, 0x28);
  report.gsm_cellid = u16(b, 0x2a);
  report.event_seqnum = b[0x2c]!;
}

/** Bytes 1–5 are a mileage where a `$` record has its identifier; byte 10 is a temperature with its sign in the flags. */
function readX(report: Report, b: Uint8Array): void {
  const ticks = bcdNumber(b, 1, 6);
  if (ticks >= 0) report.vehicle_mileage = Math.round(ticks * KM_PER_KNOT_SECOND * 1000) / 1000;
  const raw = b[0x10]!;
  if (raw < TEMPERATURE_NONE) report.sensor_temperature_1 = (raw / 2) * ((b[0x15]! & 1) !== 0 ? -1 : 1);
}
