/** The letters beside X: Z by its sizes, Y with its own modules, and K, M, V, C of fixed layout. */
import { describe, expect, it } from 'vitest';
import { toHex } from '../hex.js';
import { latin1Bytes } from '../wire/writer.js';
import { encodeLegacyPacket } from './simulate.js';
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
    const place = `${raw(NOW_S - 60)}031b934afffb036c`;
    expect(one(y([[2, sized(place)]]))).toMatchObject({
      'position.latitude': 52.138826,
      'position.longitude': -0.326804,
    });
    const partly = one(y([[2, sized(`${place}0a0b`)]]));
    expect(partly).toMatchObject({ 'position.speed': 20, 'position.max.speed': 22 });
    expect(partly['position.direction']).toBeUndefined();
    expect(one(y([[7, sized('00ea')]]))).toMatchObject({ 'gsm.mcc': 234 });
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

  it('takes the later of two position blocks even when it says that there never was a fix', () => {
    const fixed = `${raw(NOW_S - 60)}031b934afffb036c000000000000`;
    const never = '0'.repeat(56);
    const message = one(packet('X', `01${reportX({ 2: fixed, 44: never })}`));
    expect(message).toMatchObject({ 'position.valid': false });
    expect([message['position.latitude'], message['position.timestamp']]).toEqual([undefined, undefined]);
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
