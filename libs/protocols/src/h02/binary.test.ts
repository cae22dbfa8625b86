/** What `$` and `X` records say: chapter 5. */
import { describe, expect, it } from 'vitest';
import type { Report } from '../catalogue/report.generated.js';
import { fromHex } from '../hex.js';
import { runVector } from '../vectors.js';
import { h02 } from './index.js';

const RECEIVED_US = Date.UTC(2027, 0, 1) * 1000;
function read(bytes: Uint8Array): Report {
  const decoded = h02.decode({ frame: bytes, ident: '1', context: {}, receivedAtUs: RECEIVED_US, settings: {} });
  expect(decoded.rejected).toEqual([]);
  return decoded.reports[0]!;
}
const LONG = '24410911442712224701121422339830061140' + '26520e000000fffffbffff0014060000000001cc00262b0f170a';
const SHORT = '2441060116601245431311165035313006004318210e000000fffffbffff0024';
/** The record with bytes replaced: [offset, value]. */
function changed(hex: string, ...edits: readonly (readonly [number, number])[]): Uint8Array {
  const bytes = fromHex(hex)!;
  for (const [at, value] of edits) bytes[at] = value;
  return bytes;
}

describe('a record of 45 bytes', () => {
  it('gives head and tail', () => {
    expect(read(fromHex(LONG)!)).toMatchObject({
      message_type: '$',
      vendor_code: null,
      timestamp: 1_417_436_567e6,
      position_latitude: 22.566383,
      position_longitude: 114.0442,
      position_valid: true,
      position_speed: 0,
      position_direction: 0,
      vehicle_state_bitmask: 0xfffffbff,
      engine_ignition_status: false,
      vehicle_mileage: 0,
      gsm_mcc: 460,
      gsm_mnc: 0,
      gsm_lac: 9771,
      gsm_cellid: 3863,
      event_seqnum: 10,
      battery_level: 100,
      numbers: { 'gsm.csq': 20, 'gnss.signal.raw': 6 },
    });
  });

  it('gives nothing of a tail without a country code', () => {
    for (const [high, low] of [
      [0, 199],
      [3, 32],
      [0, 0],
    ] as const)
      expect(read(changed(LONG, [0x25, high], [0x26, low]))).toMatchObject({
        position_latitude: 22.566383,
        gsm_mcc: null,
        event_seqnum: null,
        vehicle_mileage: null,
        numbers: {},
      });
  });
});

describe('a record of 32 bytes', () => {
  it('gives head and record number', () => {
    expect(read(fromHex(SHORT)!)).toMatchObject({ event_seqnum: 0x24, gsm_mcc: null, timestamp: 1_479_041_143e6 });
  });

  it('keeps user alarms only where there are some', () => {
    expect(read(fromHex(SHORT)!).numbers).toEqual({});
    expect(read(changed(SHORT, [0x1d, 0xfe])).numbers).toEqual({ 'user.alarm.bitmask': 0xfe });
  });

  it.each([
    [0xe, 50.58855, 4.530352, true],
    [0xc, 50.58855, 4.530352, false],
    [0x6, 50.58855, -4.530352, true],
    [0x2, -50.58855, -4.530352, true],
    [0x4, 50.58855, -4.530352, false],
  ])('has hemispheres and validity in the flags %i', (flags, latitude, longitude, valid) => {
    expect(read(changed(SHORT, [0x13, 0x18], [0x14, 0x21], [0x15, 0x10 | flags]))).toMatchObject({
      position_latitude: latitude,
      position_longitude: longitude,
      position_valid: valid,
    });
  });

  it('has speed in knots and course as three digits each', () => {
    const moving = (a: number, b: number, c: number): Report => read(changed(SHORT, [0x16, a], [0x17, b], [0x18, c]));
    expect(moving(0x01, 0x40, 0x28)).toMatchObject({ position_speed: 25.928, position_direction: 28 });
    expect(moving(0x00, 0x03, 0x60)).toMatchObject({ position_speed: 0, position_direction: 0 });
    expect(moving(0x00, 0x03, 0x61)).toMatchObject({ position_speed: 0, position_direction: null });
    expect(moving(0x01, 0x4a, 0x00)).toMatchObject({ position_speed: 25.928, position_direction: null });
    expect(moving(0x0a, 0x00, 0x28)).toMatchObject({ position_speed: null, position_direction: 28 });
  });

  it('loses only the value that a bad digit stands in', () => {
    expect(read(changed(SHORT, [6, 0x25]))).toMatchObject({ device_time: null, position_latitude: 50.58855 });
    expect(read(changed(SHORT, [8, 0x4a]))).toMatchObject({ timestamp: RECEIVED_US, event_seqnum: 0x24 });
    for (const [at, value] of [
      [0x0c, 0xa1],
      [0x0c, 0x91],
      [0x0d, 0x75],
      [0x11, 0x18],
      [0x14, 0xff],
    ] as const)
      expect(read(changed(SHORT, [at, value], [0x12, at === 0x11 ? 0x10 : 0x04]))).toMatchObject({
        position_latitude: null,
        position_valid: false,
        timestamp: 1_479_041_143e6,
        vehicle_state_bitmask: 0xfffffbff,
      });
  });

  it('has no coordinates where both are zero', () => {
    const zeros = [0x0c, 0x0d, 0x0e, 0x0f, 0x11, 0x12, 0x13, 0x14].map((at) => [at, 0] as const);
    expect(read(changed(SHORT, ...zeros, [0x15, 0x0c]))).toMatchObject({
      position_latitude: null,
      position_longitude: null,
      position_valid: false,
    });
  });
});

describe('records of other vendors', () => {
  it('of 42 bytes have everything three bytes later', () => {
    const record = '2435248308419329301047591808172627335900074412294e024138feffffffff01120064ba73005ecc';
    expect(read(fromHex(record)!)).toMatchObject({
      position_latitude: 26.455598,
      position_longitude: 74.687157,
      position_speed: 44.448,
      position_direction: 138,
      vehicle_state_bitmask: 0xfeffffff,
      timestamp: Date.UTC(2017, 7, 18, 10, 47, 59) * 1000,
      event_seqnum: null,
    });
  });

  it.each([
    [
      '2421305109380127171003170520046500100286297e003085ffffdfffff03440069129344006400001151415a20',
      5.334108,
      1_489_109_237,
    ],
    [
      '24971305007205201916101533335008000073206976000000effffbffff000252776566060000000000000000000049',
      33.558347,
      1_444_972_819,
    ],
    [
      '24734001983020381625092600000000000000000000000000f7e7fbffff04140b0000000001cc02ff00000000000000000000',
      undefined,
      1_790_368_696,
    ],
  ])('give the common head, and nothing of the tail: %s', (record, latitude, timestamp) => {
    const output = runVector({
      id: 'other',
      protocol: 'h02',
      transport: 'tcp',
      kind: 'decode',
      now: '2027-01-01T00:00:00Z',
      chunks: [record],
    });
    const messages = 'messages' in output ? output.messages : [];
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatchObject({ 'message.type': '$', timestamp });
    expect(messages[0]!['position.latitude']).toBe(latitude);
    expect(messages[0]!['event.seqnum']).toBeUndefined();
  });
});

describe('an X record', () => {
  const x = '5800009814991024031101175540227006012321670c000095fffffbffff0033';

  it('has mileage and temperature where a $ record has identifier and battery', () => {
    expect(read(fromHex(x)!)).toMatchObject({
      message_type: 'X',
      ident: '1',
      vehicle_mileage: 504.927,
      sensor_temperature_1: 3,
      battery_level: null,
      event_seqnum: 0x33,
      position_latitude: 55.67045,
    });
    expect(read(changed(x, [0x10, 0x14], [0x15, 0x0d])).sensor_temperature_1).toBe(-10);
    expect(read(changed(x, [0x10, 0xff])).sensor_temperature_1).toBeNull();
    expect(read(changed(x, [0x10, 0xfe])).sensor_temperature_1).toBeNull();
  });
});

describe('a record that is too short', () => {
  it('is refused, not read past its end', () => {
    for (let length = 1; length < 29; length++) {
      const frame = fromHex(SHORT)!.subarray(0, length);
      const decoded = h02.decode({ frame, ident: '1', context: {}, receivedAtUs: RECEIVED_US, settings: {} });
      expect(decoded).toMatchObject({ reports: [], rejected: [{ reason: 'truncated' }] });
    }
  });
});
