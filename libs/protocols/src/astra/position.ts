/** The position block that modules 2 and 44 share and that the older letters spread over their records. */
import type { Report } from '../catalogue/report.generated.js';
import { addQuality } from '../catalogue/set.js';
import { i32, u16, u32 } from '../wire/reader.js';
import { fieldsOf, readFieldsUpTo, type Row } from './fields.js';
import type { Scratch } from './module.js';
import { GNSS_EPOCH_S } from './time.js';

/** First 18 bytes of modules 2 and 44. For the byte map and the encoder; readPosition decodes them. */
export const POSITION_ROWS: readonly Row[] = [
  ['position.timestamp', 0, 'time', 's'],
  ['position.latitude', 4, 'i32', 'deg', { per: 1e6 }],
  ['position.longitude', 8, 'i32', 'deg', { per: 1e6 }],
  ['position.speed', 12, 'u8', 'km/h', { times: 2 }],
  ['position.max.speed', 13, 'u8', 'km/h', { times: 2 }],
  ['position.direction', 14, 'u8', 'deg', { times: 2, max: 180 }],
  ['position.altitude', 15, 'u8', 'm', { times: 20 }],
  ['trip.mileage', 16, 'u16', 'km', { per: 10 }],
];
const POSITION_BYTES = 18;
const DIRECTION_RAW_MAX = 180;
const LATITUDE_RAW_MAX = 90_000_000;
const LONGITUDE_RAW_MAX = 180_000_000;

/** What stands behind time and coordinates, for a body that ends early. */
const BEHIND_PLACE = fieldsOf(POSITION_ROWS.slice(3));
const PLACE_BYTES = 12;

/** Reads the block. A body that ends early (Y) says what it says: coordinates only when both and their time are there. */
export function readPosition(b: Uint8Array, at: number, end: number, report: Report, scratch: Scratch): void {
  if (at + POSITION_BYTES > end) {
    if (at + PLACE_BYTES <= end) placePosition(report, scratch, u32(b, at), i32(b, at + 4), i32(b, at + 8));
    readFieldsUpTo(BEHIND_PLACE, b, at, end, report);
    return;
  }
  placePosition(report, scratch, u32(b, at), i32(b, at + 4), i32(b, at + 8));
  readSpeedAndDirection(report, b[at + 12]!, b[at + 14]!);
  report.position_max_speed = b[at + 13]! * 2;
  report.position_altitude = b[at + 15]! * 20;
  report.trip_mileage = u16(b, at + 16) / 10;
}

export function readSpeedAndDirection(report: Report, speedRaw: number, directionRaw: number): void {
  report.position_speed = speedRaw * 2;
  if (directionRaw <= DIRECTION_RAW_MAX) report.position_direction = directionRaw * 2;
}

/** Fix time and coordinates, with the two rules of section 12: never had a fix, and coordinates that cannot be. */
export function placePosition(r: Report, s: Scratch, fixRaw: number, latitudeRaw: number, longitudeRaw: number): void {
  s.positioned = true;
  s.fixRaw = fixRaw;
  s.latitudeRaw = latitudeRaw;
  s.longitudeRaw = longitudeRaw;
  if (fixRaw === 0 && latitudeRaw === 0 && longitudeRaw === 0) {
    r.position_timestamp = null;
    r.position_latitude = null;
    r.position_longitude = null;
    r.position_valid = false;
    addQuality(r, 'no_fix_yet');
    return;
  }
  r.position_timestamp = fixRaw + GNSS_EPOCH_S;
  if (
    latitudeRaw > LATITUDE_RAW_MAX ||
    latitudeRaw < -LATITUDE_RAW_MAX ||
    longitudeRaw > LONGITUDE_RAW_MAX ||
    longitudeRaw < -LONGITUDE_RAW_MAX
  ) {
    r.position_latitude = null;
    r.position_longitude = null;
    r.position_valid = false;
    addQuality(r, 'impossible_coordinates');
    return;
  }
  r.position_latitude = latitudeRaw / 1e6;
  r.position_longitude = longitudeRaw / 1e6;
}
