import { describe, expect, it } from 'vitest';
import { latin1 } from '../wire/reader.js';
import { astra } from './index.js';

const link = astra.open({ ident: '350000000000006' });
const encode = (name: string, args: Record<string, unknown> = {}) => astra.encode({ name, args }, link, { nowMs: 0 });
const line = (name: string, args: Record<string, unknown>): string => {
  const encoded = encode(name, args);
  return encoded.kind === 'bytes'
    ? latin1(encoded.bytes, 0, encoded.bytes.length)
    : `${encoded.field}: ${encoded.remedy}`;
};

describe('commands', () => {
  it.each([
    ['apn', { name: 'internet' }, '$APAD,internet'],
    ['apn', { name: 'iot.net, internet,NONE' }, '$APAD,iot.net,internet,NONE'],
    ['apn', { name: 'a,b,c,d,e' }, '$APAD,a,b,c,d,e'],
    ['apn_password', { password: 'secret' }, '$APPW,secret'],
    ['apn_password', { password: '' }, '$APPW,NONE'],
    ['digital_output', { output: 1, state: 1 }, '$SDIG,1,1'],
    ['digital_output', { output: 8, state: false }, '$SDIG,8,0'],
    ['digital_output', { output: '2', state: '1', set_time: 500 }, '$SDIG,2,1,500'],
    ['digital_output', { output: 2, state: 1, set_time: 500, pulse_reps: 3 }, '$SDIG,2,1,500,3'],
    ['digital_output', { state: 1, output: 1, set_time: 500, pulse_reps: 3, unset_time: 250 }, '$SDIG,1,1,500,3,250'],
    ['immobilise', {}, '$IMOB,3'],
    ['immobilise', { mode: 0 }, '$IMOB,0'],
    ['immobilise', { mode: 4, delay: 30 }, '$IMOB,4,30'],
    ['server_host', { host: '192.168.1.1' }, '$IPAD,192.168.1.1'],
    ['server_host', { host: 'gw-1.example.com' }, '$IPAD,gw-1.example.com'],
    ['server_port', { port: 31090 }, '$PORT,31090'],
    ['custom', { payload: '$TEST,1' }, '$TEST,1'],
    ['custom', { payload: '$POLL\r\n' }, '$POLL'],
  ])('%s %j', (name, args, expected) => {
    expect(line(name, args)).toBe(`${expected}\r\n`);
  });

  it.each([
    ['apn', {}, 'name'],
    ['apn', { name: '' }, 'name'],
    ['apn', { name: 'a,b,c,d,e,f' }, 'name'],
    ['apn', { name: 'a,,b' }, 'name'],
    ['apn', { name: 'x'.repeat(64) }, 'name'],
    ['apn', { name: 'a b' }, 'name'],
    ['apn', { name: 'a$b' }, 'name'],
    ['apn', { name: 'caf\u00e9' }, 'name'],
    ['apn_password', {}, 'password'],
    ['apn_password', { password: 'a,b' }, 'password'],
    ['apn_password', { password: 'a\r\n$IMOB,4' }, 'password'],
    ['digital_output', { state: 1 }, 'output'],
    ['digital_output', { output: 1 }, 'state'],
    ['digital_output', { output: 0, state: 1 }, 'output'],
    ['digital_output', { output: 9, state: 1 }, 'output'],
    ['digital_output', { output: 1, state: 2 }, 'state'],
    ['digital_output', { output: 1, state: 1, set_time: -1 }, 'set_time'],
    ['digital_output', { output: 1, state: 1, pulse_reps: 3 }, 'set_time'],
    ['digital_output', { output: 1, state: 1, set_time: 5, unset_time: 3 }, 'pulse_reps'],
    ['immobilise', { mode: 5 }, 'mode'],
    ['immobilise', { mode: 1.5 }, 'mode'],
    ['immobilise', { mode: 3, delay: 'soon' }, 'delay'],
    ['server_host', { host: '' }, 'host'],
    ['server_host', { host: '256.1.1.1' }, 'host'],
    ['server_host', { host: '1.2.3' }, 'host'],
    ['server_host', { host: 'a b' }, 'host'],
    ['server_host', { host: `${'x'.repeat(60)}.com` }, 'host'],
    ['server_port', {}, 'port'],
    ['server_port', { port: 0 }, 'port'],
    ['server_port', { port: 65536 }, 'port'],
    ['custom', { payload: 'IMEI' }, 'payload'],
    ['custom', { payload: '$' }, 'payload'],
    ['custom', { payload: '$IMEI\r\n$IMOB,4' }, 'payload'],
    ['custom', { payload: '$IMEI\n' }, 'payload'],
    ['custom', { payload: `$${'A'.repeat(2000)}` }, 'payload'],
    ['reboot', {}, 'name'],
    ['toString', {}, 'name'],
  ])('%s %j is refused for its %s, with a remedy', (name, args, field) => {
    const encoded = encode(name, args);
    expect(encoded).toMatchObject({ kind: 'error', field });
    expect(encoded.kind === 'error' && encoded.remedy.length).toBeGreaterThan(5);
  });

  it('ties a command to its answer by the mnemonic, and a poll to a report', () => {
    expect(encode('immobilise', { mode: 3 })).toMatchObject({ correlation: 'IMOB', answer: 'response' });
    expect(astra.correlationOf({ command: 'IMOB', outcome: 'ok' })).toBe('IMOB');
    expect(encode('custom', { payload: '$imei' })).toMatchObject({ correlation: 'IMEI' });
    expect(encode('custom', { payload: '$POLL' })).toMatchObject({ correlation: 'report:POLL', answer: 'report' });
    expect(astra.correlationOf({ command: null, outcome: 'ok' })).toBe('');
  });
});
