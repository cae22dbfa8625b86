/** The custom info: where its format comes from, and what happens when it does not fit. */
import { describe, expect, it } from 'vitest';
import { asciiFrame, binaryFrame, type CustomValues, type SimulatedFrame } from './simulate.js';
import { codesOf, planOf } from './plan.js';
import { reportToFlat } from '../catalogue/flat.js';
import { UNIT, decodeFrame, messageOf, recordOf } from './testing.js';

const VALUES: CustomValues = {
  SA: 9,
  MV: 131,
  BV: 42,
  CE: 21_646,
  LC: 5189,
  CN: 310_260,
  GQ: 26,
  PK: 1,
  GS: 7,
  AT: 424,
};
const three = (frame: Partial<SimulatedFrame>, values: CustomValues = VALUES): SimulatedFrame => ({
  unitId: UNIT,
  sequence: 1,
  records: [0, 60, 120].map((s) => recordOf({ rtc: 1_700_000_001 + s, custom: values })),
  ...frame,
});
const flats = (frame: Uint8Array, settings = {}): Record<string, unknown>[] =>
  decodeFrame(frame, settings).reports.map((r) => reportToFlat(r));
const ALL = { 'position.satellites': 9, 'external.powersource.voltage': 13.1, 'position.altitude': 424 };

describe.each([
  ['binary', binaryFrame],
  ['ASCII', asciiFrame],
] as const)('the format of %s records', (_, make) => {
  it.each(['%CI%SA%MV%AT', '%SA%MV%AT%CI', '%SA%CI%MV%AT'])('is read from the record itself: %s', (form) => {
    const frame = make(three({ form }));
    const decoded = decodeFrame(frame);
    expect(decoded.rejected).toEqual([]);
    expect(decoded.reports.map((r) => reportToFlat(r))).toMatchObject([ALL, ALL, ALL]);
    expect(decoded.learnt).toMatchObject([
      {
        name: 'form',
        value: {
          form,
          source: 'inline',
          binary: make === binaryFrame,
          prefix: '4050',
          timeFormat: 0,
          fields: codesOf(form),
        },
        settings: { form, formSource: 'inline' },
      },
    ]);
  });

  it('teaches nothing that the settings hold already', () => {
    const frame = make(three({ form: '%CI%SA' }));
    expect(decodeFrame(frame, { form: '%CI%SA', formSource: 'inline' }).learnt).toEqual([]);
    expect(decodeFrame(frame, { form: '%CI%SA', formSource: 'reply' }).learnt).toHaveLength(1);
  });

  it('may change from record to record', () => {
    const first = make(three({ form: '%CI%SA%MV', records: [recordOf({ custom: VALUES })] }));
    expect(messageOf(first)).toMatchObject({ 'external.powersource.voltage': 13.1 });
    const second = make(three({ form: '%CI%MV', records: [recordOf({ custom: VALUES })] }));
    expect(messageOf(second, { form: '%CI%SA%MV', formSource: 'inline' })).toMatchObject({
      'external.powersource.voltage': 13.1,
    });
  });

  it('in the record wins over the stored one', () => {
    for (const own of ['%CI%SA%AT', '%SA%AT%CI'])
      for (const stored of ['%MV%BV', '%SA', '%CE%CN%CI', ''])
        expect(
          flats(make(three({ form: own })), { form: stored, formSource: 'reply' }),
          `${own} ${stored}`,
        ).toMatchObject([{ 'position.satellites': 9, 'position.altitude': 424 }, {}, {}]);
  });

  it('is the stored one otherwise', () => {
    expect(flats(make(three({ form: '%SA%MV%AT' })), { form: '%SA%MV%AT' })).toMatchObject([ALL, ALL, ALL]);
  });

  it('does not matter when nothing follows the fixed part', () => {
    const decoded = decodeFrame(make(three({})), { form: '%SA%MV%AT' });
    expect(decoded.rejected).toEqual([]);
    expect(decoded.reports).toHaveLength(3);
  });

  it('unknown: gives the fixed part, keeps the rest raw, and the records have the same identity once it is known', () => {
    const frame = make(three({ form: '%SA%MV%AT' }));
    const unknown = decodeFrame(frame);
    expect(unknown.reports).toHaveLength(3);
    expect(unknown.rejected.map((r) => [r.reason, r.path])).toEqual([
      ['format_unknown', 'record[0].custom'],
      ['format_unknown', 'record[1].custom'],
      ['format_unknown', 'record[2].custom'],
    ]);
    const flat = flats(frame);
    expect(flat[0]?.['position.satellites']).toBeUndefined();
    expect(flat[0]?.['atrack.custom.raw']).toBe(make === binaryFrame ? '090083000001a8' : '9,131,424');
    const known = flats(frame, { form: '%SA%MV%AT' });
    expect(known.map((m) => m['message.id'])).toEqual(flat.map((m) => m['message.id']));
  });

  it('has the bus lists appended when the device has them', () => {
    const values = { ...VALUES, JO5: 150, JH1: 21_120, ZO10: 77 };
    const lists = { j1939Fields: ['JO5', 'JH1'], j1708Fields: ['ZO10'] };
    const settings = { form: '%SA', ...lists };
    const bus = { 'can.fuel.level': 60, 'can.j1939.vehicle.speed': 82.5 };
    expect(flats(make(three({ form: '%SA%JO5%JH1%ZO10' }, values)), settings)).toMatchObject([
      { ...bus, 'can.j1708.fuel.level': 38.5 },
      bus,
      bus,
    ]);
    expect(flats(make(three({ form: '%SA%JO5%JH1' }, values)), settings)).toMatchObject([bus, bus, bus]);
    expect(flats(make(three({ form: '%SA' }, values)), settings)).toMatchObject([{ 'position.satellites': 9 }, {}, {}]);
  });
});

describe('the boundary check of binary records', () => {
  it.each([2, 4] as const)('finds cell ids of %s bytes, and remembers the other width', (cellIdBytes) => {
    const frame = binaryFrame(three({ form: '%CE%LC%SA', cellIdBytes }));
    const decoded = decodeFrame(frame, { form: '%CE%LC%SA' });
    expect(decoded.rejected).toEqual([]);
    expect(reportToFlat(decoded.reports[2]!)).toMatchObject({
      'gsm.cellid': 21_646,
      'gsm.lac': 5189,
      'position.satellites': 9,
    });
    expect(decoded.learnt).toEqual(
      cellIdBytes === 2 ? [{ name: 'cell_id_bytes', value: 2, settings: { cellIdBytes: 2 } }] : [],
    );
    expect(decodeFrame(frame, { form: '%CE%LC%SA', cellIdBytes }).learnt).toEqual([]);
  });

  it('takes an outdated format for unknown in the whole frame', () => {
    const frame = binaryFrame(three({ form: '%SA%MV%AT' }));
    for (const form of ['%SA%MV', '%SA%MV%AT%BV', '%VN']) {
      const decoded = decodeFrame(frame, { form });
      expect(decoded.reports).toHaveLength(3);
      expect(decoded.rejected.map((r) => r.reason)).toEqual(['format_unknown', 'format_unknown', 'format_unknown']);
      expect(decoded.reports.every((r) => r.position_satellites === null && r.vehicle_vin === null)).toBe(true);
    }
  });

  it('keeps what stands in front of a field of unknown width, and goes on with the next record', () => {
    const frame = binaryFrame(three({ form: '%SA%XS%MV' }, { ...VALUES, XS: 'ab' }));
    const decoded = decodeFrame(frame, { form: '%SA%XS%MV' });
    expect(decoded.reports).toHaveLength(3);
    for (const report of decoded.reports) {
      const flat = reportToFlat(report);
      expect(flat).toMatchObject({ 'position.satellites': 9, 'atrack.custom.raw': '6162000083' });
      expect(flat['external.powersource.voltage']).toBeUndefined();
    }
    expect(decoded.rejected[0]).toMatchObject({ reason: 'format_unknown', path: 'record[0].custom.XS' });
    expect(decoded.learnt).toEqual([{ name: 'field_width', value: { code: 'XS', bytes: 3 } }]);
  });

  it('does the same with a format from the record itself', () => {
    const decoded = decodeFrame(binaryFrame(three({ form: '%CI%SA%XS' }, { ...VALUES, XS: 'ab' })));
    expect(decoded.reports.map((r) => r.position_satellites)).toEqual([9, 9, 9]);
    expect(decoded.reports[0]?.strings['atrack.custom.raw']).toBe('616200');
    expect(decoded.learnt.map((l) => l.name)).toEqual(['form', 'field_width']);
  });

  it('reads an unknown field by the width that an operator gave', () => {
    const frame = binaryFrame(three({ form: '%SA%XS%MV' }, { ...VALUES, XS: 'ab' }));
    const decoded = decodeFrame(frame, { form: '%SA%XS%MV', fieldWidths: { XS: 'str' } });
    expect(decoded.rejected).toEqual([]);
    expect(reportToFlat(decoded.reports[1]!)).toMatchObject({
      'atrack.XS': 'ab',
      'external.powersource.voltage': 13.1,
    });
  });

  it('uses a guessed width only when the record then ends where it should', () => {
    const good = binaryFrame(three({ form: '%SA%BP%MV' }, { ...VALUES, BP: 87 }));
    expect(flats(good, { form: '%SA%BP%MV' })).toMatchObject([{ 'external.powersource.level': 87 }, {}, {}]);
    const bad = binaryFrame(three({ form: '%SA%MV%MV' }, VALUES));
    const decoded = decodeFrame(bad, { form: '%SA%BP%MV' });
    expect(decoded.reports[0]?.position_satellites).toBe(9);
    expect(reportToFlat(decoded.reports[0]!)['external.powersource.level']).toBeUndefined();
    expect(decoded.rejected[0]).toMatchObject({ reason: 'format_unknown', path: 'record[0].custom.BP' });
    const wide = { form: '%SA%BP%MV', fieldWidths: { BP: 'u16' } };
    expect(flats(bad, wide)).toMatchObject([{ 'external.powersource.level': 131 }, {}, {}]);
  });

  it('skips bus fields of numbers that no table has by the width of their letter', () => {
    const form = '%JO13%JH13%JL5%JN6%JS5%ZO20%ZH9%ZL9%ZS2%SA';
    const values = { ...VALUES, JO13: 7, JH13: 300, JL5: 70_000, JN6: 1, JS5: 'x', ZO20: 2, ZH9: 3, ZL9: 4, ZS2: 'y' };
    expect(flats(binaryFrame(three({ form }, values)), { form })).toMatchObject([
      {
        'atrack.JO13': 7,
        'atrack.JH13': 300,
        'atrack.JL5': 70_000,
        'atrack.JS5': 'x',
        'atrack.ZS2': 'y',
        'position.satellites': 9,
      },
      {},
      {},
    ]);
  });
});

describe('ASCII values', () => {
  const one = (form: string, custom: CustomValues, tail?: Uint8Array): Uint8Array =>
    asciiFrame({ unitId: UNIT, sequence: 1, form, records: [recordOf({ custom, ...(tail && { tail }) })] });

  it('of %GL and %NC may hold commas and run to 0x1A', () => {
    const link = 'http://maps.google.com/maps?q=44.271225,-88.429184 ';
    const message = messageOf(one('%CI%GL%SA%NC%MV', { GL: link, SA: 9, NC: '1,2,3', MV: 131 }));
    expect(message).toMatchObject({
      'atrack.GL': link.trim(),
      'position.satellites': 9,
      'atrack.NC': '1,2,3',
      'external.powersource.voltage': 13.1,
    });
  });

  it('of a code that no table has are kept as text', () => {
    const decoded = decodeFrame(one('%CI%QQ%SA', { QQ: 'a b', SA: 9 }));
    expect(decoded.rejected).toEqual([]);
    expect(reportToFlat(decoded.reports[0]!)).toMatchObject({ 'atrack.QQ': 'a b', 'position.satellites': 9 });
  });

  it('that are missing or too many are told, and the good ones kept', () => {
    const fewer = decodeFrame(one('%SA%MV', { SA: 9, MV: 131 }), { form: '%SA%MV%AT%BV' });
    expect(fewer.rejected).toMatchObject([{ reason: 'layout_mismatch', path: 'record[0].custom' }]);
    expect(reportToFlat(fewer.reports[0]!)).toMatchObject({
      'external.powersource.voltage': 13.1,
      quality: ['form_mismatch'],
    });
    const more = decodeFrame(one('%SA%MV%AT', { SA: 9, MV: 131, AT: 5 }), { form: '%SA' });
    expect(reportToFlat(more.reports[0]!)).toMatchObject({ 'position.satellites': 9, 'atrack.custom.raw': '131,5' });
  });

  it('that are empty are absent, and bad ones are left out and told', () => {
    const message = messageOf(one('%CI%SA%MV%GQ%AT', { SA: '', MV: 'x', GQ: 300, AT: -12 }));
    for (const name of ['position.satellites', 'external.powersource.voltage', 'gsm.signal.level'])
      expect(message[name]).toBeUndefined();
    expect(message).toMatchObject({ 'position.altitude': -12, quality: ['value_out_of_range'] });
  });
});

describe('a format string', () => {
  it('is a list of two letters and up to two digits behind percent signs', () => {
    expect(codesOf('%CI%SA%AV1%JO11%ZL4')).toEqual(['CI', 'SA', 'AV1', 'JO11', 'ZL4']);
    expect(codesOf('')).toEqual([]);
    for (const bad of ['SA', '%S', '%sa', '%SA1234', '%SA,MV']) expect(codesOf(bad)).toBeNull();
  });

  it('is compiled once', () => {
    expect(planOf('%SA%MV')).toBe(planOf('%SA%MV'));
    for (let i = 0; i < 2000; i++) planOf(`%SA%AV${i % 100}%IN${(i * 7) % 30}%GF${i % 90}`);
    expect(planOf('%SA%MV')?.steps).toHaveLength(2);
  });
});
