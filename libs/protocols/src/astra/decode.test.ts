/** What a packet of X means: times, identity, guards, flags, the merging of modules and older layouts. */
import { describe, expect, it } from 'vitest';
import { toHex } from '../hex.js';
import { latin1Bytes } from '../wire/writer.js';
import { astra } from './index.js';
import { encodeXPacket } from './simulate.js';
import { hear, hexOf, identHex, IMEI, NOW_S, packet, reportX } from './testing.js';

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
