/** What locations and their additional items say: chapters 6.4 and 6.9. */
import { describe, expect, it } from 'vitest';
import type { Report } from '../catalogue/report.generated.js';
import { fromHex } from '../hex.js';
import type { Decoded, DeviceSettings } from '../protocol.js';
import { Writer } from '../wire/writer.js';
import { jt808, jt808Device } from './index.js';

const RECEIVED_US = Date.UTC(2027, 0, 1) * 1000;
const d13 = { phone: '13812345678', edition: 2013 } as const;
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
/** A location whose body has bytes replaced. */
function patched(...edits: readonly (readonly [at: number, value: number])[]): Report {
  const body = jt808Device.locationBody(place);
  for (const [at, value] of edits) body[at] = value;
  return only(jt808Device.encodeMessage(d13, 0x0200, 1, body));
}
const u32 = (value: number): Uint8Array => new Writer(4).u32(value).done();
const u16 = (value: number): Uint8Array => new Writer(2).u16(value).done();

describe('a location', () => {
  it('gives place, motion, alarms and status; the worked example of the standard', () => {
    const example =
      '7e02000026123456789012007d02000000010000000200ba7f0e07e4f11c0028003c00001810151010100104000000640202007d01137e';
    expect(only(fromHex(example)!)).toMatchObject({
      message_type: '0x0200',
      position_latitude: 12.222222,
      position_longitude: 132.444444,
      position_altitude: 40,
      position_speed: 6,
      position_direction: 0,
      position_valid: true,
      engine_ignition_status: false,
      sos_alarm: true,
      overspeeding_event: false,
      timestamp: 1_539_569_410e6,
      vehicle_mileage: 10,
      numbers: { 'fuel.volume': 12.5 },
    });
  });

  it.each([
    [0, (r: Report) => r.sos_alarm],
    [1, (r: Report) => r.overspeeding_event],
    [2, (r: Report) => r.flags['fatigue.driving.status']],
    [7, (r: Report) => r.battery_low_alarm],
    [8, (r: Report) => r.power_cut_alarm],
    [26, (r: Report) => r.flags['theft.alarm']],
    [27, (r: Report) => r.flags['ignition.illegal.alarm']],
    [28, (r: Report) => r.towing_alarm_status],
    [29, (r: Report) => r.flags['crash.event']],
    [30, (r: Report) => r.flags['rollover.event']],
  ])('has alarm bit %i, and says false without it', (bit, says) => {
    for (let other = 0; other < 32; other++) expect(says(locate({ alarm: (1 << other) >>> 0 }))).toBe(other === bit);
  });

  it.each([
    [0, (r: Report) => r.engine_ignition_status],
    [1, (r: Report) => r.position_valid],
    [10, (r: Report) => r.engine_blocked_status],
    [12, (r: Report) => r.flags['door.lock.status']],
    [18, (r: Report) => r.flags['gps.satellites.status']],
    [19, (r: Report) => r.flags['beidou.satellites.status']],
    [20, (r: Report) => r.flags['glonass.satellites.status']],
    [21, (r: Report) => r.flags['galileo.satellites.status']],
  ])('has status bit %i', (bit, says) => {
    for (let other = 0; other < 32; other++) expect(says(locate({ status: (1 << other) >>> 0 }))).toBe(other === bit);
  });

  it('is south and west by its status, and below the sea by its sign', () => {
    expect(locate({ latitude: -22.5, longitude: -114.5, altitude: -17 })).toMatchObject({
      position_latitude: -22.5,
      position_longitude: -114.5,
      position_altitude: -17,
    });
  });

  it('has no coordinates and no fix where they are impossible', () => {
    for (const edit of [
      [8, 0x06],
      [12, 0x0b],
    ] as const)
      expect(patched(edit)).toMatchObject({
        position_latitude: null,
        position_longitude: null,
        position_valid: false,
        position_speed: 52.3,
        timestamp: TIME * 1000,
      });
  });

  it('has no place and no motion where both coordinates are zero', () => {
    expect(locate({ latitude: 0, longitude: 0 })).toMatchObject({
      position_latitude: null,
      position_speed: null,
      position_altitude: null,
      engine_ignition_status: true,
      timestamp: TIME * 1000,
    });
  });

  it('keeps displaced coordinates, and says that they are', () => {
    expect(locate({ status: 0x23 })).toMatchObject({ position_latitude: 22.548123, quality: ['position_encrypted'] });
  });

  it('takes 360 degrees for 0, and more for nothing', () => {
    expect(patched([20, 0x01], [21, 0x68]).position_direction).toBe(0);
    expect(patched([20, 0x01], [21, 0x69]).position_direction).toBeNull();
  });

  it('has local time: eight hours ahead of UTC unless the device says otherwise', () => {
    const frame = jt808Device.encodeLocation(d13, 1, place);
    expect(only(frame).timestamp).toBe(TIME * 1000);
    expect(only(frame, { jt808UtcOffsetHours: 0 }).timestamp).toBe((TIME + 8 * 3_600_000) * 1000);
  });

  it.each([
    [23, 0x13],
    [24, 0x32],
    [25, 0x25],
    [27, 0x5a],
    [22, 0xf0],
  ])('keeps the time of receipt where byte %i is %i', (at, value) => {
    expect(patched([at, value])).toMatchObject({ timestamp: RECEIVED_US, device_time: null, position_speed: 52.3 });
  });

  it('marks a clock that is more than a day ahead, and one that seems to run on UTC', () => {
    const ahead = locate({ timeMs: Date.UTC(2027, 0, 3) });
    expect(ahead).toMatchObject({ timestamp: RECEIVED_US, quality: ['clock_suspect'] });
    expect(locate({ timeMs: RECEIVED_US / 1000 - 8 * 3_600_000 - 30_000 }).quality).toEqual(['utc_offset_suspect']);
  });

  it('without its fixed part is refused', () => {
    const frame = jt808Device.encodeMessage(d13, 0x0200, 1, new Uint8Array(27));
    expect(decode(frame)).toMatchObject({ reports: [], rejected: [{ reason: 'body_short' }] });
  });

  it('longer than declared is read as declared', () => {
    const body = jt808Device.locationBody({ ...place, items: [[0x31, Uint8Array.of(9)]] });
    const frame = jt808Device.encodeMessage(d13, 0x0200, 1, body);
    // Declares three bytes less, and the sum is right again.
    frame[4]! -= 3;
    frame[frame.length - 2]! ^= (frame[4]! + 3) ^ frame[4]!;
    expect(only(frame)).toMatchObject({ position_latitude: 22.548123, position_satellites: null });
  });
});

describe('the additional items', () => {
  const item = (id: number, ...value: number[]): Report => locate({ items: [[id, Uint8Array.from(value)]] });

  it('are read by their table', () => {
    const report = locate({
      items: [
        [0x01, u32(1234)],
        [0x02, u16(125)],
        [0x03, u16(600)],
        [0x04, u16(7)],
        [0x06, u16(0x8005)],
        [0x11, Uint8Array.of(1, 0, 0, 0, 9)],
        [0x12, Uint8Array.of(2, 0, 0, 0, 8, 1)],
        [0x13, Uint8Array.of(0, 0, 0, 7, 1, 0, 1)],
        [0x25, u32(0b11)],
        [0x2a, u16(0b10)],
        [0x2b, u32(0x00020001)],
        [0x30, Uint8Array.of(23)],
        [0x31, Uint8Array.of(9)],
      ],
    });
    expect(report).toMatchObject({
      vehicle_mileage: 123.4,
      position_satellites: 9,
      sleep_mode_status: true,
      quality: [],
    });
    expect(report.numbers).toMatchObject({
      'fuel.volume': 12.5,
      'recorder.speed': 60,
      'event.confirmation.id': 7,
      'cabin.temperature': -5,
      'overspeeding.area.type': 1,
      'overspeeding.area.id': 9,
      'area.type': 2,
      'area.id': 8,
      'area.direction': 1,
      'segment.id': 7,
      'segment.time': 256,
      'segment.result': 1,
      'signal.bitmask': 3,
      'ain.raw.1': 1,
      'ain.raw.2': 2,
      'gsm.csq': 23,
    });
    expect(report.flags).toMatchObject({ 'low.beam.status': true, 'high.beam.status': true, 'horn.status': false });
    expect(report.strings).toEqual({});
  });

  it('give a tyre pressure a wheel that has one', () => {
    const tyres = new Uint8Array(30).fill(0xff);
    tyres[1] = 200;
    expect(locate({ items: [[0x05, tyres]] }).numbers).toEqual({ 'alarm.bitmask': 0, 'tyre.pressure.raw.2': 200 });
  });

  it('of another length than the table has, or without a row, are kept as hex', () => {
    expect(item(0x06, 88).strings).toEqual({ 'additional.item.06': '58' });
    expect(item(0xeb, 1, 0xab).strings).toEqual({ 'additional.item.eb': '01AB' });
    expect(item(0xe0, 2).strings).toEqual({ 'additional.item.e0': '02' });
  });

  it('end at an id of 0 and at one that runs over the end; what came before stands', () => {
    const tail = (...bytes: number[]): Report =>
      only(
        jt808Device.encodeMessage(
          d13,
          0x0200,
          1,
          new Writer(64)
            .bytes(jt808Device.locationBody(place))
            .bytes(Uint8Array.of(0x31, 1, 9, ...bytes))
            .done(),
        ),
      );
    expect(tail(0, 0, 0, 120)).toMatchObject({ position_satellites: 9, quality: [] });
    expect(tail(0x30, 1)).toMatchObject({ position_satellites: 9, quality: ['items_truncated'] });
    expect(tail(0x30)).toMatchObject({ position_satellites: 9, quality: ['items_truncated'] });
  });
});
