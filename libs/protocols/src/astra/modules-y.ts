/**
 * Modules of protocol Y: the bodies of X without their reserved tails, each behind its own size, with the differences listed
 * here. One vendor parser, versions 1.9 to 2.2; conf. M. What has no body here is kept as hex.
 */
import { numberSetter } from '../catalogue/set.js';
import type { Report } from '../catalogue/report.generated.js';
import { hex, i8 } from '../wire/reader.js';
import { explainBeaconsY, readBeaconsY } from './beacons.js';
import { readCanY, readJ1939 } from './can.js';
import { fieldsOf, readFieldsUpTo, type Row } from './fields.js';
import { module, rawModule, setNumber, setText, type Module, type ReadModule } from './module.js';
import { inJourney } from './modules.js';
import { POSITION_ROWS, readPosition } from './position.js';
import { readNetwork, readSensorsY } from './special.js';
import { X_VARIANTS, Y_MODULES } from './layout.js';

/** u8 count, then for each sensor u8 axle, u8 wheel, u8 × 0.1 bar, i8 °C. */
const readTyres: ReadModule = (b, at, end, report) => {
  for (let i = 0, from = at + 1; i < b[at]! && from + 4 <= end; i++, from += 4) {
    const wheel = `${b[from]!}.${b[from + 1]!}`;
    setNumber(report, `tyre.pressure.${wheel}`, b[from + 2]! / 10);
    setNumber(report, `tyre.temperature.${wheel}`, i8(b, from + 3));
  }
};

/** The known part of module 36 is two levels; the rest is kept whole. */
const readTorrot: ReadModule = (b, at, end, report) => {
  readFieldsUpTo(TORROT, b, at, end, report);
  if (end > at) setText(report, 'scooter.data.raw', hex(b, at, end));
};
const TORROT = fieldsOf([
  ['scooter.battery.level.1', 0, 'u8', '%'],
  ['scooter.battery.level.2', 1, 'u8', '%'],
]);

const TRAILER_HEAD: readonly Row[] = [
  ['can.event.timestamp', 0, 'time', 's'],
  ['trailer.status.bitmask', 4, 'u16', ''],
  ['trailer.ebs.supply.pressure', 6, 'u8', 'kPa', { times: 5 }],
  ['axle.weight', 7, 'u16', 'kg', { times: 2 }],
  ['trailer.wheel.speed', 9, 'u16', 'km/h', { per: 256 }],
  ['trailer.road.angle', 11, 'i8', 'deg', { per: 10, absent: -128 }],
];
/** Missing in the first releases of Y. */
const DECELERATION: Row = ['trailer.deceleration', 12, 'u8', 'm/s²', { per: 20, absent: 0xff }];
const brakes = (at: number): readonly Row[] => [
  ['trailer.brake.demand.pressure', at, 'u16', 'kPa', { per: 52 }],
  ['trailer.parking.brake.demand.level', at + 2, 'u8', '%', { times: 2, per: 5, absent: 0xff }],
  ['trailer.brake.efficiency.level', at + 3, 'u8', '%', { absent: 0xff }],
  ['trailer.brake.efficiency.compensated.level', at + 4, 'u8', '%', { absent: 0xff }],
];
const TRAILER = fieldsOf([...TRAILER_HEAD, DECELERATION, ...brakes(13)]);
const TRAILER_FIRST = fieldsOf([...TRAILER_HEAD, ...brakes(12)]);
const PRESSURES = Array.from({ length: 6 }, (_, i) => numberSetter(`trailer.brake.pressure.${i + 1}`));
const WHEELS_MAX = 19;
const ABSENT = 0xff;

/** Wheel count at 18, or at 17 in the first releases; the length of the body tells: 25 + 4 n against 24 + 4 n. */
export const readTrailer: ReadModule = (b, at, end, report) => {
  const isFirst = end - at >= 24 && end - at === 24 + 4 * b[at + 17]! && end - at !== 25 + 4 * (b[at + 18] ?? 0);
  readFieldsUpTo(isFirst ? TRAILER_FIRST : TRAILER, b, at, end, report);
  const countAt = at + (isFirst ? 17 : 18);
  if (countAt >= end || b[countAt]! > WHEELS_MAX) return;
  const wheels = b[countAt]!;
  for (let i = 0, from = countAt + 1; i < wheels && from + 4 <= end; i++, from += 4) readWheel(b, from, report);
  const pressuresAt = countAt + 1 + 4 * wheels;
  for (let i = 0; i < PRESSURES.length && pressuresAt + i < end; i++) {
    const raw = b[pressuresAt + i]!;
    if (raw !== ABSENT) PRESSURES[i]!(report, raw * 5);
  }
};

function readWheel(b: Uint8Array, at: number, report: Report): void {
  const wheel = `${b[at]! >>> 4}.${b[at]! & 0x0f}`;
  const [pressure, temperature, wear] = [b[at + 1]!, b[at + 2]!, b[at + 3]!];
  if (pressure !== ABSENT) setNumber(report, `tyre.pressure.${wheel}`, pressure / 10);
  if (temperature !== ABSENT) setNumber(report, `trailer.brake.temperature.${wheel}`, temperature * 10);
  if (wear !== ABSENT) setNumber(report, `trailer.brake.lining.wear.level.${wheel}`, (wear * 2) / 5);
}

const DIFFERENT: readonly Module[] = [
  module(1, 'device power', {
    size: 3,
    rows: [
      ['external.powersource.voltage', 0, 'u16', 'V', { per: 10 }],
      ['battery.level', 2, 'u8', '%', { max: 100 }],
    ],
  }),
  module(2, 'GPS data', {
    size: 21,
    rows: [
      ...POSITION_ROWS,
      ['gnss.fix.availability.level', 18, 'u8', '%'],
      ['position.satellites.visible', 19, 'u8', ''],
      ['position.accuracy', 20, 'u8', 'm', { absent: 0xff }],
    ],
    read: (fields) => {
      const rest = fields.slice(POSITION_ROWS.length);
      return (b, at, end, report, scratch) => {
        readPosition(b, at, end, report, scratch);
        readFieldsUpTo(rest, b, at, end, report);
      };
    },
  }),
  module(6, 'tyre pressures', { size: 0, rows: [['tyre.count', 0, 'u8', '']], read: () => readTyres }),
  module(7, 'network', {
    size: 6,
    rows: [
      ['gsm.mcc', 0, 'u16', ''],
      ['gsm.mnc', 2, 'u16', ''],
      ['gsm.signal.dbm', 4, 'u8', 'dBm', { times: -1 }],
      ['gsm.network.type.enum', 5, 'u8', ''],
    ],
    read: (fields) => {
      const rest = fields.slice(2);
      return (b, at, end, report, scratch) => {
        readNetwork(b, at, end, report, scratch);
        readFieldsUpTo(rest, b, at, end, report);
      };
    },
  }),
  module(13, 'FMS in-journey', {
    size: 20,
    rows: [...inJourney('fms'), ['total.fuel.consumed', 16, 'u32', 'l', { per: 1000, absent: 0xffffffff }]],
  }),
  module(21, 'J1939 trouble codes', { size: 0, read: () => readJ1939 }),
  rawModule(30, 0),
  module(33, 'sensors', { size: 0, read: () => readSensorsY }),
  module(36, 'Torrot Muvi scooter', { size: 0, read: () => readTorrot }),
  rawModule(41, 0),
  module(44, 'HGV trailer', {
    size: 0,
    rows: [...TRAILER_HEAD, DECELERATION, ...brakes(13)],
    read: () => readTrailer,
  }),
  module(45, 'BLE beacons', { size: 0, read: () => readBeaconsY, explain: explainBeaconsY }),
  module(46, 'generic CAN data', { size: 0, read: () => readCanY }),
  // Y counts what follows, so the reader sees the bytes behind the size.
  module(48, 'debug data', {
    size: 0,
    read: () => (b, at, end, report) => {
      if (end > at) setText(report, 'debug.data', hex(b, at, end));
    },
  }),
];

/** By number; index 0 is unused. Readers get the body behind the size field. */
export const Y_TABLE: readonly Module[] = (() => {
  const known = X_VARIANTS[0]!.modules;
  const table = Array.from({ length: Y_MODULES + 1 }, (_, n) => known[n] ?? rawModule(n, 0));
  for (const different of DIFFERENT) table[different.number] = different;
  return table;
})();
