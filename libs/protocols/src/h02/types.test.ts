/** The message types beside the plain position: other vendors' layouts, heartbeats, texts, confirmations. */
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
const seconds = (report: Report): number => report.timestamp / 1e6;

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
