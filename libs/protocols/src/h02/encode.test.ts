/** Commands, byte maps, detection, and the simulated device against the decoder. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Detection, Encoded, Known } from '../protocol.js';
import { latin1 } from '../wire/reader.js';
import { latin1Bytes } from '../wire/writer.js';
import { h02, h02Device, H02_COMMANDS } from './index.js';

const NOW = Date.UTC(2027, 0, 1, 10, 15, 30);
const encode = (name: string, args: Record<string, unknown> = {}, known: Known = { ident: '9171701065' }): Encoded =>
  h02.encode({ name, args }, h02.open(known), { nowMs: NOW });
const text = (encoded: Encoded): string =>
  encoded.kind === 'bytes' ? latin1(encoded.bytes, 0, encoded.bytes.length) : `${encoded.field}: ${encoded.remedy}`;

describe('a command', () => {
  it.each([
    ['interval', { cycle_time: 60 }, 'S17,101530,60'],
    ['interval', { cycle_time: 30, form: 'D1' }, 'D1,101530,30,1'],
    ['position_periodic', { seconds: 20, count: 5 }, 'D1,101530,20,5'],
    ['position_periodic', { seconds: 20 }, 'S71,101530,22,20'],
    ['mileage_query', {}, 'S32,101530,1'],
    ['engine_stop', {}, 'S20,101530,1,1'],
    ['engine_resume', {}, 'S20,101530,1,0'],
    ['arm', {}, 'SCF,101530,0,0'],
    ['disarm', {}, 'SCF,101530,1,1'],
    ['speed_limit', { max: 80, min: 0, condition: 1, seconds: 10 }, 'S14,101530,80,0,1,10'],
    ['master_number', { number: '18688993050' }, 'S71,101530,01,18688993050'],
    ['clear_alarms', {}, 'R7,101530'],
    ['cold_start', {}, 'R1,101530'],
    ['custom', { payload: 'S32,000000,1' }, 'S32,000000,1'],
  ])('%s %j is worded as %s', (name, args, rest) => {
    expect(text(encode(name, args))).toBe(`*HQ,9171701065,${rest}#`);
  });

  it('carries the two letters of the device', () => {
    expect(text(encode('mileage_query', {}, { ident: '2020916012', vendorCode: 'TH' }))).toBe(
      '*TH,2020916012,S32,101530,1#',
    );
  });

  it('is matched by the confirmation that repeats its time', () => {
    const encoded = encode('engine_stop');
    const fix = {
      ident: '1',
      timeMs: NOW,
      valid: true,
      latitude: 1,
      longitude: 2,
      knots: 0,
      course: 0,
      status: 0xf7ffffff,
    };
    const answer = h02Device.encodeConfirmation('S20', ['OK'], '101530', fix);
    const { responses } = h02.decode({
      frame: answer,
      ident: '1',
      context: {},
      receivedAtUs: NOW * 1000,
      settings: {},
    });
    expect(encoded).toMatchObject({ kind: 'bytes', answer: 'response', correlation: h02.correlationOf(responses[0]!) });
  });

  it('never shares its time with another of the same connection', () => {
    const state = h02.open({ ident: '1' });
    const worded = [1, 2, 3].map(() => text(h02.encode({ name: 'mileage_query', args: {} }, state, { nowMs: NOW })));
    expect(worded.map((w) => w.split(',')[3])).toEqual(['101530', '101531', '101532']);
  });

  it.each(['clear_alarms', 'cold_start', 'custom'])('%s has no answer', (name) => {
    expect(encode(name, { payload: 'R7' })).toMatchObject({ answer: 'none', correlation: null });
  });

  it.each([
    ['interval', {}, 'args.cycle_time'],
    ['interval', { cycle_time: 29 }, 'args.cycle_time'],
    ['interval', { cycle_time: 65536 }, 'args.cycle_time'],
    ['interval', { cycle_time: 30.5 }, 'args.cycle_time'],
    ['interval', { cycle_time: '60' }, 'args.cycle_time'],
    ['interval', { cycle_time: 60, form: 'S71' }, 'args.form'],
    ['position_periodic', { seconds: 0 }, 'args.seconds'],
    ['position_periodic', { seconds: 10, count: -1 }, 'args.count'],
    ['speed_limit', { max: 1000 }, 'args.max'],
    ['speed_limit', { max: 80, min: 90 }, 'args.min'],
    ['speed_limit', { max: 80, min: 0, condition: 3 }, 'args.condition'],
    ['speed_limit', { max: 80, min: 0, condition: 1 }, 'args.seconds'],
    ['master_number', { number: '12,34#' }, 'args.number'],
    ['custom', {}, 'args.payload'],
    ['custom', { payload: 'R1#*' }, 'args.payload'],
    ['custom', { payload: 'a\r\nb' }, 'args.payload'],
    ['custom', { payload: 'x'.repeat(201) }, 'args.payload'],
    ['fly', {}, 'name'],
  ])('%s %j is refused for its %s, with what would do', (name, args, field) => {
    const encoded = encode(name, args);
    expect(encoded).toMatchObject({ kind: 'error', field });
    expect(encoded.kind === 'error' && encoded.remedy.length > 10).toBe(true);
  });

  it('is refused while nobody knows whose connection it is', () => {
    expect(encode('mileage_query', {}, {})).toMatchObject({ kind: 'error', field: 'ident' });
  });

  it('can be listed', () => {
    expect(H02_COMMANDS).toContain('engine_stop');
    for (const name of H02_COMMANDS) expect(text(encode(name))).not.toContain('use one of');
  });
});

/** Not within a metre of 0, where a record says that it has no place. */
const degrees = (max: number) =>
  fc
    .tuple(fc.integer({ min: 20, max: max * 1e6 }), fc.boolean())
    .map(([micro, negative]) => (negative ? -micro : micro) / 1e6);
const fix = fc.record({
  ident: fc.stringMatching(/^[1-9]\d{9}$/),
  timeMs: fc.integer({ min: Date.UTC(2001, 0, 1) / 1000, max: NOW / 1000 }).map((s) => s * 1000),
  valid: fc.constant(true),
  latitude: degrees(89.999),
  longitude: degrees(179.999),
  knots: fc.integer({ min: 0, max: 999 }),
  course: fc.integer({ min: 0, max: 359 }),
  status: fc.integer({ min: 0, max: 0xffffffff }),
  sequence: fc.integer({ min: 0, max: 255 }),
  csq: fc.integer({ min: 0, max: 31 }),
  satellites: fc.integer({ min: 0, max: 255 }),
  mileage: fc.integer({ min: 0, max: 0xffffffff }),
  cell: fc.record({
    mcc: fc.integer({ min: 200, max: 799 }),
    mnc: fc.integer({ min: 0, max: 255 }),
    lac: fc.integer({ min: 0, max: 65535 }),
    cellid: fc.integer({ min: 0, max: 65535 }),
  }),
});

describe('what a simulated device sends', () => {
  it('is read back as it was, in every layout', () => {
    fc.assert(
      fc.property(fix, (sent) => {
        const frames = [
          h02Device.encodeText('V1', sent),
          h02Device.encodeRecord32(sent),
          h02Device.encodeRecord45(sent),
        ];
        for (const frame of frames) {
          const input = { frame, ident: sent.ident, context: {}, receivedAtUs: NOW * 1000, settings: {} };
          const report = h02.decode(input).reports[0]!;
          expect(report.position_latitude).toBeCloseTo(sent.latitude, 5);
          expect(report.position_longitude).toBeCloseTo(sent.longitude, 5);
          expect(report.position_speed).toBeCloseTo(sent.knots * 1.852, 2);
          expect(report).toMatchObject({
            timestamp: sent.timeMs * 1000,
            position_direction: sent.course,
            position_valid: true,
            vehicle_state_bitmask: sent.status,
          });
          if (frame.length !== 32)
            expect(report).toMatchObject({ gsm_mcc: sent.cell.mcc, gsm_cellid: sent.cell.cellid });
          expect(h02.accept(frame, h02.open(), { nowMs: NOW, transport: 'tcp', settingsOf: () => ({}) }).ident).toBe(
            sent.ident,
          );
        }
      }),
      { seed: 902, numRuns: 300 },
    );
  });

  it('may be a heartbeat', () => {
    expect(latin1(h02Device.encodeHeartbeat('1', 50), 0, 99)).toBe('*HQ,1,HTBT,50#');
  });
});

describe('a byte map', () => {
  const input = (frame: Uint8Array) => ({ frame, ident: '1', context: {}, receivedAtUs: NOW * 1000, settings: {} });
  const sent = {
    ident: '9171701065',
    timeMs: NOW,
    valid: true,
    latitude: 1.5,
    longitude: -2.5,
    knots: 10,
    course: 90,
    status: 0xfffffbff,
    sequence: 7,
    csq: 20,
    satellites: 9,
    mileage: 44,
    cell: { mcc: 460, mnc: 0, lac: 1, cellid: 2 },
  };

  it('of text names its fields and gives places and speeds in their units', () => {
    const map = h02.explain(input(h02Device.encodeText('V1', { ...sent, tail: '6' })));
    expect(map).toContainEqual(
      expect.objectContaining({ field: 'latitude', raw: '0130.0000', value: 1.5, unit: 'deg' }),
    );
    expect(map).toContainEqual(expect.objectContaining({ field: 'speed', value: 18.52, unit: 'km/h' }));
    expect(map).toContainEqual(expect.objectContaining({ field: 'battery.code', raw: '6' }));
  });

  it.each([h02Device.encodeRecord32(sent), h02Device.encodeRecord45(sent)])(
    'of a record covers each byte once',
    (frame) => {
      const map = h02.explain(input(frame));
      let at = 0;
      for (const field of map) {
        expect(field.offset).toBe(at);
        at += field.length;
      }
      expect(at).toBe(frame.length);
    },
  );
});

describe('detection', () => {
  const detect = (bytes: Uint8Array, final = false): Detection =>
    h02.detect({ bytes, from: 0, to: bytes.length, final, transport: 'tcp' });

  it('knows text by its mark and comma, and records by their digits', () => {
    expect(detect(latin1Bytes('\r\n*HQ,1'))).toMatchObject({ kind: 'yes', start: 2, end: 6 });
    expect(detect(h02Device.encodeRecord32({ ...SENT })).kind).toBe('yes');
  });

  it('waits on a prefix and says no to what others send', () => {
    expect(detect(latin1Bytes('*H'))).toEqual({ kind: 'need', atLeast: 4 });
    expect(detect(latin1Bytes('*H'), true).kind).toBe('no');
    for (const other of ['$OK', '$INFO=', '**,', '*H,1', 'X0000', '~', '@P', 'GET /'])
      expect(detect(latin1Bytes(`${other}            `)).kind).toBe('no');
  });
});
const SENT = {
  ident: '1234567890',
  timeMs: NOW,
  valid: true,
  latitude: 1,
  longitude: 2,
  knots: 3,
  course: 4,
  status: 5,
  sequence: 6,
};
