/** What a packet means: times, identity, guards, the merging of modules, older layouts, and the letters beside X. */
import { describe, expect, it } from 'vitest';
import { toHex } from '../hex.js';
import { latin1Bytes } from '../wire/writer.js';
import { astra } from './index.js';
import { encodeLegacyPacket, encodeXPacket } from './simulate.js';
import { hear, hexOf, identHex, IMEI, NOW_S, packet, reportX, sealed } from './testing.js';

const EPOCH = 315_964_800;
const textHex = (text: string): string => toHex(latin1Bytes(text));
const raw = (unix: number): string => hexOf(unix - EPOCH, 4);
const known = { known: { ident: IMEI } };
const one = (bytes: Uint8Array, more: { letter?: string; nowS?: number } = {}) => {
  const heard = hear([bytes], {
    known: { ident: IMEI, ...(more.letter !== undefined && { letter: more.letter }) },
    ...(more.nowS !== undefined && { nowS: more.nowS }),
  });
  expect(heard.rejected).toEqual([]);
  expect(heard.messages).toHaveLength(1);
  return heard.messages[0]!;
};
const x = (modules: Readonly<Record<number, string>>, head: Parameters<typeof reportX>[1] = {}) =>
  one(packet('X', '01' + reportX(modules, head)));
/** Fix time, latitude, longitude, then speed to trip distance. */
const gps = (fix: number, latitude: number, longitude: number, rest = '000000000000'): string =>
  (fix === 0 ? '00000000' : raw(fix)) + hexOf(latitude >>> 0, 4) + hexOf(longitude >>> 0, 4) + rest;

describe('time', () => {
  const fix = NOW_S - 100;
  it('is the header time, and the fix time stands beside it', () => {
    expect(x({ 2: gps(fix, 1, 1) }, { time: NOW_S - 60 })).toMatchObject({
      timestamp: NOW_S - 60,
      'device.timestamp': NOW_S - 60,
      'position.timestamp': fix,
    });
  });

  it.each([
    ['before 2010', 1_262_303_999],
    ['more than a day ahead', NOW_S + 86_401],
  ])('is the fix time when the device clock is %s, or else that of receipt, and the clock is suspect', (_, time) => {
    const withFix = x({ 2: gps(fix, 1, 1) }, { time });
    expect(withFix).toMatchObject({ timestamp: fix, 'device.timestamp': time, quality: ['clock_suspect'] });
    expect(x({ 1: '3d23' }, { time })).toMatchObject({ timestamp: NOW_S, 'device.timestamp': time });
    expect(x({ 2: gps(time, 1, 1) }, { time })).toMatchObject({ timestamp: NOW_S, 'position.timestamp': time });
  });

  it('is believed up to the limits', () => {
    for (const time of [1_262_304_000, NOW_S + 86_400]) {
      const message = x({ 1: '3d23' }, { time });
      expect([message['timestamp'], message['quality']]).toEqual([time, undefined]);
    }
  });
});

describe('identity', () => {
  const report = {
    sequence: 7,
    time: NOW_S - 60,
    reasons: 1,
    status: 1,
    modules: [1, 2],
    values: { 'position.latitude': 51.5 },
  };
  const id = (...reports: Parameters<typeof encodeXPacket>[0]['reports']) =>
    hear([encodeXPacket({ reports })], known).messages.map((m) => m['message.id']);

  it('is the same when a stored report comes again in another packet with the stored bit set', () => {
    const [first] = id(report);
    const again = id({ ...report, sequence: 9 }, { ...report, status: 0x21 });
    expect(again[1]).toBe(first);
    expect(again[0]).not.toBe(first);
    const withIdent = hear([encodeXPacket({ ident: IMEI, reports: [report] })]).messages[0]!['message.id'];
    expect(withIdent).toBe(first);
  });

  it('differs with time, sequence, position, reason and device', () => {
    const others = [
      { ...report, time: report.time + 1 },
      { ...report, sequence: 8 },
      { ...report, values: { 'position.latitude': 51.500001 } },
      { ...report, reasons: 2 },
    ].map((other) => id(other)[0]);
    const device = hear([encodeXPacket({ reports: [report] })], { known: { ident: '350000000100012' } }).messages[0]!;
    expect(new Set([...others, device['message.id'], id(report)[0]]).size).toBe(6);
  });
});

describe('position', () => {
  it('is left out while there never was a fix', () => {
    const message = x({ 2: gps(0, 0, 0) }, { status: 1 });
    expect(message).toMatchObject({ 'position.valid': false, quality: ['no_fix_yet'], 'position.speed': 0 });
    for (const name of ['position.latitude', 'position.longitude', 'position.timestamp'])
      expect(message[name]).toBeUndefined();
  });

  it('is kept at 0/0 when there is a fix time', () => {
    expect(x({ 2: gps(NOW_S, 0, 0) })).toMatchObject({ 'position.latitude': 0, 'position.valid': true });
  });

  it.each([
    [90_000_001, 0],
    [-90_000_001, 0],
    [0, 180_000_001],
    [0, -180_000_001],
  ])('loses both coordinates when one cannot be (%i, %i), and keeps the rest', (latitude, longitude) => {
    const message = x({ 2: gps(NOW_S, latitude, longitude, '05060708000a') });
    expect(message).toMatchObject({
      'position.valid': false,
      quality: ['impossible_coordinates'],
      'position.timestamp': NOW_S,
      'position.speed': 10,
      'position.max.speed': 12,
      'position.direction': 14,
      'position.altitude': 160,
      'trip.mileage': 1,
    });
    expect([message['position.latitude'], message['position.longitude']]).toEqual([undefined, undefined]);
  });

  it('is kept at the poles and the date line', () => {
    expect(x({ 2: gps(NOW_S, 90e6, -180e6) })).toMatchObject({ 'position.latitude': 90, 'position.longitude': -180 });
  });

  it('is the last good one while there is no valid fix', () => {
    expect(x({ 2: gps(NOW_S, 5, 6) }, { status: 4 })).toMatchObject({
      'position.valid': false,
      'position.latitude': 5e-6,
    });
  });
});

describe('guards of X', () => {
  it('leave out levels over 100, directions over 360 and networks that are none', () => {
    const message = x({
      1: '3d65',
      2: gps(NOW_S, 1, 1, '0000b5000000'),
      7: 'ffff0001',
      13: '00'.repeat(15) + '65' + '00'.repeat(4),
    });
    for (const name of ['battery.level', 'position.direction', 'gsm.mcc', 'gsm.mnc', 'fuel.level'])
      expect(message[name]).toBeUndefined();
    expect(message['fuel.level.raw']).toBe(101);
    expect(x({ 7: '00000001' })['gsm.mnc']).toBeUndefined();
    expect(x({ 7: '00ea0000' })).toMatchObject({ 'gsm.mcc': 234, 'gsm.mnc': 0 });
  });

  it('leave out identities of zeros or ones alone', () => {
    for (const fill of ['00', 'ff']) {
      const message = x({ 9: '02' + fill.repeat(8), 27: fill.repeat(7), 28: fill.repeat(20), 29: fill.repeat(38) });
      expect(message['driver.id.source']).toBe('rfid');
      for (const name of ['driver.id', 'gsm.sim.imsi', 'gsm.sim.iccid', 'tacho.fms.driver.id.1'])
        expect(message[name]).toBeUndefined();
    }
  });

  it('leave out accuracy and HDOP of module 44 that are not known, and absent probes', () => {
    const message = x({ 19: 'ffff0226ffff0000', 44: gps(NOW_S, 1, 1) + '0510ffff000000000000' });
    expect(message).toMatchObject({ 'onewire.temperature.2': 0, 'onewire.temperature.4': -55 });
    for (const name of ['position.accuracy', 'position.hdop', 'onewire.temperature.1', 'onewire.temperature.3'])
      expect(message[name]).toBeUndefined();
  });

  it('keep an unknown source of a driver as its number, and cut what fills an ICCID', () => {
    expect(x({ 9: '09' + '01'.repeat(8) })['driver.id.source']).toBe('9');
    const iccid = textHex('8944100722361385447F');
    expect(x({ 28: iccid })['gsm.sim.iccid']).toBe('8944100722361385447');
  });

  it('read an IMSI as one number, however large', () => {
    expect(x({ 27: '00d4d2a13ace00' })['gsm.sim.imsi']).toBe('234001113206272');
    expect(x({ 27: '00000000000001' })['gsm.sim.imsi']).toBe('000000000000001');
    expect(x({ 27: 'f0000000000001' })['gsm.sim.imsi']).toBe(BigInt('0xf0000000000001').toString());
  });
});

describe('flags', () => {
  it('say every status both ways, and reasons only when set', () => {
    const names = ['engine.ignition.status', 'private.status', 'gsm.network.roaming.status', 'message.buffered.status'];
    names.push('engine.blocked.status', 'serial.device.error.status', 'gnss.jamming.status', 'trunk.lock.status');
    names.push('battery.charging.status');
    const none = x({}, { reasons: 0, status: 0 });
    const all = x({}, { reasons: 0xffffffff, status: 0xffff });
    expect(names.map((name) => none[name])).toEqual(names.map(() => false));
    expect(names.map((name) => all[name])).toEqual(names.map(() => true));
    expect([none['position.valid'], all['position.valid'], none['movement.status']]).toEqual([true, false, undefined]);
    expect([none['report.reasons'], all['report.reasons']]).toMatchObject([[], { length: 32 }]);
    expect(all).toMatchObject({ 'vehicle.state.bitmask': 0xffffffff, 'report.status.bitmask': 0xffff });
  });

  it.each([
    [1 << 6, 'movement.status', true],
    [1 << 7, 'movement.status', false],
    [(1 << 6) | (1 << 7), 'movement.status', true],
    [((1 << 31) | (1 << 7)) >>> 0, 'movement.status', true],
    [1 << 12, 'idle.status', false],
    [(1 << 12) | (1 << 11), 'idle.status', true],
    [(1 << 12) | (1 << 13), 'idle.status', true],
    [1 << 26, 'towing.alarm.status', false],
    [(1 << 26) | (1 << 16), 'towing.alarm.status', true],
  ])('let true win: reasons %i say %s is %s', (reasons, name, value) => {
    expect(x({}, { reasons })[name]).toBe(value);
  });

  it('say whether a fence was entered only when the reason is a fence', () => {
    expect(x({ 8: '85' }, { reasons: 1 })['geofence.enter.status']).toBeUndefined();
    expect(x({ 8: '85' }, { reasons: 8 })).toMatchObject({ 'geofence.id': 5, 'geofence.enter.status': true });
    expect(x({ 8: '05' }, { reasons: 8 })['geofence.enter.status']).toBe(false);
  });
});

describe('modules together', () => {
  it('let the later one write over the earlier', () => {
    const in13 = '01'.repeat(8) + '000a' + '28' + '00'.repeat(4) + '0a' + '00000002';
    const in30 = '02'.repeat(8) + '0014' + '29' + '00'.repeat(4) + '0b' + '000003e8';
    const message = x({ 2: gps(NOW_S, 1, 1), 13: in13, 30: in30, 44: gps(NOW_S - 5, 2, 2) + '00'.repeat(10) });
    expect(message).toMatchObject({
      'trip.max.speed': 2,
      'total.fuel.consumed': 1,
      'position.latitude': 2e-6,
      'trip.mileage': 0,
    });
  });

  it('are tried in their older layouts when the current ones do not consume the packet', () => {
    const trailer = '01' + textHex('TRL2113047') + '04';
    const cm2010 = '32' + '0a' + '09c4' + '09c5' + '07d0' + '11' + '0000';
    expect(x({ 10: trailer })).toMatchObject({ 'trailer.id': 'TRL2113047', 'trailer.id.source': 'hegemon' });
    expect(x({ 45: cm2010 })).toMatchObject({ 'scooter.battery.voltage.1': 25, 'scooter.trip.mileage': 2 });
    expect(x({ 10: trailer, 45: cm2010, 47: '32' + '9c40' + '000003e8' + '0000000a0000' })).toMatchObject({
      'trailer.status.bitmask': 4,
      'scooter.status.bitmask': 17,
      'scooter.odometer': 1,
    });
  });

  it('keep CAN bytes that fit neither layout, prefer the newer, and refuse a size below its own width', () => {
    expect(x({ 46: '0005abcdef' })['can.data.raw']).toBe('ABCDEF');
    const newer = x({ 46: '006e' + '00000000' + '00'.repeat(104) });
    expect(newer['can.data.age.00000000']).toBe(0);
    expect(hear([packet('X', '01' + reportX({ 46: '0001' }))], known).rejected).toMatchObject([
      { reason: 'layout_mismatch' },
    ]);
  });

  it('never read beacons past their area', () => {
    const entry = 'a1a2a3a4a5a6' + 'ce' + '01' + '000a' + '01' + '02' + '0064';
    const list = (count: string, area: string): unknown =>
      x({ 45: count + hexOf(area.length / 2, 2) + '00000000' + area })['ble.beacons'];
    expect(list('01', entry)).toEqual([
      { id: 'A1A2A3A4A5A6', rssi: -50, companion: true, 'last.seen': 10, type: 1, height: 100 },
    ]);
    expect(list('05', entry)).toHaveLength(1);
    expect(list('02', entry + entry.slice(0, 24))).toHaveLength(1);
    expect(list('01', entry + 'ffff')).toHaveLength(1);
    expect(list('00', '')).toEqual([]);
  });

  it('read sensors only when they are valid, by their type', () => {
    const message = x({ 33: '81ff38' + '010a2d' + '821388' + '83ffff' + '000000' + '84ffff' });
    expect(message).toMatchObject({ 'sensor.temperature.1': -2, 'sensor.humidity.3': 50, 'sensor.light.4': 65535 });
    expect(message['sensor.temperature.2']).toBeUndefined();
  });

  it('leave out trouble codes of zeros, blanks or NULs', () => {
    const codes = ['P0133', '00000', '     ', '\0\0\0\0\0', 'U0100'].join('');
    expect(x({ 15: textHex(codes) })['can.dtc']).toEqual(['P0133', 'U0100']);
  });
});

describe('variant Z', () => {
  const sizes: Record<number, number> = { 18: 17, 20: 10, 21: 19, 26: 6, 31: 1, 32: 25, 33: 46, 34: 38, 35: 106 };
  Object.assign(sizes, { 36: 9, 37: 31, 38: 26, 39: 71 });
  const body = (n: number): string => hexOf(n, 1).toUpperCase().repeat(sizes[n]!);

  it.each(Object.keys(sizes).map(Number))('keeps module %i as hex and reads what follows', (n) => {
    const bytes = packet('X', '01' + reportX({ 1: '3d23', [n]: body(n), 47: '32' + '00'.repeat(12) }));
    const expected = { [`module.raw.${n}`]: body(n), 'battery.level': 35, 'scooter.battery.level': 50 };
    expect(one(bytes, { letter: 'Z' })).toMatchObject(expected);
    expect(one(packet('Z', '01' + reportX({ [n]: body(n) })))).toMatchObject({ [`module.raw.${n}`]: body(n) });
  });

  it('is recognised by its sizes when no login said the letter, and not when one said X', () => {
    const bytes = packet('X', '01' + identHex(IMEI) + reportX({ 18: body(18) }));
    expect(hear([bytes]).messages[0]).toMatchObject({ 'module.raw.18': body(18) });
    expect(hear([bytes], { known: { ident: IMEI, letter: 'X' } }).rejected).toMatchObject([
      { reason: 'layout_mismatch' },
    ]);
  });
});

describe('protocol Y', () => {
  const y = (modules: readonly (readonly [number, string])[], head: { reasons?: string; status?: string } = {}) => {
    const mask = modules
      .reduce((sum, [n]) => sum | (1n << BigInt(n - 1)), 0n)
      .toString(16)
      .padStart(20, '0');
    const start = '01' + mask + raw(NOW_S - 60) + (head.reasons ?? '0000000000000001') + (head.status ?? '00000001');
    return packet('Y', '01' + start + modules.map(([, bytes]) => bytes).join(''));
  };
  const sized = (bytes: string): string => hexOf(bytes.length / 2 + 1, 1) + bytes;

  it('keeps 64 reason bits, as a number while that is exact', () => {
    expect(one(y([], { reasons: '0000000100000001' }))).toMatchObject({
      'report.reasons': ['timed_interval', 'trailer_data'],
      'vehicle.state.bitmask': 2 ** 32 + 1,
      'report.module.bitmask': '0x' + '0'.repeat(20),
    });
    const large = one(y([], { reasons: 'ffffffff00000001' }));
    expect(large['vehicle.state.bitmask']).toBeUndefined();
    expect(large['vehicle.state.bitmask.hex']).toBe('0xffffffff00000001');
    expect(one(y([], { status: '00010001' }))['report.status.bitmask']).toBe(0x10001);
  });

  it('stops quietly where a body ends early, and ignores what a body has too much', () => {
    const message = one(
      y([
        [1, sized('00f0')],
        [2, sized('00')],
        [3, sized('0102030405ff')],
      ]),
    );
    expect(message).toMatchObject({ 'external.powersource.voltage': 24, din: 2 });
    expect([message['battery.level'], message['position.latitude']]).toEqual([undefined, undefined]);
    // An empty body of every module is legal as well.
    for (let n = 1; n <= 80; n++) {
      const empty = n === 45 || n === 46 ? '0002' : n === 48 ? '0000' : '01';
      one(
        y(
          [
            [n, empty],
            [80, sized('aa')],
          ].slice(0, n === 80 ? 1 : 2) as [number, string][],
        ),
      );
    }
  });

  it('refuses a size below its own width', () => {
    for (const [n, bytes] of [
      [1, '00'],
      [45, '0001'],
      [46, '0000'],
    ] as const)
      expect(hear([y([[n, bytes]])], known).rejected).toMatchObject([
        { reason: 'layout_mismatch', path: `report[0].module[${n}]` },
      ]);
  });

  it('keeps modules that it does not know as hex', () => {
    const message = one(
      y([
        [30, sized('0102')],
        [41, sized('03')],
        [49, sized('abcd')],
        [80, sized('ef')],
      ]),
    );
    expect(message).toMatchObject({
      'module.raw.30': '0102',
      'module.raw.41': '03',
      'module.raw.49': 'ABCD',
      'module.raw.80': 'EF',
    });
  });

  it('reads tyres, network, J1939 codes, sensors, beacons, CAN and debug data in its own layouts', () => {
    const beacon = 'a1a2a3a4a5a6' + 'ce' + '00' + '000a' + '00' + '00';
    const message = one(
      y([
        [6, sized('02' + '0102' + '50' + '1e' + '0103' + '51' + 'ec')],
        [7, sized('00ea001e' + '5b' + '02')],
        [13, sized('00'.repeat(16) + '000003e8')],
        [15, sized(textHex('P0133'))],
        [21, sized('64000103' + '00000000' + '11111111')],
        [33, sized('8101f4' + '00' + '8203e8' + '03')],
        [45, hexOf(2 + 5 + 12, 2) + '00000000' + '01' + beacon],
        [46, hexOf(2 + 4 + 13, 2) + '00000000' + '00000123' + '0102030405060708' + '09'],
        [48, '0002' + 'beef'],
      ]),
    );
    expect(message).toMatchObject({
      'tyre.pressure.1.2': 8,
      'tyre.temperature.1.2': 30,
      'tyre.temperature.1.3': -20,
      'gsm.mcc': 234,
      'gsm.signal.dbm': -91,
      'gsm.network.type.enum': 2,
      'total.fuel.consumed': 1,
      'can.dtc': ['P0133', { standard: 'J1939', spn: 100, fmi: 1, cm: 0, oc: 3 }],
      'sensor.temperature.1': 5,
      'sensor.humidity.3': 10,
      'ble.beacons': [{ id: 'A1A2A3A4A5A6', rssi: -50, companion: false, 'last.seen': 10, type: 0 }],
      'can.data.frame.00000123': '0102030405060708',
      'can.data.age.00000123': 9,
      'debug.data': 'BEEF',
    });
  });

  it('reads a trailer with and without its deceleration byte', () => {
    const head = raw(NOW_S) + '0001' + '64' + '1388' + '5000' + '0a';
    const tail =
      '1450' + '32' + '5a' + 'ff' + '02' + '11' + '50' + '0a' + '64' + '12' + 'ff' + 'ff' + 'ff' + '646464ffff01';
    const common = {
      'can.event.timestamp': NOW_S,
      'trailer.status.bitmask': 1,
      'trailer.ebs.supply.pressure': 500,
      'axle.weight': 10_000,
      'trailer.wheel.speed': 80,
      'trailer.road.angle': 1,
      'trailer.brake.demand.pressure': 100,
      'trailer.parking.brake.demand.level': 20,
      'trailer.brake.efficiency.level': 90,
      'tyre.pressure.1.1': 8,
      'trailer.brake.temperature.1.1': 100,
      'trailer.brake.lining.wear.level.1.1': 40,
      'trailer.brake.pressure.1': 500,
      'trailer.brake.pressure.6': 5,
    };
    const now = one(y([[44, sized(head + '28' + tail)]]));
    expect(now).toMatchObject({ ...common, 'trailer.deceleration': 2 });
    const first = one(y([[44, sized(head + tail)]]));
    expect(first).toMatchObject(common);
    for (const message of [now, first])
      for (const name of [
        'tyre.pressure.1.2',
        'trailer.brake.pressure.4',
        'trailer.brake.efficiency.compensated.level',
      ])
        expect(message[name]).toBeUndefined();
    expect(first['trailer.deceleration']).toBeUndefined();
  });
});

describe('letters K, M, V, C', () => {
  const report = { sequence: 3, time: NOW_S - 60, reasons: 0x80, status: 0x100, values: {} };

  it.each([
    ['K', 0, 38],
    ['K', 0x100, 50],
    ['M', 0, 41],
    ['M', 0x100, 53],
    ['V', 0, 72],
    ['V', 0x100, 98],
    ['C', 0, 33],
  ])('%s with status %i has reports of %i bytes', (letter, status, bytes) => {
    const made = encodeLegacyPacket({
      letter,
      ident: IMEI,
      reports: [
        { ...report, status },
        { ...report, status },
      ],
    })!;
    expect(made.length).toBe(12 + 2 * bytes);
    expect(hear([made]).messages).toHaveLength(2);
    // One byte more or less fits no number of reports.
    const long = sealed(Uint8Array.from([...made, 0]));
    expect(hear([long]).rejected).toMatchObject([{ reason: 'layout_mismatch' }]);
  });

  it('V has a shorter extra block unless the journey ends', () => {
    const made = encodeLegacyPacket({ letter: 'V', ident: IMEI, reports: [{ ...report, reasons: 1 }] })!;
    expect(made.length).toBe(12 + 86);
  });

  it('says nothing of jamming or immobilisation, whose bits mean other things', () => {
    const message = hear([encodeLegacyPacket({ letter: 'K', ident: IMEI, reports: [report] })!]).messages[0]!;
    for (const name of ['gnss.jamming.status', 'engine.blocked.status', 'trunk.lock.status', 'battery.charging.status'])
      expect(message[name]).toBeUndefined();
    expect(message).toMatchObject({ 'report.status.bitmask': 0x100, 'movement.status': false });
  });

  it('calls bit 23 roll over', () => {
    const made = encodeLegacyPacket({ letter: 'M', ident: IMEI, reports: [{ ...report, reasons: 1 << 23 }] })!;
    expect(hear([made]).messages[0]).toMatchObject({ 'report.reasons': ['roll_over'], 'rollover.event': true });
  });

  it('reads step 0 of the signal as -111 dBm and the others from -113 on', () => {
    const level = (dbm: number) =>
      hear([
        encodeLegacyPacket({ letter: 'K', ident: IMEI, reports: [{ ...report, values: { 'gsm.signal.dbm': dbm } }] })!,
      ]).messages[0]!;
    expect([level(-111)['gsm.signal.dbm'], level(-109)['gsm.signal.dbm'], level(-53)['gsm.signal.dbm']]).toEqual([
      -111, -109, -53,
    ]);
    expect(level(-53)['gsm.signal.level']).toBe(100);
  });

  it('goes by the login when the header is no IMEI and the reports start there', () => {
    const made = encodeLegacyPacket({ letter: 'C', ident: IMEI, reports: [report] })!;
    const bare = sealed(Uint8Array.from([...made.subarray(0, 3), ...made.subarray(10)]));
    expect(hear([bare], known).messages).toMatchObject([{ ident: IMEI, 'record.seqnum': 3 }]);
    expect(hear([bare]).rejected).toMatchObject([{ reason: 'layout_mismatch' }]);
  });
});

describe('a frame that comes to the decoder by another way than the edge', () => {
  const input = { ident: IMEI, context: {}, receivedAtUs: NOW_S * 1e6, settings: {} };
  it('is checked again', () => {
    const good = packet('X', '01' + identHex(IMEI) + reportX({ 1: '3d23' }));
    expect(astra.decode({ ...input, frame: good }).reports).toHaveLength(1);
    const bad = Uint8Array.from(good);
    bad[20]! ^= 1;
    expect(astra.decode({ ...input, frame: bad }).rejected).toMatchObject([{ reason: 'bad_checksum' }]);
    expect(astra.decode({ ...input, frame: good.subarray(0, 20) }).rejected).toMatchObject([{ reason: 'bad_length' }]);
    const bare = packet('X', '01' + reportX({ 1: '3d23' }));
    expect(astra.decode({ ...input, frame: bare }).rejected).toMatchObject([{ reason: 'no_ident' }]);
  });
});
