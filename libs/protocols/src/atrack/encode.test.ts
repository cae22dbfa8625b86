import { describe, expect, it } from 'vitest';
import type { Encoded } from '../protocol.js';
import { COMMAND_NAMES } from './commands.js';
import { atrack } from './index.js';
import { NOW_MS, UNIT, decodeFrame } from './testing.js';

const encode = (name: string, args: Record<string, unknown> = {}, tag?: string): Encoded =>
  atrack.encode({ name, args }, atrack.open({ ident: UNIT }), { nowMs: NOW_MS, ...(tag !== undefined && { tag }) });
const text = (encoded: Encoded): string =>
  encoded.kind === 'bytes' ? String.fromCharCode(...encoded.bytes) : `${encoded.field}: ${encoded.remedy}`;

describe('custom commands', () => {
  it('go out as they are, with one CR LF', () => {
    expect(text(encode('custom', { text: 'AT$OUTC=2,1,30,20,4' }))).toBe('AT$OUTC=2,1,30,20,4\r\n');
    expect(text(encode('custom', { text: 'AT$FORM=?\r\n' }))).toBe('AT$FORM=?\r\n');
  });

  it('can not smuggle a second command or other bytes', () => {
    for (const bad of ['AT$A\r\nAT$B', 'AT$A\n', 'AT$\u00e4', 'AT$\u0000', '', 7, undefined])
      expect(encode('custom', { text: bad })).toMatchObject({ kind: 'error', field: 'args.text' });
  });

  it('are correlated by the tag that they hold', () => {
    expect(encode('custom', { text: 'AT$FORM+Q1=?' })).toMatchObject({ correlation: 'Q1', answer: 'response' });
    expect(encode('custom', { text: 'AT$GPOS' })).toMatchObject({ correlation: 'report:GPOS', answer: 'report' });
  });
});

describe('typed commands', () => {
  it.each([
    ['info', {}, 'AT$INFO=?'],
    ['form_query', {}, 'AT$FORM=?'],
    ['j1939_query', {}, 'AT$FMSC=?'],
    ['j1708_query', {}, 'AT$1708=?'],
    ['position_query', {}, 'AT$GPOS'],
    ['position_query', { destination: 130, format: 0 }, 'AT$GPOS=130,0'],
    ['impact_data', {}, 'AT$GDAT'],
    ['trouble_codes', { pending: true }, 'AT$GDTC=1'],
    ['unit_id_set', { id: '0' }, 'AT$UNID=0'],
    ['output_set', { output: 2, on: true, duration: 30, opposite_duration: 20, repeats: 4 }, 'AT$OUTC=2,1,30,20,4'],
    ['output_set', { output: 9, on: false }, 'AT$OUTC=9,0'],
    ['output_set', { output: 1, on: true, repeats: 255 }, 'AT$OUTC=1,1,,,255'],
    [
      'form_set',
      { binary: true, prefix: '@P', calendar_times: false, fields: ['CI', 'SA', 'MV', 'BV'], erase_unsent: true },
      'AT$FORM=1,@P,0,"%CI%SA%MV%BV"',
    ],
    ['j1939_set', { on: true, fields: ['JO5'] }, 'AT$FMSC=1,"%JO5"'],
    ['j1708_set', { fields: [] }, 'AT$1708=""'],
    [
      'report_set',
      { id: 101, on: true, events: ['IN0'], states: '1', schedule: 0, action: 1 },
      'AT$REPT=101,1,"%IN0","1",0,1',
    ],
    ['drivers_set', { action: 1, output: 1, delay: 5, ids: ['BC12', 'AA'] }, 'AT$DVID=1,1,5,"BC12","AA"'],
    [
      'geofence_set',
      { index: 1, shape: 1, size: 200, coordinates: [24105187, 56949649] },
      'AT$GFEN=1,1,200,24105187,56949649',
    ],
    ['log_download', { from: '260101000000', to: '260102000000' }, 'AT$DLOG="260101000000","260102000000"'],
    ['tyres_set', { sensors: ['00A1B2'] }, 'AT$BCST=1,,1,"00A1B2"'],
    ['restart', { action: 1 }, 'AT$REST=1'],
    [
      'speeding_set',
      { on_speed: 90, on_time: 10, off_speed: 80, off_time: 5, password: 'pw' },
      'AT$SPED=pw,90,10,80,5',
    ],
    ['info', { password: 'pw' }, 'AT$INFO=pw,?'],
  ])('%s %j', (name, args, line) => {
    expect(text(encode(name, args))).toBe(`${line}\r\n`);
  });

  it('carry the tag behind the name, and the answer comes back with it', () => {
    const encoded = encode('form_query', {}, 'A1');
    expect(text(encoded)).toBe('AT$FORM+A1=?\r\n');
    const answers = ['$FORM+A1=0,@P,0,""', '$ERROR+A1=101', '$OK+A1'];
    for (const answer of answers) {
      const [response] = decodeFrame(Uint8Array.from(`${answer}\r\n`, (c) => c.charCodeAt(0))).responses;
      expect(encoded).toMatchObject({ correlation: atrack.correlationOf(response!) });
    }
    const untagged = decodeFrame(Uint8Array.from('$OK\r\n', (c) => c.charCodeAt(0))).responses[0]!;
    expect(encode('info')).toMatchObject({ correlation: atrack.correlationOf(untagged) });
  });

  it('refuse arguments with the field at fault and what would do', () => {
    expect(encode('output_set', { output: 4, on: true })).toEqual({
      kind: 'error',
      field: 'args.output',
      remedy: 'give one of 1, 2, 3, 9, 10',
    });
    expect(encode('output_set', { output: 1 })).toMatchObject({
      field: 'args.on',
      remedy: 'missing; give true or false',
    });
    expect(encode('output_set', { output: 1, on: true, repeats: 256 })).toMatchObject({ field: 'args.repeats' });
    expect(encode('output_set', { output: 1, on: true, bogus: 1 })).toMatchObject({ field: 'args.bogus' });
    expect(encode('form_set', { binary: true, prefix: '@P', calendar_times: false, fields: [] })).toMatchObject({
      field: 'args.erase_unsent',
    });
    expect(
      encode('form_set', { binary: true, prefix: '$P', calendar_times: false, fields: [], erase_unsent: true }),
    ).toMatchObject({
      field: 'args.prefix',
    });
    expect(encode('j1939_set', { on: true, fields: ['bad'] })).toMatchObject({ field: 'args.fields' });
    expect(encode('terminal_text', { port: 1, format: 0, text: 'a"\r\nAT$REST' })).toMatchObject({
      field: 'args.text',
    });
    expect(encode('drivers_set', { action: 1, output: 1, delay: 1, ids: [1] })).toMatchObject({ field: 'args.ids' });
    expect(encode('info', { password: 'a,b' })).toMatchObject({ field: 'args.password' });
    expect(encode('info', {}, 'toolong')).toMatchObject({ field: 'tag' });
    expect(encode('nothing')).toMatchObject({ field: 'name' });
  });

  it('never give bytes for arguments of the wrong type', () => {
    for (const name of COMMAND_NAMES) {
      for (const bad of [null, {}, [], 'x', -1, NaN, 1e12]) {
        const encoded = encode(name, { text: bad, output: bad, id: bad, fields: bad, from: bad });
        if (encoded.kind === 'bytes') expect(text(encoded)).toMatch(/^x\r\n$/);
      }
    }
  });
});
