import { describe, expect, it } from 'vitest';
import { reportToFlat } from '../catalogue/flat.js';
import { replyLine } from './simulate.js';
import { UNIT, bytesOf, decodeFrame } from './testing.js';

const response = (line: string) => decodeFrame(bytesOf(`${line}\r\n`)).responses[0];

describe('answers', () => {
  it('follow their grammar', () => {
    expect(response('$OK')).toEqual({ command: null, outcome: 'ok' });
    expect(response('$OK+A1')).toEqual({ command: null, outcome: 'ok', tag: 'A1' });
    expect(response('$ERROR+G1=107')).toEqual({ command: null, outcome: 'error', code: '107', tag: 'G1' });
    expect(response('$ERROR')).toEqual({ command: null, outcome: 'error' });
    expect(response('$UNID+SOMETAG = 1004715')).toEqual({
      command: 'UNID',
      outcome: 'value',
      values: ['1004715'],
      tag: 'SOMETAG',
    });
    expect(response('$GPRS=1,"a,b","c=d",,5')).toEqual({
      command: 'GPRS',
      outcome: 'value',
      values: ['1', 'a,b', 'c=d', '', '5'],
    });
    expect(response('$1708="%ZO1"')).toEqual({ command: '1708', outcome: 'value', values: ['%ZO1'] });
  });

  it('that do not are kept as text', () => {
    expect(response('$hello world')).toEqual({ command: null, outcome: 'value', values: ['$hello world'] });
    expect(response('$=')).toEqual({ command: null, outcome: 'value', values: ['$='] });
  });

  it('to AT$FORM teach the format', () => {
    expect(decodeFrame(replyLine('FORM', '1,0x0203,1,"%CI%SA%AV1"', 'Q')).learnt).toEqual([
      {
        name: 'form',
        value: {
          form: '%CI%SA%AV1',
          source: 'reply',
          binary: true,
          prefix: '0203',
          timeFormat: 1,
          fields: ['CI', 'SA', 'AV1'],
        },
        settings: { form: '%CI%SA%AV1', formSource: 'reply' },
      },
    ]);
    expect(decodeFrame(replyLine('FORM', '0,@P,0,""')).learnt[0]).toMatchObject({
      value: { form: '', binary: false, prefix: '4050', fields: [] },
      settings: { form: '' },
    });
  });

  it('to AT$FORM with codes that can not be teach nothing, and say so', () => {
    for (const info of ['"%SA%toolong"', '"SA"']) {
      const decoded = decodeFrame(replyLine('FORM', `0,@P,0,${info}`));
      expect(decoded.learnt).toEqual([]);
      expect(decoded.rejected).toMatchObject([{ reason: 'bad_syntax', path: 'form.custom_info' }]);
      expect(decoded.responses).toHaveLength(1);
    }
    expect(decodeFrame(replyLine('FORM', '0,@P')).learnt).toEqual([]);
  });

  it('to AT$FMSC and AT$1708 teach the lists of the buses', () => {
    expect(decodeFrame(replyLine('FMSC', '1,"%JO1%JH1%JS1"')).learnt).toEqual([
      { name: 'j1939_fields', value: ['JO1', 'JH1', 'JS1'], settings: { j1939Fields: ['JO1', 'JH1', 'JS1'] } },
    ]);
    expect(decodeFrame(replyLine('FMSC', '0,"%JO1"')).learnt).toMatchObject([{ settings: { j1939Fields: [] } }]);
    expect(decodeFrame(replyLine('1708', '"%ZO1%ZO2"')).learnt).toEqual([
      { name: 'j1708_fields', value: ['ZO1', 'ZO2'], settings: { j1708Fields: ['ZO1', 'ZO2'] } },
    ]);
  });

  it('to AT$INFO are a report without position', () => {
    const line = replyLine('INFO', `${UNIT},AX5,Rev.1.08,${UNIT},50026811379271,897010268113792717,130,41,8,1,26,1,2`);
    const { reports } = decodeFrame(line);
    expect(reportToFlat(reports[0]!)).toMatchObject({
      ident: UNIT,
      'gsm.sim.imsi': '050026811379271',
      'gsm.sim.iccid': '897010268113792717',
      'external.powersource.voltage': 13,
      'backup.battery.voltage': 4.1,
      'position.satellites': 8,
      'gsm.signal.level': 84,
      'server.connection.status': true,
      'gnss.antenna.status': true,
      'gnss.antenna.short.circuit.status': true,
      'atrack.model': 'AX5',
      'atrack.firmware': 'Rev.1.08',
      'atrack.gsm.registration': 1,
    });
    expect(reports[0]?.position_valid).toBeNull();
    expect(decodeFrame(replyLine('INFO', '1,2,3')).reports).toEqual([]);
  });
});
