/** What text frames say: chapters 3, 4 and 10 of the description, and its pitfalls. */
import { describe, expect, it } from 'vitest';
import type { Report } from '../catalogue/report.generated.js';
import type { Decoded, DeviceSettings } from '../protocol.js';
import { latin1Bytes } from '../wire/writer.js';
import { h02 } from './index.js';

const RECEIVED_US = Date.UTC(2027, 0, 1) * 1000;
const decode = (text: string, settings: DeviceSettings = {}): Decoded =>
  h02.decode({ frame: latin1Bytes(text), ident: '9171701065', context: {}, receivedAtUs: RECEIVED_US, settings });
/** The only report of a frame of this device. */
function read(rest: string, settings: DeviceSettings = {}): Report {
  const decoded = decode(`*HQ,9171701065,${rest}#`, settings);
  expect(decoded.rejected).toEqual([]);
  expect(decoded.reports).toHaveLength(1);
  return decoded.reports[0]!;
}
const PLACE = '0413.6411,N,07332.6347,E';
const v1 = (tail: string, place = PLACE): Report => read(`V1,123350,A,${place},010.00,090,061025,FFFFFBFF${tail}`);
const seconds = (report: Report): number => report.timestamp / 1e6;

describe('a position', () => {
  it('gives time, place, speed in km/h, course and state', () => {
    expect(v1('')).toMatchObject({
      kind: 'report',
      message_type: 'V1',
      vendor_code: 'HQ',
      position_valid: true,
      position_latitude: 4.227352,
      position_longitude: 73.543912,
      position_speed: 18.52,
      position_direction: 90,
      vehicle_state_bitmask: 0xfffffbff,
      strings: { 'vehicle.state': 'FFFFFBFF' },
      engine_ignition_status: false,
      timestamp: Date.UTC(2025, 9, 6, 12, 33, 50) * 1000,
    });
  });

  it.each([
    ['37573392,S,145037022,E', -37.955653, 145.061703],
    ['-23-35.3408,S,-48-2.8926,W', -23.589013, -48.04821],
    ['3542.2043,N,38.6508,W', 35.703405, -0.64418],
    ['3514.4088,N,9733.2842,W', 35.240147, -97.554737],
    ['809.0010,S,3454.8997,W', -8.150017, -34.914995],
    ['5231.79283,N,01324.10718,E', 52.529881, 13.401786],
    ['0000.0000,N,00000.0001,W', 0, -0.000002],
  ])('reads %s', (place, latitude, longitude) => {
    const report = v1('', place);
    expect(report.position_latitude).toBeCloseTo(latitude, 6);
    expect(report.position_longitude).toBeCloseTo(longitude, 6);
  });

  it.each([
    '0475.6411,N,07332.6347,E',
    '9113.6411,N,07332.6347,E',
    '0413.6411,N,18132.6347,E',
    '0460.0000,N,07332.6347,E',
  ])('has no coordinates and no valid fix where they are impossible: %s', (place) => {
    const report = v1(',460,00,10342,4283', place);
    expect(report).toMatchObject({
      position_latitude: null,
      position_longitude: null,
      position_valid: false,
      position_speed: 18.52,
      gsm_cellid: 4283,
      quality: ['value_out_of_range'],
    });
  });

  it.each([',N,,E', '0.0000,N,0.0000,E', 'x413.6,N,07332.6,E'])('has no place at all in %s', (place) => {
    expect(v1('', place)).toMatchObject({ position_latitude: null, position_valid: false, position_speed: null });
  });

  it('without a fix is the last known one, and 0/0 is none', () => {
    expect(read(`V1,123350,V,${PLACE},0,0,061025,FFFFFBFF`)).toMatchObject({
      position_valid: false,
      position_latitude: 4.227352,
    });
    expect(read('V1,123350,V,0000.0000,N,00000.0000,E,0,0,061025,FFFFFBFF').position_latitude).toBeNull();
    expect(read(`V1,123350,B,${PLACE},0,0,061025,FFFFFBFF`).position_valid).toBe(true);
    expect(read(`V1,123350,,${PLACE},0,0,061025,FFFFFBFF`).position_valid).toBe(false);
    expect(read(`V1,123350,0,${PLACE},0,0,061025,FFFFFBFF`).position_valid).toBe(false);
    expect(read(`VI1,123350,0,${PLACE},0,0,061025,FFFFFBFF`).position_valid).toBe(true);
  });

  it('takes empty speed and course for 0, blanks for nothing, and 360 degrees for 0', () => {
    expect(read(`V1,123350,A,${PLACE},,,061025,FFFFFBFF`)).toMatchObject({ position_speed: 0, position_direction: 0 });
    expect(read(`V1,123350,A,${PLACE},  3.34,360,061025,FFFFFBFF`)).toMatchObject({
      position_speed: 6.186,
      position_direction: 0,
    });
    expect(read(`V1,123350,A,${PLACE},-3,361,061025,FFFFFBFF`)).toMatchObject({
      position_speed: null,
      position_direction: null,
    });
  });

  it('may have an integer in front of the date', () => {
    expect(read(`V1,123350,A,${PLACE},0,047,4,061025,FFFFFBFF`)).toMatchObject({
      position_direction: 47,
      vehicle_state_bitmask: 0xfffffbff,
      timestamp: Date.UTC(2025, 9, 6, 12, 33, 50) * 1000,
    });
  });

  it('may miss the comma between date and status', () => {
    expect(read(`V1,123350,A,${PLACE},0,0,061025F7FFBBFF,460,00,10342,3721`)).toMatchObject({
      vehicle_state_bitmask: 0xf7ffbbff,
      gsm_cellid: 3721,
      timestamp: Date.UTC(2025, 9, 6, 12, 33, 50) * 1000,
    });
  });

  it.each([
    ['253350', '061025'],
    ['126050', '061025'],
    ['123369', '061025'],
    ['123350', '310225'],
    ['123350', '061325'],
    ['', '061025'],
    ['123350', ''],
    ['12335', '061025'],
  ])('keeps the time of receipt where time %s or date %s does not exist', (time, date) => {
    const report = read(`V1,${time},A,${PLACE},0,0,${date},FFFFFBFF`);
    expect(report).toMatchObject({ timestamp: RECEIVED_US, device_time: null, vehicle_state_bitmask: 0xfffffbff });
  });

  it('marks a clock more than a day ahead, and believes one that is decades behind', () => {
    expect(read(`V1,000000,A,${PLACE},0,0,050180,FFFFFBFF`)).toMatchObject({
      timestamp: RECEIVED_US,
      device_time: Date.UTC(2080, 0, 5) * 1000,
      quality: ['clock_suspect'],
    });
    expect(seconds(read(`V1,123350,A,${PLACE},0,0,010100,FFFFFBFF`))).toBe(946_730_030);
    expect(read(`V1,000000,A,${PLACE},0,0,020127,FFFFFBFF`).quality).toEqual([]);
  });
});

describe('a damaged position frame', () => {
  it('gives its state where the block is missing, and is a sign of life where that is missing too', () => {
    expect(read('V1,000000,V,0.0000,0,0.0000,0,0.00,0.00,000000,ffffffff,460,00,1,2')).toMatchObject({
      kind: 'report',
      position_latitude: null,
      vehicle_state_bitmask: 0xffffffff,
      gsm_mcc: 460,
    });
    expect(read('V1,123350,A,0413.6411,N').kind).toBe('presence');
  });

  it('stops being read at a status that is not eight hexadecimal digits', () => {
    for (const status of ['FFFFFBF', 'FFFFFBFFF', 'FFFFFBFG', ''])
      expect(read(`V1,123350,A,${PLACE},0,0,061025,${status},460,00,10342,4283,6`)).toMatchObject({
        position_latitude: 4.227352,
        vehicle_state_bitmask: null,
        engine_ignition_status: null,
        gsm_mcc: null,
        battery_level: null,
      });
  });

  it.each(['H,1,V1', 'HQ,12a,V1', 'HQ'])('%s is refused as bad syntax', (head) => {
    expect(decode(`*${head},123350#`).rejected[0]?.reason).toBe('bad_syntax');
    expect(decode(`*${head},123350#`).reports).toEqual([]);
  });
});

describe('the cells behind the status', () => {
  it.each([
    ['460,00,10342,4283', [460, 0, 10342, 4283]],
    ['226,05,703,26034200', [226, 5, 703, 26034200]],
    ['310,260,0,0', [310, 260, 0, 0]],
    ['cc,28,  db,d75b', [204, 40, 219, 55131]],
    ['000106,000002,000203,004c87', [262, 2, 515, 19591]],
    ['106,14, 201,2173', [262, 20, 513, 8563]],
    ['460,11,d18e105,7752', [460, 11, null, null]],
    ['0,0,0,0', [null, null, null, null]],
    [',,9059e2c,8232', [null, null, null, null]],
    ['000243,000000,000000', [null, null, null, null]],
    ['69129336,0,100.0,18,5141,5A20', [null, null, null, null]],
  ])('%s are read as %j', (cells, expected) => {
    const r = v1(`,${cells}`);
    expect([r.gsm_mcc, r.gsm_mnc, r.gsm_lac, r.gsm_cellid]).toEqual(expected);
  });
});

describe('the battery code', () => {
  it.each([
    ['0', null],
    ['1', 0],
    ['2', 10],
    ['3', 20],
    ['4', 60],
    ['5', 80],
    ['6', 100],
    ['7', 7],
    ['100', 100],
    ['101', null],
    ['7,31', null],
    ['x', null],
  ])('%s is %j percent', (code, level) => {
    expect(v1(`,460,00,10342,4283,${code}`).battery_level).toBe(level);
  });

  it('is a signal figure where the cells are hexadecimal, and is none without cells', () => {
    expect(v1(',000106,000002,000203,004c87,24').battery_level).toBeNull();
    expect(v1(',6').battery_level).toBeNull();
    expect(v1(',460,11,d18e105,7752,6').battery_level).toBe(100);
  });
});

describe('the status word', () => {
  const state = (word: string, settings: DeviceSettings = {}): Report =>
    read(`V1,123350,A,${PLACE},0,0,061025,${word}`, settings);

  it('is active low, unsigned, and upper case', () => {
    expect(state('fbfffbff')).toMatchObject({
      strings: { 'vehicle.state': 'FBFFFBFF' },
      vehicle_state_bitmask: 4_227_857_407,
      message_buffered_status: true,
      engine_ignition_status: false,
    });
  });

  it.each([
    ['FFFFFFFE', (r: Report) => r.flags['theft.alarm']],
    ['FFFFFFFD', (r: Report) => r.sos_alarm],
    ['FFFFFFFB', (r: Report) => r.overspeeding_event],
    ['FFFFFFF7', (r: Report) => r.flags['ignition.illegal.alarm']],
    ['FFFFFFEF', (r: Report) => r.flags['geofence.enter.alarm']],
    ['FFFFFF7F', (r: Report) => r.flags['geofence.exit.alarm']],
    ['FFFFFEFF', (r: Report) => r.flags['door.open.status']],
    ['FFFFFDFF', (r: Report) => r.flags['defense.active.status']],
    ['FFFFDFFF', (r: Report) => r.flags['engine.running.status']],
    ['FFFDFFFF', (r: Report) => r.flags['vibration.alarm']],
    ['FFF7FFFF', (r: Report) => r.external_powersource_status === false],
    ['FDFFFFFF', (r: Report) => r.towing_alarm_status],
    ['FBFFFFFF', (r: Report) => r.message_buffered_status],
    ['F7FFFFFF', (r: Report) => r.engine_blocked_status],
    ['EFFFFFFF', (r: Report) => r.power_cut_alarm],
  ])('%s says one thing, and FFFFFFFF says that it is not so', (word, says) => {
    expect(says(state(word))).toBe(true);
    expect(says(state('FFFFFFFF'))).toBe(false);
  });

  it('gives only itself and the ignition where the alarms are switched off', () => {
    const report = state('00000000', { h02Alarms: false });
    expect(report).toMatchObject({
      engine_ignition_status: false,
      vehicle_state_bitmask: 0,
      sos_alarm: null,
      flags: {},
    });
  });
});

describe('the identity of a report', () => {
  it('is the same for a re-send with other cells, and another for another time, place, type or state', () => {
    const id = (rest: string): string => read(rest).message_id;
    const first = id(`V1,123350,A,${PLACE},0,0,061025,FFFFFBFF`);
    expect(id(`V1,123350,A,${PLACE},0,0,061025,FFFFFBFF,460,00,1,2`)).toBe(first);
    const others = [
      `V1,123351,A,${PLACE},0,0,061025,FFFFFBFF`,
      `V1,123350,A,0413.6412,N,07332.6347,E,0,0,061025,FFFFFBFF`,
      `V6,123350,A,${PLACE},0,0,061025,FFFFFBFF`,
      `V1,123350,A,${PLACE},0,0,061025,FFFFFFFF`,
    ];
    expect(new Set([first, ...others.map(id)]).size).toBe(5);
  });
});
