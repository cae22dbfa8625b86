/** Modules of protocol X for refrigerators, gritters, boats, two-wheelers and motors, and the older layouts of 10 and 45. */
import type { Row } from './fields.js';
import { module, type Module } from './module.js';
import { readCan, explainCan } from './can.js';
import { readBeacons, explainBeacons } from './beacons.js';
import { readDebug, readSensors } from './special.js';

const numbered = (count: number, make: (n: number) => Row): readonly Row[] =>
  Array.from({ length: count }, (_, i) => make(i + 1));

/** Thirteen u24 one after the other. */
const USAGE: readonly (readonly [string, string])[] = [
  ['usage.gnss.acquiring.time', 's'],
  ['usage.gnss.fix.time', 's'],
  ['usage.modem.on.time', 's'],
  ['usage.modem.cs.registered.time', 's'],
  ['usage.modem.ps.registered.time', 's'],
  ['usage.modem.pdp.active.time', 's'],
  ['usage.modem.socket.open.time', 's'],
  ['usage.awake.time', 's'],
  ['usage.sleep.time', 's'],
  ['usage.external.powersource.time', 's'],
  ['usage.ble.on.time', 's'],
  ['usage.wake.count', ''],
  ['usage.reports.sent.count', ''],
];

const CARRIER = module(18, 'Carrier refrigerator temperatures', {
  size: 25,
  // Signed: a freezer is below zero.
  rows: [
    ...numbered(6, (n) => [`carrier.return.temperature.${n}`, 2 * (n - 1), 'i16', '°C', { per: 10 }]),
    ...numbered(3, (n) => [`carrier.setpoint.temperature.${n}`, 11 + n, 'i8', '°C', { per: 2 }]),
    ['carrier.fuel.level.raw', 15, 'u8', ''],
    ['carrier.engine.motorhours', 16, 'u16', 'h', { times: 2 }],
    ['carrier.standby.hours', 18, 'u16', 'h', { times: 2 }],
    ['carrier.status.bitmask', 20, 'u16', ''],
    ['carrier.alarm.bitmask', 22, 'u24', ''],
  ],
});

const NMEA2000 = module(26, 'NMEA 2000', {
  size: 73,
  rows: [
    ['nmea2000.fuel.level', 0, 'i16', '%', { per: 250 }],
    ['nmea2000.oil.level', 2, 'i16', '%', { per: 250 }],
    ['nmea2000.battery.level', 4, 'u8', '%'],
    ['nmea2000.battery.health', 5, 'u8', '%'],
    ['nmea2000.battery.capacity', 6, 'u16', ''],
    ['nmea2000.charger.status', 8, 'u8', ''],
    ['nmea2000.time.to.empty', 9, 'u32', ''],
    ['nmea2000.distance.to.empty', 13, 'u32', ''],
    ['nmea2000.trip.run.time', 17, 'u32', ''],
    ['nmea2000.trip.fuel.used', 21, 'u16', ''],
    ['nmea2000.oil.pressure', 23, 'u16', ''],
    ['nmea2000.oil.temperature.kelvin', 25, 'u16', ''],
    ['nmea2000.engine.temperature.kelvin', 27, 'u16', ''],
    ['nmea2000.alternator.voltage', 29, 'u16', 'V', { per: 100 }],
    ['nmea2000.fuel.rate', 31, 'u16', ''],
    ['nmea2000.engine.hours', 33, 'u32', ''],
    ['nmea2000.coolant.pressure', 37, 'u16', ''],
    ['nmea2000.fuel.pressure', 39, 'u16', ''],
    ['nmea2000.engine.status.1.bitmask', 41, 'u16', ''],
    ['nmea2000.engine.status.2.bitmask', 43, 'u16', ''],
    ['nmea2000.engine.load.level', 45, 'u8', '%'],
    ['nmea2000.engine.torque.level', 46, 'u8', '%'],
    ['nmea2000.water.depth', 47, 'u32', 'm', { per: 100 }],
    ['nmea2000.water.depth.offset', 51, 'u16', 'm', { per: 1000 }],
    ['nmea2000.wind.speed', 53, 'u16', 'm/s', { per: 100 }],
    ['nmea2000.air.temperature.kelvin', 55, 'u16', 'K', { per: 100 }],
  ],
});

const ASKOLL = module(38, 'Askoll eS2', {
  size: 39,
  rows: [
    ['can.event.timestamp', 0, 'time', 's'],
    ['scooter.battery.level.1', 4, 'u8', '%'],
    ['scooter.battery.level.2', 5, 'u8', '%'],
    ['scooter.battery.serial.1', 6, 'decimal', ''],
    ['scooter.battery.serial.2', 10, 'decimal', ''],
    ['scooter.battery.temperature', 14, 'i8', '°C'],
    ['scooter.battery.voltage', 15, 'u16', 'V', { per: 10 }],
    ['scooter.battery.current', 17, 'u8', 'A', { per: 10 }],
    ['scooter.battery.heartbeat.bitmask', 18, 'u8', ''],
    ['scooter.speed', 19, 'u8', 'km/h'],
    ['scooter.odometer', 20, 'u32', 'km', { per: 10 }],
    ['scooter.trip.mileage', 24, 'u16', 'km', { per: 10 }],
    ['scooter.range', 26, 'u16', 'km'],
    ['scooter.status.2020.bitmask', 28, 'u8', ''],
    ['scooter.status.2021.bitmask', 29, 'u8', ''],
    ['scooter.driving.mode', 30, 'u8', ''],
    ['scooter.battery.capacity.remaining', 31, 'u16', 'mAh', { times: 10 }],
    ['scooter.error.bitmask', 33, 'u16', ''],
    ['position.hdop', 35, 'u8', '', { per: 10 }],
    ['position.accuracy', 36, 'u8', 'm'],
  ],
});

const ACIM = module(42, 'STARS ACIM motor controller', {
  size: 42,
  rows: [
    ['motor.rpm.left', 0, 'i16', 'rpm'],
    ['motor.rpm.right', 2, 'i16', 'rpm'],
    ['motor.temperature.left', 4, 'i16', '°C'],
    ['motor.temperature.right', 6, 'i16', '°C'],
    ['motor.controller.temperature.left', 8, 'i16', '°C'],
    ['motor.controller.temperature.right', 10, 'i16', '°C'],
    ['motor.battery.voltage', 12, 'i16', 'V', { per: 100 }],
    ['motor.battery.level', 14, 'u8', '%'],
    ['motor.voltage.left', 15, 'i16', 'V', { per: 100 }],
    ['motor.voltage.right', 17, 'i16', 'V', { per: 100 }],
    ['motor.current.left', 19, 'i16', 'A'],
    ['motor.current.right', 21, 'i16', 'A'],
    ['motor.vehicle.speed', 23, 'u8', 'km/h'],
    ['motor.odometer.raw', 24, 'u16', ''],
    ['motor.status.bitmask', 26, 'u16', ''],
    ['motor.error.0.bitmask', 28, 'u16', ''],
    ['motor.error.1.bitmask', 30, 'u16', ''],
    ['motor.error.2.bitmask', 32, 'u16', ''],
    ['can.event.timestamp', 34, 'time', 's'],
  ],
});

export const EXTRA_MODULES: readonly Module[] = [
  CARRIER,
  module(19, '1-Wire temperature probes', {
    size: 8,
    rows: numbered(4, (n) => [
      `onewire.temperature.${n}`,
      2 * (n - 1),
      'u16',
      '°C',
      { plus: -550, per: 10, absent: 0xffff },
    ]),
  }),
  module(20, 'Carrier two-way alarms', {
    size: 17,
    rows: [
      ['carrier.alarm.count', 0, 'u8', ''],
      ['carrier.alarm.queue', 1, 'hex', '', { bytes: 16 }],
    ],
  }),
  module(21, 'Rayvolt e-bicycle', {
    size: 18,
    rows: [
      ['ebike.controller.id', 0, 'u32', ''],
      ['ebike.controller.firmware.version', 4, 'u16', ''],
      ['ebike.controller.boot.version', 6, 'u16', ''],
      ['ebike.error.bitmask', 8, 'u16', ''],
      ['ebike.battery.level', 10, 'u8', '%'],
      ['ebike.battery.voltage', 11, 'u8', 'V', { per: 4 }],
      ['ebike.controller.temperature', 12, 'i8', '°C'],
      ['ebike.speed', 13, 'u8', 'km/h', { per: 2 }],
      ['ebike.status.bitmask', 14, 'u16', ''],
    ],
  }),
  module(22, 'ECON 3-byte status', { size: 3, rows: [['econ.status.bitmask', 0, 'u24', '']] }),
  module(23, 'gritter data', {
    size: 4,
    rows: [
      ['gritter.plough.mode', 0, 'u8', ''],
      ['gritter.spreader.mode', 1, 'u8', ''],
      ['gritter.spread.width', 2, 'u8', 'm', { per: 10 }],
      ['gritter.spread.rate', 3, 'u8', 'g/m²'],
    ],
  }),
  module(24, 'Redforge weight', {
    size: 6,
    rows: [
      ['redforge.front.weight.raw', 0, 'u8', ''],
      ['redforge.rear.weight.raw', 1, 'u8', ''],
      ['redforge.gross.weight.raw', 2, 'u8', ''],
      ['redforge.status.bitmask', 3, 'u8', ''],
      ['redforge.fault.code.1', 4, 'u8', ''],
      ['redforge.fault.code.2', 5, 'u8', ''],
    ],
  }),
  module(25, 'ECON gritter data', { size: 4, rows: [['econ.gritter.data', 0, 'hex', '', { bytes: 4 }]] }),
  NMEA2000,
  module(31, 'FMS driver working states', {
    size: 5,
    rows: [
      ['fms.driver.working.states.bitmask', 0, 'u32', ''],
      ['fms.door.control.bitmask', 4, 'u8', ''],
    ],
  }),
  module(32, 'Segway Ninebot ES4', {
    size: 12,
    rows: [
      ['scooter.speed', 0, 'u8', 'km/h', { per: 10 }],
      ['scooter.internal.battery.voltage', 1, 'u8', 'V'],
      ['scooter.external.battery.voltage', 2, 'u8', 'V'],
      ['scooter.dry.battery.voltage', 3, 'u8', 'V'],
      ['scooter.internal.battery.level', 4, 'u8', '%'],
      ['scooter.external.battery.level', 5, 'u8', '%'],
      ['scooter.battery.level', 6, 'u8', '%'],
      ['scooter.internal.battery.temperature.1', 7, 'u8', '°C'],
      ['scooter.internal.battery.temperature.2', 8, 'u8', '°C'],
      ['scooter.external.battery.temperature.1', 9, 'u8', '°C'],
      ['scooter.external.battery.temperature.2', 10, 'u8', '°C'],
      ['scooter.status.bitmask', 11, 'u8', ''],
    ],
  }),
  module(33, 'sensors', { size: 18, rows: sensorRows(), read: () => readSensors }),
  module(34, 'Going Green "The Core" bike', {
    size: 2,
    rows: [['ebike.battery.voltage', 0, 'u16', 'V', { times: 3, per: 2000 }]],
  }),
  module(35, 'Ecooter E1/E2', {
    size: 9,
    rows: [
      ['scooter.battery.level.1', 0, 'u8', '%'],
      ['scooter.battery.level.2', 1, 'u8', '%'],
      ['scooter.battery.temperature.1', 2, 'i8', '°C'],
      ['scooter.battery.temperature.2', 3, 'i8', '°C'],
      ['scooter.battery.current', 4, 'i16', 'A', { per: 100 }],
      ['scooter.status.bitmask', 6, 'u8', ''],
    ],
  }),
  module(36, 'Torrot Muvi scooter', {
    size: 44,
    rows: [
      // The whole block first: the encoder then lets the two levels win.
      ['scooter.data.raw', 0, 'hex', '', { bytes: 44 }],
      ['scooter.battery.level.1', 0, 'u8', '%'],
      ['scooter.battery.level.2', 1, 'u8', '%'],
    ],
  }),
  module(37, 'Ecooter serial numbers', {
    size: 32,
    rows: numbered(2, (n) => [`scooter.battery.serial.${n}`, 16 * (n - 1), 'text', '', { bytes: 16 }]),
  }),
  ASKOLL,
  module(39, 'cash-in-transit status', { size: 6, rows: [['cit.status.bitmask', 0, 'u8', '']] }),
  module(40, 'Torrot Muvi batteries', {
    size: 39,
    rows: [
      ...numbered(2, (n) => [`scooter.battery.serial.${n}`, 13 * (n - 1), 'text', '', { bytes: 13 }]),
      ...numbered(2, (n) => [`scooter.battery.cycles.${n}`, 24 + 2 * n, 'u16', '']),
      ...numbered(2, (n) => [`scooter.battery.mileage.${n}`, 27 + 3 * n, 'u24', 'km', { per: 10 }]),
      ['scooter.battery.status.bitmask', 36, 'u8', ''],
    ],
  }),
  module(41, 'battery usage statistics', {
    size: 39,
    rows: USAGE.map(([name, unit], i) => [name, 3 * i, 'u24', unit]),
  }),
  ACIM,
  module(43, 'CAR2 data', {
    size: 22,
    rows: [
      ['car2.battery.level.raw', 0, 'u16', ''],
      ['car2.charging.mode', 2, 'u8', ''],
      ['car2.seatbelt.bitmask', 3, 'u8', ''],
      ['car2.brake.position.raw', 4, 'u16', ''],
      ['car2.status.bitmask', 6, 'u16', ''],
      ['car2.fault.bitmask', 8, 'u16', ''],
      ['can.event.timestamp', 10, 'time', 's'],
    ],
  }),
  module(45, 'BLE beacons', { size: 0, read: () => readBeacons, explain: explainBeacons }),
  module(46, 'generic CAN data', { size: 0, read: () => readCan, explain: explainCan }),
  module(47, 'Heinzmann e-scooter', {
    size: 13,
    rows: [
      ['scooter.battery.level', 0, 'u8', '%'],
      ['scooter.battery.voltage', 1, 'u16', 'V', { per: 1000 }],
      ['scooter.odometer', 3, 'u32', 'km', { per: 1000 }],
      ['scooter.can.time', 7, 'u32', 's'],
    ],
  }),
  module(48, 'debug data', { size: 0, read: () => readDebug }),
];

/** Until September 2025. */
export const OLD_TRAILER_ID = module(10, 'trailer ID (until September 2025)', {
  size: 12,
  rows: [
    ['trailer.id.source', 0, 'enum', '', { labels: ['none', 'hegemon'] }],
    ['trailer.id', 1, 'text', '', { bytes: 10 }],
    ['trailer.status.bitmask', 11, 'u8', ''],
  ],
});

/** Until September 2025. */
export const OLD_CM2010 = module(45, 'CM2010 mobility scooter (until September 2025)', {
  size: 11,
  rows: [
    ['scooter.battery.level', 0, 'u8', '%'],
    ['scooter.speed', 1, 'u8', 'km/h'],
    ['scooter.battery.voltage.1', 2, 'u16', 'V', { per: 100 }],
    ['scooter.battery.voltage.2', 4, 'u16', 'V', { per: 100 }],
    ['scooter.trip.mileage', 6, 'u16', 'km', { per: 1000 }],
    ['scooter.status.bitmask', 8, 'u8', ''],
  ],
});

/** Type and two bytes for each of six sensors, for the byte map; what the bytes are depends on the type. */
function sensorRows(): readonly Row[] {
  return numbered(6, (n) => [`sensor.raw.${n}`, 3 * (n - 1), 'hex', '', { bytes: 3 }]);
}
