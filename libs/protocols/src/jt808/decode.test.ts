/** What messages say: chapters 6.5–6.8, 6.10 and 10. */
import { describe, expect, it } from 'vitest';
import type { Report } from '../catalogue/report.generated.js';
import { fromHex } from '../hex.js';
import type { Decoded, DeviceSettings } from '../protocol.js';
import { gbkBytes } from '../wire/gbk.js';
import { Writer, latin1Bytes } from '../wire/writer.js';
import { jt808, jt808Device } from './index.js';

const RECEIVED_US = Date.UTC(2027, 0, 1) * 1000;
const d13 = { phone: '13812345678', edition: 2013 } as const;
const d19 = { phone: '13812345678', edition: 2019 } as const;
const TIME = Date.UTC(2024, 2, 15, 4, 34, 56);
const place = {
  timeMs: TIME,
  alarm: 0,
  status: 0xc0003,
  latitude: 22.548123,
  longitude: 114.012345,
  altitude: 35,
  speed: 52.3,
  direction: 90,
};

const decode = (frame: Uint8Array, settings: DeviceSettings = {}): Decoded =>
  jt808.decode({ frame, ident: '13812345678', context: {}, receivedAtUs: RECEIVED_US, settings });
function only(frame: Uint8Array, settings: DeviceSettings = {}): Report {
  const decoded = decode(frame, settings);
  expect(decoded.rejected).toEqual([]);
  expect(decoded.reports).toHaveLength(1);
  return decoded.reports[0]!;
}
const locate = (change: Partial<Parameters<typeof jt808Device.encodeLocation>[2]> = {}): Report =>
  only(jt808Device.encodeLocation(d13, 1, { ...place, ...change }));

describe('a batch', () => {
  const later = { ...place, timeMs: TIME + 30_000 };

  it('is a report an item, in order, marked when it waited for coverage', () => {
    const reports = decode(jt808Device.encodeBatch(d13, 1, [place, later], true)).reports;
    expect(reports.map((r) => [r.message_type, r.timestamp, r.message_buffered_status])).toEqual([
      ['0x0704', TIME * 1000, true],
      ['0x0704', (TIME + 30_000) * 1000, true],
    ]);
    expect(decode(jt808Device.encodeBatch(d13, 1, [place], false)).reports[0]!.message_buffered_status).toBeNull();
  });

  it('trusts the items, not their count; skips a short one; ends at one that is cut', () => {
    const item = jt808Device.locationBody(place);
    const body = (count: number, ...items: readonly Uint8Array[]): Uint8Array => {
      const out = new Writer(256).u16(count).u8(0);
      for (const i of items) out.u16(i.length).bytes(i);
      return out.done();
    };
    const count = (bytes: Uint8Array): number => {
      const decoded = decode(jt808Device.encodeMessage(d13, 0x0704, 1, bytes));
      expect(decoded.rejected).toEqual([]);
      return decoded.reports.length;
    };
    expect(count(body(9, item, item))).toBe(2);
    expect(count(body(2, item, item.subarray(0, 27), item))).toBe(2);
    expect(count(body(2, item, item).subarray(0, -1))).toBe(1);
    expect(decode(jt808Device.encodeMessage(d13, 0x0704, 1, body(1, item.subarray(1)))).rejected[0]?.reason).toBe(
      'body_short',
    );
  });

  it('gives a location that is sent again the identity it had alone', () => {
    const alone = only(jt808Device.encodeLocation(d13, 7, place));
    const again = decode(jt808Device.encodeBatch(d13, 99, [later, place], true)).reports[1]!;
    expect(again.message_id).toBe(alone.message_id);
    expect(locate({ alarm: 1 }).message_id).not.toBe(alone.message_id);
    expect(locate({ timeMs: TIME + 1000 }).message_id).not.toBe(alone.message_id);
    expect(locate({ latitude: 22.548124 }).message_id).not.toBe(alone.message_id);
    expect(locate({ status: 2 }).message_id).not.toBe(alone.message_id);
  });
});

describe('a split message', () => {
  it('is the same as a whole one when its parts are joined', () => {
    const locations = Array.from({ length: 80 }, (_, i) => ({ ...place, timeMs: TIME + i * 1000 }));
    const parts = jt808Device.encodePackets(d19, 0x0704, 65_534, jt808Device.batchBody(locations, true));
    expect(parts.length).toBeGreaterThan(2);
    expect(parts.map((frame) => jt808.part!(frame))).toEqual(
      parts.map((_, index) => ({ set: '0x0704 65534', index, count: parts.length })),
    );
    const reports = decode(jt808.join!(parts)).reports;
    expect(reports.map((r) => r.timestamp)).toEqual(locations.map((l) => l.timeMs * 1000));
    expect(decode(parts[0]!)).toMatchObject({ reports: [], rejected: [] });
  });

  it('of one part stands alone', () => {
    const [frame] = jt808Device.encodePackets(d13, 0x0200, 5, jt808Device.locationBody(place));
    expect(jt808.part!(frame!)).toBeNull();
    expect(only(frame!).position_latitude).toBe(22.548123);
    expect(jt808.part!(jt808Device.encodeHeartbeat(d13, 1))).toBeNull();
  });
});

describe('a registration', () => {
  const registration = {
    province: 44,
    city: 300,
    manufacturer: 'STRAK',
    model: 'ST-902AL',
    terminal: '1A2B3C4',
    plateColour: 1,
    plate: '粤B12345',
  };

  it.each([d13, d19])('says what the device is, in the edition of %j', (device) => {
    expect(only(jt808Device.encodeRegistration(device, 1, registration))).toMatchObject({
      kind: 'report',
      message_type: '0x0100',
      device_model: 'ST-902AL',
      numbers: { 'province.id': 44, 'city.id': 300, 'vehicle.plate.color': 1 },
      strings: {
        'manufacturer.code': 'STRAK',
        'manufacturer.device.code': '1A2B3C4',
        'vehicle.plate.number': '粤B12345',
      },
    });
  });

  it('has a VIN where the plate colour is 0', () => {
    const report = only(
      jt808Device.encodeRegistration(d13, 1, { ...registration, plateColour: 0, plate: 'LSVAU2180N2183294' }),
    );
    expect(report.vehicle_vin).toBe('LSVAU2180N2183294');
    expect(report.strings['vehicle.plate.number']).toBeUndefined();
  });

  it('of 2011 with a VIN is told from one of 2013, although it is as long', () => {
    const body = new Writer(64)
      .u16(40)
      .u16(50)
      .bytes(latin1Bytes('1234\0MODEL-01CHI1230'))
      .u8(0)
      .bytes(latin1Bytes('LSVAU2180N2183294'))
      .done();
    expect(body).toHaveLength(42);
    expect(only(jt808Device.encodeMessage(d13, 0x0100, 1, body))).toMatchObject({
      vehicle_vin: 'LSVAU2180N2183294',
      device_model: 'MODEL-01',
      strings: { 'manufacturer.device.code': 'CHI1230' },
    });
  });

  it('too short for any edition is refused', () => {
    expect(decode(jt808Device.encodeMessage(d13, 0x0100, 1, new Uint8Array(24))).rejected[0]?.reason).toBe(
      'body_short',
    );
    expect(decode(jt808Device.encodeMessage(d19, 0x0100, 1, new Uint8Array(75))).rejected[0]?.reason).toBe(
      'body_short',
    );
  });
});

describe('the attributes', () => {
  const attributes = (maker: number, model: number, terminal: number): Uint8Array =>
    new Writer(128)
      .u16(7)
      .bytes(latin1Bytes('MAKER'.padEnd(maker, '\0')))
      .bytes(latin1Bytes('ST-901'.padEnd(model, '\0')))
      .bytes(latin1Bytes('T1'.padEnd(terminal, '\0')))
      .bytes(fromHex('8986032494756003297f')!)
      .u8(3)
      .bytes(latin1Bytes('H-1'))
      .u8(4)
      .bytes(latin1Bytes('F-22'))
      .u8(3)
      .u8(0x20)
      .done();

  it.each([
    ['2013', d13, attributes(5, 20, 7)],
    ['2019', d19, attributes(5, 30, 30)],
    ['2019 with the longer manufacturer', d19, attributes(11, 30, 30)],
  ])('are read in the layout of %s, with the ICCID where it really is', (_, device, body) => {
    const decoded = decode(jt808Device.encodeMessage(device, 0x0107, 1, body));
    expect(decoded.reports[0]).toMatchObject({
      kind: 'report',
      device_model: 'ST-901',
      gsm_sim_iccid: '8986032494756003297',
      strings: {
        'manufacturer.code': 'MAKER',
        'manufacturer.device.code': 'T1',
        'device.hardware.version': 'H-1',
        'device.firmware.version': 'F-22',
      },
      numbers: { 'gnss.support.bitmask': 3, 'gsm.support.bitmask': 32 },
    });
    expect(decoded.responses).toEqual([{ command: '0x8107', outcome: 'value' }]);
  });

  it('that lead past the end are refused', () => {
    const frame = jt808Device.encodeMessage(d19, 0x0107, 1, attributes(5, 30, 30).subarray(0, -1));
    expect(decode(frame).rejected[0]?.reason).toBe('layout_mismatch');
  });
});

describe('signs of life', () => {
  it('are heartbeats, log-outs, log-ins, and messages that nobody knows', () => {
    for (const id of [0x0002, 0x0003, 0x0004, 0x0f99, 0x0705, 0x0800])
      expect(only(jt808Device.encodeMessage(d13, id, 1, new Uint8Array(4))).kind).toBe('presence');
    const login = only(jt808Device.encodeAuthentication(d19, 1, 'CODE', '123456789012345', '3.7.15'));
    expect(login).toMatchObject({
      kind: 'presence',
      strings: { 'device.imei': '123456789012345', 'device.firmware.version': '3.7.15' },
    });
    expect(JSON.stringify(login)).not.toContain('CODE');
  });

  it('are driver cards, with what they say', () => {
    const name = gbkBytes('王伟')!;
    const body = new Writer(64)
      .u8(1)
      .bytes(fromHex('240315123456')!)
      .u8(0)
      .u8(name.length)
      .bytes(name)
      .bytes(latin1Bytes('CERT-1'.padEnd(20, '\0')))
      .u8(3)
      .bytes(latin1Bytes('ABC'))
      .done();
    expect(only(jt808Device.encodeMessage(d13, 0x0702, 1, body))).toMatchObject({
      kind: 'presence',
      driver_id: 'CERT-1',
      device_time: TIME * 1000,
      strings: { 'driver.name': '王伟', 'driver.license.authority': 'ABC' },
    });
  });
});

describe('transparent data', () => {
  it('is kept as hex, and as text where it is printable', () => {
    const sent = (...bytes: number[]): Report =>
      only(jt808Device.encodeMessage(d13, 0x0900, 1, Uint8Array.from(bytes)));
    expect(sent(0x41, 0x48, 0x69)).toMatchObject({
      kind: 'report',
      numbers: { 'transparent.type': 0x41 },
      strings: { 'transparent.data': '4869', 'transparent.text': 'Hi' },
    });
    expect(sent(0xf0, 0x00, 0xff).strings).toEqual({ 'transparent.data': '00FF' });
  });
});

describe('an answer', () => {
  it('of the general kind names command, serial and result', () => {
    const answer = (result: number): Decoded => decode(jt808Device.encodeAnswer(d13, 10, 5, 0x8300, result));
    expect(answer(0).responses).toEqual([{ command: '0x8300', outcome: 'ok', code: 0, tag: '5' }]);
    expect(answer(3).responses).toEqual([{ command: '0x8300', outcome: 'error', code: 3, tag: '5' }]);
    expect(answer(0).reports[0]!.kind).toBe('presence');
  });

  it.each([0x8104, 0x8106, 0x8107, 0x8201, 0x8500])('of the general kind to %i says only that it was taken', (id) => {
    const [answer] = decode(jt808Device.encodeAnswer(d13, 10, 5, id, 0)).responses;
    expect(answer).toMatchObject({ outcome: 'accepted', tag: '5' });
    expect(decode(jt808Device.encodeAnswer(d13, 10, 5, id, 3)).responses).toMatchObject([{ outcome: 'error' }]);
  });

  it('to a query for parameters has their values by their kind, up to one that is cut', () => {
    const body = new Writer(64)
      .u16(9)
      .u8(4)
      .u32(0x0029)
      .u8(4)
      .u32(30)
      .u32(0x0013)
      .u8(7)
      .bytes(latin1Bytes('1.2.3.4'))
      .u32(0x0084)
      .u8(1)
      .u8(2)
      .u32(0x0001)
      .u8(4)
      .u16(1)
      .done();
    expect(decode(jt808Device.encodeMessage(d13, 0x0104, 1, body)).responses).toEqual([
      {
        command: '0x8104',
        outcome: 'value',
        tag: '9',
        values: [
          { id: '0x0029', value: 30 },
          { id: '0x0013', value: '1.2.3.4' },
          { id: '0x0084', value: 2 },
        ],
      },
    ]);
  });

  it.each([
    [0x0201, '0x8201'],
    [0x0500, '0x8500'],
  ])('that carries a location (%i) is both', (id, command) => {
    const body = new Writer(64).u16(77).bytes(jt808Device.locationBody(place)).done();
    const decoded = decode(jt808Device.encodeMessage(d13, id, 1, body));
    expect(decoded.reports[0]).toMatchObject({ kind: 'report', position_latitude: 22.548123 });
    expect(decoded.responses).toEqual([{ command, outcome: 'ok', tag: '77' }]);
  });
});

describe('every message id', () => {
  it('survives bodies of any length and content', () => {
    const ids = [
      0x0001, 0x0002, 0x0100, 0x0102, 0x0104, 0x0107, 0x0108, 0x0200, 0x0201, 0x0500, 0x0702, 0x0704, 0x0900,
    ];
    const silent: number[] = [];
    let rows = 0;
    let seed = 12_345;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (seed >>> 8) % below;
    };
    for (const id of ids)
      for (let round = 0; round < 300; round++) {
        const body = Uint8Array.from({ length: random(140) }, () => (random(3) === 0 ? random(256) : random(12)));
        const frame = jt808Device.encodeMessage(random(2) === 0 ? d13 : d19, id, round, body);
        const { reports, responses, rejected } = decode(frame);
        if (reports.length + responses.length + rejected.length === 0) silent.push(id);
        rows += jt808.explain({ frame, ident: '1', context: {}, receivedAtUs: 0, settings: {} }).length;
      }
    // Only a batch may hold nothing at all: one that says that it has no items.
    expect(silent.filter((id) => id !== 0x0704)).toEqual([]);
    expect(rows).toBeGreaterThan(10_000);
  });
});
