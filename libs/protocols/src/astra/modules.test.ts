/** Tables: encode is the inverse of decode, units agree with the catalogue, and every byte has its place in the byte map. */
import { describe, expect, it } from 'vitest';
import { PARAMETERS } from '../catalogue/names.generated.js';
import { reportToFlat, type FlatReport } from '../catalogue/flat.js';
import type { Report } from '../catalogue/report.generated.js';
import { toHex } from '../hex.js';
import type { ByteField, DecodeInput } from '../protocol.js';
import type { Values } from './fields.js';
import { astra, encodeLegacyPacket, encodeLogin, encodeXPacket } from './index.js';
import { X_VARIANTS } from './layout.js';
import { LEGACY } from './legacy.js';
import { Y_TABLE } from './modules-y.js';
import { hexOf, IMEI, NOW_S, packet, reportX, seeded } from './testing.js';

const input = (frame: Uint8Array): DecodeInput => ({
  frame,
  ident: IMEI,
  context: { login_ident: IMEI, login_letter: 'X' },
  receivedAtUs: NOW_S * 1e6,
  settings: {},
});
function decodeOne(frame: Uint8Array): Report {
  const decoded = astra.decode(input(frame));
  expect(decoded.rejected).toEqual([]);
  return decoded.reports[0]!;
}
const SEED = 20_270_101;
const modules = X_VARIANTS[0]!.modules.slice(1);

/** What an encoder takes: the parameters of a decoded report. */
function valuesOf(flat: FlatReport): Values {
  const values: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(flat))
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') values[name] = value;
  const codes = flat['can.dtc'];
  if (Array.isArray(codes)) for (const [i, code] of codes.entries()) values[`can.dtc.${i + 1}`] = String(code);
  return values;
}

describe('modules of X', () => {
  it('are all there, each with a size or its own way to tell it', () => {
    expect(modules.map((m) => m.number)).toEqual(Array.from({ length: 48 }, (_, i) => i + 1));
    expect(modules.filter((m) => m.size === 0).map((m) => m.number)).toEqual([45, 46, 48]);
  });

  // Sensors are typed entries, and an IMSI is one number: neither is made of rows.
  it.each(modules.filter((m) => m.size > 0 && ![27, 33].includes(m.number)).map((m) => [m.number, m.name]))(
    'module %i, %s: what is decoded, encoded and decoded again is the same',
    (number) => {
      const random = seeded(SEED + number);
      for (let round = 0; round < 50; round++) {
        const block = random
          .bytes(modules[number - 1]!.size)
          .map((byte) => (byte > 0x7f && round % 2 ? byte >>> 1 : byte));
        if ([15, 28, 29, 37, 40].includes(number))
          for (let i = 0; i < block.length; i++) block[i] = 0x41 + (block[i]! % 6);
        // Values that a guard leaves out come back as zero: what is missing is sent as zero.
        if (number === 1) block[1]! %= 101;
        if (number === 2 || number === 44) block[14]! %= 181;
        // A position that can be, with a fix.
        if (number === 2 || number === 44)
          block.set([0x53, 0, 0, 1, 0x04, 0x2c, 0x1d, block[7]!, 0xfa, 0x0a, 0x1f, block[11]!]);
        const first = decodeOne(packet('X', '01' + reportX({ [number]: toHex(block) }, { reasons: 8 })));
        const flat = reportToFlat(first);
        const report = { sequence: 1, time: NOW_S - 60, reasons: 8, status: 1, modules: [number] };
        const again = decodeOne(encodeXPacket({ reports: [{ ...report, values: valuesOf(flat) }] }));
        expect(reportToFlat(again)).toEqual(flat);
      }
    },
  );

  it('can be sent whole as hex, and together', () => {
    const values: Record<string, string> = {};
    for (const { number, size } of modules) values[`module.raw.${number}`] = '01'.repeat(size);
    values['module.raw.45'] = '00000000000000';
    values['module.raw.46'] = '0013' + '00000000' + '00000123' + '0102030405060708' + '05';
    values['module.raw.48'] = '0001ff';
    const all = modules.map((m) => m.number);
    const report = decodeOne(
      encodeXPacket({ reports: [{ sequence: 1, time: NOW_S, reasons: ['panic'], status: 0, modules: all, values }] }),
    );
    expect(reportToFlat(report)).toMatchObject({
      'report.module.bitmask': '0xffffffffffff',
      'report.reasons': ['panic'],
      'can.data.frame.00000123': '0102030405060708',
      'debug.data': 'FF',
      'car2.charging.mode': 1,
    });
  });

  it('go into one packet of 255 reports', () => {
    const reports = Array.from({ length: 255 }, (_, i) => ({
      ...{ sequence: i, time: NOW_S - i, reasons: 1, status: 0, modules: [1] },
      values: { 'external.powersource.voltage': 12.4, 'battery.level': 50 },
    }));
    const decoded = astra.decode(input(encodeXPacket({ ident: IMEI, reports })));
    expect(decoded.reports.map((r) => r.record_seqnum)).toEqual(reports.map((r) => r.sequence));
    expect(new Set(decoded.reports.map((r) => r.message_id)).size).toBe(255);
  });
});

describe('letters of fixed layout', () => {
  it.each([...LEGACY.values()].map((l) => l.letter))(
    '%s: what is decoded, encoded and decoded again is the same',
    (letter) => {
      const random = seeded(SEED);
      for (let round = 0; round < 50; round++) {
        const values = { 'position.latitude': 1.5, 'position.longitude': -2.25, 'position.timestamp': NOW_S - 60 };
        const base = { sequence: 5, time: NOW_S - 60, reasons: 0x88, status: letter === 'C' ? 1 : 0x101, values };
        const made = encodeLegacyPacket({ letter, ident: IMEI, reports: [base] })!;
        const layout = LEGACY.get(letter.charCodeAt(0))!;
        const body = made.slice(10, -2);
        for (const field of [...layout.fields, ...layout.extra, ...layout.stop])
          for (let i = 0; i < field.bytes; i++) body[field.at + i] = random.below(100);
        const flat = reportToFlat(decodeOne(packet(letter, '02160ec0000006' + toHex(body))));
        const again = encodeLegacyPacket({ letter, ident: IMEI, reports: [{ ...base, values: valuesOf(flat) }] })!;
        expect(reportToFlat(decodeOne(again))).toEqual(flat);
      }
    },
  );

  it('know no other letter', () => {
    expect(encodeLegacyPacket({ letter: 'X', ident: IMEI, reports: [] })).toBeNull();
  });
});

describe('the catalogue', () => {
  const unitOf = (name: string): string | null | undefined =>
    (PARAMETERS[name] ?? PARAMETERS[name.replace(/\d+/g, 'N')] ?? PARAMETERS[name.replace(/\.\d+$/, '')])?.[1];

  it('gives every parameter of the tables the unit that they give it', () => {
    const wrong: string[] = [];
    const zeros = new Uint8Array(128);
    for (const table of [modules, Y_TABLE.slice(1)])
      for (const module of table)
        for (const { field, unit } of module.explain(zeros, 0, module.size === 0 ? 32 : module.size)) {
          const wanted = unitOf(field);
          if (wanted !== undefined && wanted !== (unit ?? null))
            wrong.push(`${module.number} ${field}: ${unit}, catalogue ${wanted}`);
        }
    expect(wrong).toEqual([]);
  });
});

describe('the byte map', () => {
  /** Every byte in order; two fields may share bytes (nibbles, a level and its raw value). */
  function covers(map: readonly ByteField[], bytes: number): void {
    let end = 0;
    for (const { offset, length } of [...map].sort((a, b) => a.offset - b.offset)) {
      expect(offset).toBeLessThanOrEqual(end);
      end = Math.max(end, offset + length);
    }
    expect(end).toBe(bytes);
  }

  it.each(modules.filter((m) => m.size > 0).map((m) => m.number))('leaves out no byte of module %i', (number) => {
    const block = hexOf(number, 1).repeat(modules[number - 1]!.size);
    const frame = packet('X', '01' + reportX({ [number]: block }));
    covers(astra.explain(input(frame)), frame.length);
  });

  it('leaves out no byte of the other frames, readable or not', () => {
    const values = { 'position.latitude': 1, 'position.timestamp': NOW_S };
    const report = { sequence: 1, time: NOW_S, reasons: 0x80, status: 0x100, values };
    const y = packet(
      'Y',
      '01' +
        '01' +
        '00003000000000000013' +
        '50000000' +
        '0'.repeat(24) +
        '04006432' +
        '01' +
        '020a' +
        '001300000000' +
        '00'.repeat(13) +
        '0000',
    );
    const frames = [
      ...['K', 'M', 'V', 'C'].map((letter) => encodeLegacyPacket({ letter, ident: IMEI, reports: [report, report] })!),
      encodeXPacket({ ident: IMEI, reports: [{ ...report, modules: [2] }] }),
      packet(
        'X',
        '01' +
          reportX({
            45: '01000e00000000' + 'a1a2a3a4a5a6ce01000a01020064',
            46: '001300000000' + '00'.repeat(13),
            48: '000101',
          }),
      ),
      packet('X', '01' + 'ff'.repeat(30)),
      packet('Q', '00'.repeat(20)),
      y,
      Uint8Array.of(1, 2, 3),
    ];
    for (const frame of frames) covers(astra.explain(input(frame)), frame.length);
  });

  it('shows raw and value, the verdict on the checksum, and a login by its fields', () => {
    const frame = packet('X', '01' + reportX({ 1: '3d23' }));
    const map = astra.explain(input(frame));
    expect(map).toContainEqual({
      offset: 21,
      length: 1,
      field: 'external.powersource.voltage',
      raw: 61,
      value: 12.2,
      unit: 'V',
    });
    expect(map.at(-1)).toMatchObject({ field: 'checksum', value: 'good' });
    frame[22]! ^= 1;
    expect(astra.explain(input(frame)).at(-1)?.value).toMatch(/^wrong/);
    const login = encodeLogin({
      model: 'AT402',
      ident: IMEI,
      firmware: '7',
      letter: 'X',
      hardware: '1',
      checksum: '8A1B',
    });
    expect(astra.explain(input(login))).toContainEqual({ offset: 13, length: 15, field: 'ident', raw: IMEI });
  });
});
