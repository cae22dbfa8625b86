import { describe, expect, it } from 'vitest';
import type { Command } from '@fleetwire/schemas';
import { commandOfWrite, planOf, readBackOf, settingsSetBy } from './plan.js';
import { refusalOf, type ValidateEnv } from './validate.js';

const NOW = 1_800_000_000_000_000;
const ENV: ValidateEnv = { nowUs: NOW, protocol: 'astra', smsGateway: true, phone: '+491701234567' };
const command = (name: string, args: object, over: Partial<Command> = {}): Command => ({
  id: 'c1',
  ident: '860000000000001',
  name,
  arguments: JSON.stringify(args),
  expires_at: NOW + 60_000_000,
  delivery: 'at_most_once',
  condition: null,
  priority: 0,
  confirm: false,
  channel: 'connection',
  cancel_of: null,
  requested_at: NOW,
  requested_by: 'anna',
  tenant: null,
  ...over,
});
const condition = { max_speed: null, ignition_off: null, max_fix_age_s: null };

describe('a command is refused', () => {
  it.each([
    ['expiry_past', 'expires_at', command('custom', { payload: '$POLL' }, { expires_at: NOW }), {}],
    ['bad_argument', 'id', command('custom', { payload: '$POLL' }, { id: '' }), {}],
    ['bad_argument', 'ident', command('custom', { payload: '$POLL' }, { ident: 'a b' }), {}],
    ['bad_argument', 'arguments', command('custom', {}, { arguments: '[]' }), {}],
    ['bad_argument', 'arguments', command('custom', {}, { arguments: '{' }), {}],
    ['unknown_name', 'name', command('interval', { cycle_time: 60 }), {}],
    ['unknown_name', 'name', command('nosuch', {}), { protocol: null }],
    ['bad_argument', 'args.payload', command('custom', { payload: '$POLL\r\n$IMOB,4' }), {}],
    ['bad_argument', 'args.mode', command('immobilise', { mode: 9 }, { confirm: true }), {}],
    ['bad_argument', 'args.cycle_time', command('interval', { cycle_time: '60' }), { protocol: 'h02' }],
    ['bad_argument', 'args.cycle_time', command('interval', { cycle_time: 5 }), { protocol: null }],
    [
      'bad_argument',
      'condition.max_speed',
      command('custom', { payload: '$POLL' }, { condition: { ...condition, max_speed: -1 } }),
      {},
    ],
    [
      'bad_argument',
      'condition.max_fix_age_s',
      command('custom', { payload: '$POLL' }, { condition: { ...condition, max_fix_age_s: 0 } }),
      {},
    ],
    ['confirm_missing', 'confirm', command('immobilise', { mode: 3 }), {}],
    ['confirm_missing', 'confirm', command('custom', { payload: '$IMOB,4' }), {}],
    ['confirm_missing', 'confirm', command('engine_stop', {}), { protocol: null }],
    ['not_idempotent', 'delivery', command('immobilise', {}, { confirm: true, delivery: 'at_least_once' }), {}],
    ['no_sms_gateway', 'channel', command('custom', { text: 'x' }, { channel: 'sms' }), { smsGateway: false }],
    ['no_phone', 'channel', command('custom', { text: 'x' }, { channel: 'sms' }), { phone: null }],
    ['bad_argument', 'arguments', command('custom', { text: 'ä' }, { channel: 'sms', confirm: true }), {}],
    ['bad_argument', 'arguments', command('apn', { name: 'a' }, { channel: 'sms', confirm: true }), {}],
    ['bad_argument', 'condition', command('custom', { text: 'x' }, { channel: 'sms', confirm: true, condition }), {}],
    ['confirm_missing', 'confirm', command('custom', { text: 'x' }, { channel: 'sms' }), {}],
  ] as const)('with %s, naming %s', (cause, field, refused, env) => {
    const refusal = refusalOf(refused, { ...ENV, ...env });
    expect(refusal).toMatchObject({ cause });
    expect(refusal?.detail.startsWith(`${field}: `)).toBe(true);
    expect(refusal!.detail.length).toBeGreaterThan(field.length + 10);
  });

  it.each([
    [command('custom', { payload: '$POLL' }), ENV],
    [command('immobilise', { mode: 3 }, { confirm: true, condition: { ...condition, ignition_off: true } }), ENV],
    [command('interval', { cycle_time: 60 }, { delivery: 'at_least_once' }), { ...ENV, protocol: 'h02' as const }],
    [command('interval', { cycle_time: 60 }), { ...ENV, protocol: null }],
    [command('cancel', {}, { cancel_of: 'c0', expires_at: NOW }), ENV],
    [command('custom', { text: 'RESET' }, { channel: 'sms', confirm: true }), ENV],
  ])('not, when there is nothing wrong: %#', (good, env) => {
    expect(refusalOf(good, env)).toBeNull();
  });
});

describe('the way of a command', () => {
  const interval = command('interval', { cycle_time: 60 }, { delivery: 'at_least_once' });

  it('has one write, or as many as the catalogue says when it is asked for at least once', () => {
    expect(planOf('h02', { ...interval, delivery: 'at_most_once' }, 60e6)).toEqual({ waitsUs: [60e6], leaves: false });
    expect(planOf('h02', interval, 60e6)).toEqual({ waitsUs: [60e6, 60e6], leaves: false });
    expect(planOf('jt808', interval, 60e6)).toEqual({ waitsUs: [10e6, 20e6, 60e6], leaves: false });
    expect(planOf('astra', command('server_port', { port: 1 }), 60e6)).toEqual({ waitsUs: [60e6], leaves: true });
  });

  it('words the second write of an H02 interval as D1', () => {
    expect(JSON.parse(commandOfWrite('h02', interval, 1).arguments)).toEqual({ cycle_time: 60 });
    expect(JSON.parse(commandOfWrite('h02', interval, 2).arguments)).toEqual({ cycle_time: 60, form: 'D1' });
    expect(commandOfWrite('jt808', interval, 2)).toEqual(interval);
  });

  it('reads back what was set, where the device can be asked', () => {
    expect(settingsSetBy('h02', interval)).toEqual([{ name: 'interval', value: 60 }]);
    const end = { at: NOW } as Parameters<typeof readBackOf>[2];
    expect(readBackOf('h02', interval, end)).toBeNull();
    expect(readBackOf('jt808', interval, end)).toMatchObject({
      id: 'read-back:c1',
      name: 'query_parameters',
      arguments: '{"ids":["0x0029"]}',
      delivery: 'at_most_once',
      requested_by: 'dispatcher',
    });
    const parameters = command('set_parameters', { parameters: { '0x55': 90, '0x0029': 30 } });
    expect(JSON.parse(readBackOf('jt808', parameters, end)!.arguments)).toEqual({ ids: ['0x0055', '0x0029'] });
  });
});
