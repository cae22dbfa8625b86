/** What text frames say: chapters 3, 4 and 10 of the description, and its pitfalls. */
import { describe, expect, it } from 'vitest';
import type { Report } from '../catalogue/report.generated.js';
import type { Decoded, DeviceSettings } from '../protocol.js';
import { latin1Bytes } from '../wire/writer.js';
import { h02 } from './index.js';
import { TYPES } from './types.js';

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

describe('the other position types', () => {
  it('V6 has the ICCID behind the cells, without its filler, or a battery code', () => {
    const v6 = (tail: string): Report => read(`V6,123350,A,${PLACE},0,0,061025,FFFFFBFF,472,02,8000,24963,${tail}`);
    expect(v6('8996002235202820115F').gsm_sim_iccid).toBe('8996002235202820115');
    expect(v6('8944501311217563382F,').gsm_sim_iccid).toBe('8944501311217563382');
    expect(v6('8954315265044716555?').gsm_sim_iccid).toBe('8954315265044716555');
    expect(v6('6')).toMatchObject({ gsm_sim_iccid: null, battery_level: 100 });
  });

  it('V8 is read from the right, and what is left are access points', () => {
    const v8 = (tail: string): Report => read(`V8,123350,A,${PLACE},0,0,061025,FBFFF9FF,${tail}`);
    expect(v8('214,07,1234,56789,D076E794D03C,3a,d076e794d03d,30,22,31,126,98')).toMatchObject({
      gsm_cellid: 56789,
      wifi: [
        { mac: 'd076e794d03c', rssi: -52 },
        { mac: 'd076e794d03d', rssi: -62 },
      ],
      position_satellites: 22,
      external_powersource_voltage: 12.6,
      battery_level: 98,
      numbers: { 'gsm.csq': 31 },
    });
    expect(v8('0,0,0,0,22,31,126,0')).toMatchObject({ battery_level: 0, gsm_mcc: null, wifi: null });
    expect(v8('22,31,126,50')).toMatchObject({ battery_level: 50, position_satellites: 22, gsm_mcc: null });
    expect(v8('460,00,1,2')).toMatchObject({ battery_level: null, gsm_mcc: 460 });
  });

  it('V5 has trailing numbers of no known unit, which are not taken for mileage or voltage', () => {
    const v5 = (tail: string): Report => read(`V5,123350,A,${PLACE},0,0,061025,FFFFFBFF,470,01,21019,2033,${tail}`);
    expect(v5('1000,125')).toMatchObject({ battery_level: null, vehicle_mileage: null });
    expect(v5('2921283').battery_level).toBeNull();
    expect(v5('84').battery_level).toBe(84);
  });

  it('V19 has host and ICCID in front of the status', () => {
    expect(read(`V19,123350,A,${PLACE},0,0,061025,,195.63.13.195,89480610500392633029,BFFFFBFF`)).toMatchObject({
      gsm_sim_iccid: '89480610500392633029',
      vehicle_state_bitmask: 0xbffffbff,
    });
  });

  it('V2 and V3 ask for an address and are positions; V3 is a cell list too', () => {
    expect(read(`V3,123350,0,${PLACE},0,0,061025,FFFFFBFF,cc,28,db,d75b`)).toMatchObject({
      position_valid: true,
      gsm_mcc: 204,
    });
    expect(read('V3,044855,28403,01,001450,011473,158,-62,0292,0,X,030817,FFFFFBFF')).toMatchObject({
      gsm_mcc: 284,
      gsm_mnc: 3,
      gsm_lac: 1450,
      gsm_cellid: 11473,
      cells: [{ lac: 1450, cellid: 11473, rssi: -62 }],
      vehicle_state_bitmask: 0xfffffbff,
      position_valid: null,
      timestamp: Date.UTC(2017, 7, 3, 4, 48, 55) * 1000,
    });
  });

  it('VP1 has a position without a time of day, or cells separated by Y', () => {
    expect(read('VP1,A,2702.7245,S,15251.9311,E,0.48,0.0000,080917,FFFFFBFF,5')).toMatchObject({
      position_latitude: -27.045408,
      timestamp: RECEIVED_US,
      battery_level: 80,
    });
    expect(read('VP1,V,470,002,92,3565,0Y92,19433,30Y92,1340,29')).toMatchObject({
      position_valid: false,
      gsm_mcc: 470,
      gsm_mnc: 2,
      gsm_lac: 92,
      gsm_cellid: 3565,
      cells: [{ cellid: 3565 }, { cellid: 19433 }, { cellid: 1340 }],
    });
  });

  it('NBR has the first cell of its list as the serving one, and all of them as a list', () => {
    const report = read('NBR,210249,260,6,0,2,1014,50675,37,1014,50633,27,281216,FFFFFBFF,2');
    expect(report).toMatchObject({
      gsm_lac: 1014,
      gsm_cellid: 50675,
      battery_level: 10,
      engine_ignition_status: false,
    });
    expect(report.cells).toHaveLength(2);
    expect(seconds(report)).toBe(1_482_958_969);
    const wrongCount = read('NBR,210249,260,6,0,7,1014,50675,37,281216,FFFFFBFF,2');
    expect(wrongCount).toMatchObject({ vehicle_state_bitmask: 0xfffffbff, timestamp: 1_482_958_969e6 });
  });

  it('LINK is what a watch says of itself', () => {
    expect(read('LINK,180902,15,7,84,312,2,240517,FFFFFBFF')).toMatchObject({
      battery_level: 84,
      gsm_signal_level: 15,
      position_satellites: 7,
      numbers: { 'steps.count': 312, 'turnovers.count': 2 },
      timestamp: 1_495_649_342e6,
    });
  });
});

describe('frames without a position', () => {
  it('HTBT is a sign of life, and a report where it tells the battery', () => {
    expect(read('HTBT').kind).toBe('presence');
    expect(read('HTBT,84')).toMatchObject({ kind: 'report', battery_level: 84 });
    expect(read('V0').kind).toBe('presence');
  });

  it.each(['XT', 'XT,1,100', 'XT,V,0,0', 'BS,1,2', 'BASE,3', 'I1,x', '', 'ZZ9,whatever'])(
    '%s is a sign of life',
    (rest) => {
      expect(read(rest).kind).toBe('presence');
    },
  );

  it('SMS is the text up to #, line feeds and commas included, and the answer to a text command', () => {
    const decoded = decode('*HQ,5226073533,SMS,ST906\nUT:30,30,300#');
    expect(decoded.reports[0]).toMatchObject({ kind: 'report', strings: { text: 'ST906\nUT:30,30,300' } });
    expect(decoded.responses).toEqual([{ command: 'SMS', outcome: 'value', values: ['ST906\nUT:30,30,300'] }]);
  });
});

describe('a confirmation', () => {
  const block = `123350,A,${PLACE},14.28,028,061025,FFFFFBFF`;

  it.each([
    [`S17,130305,${block}`, { command: 'S17', outcome: 'ok', tag: '130305' }],
    [`S20,OK,130305,${block}`, { command: 'S20', outcome: 'ok', tag: '130305', values: ['OK'] }],
    [`S20,ERROR,130305,${block}`, { command: 'S20', outcome: 'error', tag: '130305', values: ['ERROR'] }],
    [`D1,30,65535,130305,${block}`, { command: 'D1', outcome: 'ok', tag: '130305', values: ['30', '65535'] }],
    [`S1,OK,pass_word,130305,${block}`, { command: 'S1', outcome: 'ok', tag: '130305', values: ['OK', 'pass_word'] }],
    ['XT', { command: 'XT', outcome: 'ok' }],
    ['S17,130305', { command: 'S17', outcome: 'ok', tag: '130305' }],
    [
      'S21,17,1,130305,050316,N,2245.318,2246.452,E,11233.232,11365.175,FFFFFBFF',
      { command: 'S21', outcome: 'ok', tag: '130305', values: ['17', '1'] },
    ],
  ])('V4,%s names its command, the time it carried, and what it says', (rest, response) => {
    expect(decode(`*TH,2020916012,V4,${rest}#`).responses).toEqual([response]);
  });

  it('has its command in the type where the comma between them is missing', () => {
    expect(decode(`*TH,2020916012,V4V1,130305,${block}#`).responses[0]).toMatchObject({ command: 'V1', tag: '130305' });
  });

  it('is a position too, without ignition; without a block it is a sign of life', () => {
    const report = read(`V4,S20,OK,130305,${block},460,00,10342,4283`);
    expect(report).toMatchObject({
      kind: 'report',
      message_type: 'V4',
      position_latitude: 4.227352,
      engine_ignition_status: null,
      vehicle_state_bitmask: 0xfffffbff,
      gsm_cellid: 4283,
    });
    expect(read('V4,XT').kind).toBe('presence');
  });

  it('of S32 has the mileage in knot-seconds', () => {
    expect(read(`V4,S32,0000130502.35,130305,${block}`).vehicle_mileage).toBe(67.136);
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

describe('every type', () => {
  it.each(TYPES.map((type) => type.name))('%s survives frames of any length and content', (name) => {
    const words = [
      '',
      '0',
      '123350',
      'A',
      '0413.6411',
      'N',
      'E',
      'FFFFFBFF',
      '460',
      '99999999999999999999',
      '-1',
      'Y,Y',
    ];
    for (let seed = 0; seed < 400; seed++) {
      const fields = Array.from({ length: seed % 23 }, (_, i) => words[(seed * 7 + i * i * 13 + i) % words.length]!);
      const decoded = decode(`*HQ,1,${[name, ...fields].join(',')}#`);
      expect(decoded.reports.length + decoded.rejected.length).toBe(1);
    }
  });
});
