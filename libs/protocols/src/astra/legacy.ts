/**
 * Letters K, M, V, C: reports of fixed fields, an IMEI in every header and no report count.
 *
 *   u8 letter, u16 length, 7 IMEI, reports until two bytes before the end, u16 CRC
 *
 * Status bit 8 announces a block after the fixed fields; V makes it longer when the reason is a journey stop. Sources: K, two
 * servers and captured packets; M one; V and C one, their analogue inputs with doubtful scale and byte order.
 */
import type { Report } from '../catalogue/report.generated.js';
import { numberSetter } from '../catalogue/set.js';
import { i32, u16, u24, u32 } from '../wire/reader.js';
import { fieldsOf, readFields, type Field, type Row } from './fields.js';
import type { Scratch } from './module.js';
import { ACCELERATION_ROWS } from './modules.js';
import { placePosition, readSpeedAndDirection } from './position.js';
import { STATUS_EXTRA_BLOCK } from './reasons.js';
import { readGeofence } from './special.js';

export interface LegacyLayout {
  readonly letter: string;
  readonly bytes: number;
  readonly timeAt: number;
  readonly fixAt: number;
  readonly latitudeAt: number;
  readonly speedAt: number;
  readonly reasonsAt: number;
  readonly reasonsBytes: 2 | 3;
  readonly statusAt: number;
  readonly statusBytes: 1 | 2;
  readonly geofenceAt: number;
  /** Fix time, coordinates, speed and direction, for the byte map and the encoder. */
  readonly head: readonly Field[];
  readonly fields: readonly Field[];
  /** After the fixed fields when status bit 8 is set. */
  readonly extra: readonly Field[];
  readonly extraBytes: number;
  /** After the extra block when the reason is a journey stop (bit 7). */
  readonly stop: readonly Field[];
  readonly stopBytes: number;
}

const JOURNEY_STOP = 1 << 7;

const accelerations = (at: number): readonly Row[] =>
  ACCELERATION_ROWS.map(([name, offset, type, unit, options]) => [name, at + offset, type, unit, options ?? {}]);

/** Voltage, peak speed, accelerations, trip, altitude, signal, geofence: the same run in K, M and V. */
function common(at: number): readonly Field[] {
  return [
    ...fieldsOf([
      ['battery.level', at, 'u8', '%', { max: 100 }],
      ['external.powersource.voltage', at + 1, 'u8', 'V', { per: 5 }],
      ['position.max.speed', at + 2, 'u8', 'km/h', { times: 2 }],
      ...accelerations(at + 3),
      ['trip.mileage', at + 9, 'u16', 'km', { per: 10 }],
      ['trip.idle.time', at + 11, 'u16', 's'],
      ['position.altitude', at + 13, 'u8', 'm', { times: 20 }],
      ['position.satellites', at + 14, 'lo4', ''],
      ['gsm.signal.level', at + 14, 'hi4', '%', { times: 100, per: 15, decimals: 0 }],
      ['geofence.id', at + 15, 'lo7', ''],
    ]),
    signalField(at + 14),
  ];
}

/** -111 dBm for step 0, else -113 + 4 n: not the line of X. */
function signalField(at: number): Field {
  const set = numberSetter('gsm.signal.dbm');
  const value = (b: Uint8Array, from: number): number => {
    const n = b[from + at]! >>> 4;
    return n === 0 ? -111 : -113 + 4 * n;
  };
  return {
    name: 'gsm.signal.dbm',
    at,
    bytes: 1,
    unit: 'dBm',
    read: (b, from, report) => set(report, value(b, from)),
    raw: (b, from) => b[from + at]! >>> 4,
    value,
    write: (out, from, wanted) => {
      if (typeof wanted !== 'number') return;
      const n = wanted <= -111 ? 0 : Math.round((wanted + 113) / 4);
      out[from + at] = (out[from + at]! & 0x0f) | (n << 4);
    },
  };
}

/** Two 12-bit values in three bytes b0 b1 b2; the byte order is doubtful. */
function twelveBitField(name: string, at: number, second: boolean, volts: number): Field {
  const set = numberSetter(name);
  const raw = (b: Uint8Array, from: number): number => {
    const i = from + at;
    return second ? (b[i + 1]! >>> 4) + 16 * b[i + 2]! : b[i]! + 256 * (b[i + 1]! & 0x0f);
  };
  const value = (b: Uint8Array, from: number): number => (raw(b, from) * volts) / 4096;
  return {
    name,
    at,
    bytes: 3,
    unit: 'V',
    read: (b, from, report) => set(report, value(b, from)),
    raw,
    value,
    write: (out, from, wanted) => {
      if (typeof wanted !== 'number') return;
      const i = from + at;
      const n = Math.round((wanted * 4096) / volts);
      if (second) {
        out[i + 1] = (out[i + 1]! & 0x0f) | ((n & 0x0f) << 4);
        out[i + 2] = n >>> 4;
      } else {
        out[i] = n;
        out[i + 1] = (out[i + 1]! & 0xf0) | (n >>> 8);
      }
    },
  };
}

const driverAndHours = (at: number, hours: string): readonly Row[] => [
  ['driver.id', at, 'id', '', { bytes: 7 }],
  ['gnss.odometer', at + 7, 'u24', 'km'],
  [hours, at + 10, 'u16', 'h'],
];
/** The assignment of the last two is doubtful. */
const inputs = (at: number): readonly Row[] => [
  ['din', at, 'u8', ''],
  ['din.changed.bitmask', at + 1, 'u8', ''],
  ['dout', at + 2, 'u8', ''],
];

function head(fixAt: number, latitudeAt: number, speedAt: number): readonly Field[] {
  return fieldsOf([
    ['position.timestamp', fixAt, 'time', 's'],
    ['position.latitude', latitudeAt, 'i32', 'deg', { per: 1e6 }],
    ['position.longitude', latitudeAt + 4, 'i32', 'deg', { per: 1e6 }],
    ['position.speed', speedAt, 'u8', 'km/h', { times: 2 }],
    ['position.direction', speedAt + 1, 'u8', 'deg', { times: 2, max: 180 }],
  ]);
}

/** What K and M have in front of their inputs. */
const KM_HEAD = { timeAt: 9, fixAt: 9, latitudeAt: 1, speedAt: 13, reasonsAt: 15, statusAt: 18, head: head(9, 1, 13) };

const K: LegacyLayout = {
  ...KM_HEAD,
  letter: 'K',
  bytes: 38,
  reasonsBytes: 3,
  statusBytes: 2,
  geofenceAt: 37,
  fields: [
    ...fieldsOf([
      ['din', 20, 'u8', ''],
      ['ain.1', 21, 'u8', 'V', { per: 50 }],
    ]),
    ...common(22),
  ],
  extra: fieldsOf(driverAndHours(38, 'engine.motorhours')),
  extraBytes: 12,
  stop: [],
  stopBytes: 0,
};

const M: LegacyLayout = {
  ...KM_HEAD,
  letter: 'M',
  bytes: 41,
  reasonsBytes: 3,
  statusBytes: 2,
  geofenceAt: 40,
  fields: [
    ...fieldsOf([
      ...inputs(20),
      ['ain.1', 23, 'u8', 'V', { per: 50 }],
      ['ain.2', 24, 'u8', 'V', { times: 59, per: 1000 }],
    ]),
    ...common(25),
  ],
  extra: fieldsOf(driverAndHours(41, 'engine.motorhours')),
  extraBytes: 12,
  stop: [],
  stopBytes: 0,
};

const V: LegacyLayout = {
  letter: 'V',
  bytes: 72,
  timeAt: 1,
  latitudeAt: 5,
  fixAt: 13,
  speedAt: 17,
  reasonsAt: 19,
  reasonsBytes: 3,
  statusAt: 22,
  statusBytes: 2,
  geofenceAt: 45,
  head: head(13, 5, 17),
  fields: [
    ...fieldsOf(inputs(24)),
    twelveBitField('ain.1', 27, false, 5),
    twelveBitField('ain.2', 27, true, 15),
    ...common(30),
    ...fieldsOf([
      ['can.vehicle.speed', 46, 'u8', 'km/h'],
      ['can.engine.rpm', 47, 'u8', 'rpm', { times: 32 }],
      ['can.throttle.pedal.level', 48, 'u8', '%'],
      ['can.engine.load.level', 49, 'u8', '%'],
      ['can.trip.mileage', 50, 'u16', 'km', { per: 10 }],
      ['can.engine.coolant.temperature', 52, 'u8', '°C', { plus: -40 }],
      ['fms.status.bitmask', 53, 'u16', ''],
      ['obd.status.bitmask', 55, 'u16', ''],
      ['can.status.bitmask', 57, 'u16', ''],
      ['fuel.level.raw', 59, 'u8', ''],
      ['fuel.level', 59, 'u8', '%', { max: 100 }],
      ['total.fuel.consumed', 60, 'u32', 'l', { per: 2, absent: 0xffffffff }],
      ['vehicle.mileage', 64, 'u32', 'km', { per: 200, absent: 0xffffffff }],
      ['trip.average.speed', 68, 'u8', 'km/h'],
      ['trip.average.engine.rpm', 69, 'u8', 'rpm', { times: 32 }],
      ['trip.average.throttle.pedal.level', 70, 'u8', '%'],
      ['trip.average.engine.load.level', 71, 'u8', '%'],
    ]),
  ],
  extra: fieldsOf([...driverAndHours(72, 'device.running.hours'), ['axle.weight', 84, 'u16', 'kg']]),
  extraBytes: 14,
  stop: fieldsOf([
    ['engine.motorhours', 86, 'u16', 'h'],
    ['trip.fuel.consumed', 88, 'u16', 'l', { per: 10 }],
    ['fms.cruise.time', 90, 'u16', 's'],
    ['can.service.mileage', 92, 'u16', 'km', { times: 5 }],
    ['can.engine.run.time', 94, 'u16', 's'],
    ['can.mil.mileage', 96, 'u16', 'km'],
  ]),
  stopBytes: 12,
};

const C: LegacyLayout = {
  letter: 'C',
  bytes: 33,
  timeAt: 9,
  fixAt: 9,
  latitudeAt: 1,
  speedAt: 13,
  reasonsAt: 16,
  reasonsBytes: 2,
  statusAt: 18,
  statusBytes: 1,
  geofenceAt: 19,
  head: head(9, 1, 13),
  fields: fieldsOf([
    ['position.altitude', 15, 'u8', 'm', { times: 20 }],
    ['geofence.id', 19, 'lo7', ''],
    ['din', 20, 'u8', ''],
    ['din.changed.bitmask', 21, 'u8', ''],
    ['ain.2', 22, 'u8', 'V', { per: 128 }],
    ['ain.1', 23, 'u8', 'V', { per: 128 }],
    ['battery.level', 24, 'u8', '%', { max: 100 }],
    ['external.powersource.voltage', 25, 'u8', 'V', { per: 5 }],
    ['position.max.speed', 26, 'u8', 'km/h', { times: 2 }],
    ...accelerations(27).slice(0, 2),
    ['trip.mileage', 29, 'u16', 'km', { per: 10 }],
    ['trip.idle.time', 31, 'u16', 's'],
  ]),
  extra: [],
  extraBytes: 0,
  stop: [],
  stopBytes: 0,
};

/** By first byte of the packet. */
export const LEGACY: ReadonlyMap<number, LegacyLayout> = new Map(
  [K, M, V, C].map((layout) => [layout.letter.charCodeAt(0), layout]),
);

export function reasonsOf(b: Uint8Array, at: number, l: LegacyLayout): number {
  return l.reasonsBytes === 3 ? u24(b, at + l.reasonsAt) : u16(b, at + l.reasonsAt);
}

export function statusOf(b: Uint8Array, at: number, l: LegacyLayout): number {
  return l.statusBytes === 2 ? u16(b, at + l.statusAt) : b[at + l.statusAt]!;
}

/** Which optional blocks the report at `at` has. */
export function blocksOf(b: Uint8Array, at: number, l: LegacyLayout): { extra: boolean; stop: boolean } {
  const extra = l.extraBytes > 0 && (statusOf(b, at, l) & STATUS_EXTRA_BLOCK) !== 0;
  return { extra, stop: extra && l.stopBytes > 0 && (reasonsOf(b, at, l) & JOURNEY_STOP) !== 0 };
}

/** End of the report at `at`; -1 when it does not end before `end`. */
export function reportEndLegacy(b: Uint8Array, at: number, end: number, l: LegacyLayout): number {
  if (at + l.bytes > end) return -1;
  const { extra, stop } = blocksOf(b, at, l);
  const next = at + l.bytes + (extra ? l.extraBytes : 0) + (stop ? l.stopBytes : 0);
  return next <= end ? next : -1;
}

/** Reports from `from` on that end exactly at `end`; 0: they do not, or there is none. */
export function countLegacy(b: Uint8Array, from: number, end: number, l: LegacyLayout): number {
  let count = 0;
  let at = from;
  while (at < end) {
    at = reportEndLegacy(b, at, end, l);
    if (at < 0) return 0;
    count++;
  }
  return at === end ? count : 0;
}

/** Reads the measured values of the report at `at`; header, reasons, status and time are the caller's. */
export function readLegacy(b: Uint8Array, at: number, l: LegacyLayout, report: Report, scratch: Scratch): void {
  const latitude = at + l.latitudeAt;
  placePosition(report, scratch, u32(b, at + l.fixAt), i32(b, latitude), i32(b, latitude + 4));
  readSpeedAndDirection(report, b[at + l.speedAt]!, b[at + l.speedAt + 1]!);
  readFields(l.fields, b, at, report);
  readGeofence(b, at + l.geofenceAt, at + l.geofenceAt + 1, report, scratch);
  const { extra, stop } = blocksOf(b, at, l);
  if (extra) readFields(l.extra, b, at, report);
  if (stop) readFields(l.stop, b, at, report);
}
