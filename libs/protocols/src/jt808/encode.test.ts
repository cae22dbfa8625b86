/** Commands, their answers, byte maps, and the simulated device against the decoder. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../hex.js';
import type { Encoded, Known } from '../protocol.js';
import { jt808, jt808Device, JT808_COMMANDS } from './index.js';

const NOW = Date.UTC(2027, 0, 1);
const KNOWN: Known = { phone: '013812345678', serial: 4 };
const encode = (name: string, args: Record<string, unknown> = {}, known: Known = KNOWN): Encoded =>
  jt808.encode({ name, args }, jt808.open(known), { nowMs: NOW });
const hex = (encoded: Encoded): string =>
  encoded.kind === 'bytes' ? toHex(encoded.bytes) : `${encoded.field}: ${encoded.remedy}`;
/** Body of the command as hex. */
const body = (name: string, args: Record<string, unknown>, known: Known = KNOWN): string =>
  hex(encode(name, args, known)).slice(known.version === undefined ? 26 : 36, -4);

describe('a command', () => {
  it('is worded as the standard has it', () => {
    expect(hex(encode('interval', { cycle_time: 30 }))).toBe('7e8103000a01381234567800040100000029040000001e8f7e');
    expect(hex(encode('custom', { payload: 'S32,000000,1' }, { ...KNOWN, serial: 5 }))).toBe(
      '7e8300000d0138123456780005015333322c3030303030302c31d87e',
    );
    expect(hex(encode('terminal_control', { command: '0x04' }, { ...KNOWN, serial: 6 }))).toBe(
      '7e81050001013812345678000604b67e',
    );
  });

  it.each([
    [
      'set_parameters',
      { parameters: { '0x0029': 30, '0x0013': 'a.b', '0x0084': 1, '0x0031': 500, '0xF001': 'aabb' } },
      '05' + '00000029040000001e' + '0000001303612e62' + '000000840101' + '000000310201f4' + '0000f00102aabb',
    ],
    ['query_parameters', {}, ''],
    ['query_parameters', { ids: ['0x0001', 0x29] }, '020000000100000029'],
    ['query_attributes', {}, ''],
    ['location_query', {}, ''],
    ['terminal_control', { command: 1, parameters: 'a;b' }, '01613b62'],
    ['temporary_tracking', { interval: 10, duration: 600 }, '000a00000258'],
    ['temporary_tracking', { interval: 0 }, '0000'],
    ['confirm_alarm', { replySerial: 9, alarmBits: 0x10000001 }, '000910000001'],
    ['transparent', { transparentType: 0x41, text: 'Hi' }, '414869'],
    ['transparent', { transparentType: '0xF0', data: '00ff' }, 'f000ff'],
    ['text', { flag: 8, text: '粤' }, '08d4c1'],
  ])('%s %j has the body %s', (name, args, want) => {
    expect(body(name, args)).toBe(want);
  });

  it('has a text type in the 2019 edition', () => {
    const known: Known = { phone: '00000000013812345678', serial: 1, version: 1 };
    expect(body('text', { flag: 5, text: 'hi' }, known)).toBe('05016869');
    expect(body('text', { flag: 5, textType: 2, text: 'hi' }, known)).toBe('05026869');
    expect(body('custom', { payload: 'hi' }, known)).toBe('01016869');
  });

  it('to a device that is known by its identity alone goes to that phone', () => {
    expect(hex(encode('location_query', {}, { ident: '13812345678' }))).toBe(
      toHex(jt808Device.encodeMessage({ phone: '13812345678', edition: 2013 }, 0x8201, 0, new Uint8Array(0))),
    );
  });

  it('takes a serial of its own each time', () => {
    const state = jt808.open(KNOWN);
    const correlation = (): string | null => {
      const encoded = jt808.encode({ name: 'location_query', args: {} }, state, { nowMs: NOW });
      return encoded.kind === 'bytes' ? encoded.correlation : null;
    };
    expect([correlation(), correlation()]).toEqual(['0x8201:4', '0x8201:5']);
  });

  it.each([
    ['interval', { cycle_time: 10 }, 'args.cycle_time'],
    ['set_parameters', {}, 'args.parameters'],
    ['set_parameters', { parameters: {} }, 'args.parameters'],
    ['set_parameters', { parameters: { abc: 1 } }, 'args.parameters.abc'],
    ['set_parameters', { parameters: { '0x0029': -1 } }, 'args.parameters.0x0029'],
    ['set_parameters', { parameters: { '0x0029': 'x' } }, 'args.parameters.0x0029'],
    ['set_parameters', { parameters: { '0x0013': 5 } }, 'args.parameters.0x0013'],
    ['set_parameters', { parameters: { '0x0084': 256 } }, 'args.parameters.0x0084'],
    ['set_parameters', { parameters: { '0xF001': 'xyz' } }, 'args.parameters.0xF001'],
    ['query_parameters', { ids: [] }, 'args.ids'],
    ['query_parameters', { ids: ['abc'] }, 'args.ids'],
    ['terminal_control', { command: 8 }, 'args.command'],
    ['terminal_control', { command: 4, parameters: 'x' }, 'args.parameters'],
    ['text', { flag: 1 }, 'args.text'],
    ['text', { flag: 1, text: '😀' }, 'args.text'],
    ['text', { flag: 256, text: 'x' }, 'args.flag'],
    ['text', { flag: 1, text: 'x', textType: 3 }, 'args.textType'],
    ['text', { flag: 1, text: 'x'.repeat(1025) }, 'args.text'],
    ['temporary_tracking', { interval: 10 }, 'args.duration'],
    ['confirm_alarm', { replySerial: 1 }, 'args.alarmBits'],
    ['transparent', { transparentType: 1 }, 'args.text'],
    ['transparent', { transparentType: 1, data: 'xyz' }, 'args.data'],
    ['transparent', { transparentType: 1, data: '00', text: 'x' }, 'args.data'],
    ['custom', { payload: 'a\nb' }, 'args.payload'],
    ['fly', {}, 'name'],
  ])('%s %j is refused for its %s, with what would do', (name, args, field) => {
    const encoded = encode(name, args);
    expect(encoded).toMatchObject({ kind: 'error', field });
    expect(encoded.kind === 'error' && encoded.remedy.length > 5).toBe(true);
  });

  it('is refused while nobody knows who is there', () => {
    expect(encode('location_query', {}, {})).toMatchObject({ kind: 'error', field: 'ident' });
  });

  it('can be listed', () => {
    expect(JT808_COMMANDS).toContain('interval');
    for (const name of JT808_COMMANDS) expect(hex(encode(name))).not.toContain('use one of');
  });
});

describe('an answer', () => {
  const device = { phone: '13812345678', edition: 2013 } as const;
  const correlation = (frame: Uint8Array): string =>
    jt808.correlationOf(
      jt808.decode({ frame, ident: '1', context: {}, receivedAtUs: NOW * 1000, settings: {} }).responses[0]!,
    );
  const serial4 = (id: number, ...rest: number[]): Uint8Array =>
    jt808Device.encodeMessage(device, id, 1, Uint8Array.of(0, 4, ...rest));

  it.each([
    ['interval', { cycle_time: 30 }, jt808Device.encodeAnswer(device, 1, 4, 0x8103, 0)],
    ['query_parameters', {}, serial4(0x0104, 0)],
    ['query_parameters', { ids: [1] }, serial4(0x0104, 0)],
    ['query_parameters', { ids: [1] }, jt808Device.encodeAnswer(device, 1, 4, 0x8106, 3)],
    ['location_query', {}, serial4(0x0201, ...new Uint8Array(28))],
    ['query_attributes', {}, jt808Device.encodeAnswer(device, 1, 4, 0x8107, 3)],
  ])('finds the command %s %j', (name, args, frame) => {
    const encoded = encode(name, args);
    expect(encoded.kind === 'bytes' && encoded.correlation).toBe(correlation(frame));
  });
});

describe('what a simulated device sends', () => {
  const micro = (max: number) => fc.integer({ min: -max, max }).map((v) => v / 1e6);
  const location = fc.record({
    timeMs: fc.integer({ min: Date.UTC(2001, 0, 1) / 1000, max: NOW / 1000 }).map((s) => s * 1000),
    alarm: fc.integer({ min: 0, max: 0xffffffff }),
    status: fc.constantFrom(0, 1, 3, 0xc0003),
    latitude: micro(90e6),
    longitude: micro(180e6),
    altitude: fc.integer({ min: -32768, max: 32767 }),
    speed: fc.integer({ min: 0, max: 65535 }).map((v) => v / 10),
    direction: fc.integer({ min: 0, max: 359 }),
    items: fc.constant([[0x31, Uint8Array.of(0x7e)]] as const),
  });

  it('is read back as it was, in both editions', () => {
    fc.assert(
      fc.property(
        location,
        fc.integer({ min: 0, max: 65535 }),
        fc.constantFrom(2013, 2019),
        (sent, serial, edition) => {
          const frame = jt808Device.encodeLocation({ phone: '13812345678', edition }, serial, sent);
          const state = jt808.open();
          const accepted = jt808.accept(frame, state, { nowMs: NOW, transport: 'tcp', settingsOf: () => ({}) });
          expect(accepted).toMatchObject({ kind: 'publish', ident: '13812345678' });
          const nowhere = sent.latitude === 0 && sent.longitude === 0;
          expect(
            jt808.decode({ frame, ident: '1', context: {}, receivedAtUs: NOW * 1000, settings: {} }).reports[0],
          ).toMatchObject({
            timestamp: sent.timeMs * 1000,
            position_latitude: nowhere ? null : sent.latitude === 0 ? 0 : sent.latitude,
            position_longitude: nowhere ? null : sent.longitude === 0 ? 0 : sent.longitude,
            position_altitude: nowhere ? null : sent.altitude,
            position_speed: nowhere ? null : sent.speed,
            position_direction: nowhere ? null : sent.direction,
            position_satellites: 0x7e,
            numbers: { 'alarm.bitmask': sent.alarm },
          });
        },
      ),
      { seed: 808, numRuns: 300 },
    );
  });
});

describe('a byte map', () => {
  const device = { phone: '13812345678', edition: 2019 } as const;
  const place = {
    timeMs: NOW,
    alarm: 0,
    status: 3,
    latitude: 1.5,
    longitude: 2.5,
    altitude: 0,
    speed: 5,
    direction: 0,
    items: [[0x31, Uint8Array.of(9)]] as const,
  };

  it.each([
    jt808Device.encodeLocation(device, 1, place),
    jt808Device.encodeBatch(device, 1, [place, place], true),
    jt808Device.encodeAnswer(device, 1, 2, 0x8103, 0),
    jt808Device.encodeAuthentication(device, 1, 'CODE'),
    jt808Device.encodePackets(device, 0x0704, 1, new Uint8Array(40), 20)[0]!,
  ])('covers each byte of the unescaped message once', (frame) => {
    const map = jt808.explain({ frame, ident: '1', context: {}, receivedAtUs: 0, settings: {} });
    let at = 0;
    for (const field of map) {
      expect(field.offset).toBe(at);
      at += field.length;
    }
    const escapes = frame.filter((c) => c === 0x7d).length;
    expect(at).toBe(frame.length - 2 - escapes);
  });

  it('gives values in their units', () => {
    const frame = jt808Device.encodeLocation(device, 1, place);
    const map = jt808.explain({ frame, ident: '1', context: {}, receivedAtUs: 0, settings: {} });
    expect(map).toContainEqual(expect.objectContaining({ field: 'latitude', value: 1.5, unit: 'deg' }));
    expect(map).toContainEqual(expect.objectContaining({ field: 'item[31]', value: '09' }));
  });
});
