/** The field tables: the same value from both forms, the scales, and what is absent. */
import { describe, expect, it } from 'vitest';
import type { DeviceSettings } from '../protocol.js';
import { FIELD_CODES, fieldOf } from './plan.js';
import { asciiFrame, binaryFrame, type CustomValues } from './simulate.js';
import { UNIT, messageOf, recordOf } from './testing.js';

type Make = typeof binaryFrame;
const read = (make: Make, custom: CustomValues, settings: DeviceSettings = {}, over = {}): Record<string, unknown> => {
  const form = Object.keys(custom)
    .map((code) => `%${code}`)
    .join('');
  return messageOf(make({ unitId: UNIT, sequence: 1, form, records: [recordOf({ ...over, custom })] }), {
    form,
    ...settings,
  });
};
const BOTH = [
  ['binary', binaryFrame],
  ['ASCII', asciiFrame],
] as const;
/** Names that a record without custom info has. */
const PLAIN = new Set(Object.keys(messageOf(binaryFrame({ unitId: UNIT, sequence: 1, records: [recordOf()] }))));

/** code, raw value, what it becomes; null: absent. */
const ROWS: readonly (readonly [string, number | string, Readonly<Record<string, unknown>>])[] = [
  ['SA', 9, { 'position.satellites': 9 }],
  ['AT', -12, { 'position.altitude': -12 }],
  ['AT', 0, { 'position.altitude': 0 }],
  ['GP', 7, { 'position.satellites': 7, 'position.valid': true }],
  ['GP', 0, { 'position.satellites': null, 'position.valid': false }],
  ['GP', 65, { 'position.satellites': null, 'position.valid': true }],
  ['SF', 3, { 'gnss.fix.status': true, 'position.valid': true }],
  ['SF', 0, { 'gnss.fix.status': false, 'position.valid': false }],
  ['SA', 0, { 'position.satellites': 0, 'position.valid': false }],
  ['SS', 1, { 'gnss.antenna.status': false, 'gnss.antenna.short.circuit.status': false, 'gnss.status': true }],
  [
    'SS',
    14,
    {
      'gnss.antenna.status': true,
      'gnss.antenna.short.circuit.status': true,
      'gnss.antenna.signal.timeout.status': true,
      'gnss.status': false,
    },
  ],
  ['LA', -33456789, { 'position.latitude': -33.456789 }],
  ['LG', 70123456, { 'position.longitude': 70.123456 }],
  ['HD', 271, { 'position.direction': 271 }],
  ['HP', 990, { 'position.hdop': 99, 'position.valid': false }],
  ['VS', 61, { 'position.speed': 61 }],
  ['OD', 7654321, { 'vehicle.mileage': 765432.1 }],
  ['RD', 105, { 'report.reason': 105, 'report.reasons': [] }],
  ['GT', 1_761_000_000, { 'position.timestamp': 1_761_000_000 }],
  ['RT', 1_761_000_003, { timestamp: 1_761_000_003, 'device.timestamp': 1_761_000_003 }],
  ['ST', 1_761_000_009, { 'send.timestamp': 1_761_000_009 }],
  ['IN', 6, { din: 6 }],
  ['OP', 5, { dout: 5 }],
  ['IN2', 1, { din: 5 }],
  ['IN0', 0, { din: 0, 'engine.ignition.status': false }],
  ['IN0', 255, { din: 1, 'engine.ignition.status': null }],
  ['OP2', 1, { dout: 2 }],
  ['EG', 1, { 'engine.ignition.status': true }],
  ['EG', 255, { 'engine.ignition.status': null }],
  ['AI', 5000, { 'ain.1': 5 }],
  ['AV2', 65_535, { 'ain.2': 65.535 }],
  ['AI3', 1, { 'ain.3': 0.001 }],
  ['AG', 1, { 'ain.voltage.high.status.1': true }],
  ['AN2', 0, { 'ain.voltage.high.status.2': false }],
  ['TP', -405, { 'sensor.temperature.1': -40.5 }],
  ['TP4', 2000, { 'sensor.temperature.4': null }],
  ['GF', 1, { 'geofence.status.1': true }],
  ['GF12', 0, { 'geofence.status.12': false }],
  ['MV', 131, { 'external.powersource.voltage': 13.1 }],
  ['BV', 42, { 'backup.battery.voltage': 4.2 }],
  ['PS', 1, { 'external.powersource.status': false }],
  ['PS', 0, { 'external.powersource.status': true }],
  ['PS', 255, { 'external.powersource.status': null }],
  ['GQ', 31, { 'gsm.signal.level': 100 }],
  ['GQ', 26, { 'gsm.signal.level': 84 }],
  ['GQ', 99, { 'gsm.signal.level': null }],
  ['RL', 63, { 'gsm.signal.dbm': -47 }],
  ['RL', 0, { 'gsm.signal.dbm': null }],
  ['RL', 64, { 'gsm.signal.dbm': null }],
  ['CE', 0, { 'gsm.cellid': null }],
  ['CE', 4_294_967_295, { 'gsm.cellid': 4_294_967_295 }],
  ['LC', 0, { 'gsm.lac': null }],
  ['CN', 25_002, { 'gsm.operator.code': '25002', 'gsm.mcc': 250, 'gsm.mnc': 2 }],
  ['CN', 310_260, { 'gsm.operator.code': '310260', 'gsm.mcc': 310, 'gsm.mnc': 260 }],
  ['CN', 0, { 'gsm.operator.code': null, 'gsm.mcc': null }],
  ['GS', 9, { 'gsm.state.enum': 9, 'gsm.state.enum.description': 'connected to host' }],
  ['GS', 10, { 'gsm.state.enum': 10, 'gsm.state.enum.description': null }],
  ['CM', '10260881524775', { 'gsm.sim.imsi': '010260881524775' }],
  ['ME', '356961075931165', { 'atrack.ME': '356961075931165' }],
  ['CD', '8942310017000752067', { 'gsm.sim.iccid': '8942310017000752067' }],
  ['VN', '', { 'vehicle.vin': null }],
  ['PC', 4_294_967_295, { 'counter.impulses': 4_294_967_295 }],
  ['DT', 1, { 'message.buffered.status': true }],
  ['SP', 1, { 'atrack.SP': true }],
  ['SE3', 0, { 'atrack.SE3': false }],
  [
    'HT',
    'Temp=-5.5 Hum=60',
    { 'atrack.HT': 'Temp=-5.5 Hum=60', 'sensor.temperature.1': -5.5, 'sensor.humidity.1': 60 },
  ],
  ['HT', 'Device:Fail', { 'atrack.HT': 'Device:Fail', 'sensor.temperature.1': null }],
  ['DD', '00', { 'driver.id': null }],
  ['MF', 1934, { 'can.maf.air.flow.rate': 19.34 }],
  ['ET', -40, { 'can.engine.temperature': -40 }],
  ['IA', -20, { 'can.intake.air.temperature': -20 }],
  ['FC', 22, { 'can.fuel.consumed': 2.2 }],
  ['EH', 409, { 'engine.motorhours': 40.9, 'can.engine.motorhours': 40.9 }],
  ['PD', 1, { 'can.dtc.pending.status': true, 'can.pending.dtc': null }],
  ['PD', 255, { 'can.dtc.pending.status': null, 'can.pending.dtc': null }],
  ['WH', 15, { 'trip.engine.motorhours': 1.5 }],
  ['GR', -140, { 'network.signal.rsrp': -140 }],
  ['JO2', 0xe5, { 'can.powersource.takeoff.enum': 5 }],
  ['JO3', 0xfe, { 'can.throttle.pedal.level': null }],
  ['JO5', 150, { 'can.fuel.level': 60 }],
  [
    'JO8',
    0x52,
    { 'can.driver.time.related.status.1': 2, 'can.driver.card.status.1': true, 'can.overspeeding.status': true },
  ],
  ['JO9', 0x43, { 'can.driver.work.state.enum.1': 3, 'can.driver.work.state.enum.2': 0, 'can.movement.status': true }],
  ['JO9', 0xff, { 'can.driver.work.state.enum.1': null, 'can.movement.status': null }],
  ['JO11', 0, { 'can.engine.coolant.temperature': -40 }],
  [
    'JO10',
    0xbb,
    {
      'can.tacho.event': null,
      'can.handling.info.status': null,
      'can.tacho.performance': null,
      'can.reverse.gear.status': null,
    },
  ],
  ['JH3', 10_000, { 'can.axle.weight.1': 5000 }],
  ['JH7', 0xfe00, { 'can.axle.weight.5': null }],
  ['JH8', 0, { 'can.service.mileage': -160_635 }],
  ['JH10', 9376, { 'can.ambient.air.temperature': 20 }],
  ['JL3', 0xfdffffff, { 'can.j1939.vehicle.mileage': 4_261_412_863 }],
  ['JN1', 0xfe000000, { 'can.cruise.control.mileage': null }],
  ['JS3', 'D1', { 'driver.id': 'D1' }],
  ['JS4', 'D2', { 'driver.id.2': 'D2' }],
  ['ZO4', 255, { 'can.j1708.throttle.pedal.level': null }],
  ['ZO6', 100, { 'can.j1708.vehicle.speed': 80.5 }],
  ['ZO14', 32, { 'can.j1708.engine.coolant.temperature': 0 }],
  ['ZH1', 1000, { 'can.j1708.cargo.weight': 17_792 }],
  ['ZL6', 2000, { 'can.j1708.fuel.used.idle': 946 }],
];

describe.each(BOTH)('a custom field in %s', (_, make) => {
  it.each(ROWS)('%s = %s', (code, raw, want) => {
    const message = read(make, { [code]: raw });
    for (const [name, value] of Object.entries(want)) {
      if (value === null) expect(message[name], name).toBeUndefined();
      else if (typeof value === 'number') expect(message[name], name).toBeCloseTo(value, 9);
      else expect(message[name], name).toEqual(value);
    }
  });

  it('takes the ignition of %EG before that of %IN0', () => {
    expect(read(make, { IN0: 1, EG: 0 })['engine.ignition.status']).toBe(false);
    expect(read(make, { EG: 255, IN0: 1 })['engine.ignition.status']).toBe(true);
    expect(read(make, { IN0: 0 }, { ignitionFromInput0: true }, { inputs: 1 })['engine.ignition.status']).toBe(false);
  });

  it('keeps the times of the fixed part where %RT, %GT and %ST were never set', () => {
    const plain = read(make, {});
    for (const code of ['RT', 'GT', 'ST'])
      for (const raw of [0, 1_230_767_999])
        expect({ ...read(make, { [code]: raw }), 'message.id': '' }, `${code} ${raw}`).toEqual({
          ...plain,
          'message.id': '',
        });
    expect(read(make, { RT: 1_700_000_000 })['timestamp']).toBe(1_700_000_000);
  });

  it('keeps a text of digits as a text where a bus field has no row of its own', () => {
    expect(read(make, { JS9: '12' })['atrack.JS9']).toBe('12');
  });

  it('takes satellites from %SA before %GP', () => {
    expect(read(make, { GP: 5, SA: 9 })['position.satellites']).toBe(9);
  });

  it('follows the settings for g-force and the bus odometer', () => {
    const gv = '1100B400BD00';
    expect(read(make, { GV: gv })['segment.max.acceleration']).toBe(4.352);
    const counts = read(make, { GV: gv }, { gScale: 'counts2048' });
    expect(counts['segment.max.acceleration']).toBe(0x1100 / 2048);
    expect(counts['segment.max.cornering.acceleration']).toBe(19456 / 2048);
    expect(read(make, { EO: 100 })['can.vehicle.mileage']).toBeCloseTo(160.9344, 9);
    expect(read(make, { EO: 100 }, { engineOdometerUnitKm: 0.1 })['can.vehicle.mileage']).toBeCloseTo(10, 9);
  });

  it('splits the peak of g-force by its sign, and takes six zero bytes for none', () => {
    const braking = read(make, { GV: 'FFC0001804 04'.replace(' ', '') });
    expect(braking).toMatchObject({
      'segment.max.braking.acceleration': 0.064,
      'segment.max.cornering.acceleration': 0.024,
      'segment.max.vertical.acceleration': 1.028,
    });
    expect(braking['segment.max.acceleration']).toBeUndefined();
    expect(read(make, { GV: '000000000000' })['segment.max.vertical.acceleration']).toBeUndefined();
  });

  it('reads ten samples', () => {
    const array = read(make, { GN: '0013FF4E0419'.repeat(10) })['acceleration.array'] as unknown[];
    expect(array).toHaveLength(10);
    expect(array[9]).toEqual({ x: 0.019, y: -0.178, z: 1.049 });
  });
});

describe('an altitude below the sea', () => {
  it('may stand in ASCII as it is stored', () => {
    expect(read(asciiFrame, { AT: 4_294_967_284 })['position.altitude']).toBe(-12);
    expect(read(asciiFrame, { AT: 4_294_967_296 })['position.altitude']).toBeUndefined();
  });
});

describe('the tables', () => {
  it('give the same names and values from binary and ASCII for every field that has both', () => {
    const skipped = new Set(['CI', 'UI', 'GL', 'NC', 'BC', 'TM', 'TD', 'GV', 'GN', 'GT', 'RT', 'ST', 'VN']);
    for (const code of FIELD_CODES) {
      if (skipped.has(code)) continue;
      const { width } = fieldOf(code);
      const raws =
        width === 'str' || width === 'u64' ? ['12'] : width.startsWith('i') ? [-3, 0, 100] : [0, 1, 100, 255];
      for (const raw of raws) {
        const strip = (m: Record<string, unknown>) => ({ ...m, 'message.id': '' });
        expect(strip(read(asciiFrame, { [code]: raw })), code).toEqual(strip(read(binaryFrame, { [code]: raw })));
      }
    }
  });

  it('leave the identity of a record alone', () => {
    const id = messageOf(binaryFrame({ unitId: UNIT, sequence: 1, records: [recordOf()] }))['message.id'];
    for (const code of ['LA', 'RT', 'OD', 'RD', 'IN']) expect(read(binaryFrame, { [code]: 1 })['message.id']).toBe(id);
  });

  it('add nothing to a record that their codes do not name', () => {
    for (const code of FIELD_CODES) {
      if (fieldOf(code).width === 'unknown') continue;
      const added = Object.keys(read(binaryFrame, { [code]: code === 'CI' ? '' : 1 })).filter((n) => !PLAIN.has(n));
      expect(added.length, code).toBeLessThanOrEqual(5);
    }
  });
});
