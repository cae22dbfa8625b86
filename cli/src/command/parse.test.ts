import { describe, expect, it } from 'vitest';
import { commandOf, expiresMsOf, isSuccess, parseArguments, parseCondition, type CommandRequest } from './parse.js';

const request = (changes: Partial<CommandRequest>): CommandRequest => ({
  id: 'id-1',
  ident: '356938035643809',
  name: 'immobilise',
  words: ['mode=3'],
  nowMs: 1_800_000_000_000,
  expiresMs: 60_000,
  delivery: 'at_most_once',
  condition: [],
  priority: 0,
  confirm: false,
  channel: 'connection',
  cancelOf: undefined,
  requestedBy: 'cli:test',
  ...changes,
});

describe('the expiry of a command that names none', () => {
  it.each([
    ['interval', ['cycle_time=60'], 'connection', 600_000],
    ['custom', ['payload=$POLL'], 'connection', 600_000],
    ['custom', ['payload=$IMOB,1'], 'connection', 60_000],
    ['immobilise', ['mode=1'], 'connection', 60_000],
    ['engine_stop', [], 'connection', 60_000],
    ['custom', ['text=hello'], 'sms', 60_000],
    ['nosuch', [], 'connection', 60_000],
  ] as const)('is short where it may be dangerous: %s %j over %s', (name, words, channel, expiresMs) => {
    expect(expiresMsOf(name, words, channel)).toBe(expiresMs);
  });
});

describe('commands on the command line', () => {
  it('reads values as JSON where they are, else as text', () => {
    expect(
      parseArguments([
        'mode=3',
        'on=true',
        'payload=$POLL,1',
        'name="7"',
        'parameters={"0x0029": 30}',
        'empty=',
        'url=a=b',
      ]),
    ).toEqual({
      mode: 3,
      on: true,
      payload: '$POLL,1',
      name: '7',
      parameters: { '0x0029': 30 },
      empty: '',
      url: 'a=b',
    });
  });

  it('keeps digits that a number would change', () => {
    expect(parseArguments(['number=0044123', 'id=12345678901234567890', 'version=1.50'])).toEqual({
      number: '0044123',
      id: '12345678901234567890',
      version: 1.5,
    });
  });

  it.each([['mode'], ['=3'], ['mo de=3'], ['a=1', 'a=2']])('refuses %s', (...words) =>
    expect(() => parseArguments(words)).toThrow(expect.objectContaining({ exitCode: 2 })),
  );

  it('makes the record with times in µs', () => {
    expect(commandOf(request({ condition: ['ignition_off,max_fix_age=90s', 'max_speed=5'], confirm: true }))).toEqual({
      id: 'id-1',
      ident: '356938035643809',
      name: 'immobilise',
      arguments: '{"mode":3}',
      expires_at: 1_800_000_060_000_000,
      delivery: 'at_most_once',
      condition: { max_speed: 5, ignition_off: true, max_fix_age_s: 90 },
      priority: 0,
      confirm: true,
      channel: 'connection',
      cancel_of: null,
      requested_at: 1_800_000_000_000_000,
      requested_by: 'cli:test',
    });
  });

  it('makes a cancellation without a name, and nothing else beside it', () => {
    const cancel = { name: undefined, words: [], cancelOf: 'id-0' };
    expect(commandOf(request(cancel))).toMatchObject({ name: 'cancel', cancel_of: 'id-0', arguments: '{}' });
    expect(() => commandOf(request({ ...cancel, name: 'custom' }))).toThrow(/--cancel takes no NAME/);
    expect(() => commandOf(request({ name: undefined, words: [] }))).toThrow(/no NAME/);
    expect(() => commandOf(request({ name: 'mode=3', words: [] }))).toThrow(/stands where the NAME/);
  });

  it('refuses a condition that it does not know', () => {
    for (const bad of ['speed=5', 'max_speed', 'max_speed=fast', 'max_fix_age=60', 'ignition_off=false'])
      expect(() => parseCondition([bad])).toThrow(/--condition/);
    expect(parseCondition([])).toBeNull();
  });

  it('succeeds by success, or by writing where no answer exists; a cancellation by being cancelled', () => {
    expect(isSuccess({ state: 'succeeded', cause: null }, false)).toBe(true);
    expect(isSuccess({ state: 'unconfirmed', cause: 'no_reply_defined' }, false)).toBe(true);
    expect(isSuccess({ state: 'unconfirmed', cause: 'edge_lost' }, false)).toBe(false);
    expect(isSuccess({ state: 'cancelled', cause: null }, false)).toBe(false);
    expect(isSuccess({ state: 'cancelled', cause: null }, true)).toBe(true);
    expect(isSuccess({ state: 'succeeded', cause: null }, true)).toBe(false);
  });
});
