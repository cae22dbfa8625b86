import { describe, expect, it } from 'vitest';
import { Codec } from '@fleetwire/schemas';
import { commandOfJson, isJson } from './json-command.js';

const NOW_MS = 1_800_000_000_000;
const parse = (fields: object): unknown => commandOfJson(Buffer.from(JSON.stringify(fields)), NOW_MS);
const LEAST = { id: 'a', ident: '860000000000001', name: 'custom', expires_at: '2027-01-15T08:01:00Z' };

describe('a command as JSON', () => {
  it('needs id, ident, name and expiry; the rest is what the schema says', () => {
    const made = parse({ ...LEAST, arguments: { payload: '$POLL' } });
    expect(made).toEqual({
      command: {
        ...LEAST,
        arguments: '{"payload":"$POLL"}',
        expires_at: 1_800_000_060_000_000,
        delivery: 'at_most_once',
        condition: null,
        priority: 0,
        confirm: false,
        channel: 'connection',
        cancel_of: null,
        requested_at: NOW_MS * 1000,
        requested_by: 'json',
        tenant: null,
      },
    });
    const { command } = made as { command: Parameters<typeof codec.encode<'commands'>>[1] };
    const codec = Codec.local();
    expect(codec.decode('commands', codec.encode('commands', command))).toEqual(command);
  });

  it('may say everything, and cancels without a name', () => {
    const condition = { max_speed: 5, max_fix_age_s: 60 };
    expect(
      parse({ ...LEAST, condition, confirm: true, priority: 3, expires_at: 7, arguments: '{"mode":1}' }),
    ).toMatchObject({
      command: {
        ...{ arguments: '{"mode":1}', confirm: true, priority: 3, expires_at: 7 },
        condition: { max_speed: 5, ignition_off: null, max_fix_age_s: 60 },
      },
    });
    const { id, ident, expires_at } = LEAST;
    expect(parse({ id, ident, expires_at, cancel_of: 'b' })).toMatchObject({
      command: { name: 'cancel', cancel_of: 'b' },
    });
  });

  it.each([
    [{ ...LEAST, id: undefined }, /^id: it is missing/],
    [{ ...LEAST, ident: 86 }, /^ident: use a text/],
    [{ ...LEAST, expires_at: undefined }, /^expires_at: it is missing; give µs since 1970, or an ISO time/],
    [{ ...LEAST, expires_at: 'soon' }, /^expires_at: use µs/],
    [{ ...LEAST, arguments: 3 }, /^arguments: use an object/],
    [{ ...LEAST, delivery: 'twice' }, /^delivery: use one of at_most_once, at_least_once/],
    [{ ...LEAST, confirm: 'yes' }, /^confirm: use true or false/],
    [{ ...LEAST, condition: { speed: 5 } }, /^condition\.speed: unknown; use max_speed/],
    [{ ...LEAST, condition: 5 }, /^condition: use an object/],
    [{ ...LEAST, expires: 5 }, /^expires: unknown; use id, /],
  ])('that is none says which field, and what would do: %j', (fields, error) => {
    expect(parse(fields)).toEqual({ error: expect.stringMatching(error) as unknown });
  });

  it('is told from Avro by its first byte, and may be cut', () => {
    expect([Buffer.from('{}'), Buffer.from([0, 0, 0, 0, 1]), Buffer.alloc(0)].map(isJson)).toEqual([
      true,
      false,
      false,
    ]);
    expect(commandOfJson(Buffer.from('{"id":"a"'), NOW_MS)).toMatchObject({
      error: expect.stringMatching(/no JSON/) as unknown,
    });
  });
});
