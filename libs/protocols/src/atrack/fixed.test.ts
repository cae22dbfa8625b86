/** The fixed part: both forms, both time formats, and what is left out. */
import { describe, expect, it } from 'vitest';
import { fromHex } from '../hex.js';
import { asciiFrame, binaryFrame, shortTextFrame, type SimulatedFrame, type SimulatedRecord } from './simulate.js';
import { NOW_MS, UNIT, bytesOf, decodeFrame, messageOf, recordOf } from './testing.js';
import { asciiTime, calendarSeconds } from './time.js';
import { unitIdOf } from './unit.js';

type Make = (over: Partial<SimulatedRecord>, frame?: Partial<SimulatedFrame>) => Uint8Array;
const binary: Make = (over, frame = {}) =>
  binaryFrame({ unitId: UNIT, sequence: 7, records: [recordOf(over)], ...frame });
const ascii: Make = (over, frame = {}) =>
  asciiFrame({ unitId: UNIT, sequence: 7, records: [recordOf(over)], ...frame });
const BOTH: readonly (readonly [string, Make])[] = [
  ['binary', binary],
  ['ASCII', ascii],
];

/** An ASCII frame whose record is this text; length and CRC fit. */
function line(text: string): Uint8Array {
  const frame = asciiFrame({ unitId: UNIT, sequence: 7, records: [] });
  const head = String.fromCharCode(...frame).split(',');
  return bytesOf(`${head[0]},0000,${4 + UNIT.length + text.length + 2},7,${UNIT},${text}\r\n`);
}
const LINE = '1700000000,1700000001,1700000002,24105187,56949649,90,2,12345,9,1,50,0,12500,,2000,2000,\x1a';

describe.each(BOTH)('the fixed part in %s', (_, make) => {
  it.each([false, true])('is read whole (calendar times: %s)', (calendar) => {
    const record = { driver: 'BC12FC000000', temperature1: -21.5, temperature2: 30.4, text: 'hello' };
    const message = messageOf(make(record, { calendar }));
    expect(message).toMatchObject({
      timestamp: 1_700_000_001,
      'device.timestamp': 1_700_000_001,
      'position.timestamp': 1_700_000_000,
      'send.timestamp': 1_700_000_002,
      'position.longitude': 24.105187,
      'position.latitude': 56.949649,
      'position.valid': true,
      'position.direction': 90,
      'position.hdop': 0.9,
      'position.speed': 50,
      'report.reason': 2,
      'report.reasons': ['tracking'],
      'vehicle.mileage': 1234.5,
      'event.seqnum': 7,
      din: 1,
      dout: 0,
      'ain.1': 12.5,
      'driver.id': 'BC12FC000000',
      'ibutton.code': 'BC12FC000000',
      'sensor.temperature.1': -21.5,
      'sensor.temperature.2': 30.4,
      'driver.message': 'hello',
    });
  });

  it('keeps the sign of south, west and minus', () => {
    const message = messageOf(make({ longitude: -58.381592, latitude: -34.603722, temperature1: -0.1 }));
    expect(message).toMatchObject({
      'position.longitude': -58.381592,
      'position.latitude': -34.603722,
      'sensor.temperature.1': -0.1,
    });
  });

  it('leaves times before 2009 and more than a day ahead out, and falls back to the sending time, then to the receipt', () => {
    const unset = messageOf(make({ gps: 0, rtc: 1_230_767_999 }));
    expect(unset['position.timestamp']).toBeUndefined();
    expect(unset['timestamp']).toBe(1_700_000_002);
    expect(unset['quality']).toContain('clock_suspect');
    const future = messageOf(make({ rtc: NOW_MS / 1000 + 86_401, send: 0 }));
    expect(future['timestamp']).toBe(NOW_MS / 1000);
    expect(future['device.timestamp']).toBe(NOW_MS / 1000 + 86_401);
    expect(future['send.timestamp']).toBeUndefined();
    expect(messageOf(make({ rtc: NOW_MS / 1000 + 86_400 }))['timestamp']).toBe(NOW_MS / 1000 + 86_400);
    expect(messageOf(make({ rtc: 1_230_768_000 }))['timestamp']).toBe(1_230_768_000);
  });

  it('keeps the rest of a record whose coordinates can not be or are both zero', () => {
    for (const [longitude, latitude] of [
      [180.000001, 1],
      [1, -90.000001],
      [0, 0],
    ] as const) {
      const message = messageOf(make({ longitude, latitude }));
      expect(message['position.longitude']).toBeUndefined();
      expect(message['position.latitude']).toBeUndefined();
      expect(message['position.valid']).toBe(false);
      expect(message['position.speed']).toBe(50);
    }
    expect(messageOf(make({ longitude: 0, latitude: 10 }))['position.valid']).toBe(true);
    expect(messageOf(make({ longitude: -180, latitude: 90 }))['position.valid']).toBe(true);
  });

  it('says that a position without a fix is not valid', () => {
    expect(messageOf(make({ hdop: 99 }))).toMatchObject({ 'position.valid': false, 'position.hdop': 99 });
  });

  it('leaves a heading above 359 and absent sensors out', () => {
    expect(messageOf(make({ heading: 360 }))['position.direction']).toBeUndefined();
    expect(messageOf(make({ heading: 359 }))['position.direction']).toBe(359);
    expect(messageOf(make({}))['sensor.temperature.1']).toBeUndefined();
  });

  it('takes 8 to 16 hex digits for an iButton, other text for a driver, and zeros for nobody', () => {
    expect(messageOf(make({ driver: 'abcdef12' }))).toMatchObject({
      'driver.id': 'ABCDEF12',
      'ibutton.code': 'ABCDEF12',
    });
    const card = messageOf(make({ driver: 'Smith 7' }));
    expect(card['driver.id']).toBe('Smith 7');
    expect(card['ibutton.code']).toBeUndefined();
    expect(messageOf(make({ driver: '0000000000000000' }))['driver.id']).toBeUndefined();
    expect(messageOf(make({ driver: '1234567' }))['ibutton.code']).toBeUndefined();
  });

  it('takes the largest values of its types', () => {
    const message = messageOf(
      make({ mileage: 429_496_729.5, speed: 65_535, analog: 65.535, inputs: 255, outputs: 255 }),
    );
    expect(message).toMatchObject({
      'vehicle.mileage': 429_496_729.5,
      'position.speed': 65_535,
      'ain.1': 65.535,
      din: 255,
      dout: 255,
    });
  });

  it('sets the ignition from input 0 only when the setting says so', () => {
    expect(messageOf(make({ inputs: 1 }))['engine.ignition.status']).toBeUndefined();
    expect(messageOf(make({ inputs: 1 }), { ignitionFromInput0: true })['engine.ignition.status']).toBe(true);
    expect(messageOf(make({ inputs: 2 }), { ignitionFromInput0: true })['engine.ignition.status']).toBe(false);
  });

  it('gives the same identity to the same record, however it was sent', () => {
    const id = messageOf(make({ text: 'x' }))['message.id'];
    expect(messageOf(make({ text: 'x', send: 1_700_009_999 }, { sequence: 9 }))['message.id']).toBe(id);
    expect(messageOf(binary({ text: 'x' }))['message.id']).toBe(id);
    for (const other of [
      { rtc: 1_700_000_009 },
      { gps: 1 },
      { reason: 3 },
      { latitude: 1 },
      { mileage: 1 },
      { inputs: 0 },
    ])
      expect(messageOf(make({ text: 'x', ...other }))['message.id']).not.toBe(id);
    expect(messageOf(make({ text: 'y' }))['message.id']).not.toBe(id);
  });

  it('gives a user report from the log the identity of the live one', () => {
    const live = messageOf(make({ reason: 101 }));
    const logged = messageOf(make({ reason: 101, text: '\u00b1' }));
    expect(logged).toMatchObject({ 'message.buffered.status': true, 'message.id': live['message.id'] });
    expect(logged['driver.message']).toBeUndefined();
  });

  it('gives no identity to a record whose clock was not set', () => {
    const [report] = decodeFrame(make({ rtc: 0 })).reports;
    expect([report?.id_1, report?.id_2, report?.id_3, report?.id_4]).toEqual([0, 0, 0, 0]);
  });
});

describe('binary records', () => {
  const good = recordOf();
  const frame = binaryFrame({
    unitId: UNIT,
    sequence: 1,
    form: '%SA',
    records: [good, good, good].map((r) => ({ ...r, custom: { SA: 9 } })),
  });

  it('in front of one that is cut inside its fixed part are kept', () => {
    const cut = frame.slice(0, frame.length - 10);
    const { reports, rejected } = decodeFrame(cut, { form: '%SA' });
    expect(reports).toHaveLength(2);
    expect(rejected).toEqual([{ reason: 'body_short', start: 16 + 84, end: cut.length, path: 'record[2]' }]);
  });

  it('without a NUL behind driver or text are refused', () => {
    const record = binaryFrame({ unitId: UNIT, sequence: 1, records: [recordOf({ text: 'abc' })] });
    const { reports, rejected } = decodeFrame(record.slice(0, record.length - 1));
    expect(reports).toHaveLength(0);
    expect(rejected.map((r) => r.reason)).toEqual(['body_short']);
  });

  it('have calendar times when the GPS time was never set, too', () => {
    const bytes = fromHex('0000000000000007e70b0e160d1507e70b0e160e3b')!;
    const whole = binaryFrame({ unitId: UNIT, sequence: 1, calendar: true, records: [good] });
    whole.set(bytes, 16);
    expect(messageOf(whole)).toMatchObject({ timestamp: 1_700_000_001 });
    expect(messageOf(whole)['position.timestamp']).toBeUndefined();
  });

  it('follow the time format that a setting names', () => {
    const calendar = binaryFrame({ unitId: UNIT, sequence: 1, calendar: true, records: [good] });
    expect(messageOf(calendar, { timeMode: 'calendar' })['timestamp']).toBe(1_700_000_001);
    expect(messageOf(calendar, { timeMode: 'epoch' })['timestamp']).not.toBe(1_700_000_001);
  });

  it('of which nothing can be are taken for encrypted ones', () => {
    const bytes = binaryFrame({ unitId: UNIT, sequence: 1, records: [good] });
    bytes.fill(0xf7, 16);
    expect(decodeFrame(bytes)).toMatchObject({ reports: [], rejected: [{ reason: 'encrypted' }] });
  });
});

describe('ASCII records', () => {
  it('keep commas inside the text, up to 0x1A', () => {
    expect(messageOf(line(`${LINE.slice(0, -1)}at gate 4, please\x1a`))['driver.message']).toBe('at gate 4, please');
  });

  it('without 0x1A take all that remains for the text when no format is known', () => {
    const fixed = LINE.slice(0, -1);
    expect(messageOf(line(`${fixed}12160,42,624,`))['driver.message']).toBe('12160,42,624,');
    const known = messageOf(line(`${fixed}12160,42,7`), { form: '%SA%BV' });
    expect(known).toMatchObject({
      'driver.message': '12160',
      'position.satellites': 42,
      'backup.battery.voltage': 0.7,
    });
    const inline = messageOf(line(`${fixed}hi,%CI%SA,11`));
    expect(inline).toMatchObject({ 'driver.message': 'hi', 'position.satellites': 11 });
    const blank = messageOf(line(`${fixed} ,%CI%SA,12`));
    expect(blank['driver.message']).toBeUndefined();
    expect(blank['position.satellites']).toBe(12);
  });

  it('have the same identity with and without the format when 0x1A is lost', () => {
    const lost = line(`${LINE.slice(0, -1)}12160,42,7`);
    expect(messageOf(lost)['message.id']).toBe(messageOf(lost, { form: '%SA%BV' })['message.id']);
  });

  it('take numbers with a decimal point as degrees, kilometres and the plain value', () => {
    const text = '1700000000,1700000001,1700000002,-4.551878,36.737155,68,2,100.3,1.1,1,6,0,0,,2000,2000,\x1a';
    expect(messageOf(line(text))).toMatchObject({
      'position.longitude': -4.551878,
      'position.latitude': 36.737155,
      'vehicle.mileage': 100.3,
      'position.hdop': 1.1,
    });
  });

  it('leave out what is no number or out of range, and say so', () => {
    const text = '1700000000,1700000001,1700000002,24105187,56949649,x,300,12345,9,256,-1,0,70000,,2000,2000,\x1a';
    const message = messageOf(line(text));
    for (const name of ['position.direction', 'report.reason', 'din', 'position.speed', 'ain.1'])
      expect(message[name]).toBeUndefined();
    expect(message['vehicle.mileage']).toBe(1234.5);
    expect(message['quality']).toEqual(['value_out_of_range']);
  });

  it('with fewer than 16 commas are dropped, and the others kept', () => {
    const { reports, rejected } = decodeFrame(line(`${LINE}\r\n1,2,3\r\n${LINE}`));
    expect(reports).toHaveLength(2);
    expect(rejected).toMatchObject([{ reason: 'body_short', path: 'record[1]' }]);
  });
});

describe('the short text frame', () => {
  it.each([false, true])('gives time and text (calendar: %s)', (calendar) => {
    const frame = shortTextFrame(UNIT, 12, 1_700_000_001, 'job 17', calendar);
    const message = messageOf(frame);
    expect(message).toMatchObject({ timestamp: 1_700_000_001, 'driver.message': 'job 17', 'event.seqnum': 12 });
    expect(message['position.valid']).toBeUndefined();
  });

  it('has an ASCII form', () => {
    expect(messageOf(line('1700000001,job 17, bay 3\x1a'))).toMatchObject({
      timestamp: 1_700_000_001,
      'driver.message': 'job 17, bay 3',
    });
  });

  it('is not seen in another short body', () => {
    for (const body of ['\0\0\0\x01abc\0', '\x65\x53\xf1\x01ab\0c\0', '\x65\x53\xf1\x01abc', ''])
      expect(decodeFrame(bytesOf('@P\0\0\0\0\0\x01\0\x01\x41\x0d\x37\x9b\x10\x0b', body)).rejected).toMatchObject([
        { reason: 'body_short' },
      ]);
  });
});

describe('times and ids', () => {
  it('count calendar days like the calendar', () => {
    for (const [y, m, d] of [
      [2000, 2, 29],
      [2009, 1, 1],
      [2023, 11, 14],
      [2024, 12, 31],
      [2100, 3, 1],
    ] as const)
      expect(calendarSeconds(y, m, d, 22, 13, 21)).toBe(Date.UTC(y, m - 1, d, 22, 13, 21) / 1000);
    expect(calendarSeconds(2023, 13, 1, 0, 0, 0)).toBe(0);
    expect(calendarSeconds(2023, 1, 1, 24, 0, 0)).toBe(0);
  });

  it('know ASCII calendars by their 14 digits', () => {
    const time = (text: string): number => asciiTime(bytesOf(text), 0, text.length);
    expect(time('20231114221321')).toBe(1_700_000_001);
    expect(time('1700000001')).toBe(1_700_000_001);
    for (const bad of ['', '17000x0001', '202311142213211', '20231314221321', '99999999999']) expect(time(bad)).toBe(0);
  });

  it('keep all 64 bits of a unit id', () => {
    expect(unitIdOf('18446744073709551615')).toEqual({ high: 0xffffffff, low: 0xffffffff });
    expect(unitIdOf('353000000000011')).toEqual({ high: 0x1410d, low: 0x379b100b });
    for (const bad of ['', '12a', '18446744073709551616', '123456789012345678901']) expect(unitIdOf(bad)).toBeNull();
  });
});
