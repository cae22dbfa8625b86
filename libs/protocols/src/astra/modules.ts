/**
 * Modules 1 to 17, 27 to 30 and 44 of protocol X: what a car or truck sends. Vendor protocol X, conf. H/M; scales that no source
 * confirms are listed in the README. Offsets count from the start of the block; all integers are big-endian.
 */
import type { Row } from './fields.js';
import { module, type Module } from './module.js';
import { POSITION_ROWS, readPosition } from './position.js';
import { readIccid, readImsi, readNetwork, readTroubleCodes, readGeofence } from './special.js';

/** Peaks in m/s² × 10 on the wire, in g here; "min" is the size of the peak in the negative direction. */
const G = { per: 98.0665, decimals: 6 };

/** Offsets 0 to 15 of modules 13, 14 and 30, which differ in the two words at 11 and 13. */
export function inJourney(family: 'fms' | 'obd'): readonly Row[] {
  return [
    ['trip.max.speed', 0, 'u8', 'km/h'],
    ['trip.average.speed', 1, 'u8', 'km/h'],
    ['trip.max.engine.rpm', 2, 'u8', 'rpm', { times: 32 }],
    ['trip.average.engine.rpm', 3, 'u8', 'rpm', { times: 32 }],
    ['trip.max.throttle.pedal.level', 4, 'u8', '%'],
    ['trip.average.throttle.pedal.level', 5, 'u8', '%'],
    ['trip.max.engine.load.level', 6, 'u8', '%'],
    ['trip.average.engine.load.level', 7, 'u8', '%'],
    ['trip.mileage', 8, 'u16', 'km', { per: 10 }],
    ['can.engine.coolant.temperature', 10, 'u8', '°C', { plus: -40 }],
    [`${family}.status.bitmask`, 11, 'u16', ''],
    [`${family}.events.bitmask`, 13, 'u16', ''],
    // The scale is not documented; up to 100 it is read as percent, and the raw value is always there.
    ['fuel.level.raw', 15, 'u8', ''],
    ['fuel.level', 15, 'u8', '%', { max: 100 }],
  ];
}

export const ACCELERATION_ROWS: readonly Row[] = [
  ['max.x.acceleration', 0, 'u8', 'g', G],
  ['min.x.acceleration', 1, 'u8', 'g', G],
  ['max.y.acceleration', 2, 'u8', 'g', G],
  ['min.y.acceleration', 3, 'u8', 'g', G],
  ['max.z.acceleration', 4, 'u8', 'g', G],
  ['min.z.acceleration', 5, 'u8', 'g', G],
];

/** 0xFFFFFFFF litres is no fuel counter but a CAN value that is not there. */
const U32_ABSENT = 0xffffffff;

/** Trouble codes as five texts, for the byte map and the encoder. */
const DTC_ROWS: readonly Row[] = [0, 1, 2, 3, 4].map((i) => [`can.dtc.${i + 1}`, 5 * i, 'text', '', { bytes: 5 }]);

export const SEED_MODULES: readonly Module[] = [
  module(1, 'device power', {
    size: 2,
    rows: [
      ['external.powersource.voltage', 0, 'u8', 'V', { per: 5 }],
      ['battery.level', 1, 'u8', '%', { max: 100 }],
    ],
  }),
  module(2, 'GPS data', { size: 18, rows: POSITION_ROWS, read: () => readPosition }),
  module(3, 'digitals', {
    // One word of states and one of changes, outputs in the high byte: read as bytes.
    size: 4,
    rows: [
      ['dout', 0, 'u8', ''],
      ['din', 1, 'u8', ''],
      ['dout.changed.bitmask', 2, 'u8', ''],
      ['din.changed.bitmask', 3, 'u8', ''],
    ],
  }),
  module(4, 'analogues', {
    size: 4,
    rows: [
      ['ain.1', 0, 'u16', 'V', { per: 1000 }],
      ['ain.2', 2, 'u16', 'V', { per: 1000 }],
    ],
  }),
  module(5, 'driver behaviour', { size: 8, rows: [...ACCELERATION_ROWS, ['trip.idle.time', 6, 'u16', 's']] }),
  module(6, 'signal quality', {
    size: 1,
    rows: [
      ['position.satellites', 0, 'lo4', ''],
      ['gsm.signal.level', 0, 'hi4', '%', { times: 100, per: 15, decimals: 0 }],
      // -111 + 4 n
      ['gsm.signal.dbm', 0, 'hi4', 'dBm', { plus: -27.75, times: 4 }],
    ],
  }),
  module(7, 'GSM network', {
    size: 4,
    rows: [
      ['gsm.mcc', 0, 'u16', ''],
      ['gsm.mnc', 2, 'u16', ''],
    ],
    read: () => readNetwork,
  }),
  module(8, 'geofences', {
    size: 1,
    rows: [
      ['geofence.id', 0, 'lo7', ''],
      ['geofence.enter.status', 0, 'bit', '', { bit: 7 }],
    ],
    read: () => readGeofence,
  }),
  module(9, 'driver ID', {
    size: 9,
    rows: [
      ['driver.id.source', 0, 'enum', '', { labels: ['none', 'ibutton', 'rfid', 'bluetooth', 'cr002_card_reader'] }],
      ['driver.id', 1, 'id', '', { bytes: 8 }],
    ],
  }),
  module(10, 'driver alcohol test', {
    size: 8,
    rows: [
      ['driver.alcohol.test.bitmask', 0, 'u8', ''],
      ['driver.alcohol.test.passed', 0, 'bit', '', { bit: 0 }],
      ['driver.alcohol.level', 1, 'u16', 'µg/l'],
    ],
  }),
  module(11, 'FMS journey start', { size: 2, rows: [['axle.weight', 0, 'u16', 'kg']] }),
  module(12, 'GNSS stop report', {
    size: 5,
    rows: [
      ['gnss.odometer', 0, 'u24', 'km'],
      ['engine.motorhours', 3, 'u16', 'h'],
    ],
  }),
  module(13, 'FMS in-journey', {
    size: 20,
    rows: [...inJourney('fms'), ['total.fuel.consumed', 16, 'u32', 'l', { per: 2, absent: U32_ABSENT }]],
  }),
  module(14, 'OBD in-journey', {
    size: 18,
    rows: [...inJourney('obd'), ['trip.fuel.consumed', 16, 'u16', 'l', { per: 10 }]],
  }),
  module(15, 'OBD trouble codes', { size: 25, rows: DTC_ROWS, read: () => readTroubleCodes }),
  module(16, 'FMS journey stop', {
    size: 13,
    rows: [
      ['vehicle.mileage', 0, 'u24', 'km'],
      ['engine.motorhours', 3, 'u16', 'h'],
      ['axle.weight', 5, 'u16', 'kg'],
      ['trip.fuel.consumed', 7, 'u16', 'l', { per: 10 }],
      ['fms.cruise.time', 9, 'u16', 's'],
      ['can.service.mileage', 11, 'u16', 'km', { times: 5 }],
    ],
  }),
  module(17, 'OBD journey stop', {
    size: 9,
    rows: [
      ['vehicle.mileage', 0, 'u24', 'km'],
      ['engine.motorhours', 3, 'u16', 'h'],
      ['can.mil.time', 5, 'u16', 'h', { per: 60 }],
      ['can.mil.mileage', 7, 'u16', 'km'],
    ],
  }),
  module(27, 'SIM IMSI', { size: 7, rows: [['gsm.sim.imsi.raw', 0, 'hex', '', { bytes: 7 }]], read: () => readImsi }),
  module(28, 'SIM ICCID', { size: 20, rows: [['gsm.sim.iccid', 0, 'text', '', { bytes: 20 }]], read: () => readIccid }),
  module(29, 'FMS driver IDs', {
    size: 38,
    rows: [
      ['tacho.fms.driver.id.1', 0, 'text', '', { bytes: 19 }],
      ['tacho.fms.driver.id.2', 19, 'text', '', { bytes: 19 }],
    ],
  }),
  module(30, 'FMS in-journey, fine fuel', {
    size: 20,
    rows: [...inJourney('fms'), ['total.fuel.consumed', 16, 'u32', 'l', { per: 1000, absent: U32_ABSENT }]],
  }),
  module(44, 'GNSS extended', {
    size: 28,
    rows: [
      ...POSITION_ROWS,
      ['gnss.fix.availability.level', 18, 'u8', '%'],
      ['position.satellites.visible', 19, 'u8', ''],
      ['position.accuracy', 20, 'u8', 'm', { absent: 0xff }],
      ['position.hdop', 21, 'u8', '', { per: 10, absent: 0xff }],
      ['gnss.jamming.count', 22, 'u8', ''],
      ['gnss.constellation.bitmask', 23, 'u8', ''],
    ],
    read: (fields) => {
      const rest = fields.slice(POSITION_ROWS.length);
      return (b, at, end, report, scratch) => {
        readPosition(b, at, end, report, scratch);
        for (let i = 0; i < rest.length; i++) rest[i]!.read(b, at, report);
      };
    },
  }),
];
