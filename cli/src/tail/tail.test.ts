import { Codec, SCHEMA_TEXTS, type CommandEventDraft } from '@fleetwire/schemas';
import type { InRecord } from '@fleetwire/streaming';
import { describe, expect, it } from 'vitest';
import { Intake } from './intake.js';
import { isOf, renderRecord } from './render.js';

const EVENT: CommandEventDraft = {
  id: 'c1',
  ident: '123',
  name: 'custom',
  state: 'queued',
  terminal: false,
  at: 1_800_000_000_000_000,
  by: 'dispatcher',
};
const record = (value: Buffer | null, key = '123', offset = 7): InRecord => ({
  topic: 'command-events',
  partition: 2,
  offset,
  key: Buffer.from(key),
  value,
  headers: {},
  timestampMs: 1_800_000_000_123,
});

describe('showing records', () => {
  it('puts where the record stands beside its value under names of its own', () => {
    const codec = Codec.local();
    const shown = renderRecord(codec, 'command-events', record(codec.encode('command-events', EVENT)));
    expect(shown).toMatchObject({
      id: 'c1',
      state: 'queued',
      'kafka.key': '123',
      'kafka.partition': 2,
      'kafka.offset': 7,
      'kafka.timestamp': 1_800_000_000.123,
    });
  });

  it('shows a tombstone and a value that is no Avro instead of failing', () => {
    const codec = Codec.local();
    expect(renderRecord(codec, 'command-events', record(null))).toMatchObject({ 'kafka.tombstone': true });
    expect(renderRecord(codec, 'command-events', record(Buffer.from('hello')))).toMatchObject({
      'kafka.value.hex': '68656c6c6f',
      'kafka.value.error': 'a value of command-events does not begin with a schema id',
    });
  });

  it('tells a device by the ident of the value, else by the first part of the key', () => {
    expect(isOf('123', { ident: '123', 'kafka.key': '9' })).toBe(true);
    expect(isOf('123', { ident: '1234', 'kafka.key': '123' })).toBe(false);
    expect(isOf('123', { 'kafka.key': '123:e1' })).toBe(true);
    expect(isOf('123', { 'kafka.key': '1234' })).toBe(false);
    expect(isOf('123', { 'kafka.key': null })).toBe(false);
  });

  it('learns a schema that it does not know and keeps the order', async () => {
    const asked: number[] = [];
    const codec = Codec.local(['command-events'], (id) => {
      asked.push(id);
      return Promise.resolve(SCHEMA_TEXTS['command-event']);
    });
    const own = codec.encode('command-events', EVENT);
    const foreign = Buffer.from(own);
    foreign.writeUInt32BE(4_711, 1);
    const offsets: unknown[] = [];
    const intake = new Intake(codec, 'command-events', (shown) => offsets.push(shown['kafka.offset']) < 4);
    expect(intake.push(record(own, '123', 1))).toBe(true);
    intake.push(record(foreign, '123', 2));
    intake.push(record(own, '123', 3));
    intake.push(record(foreign, '123', 4));
    intake.push(record(own, '123', 5));
    await intake.settled();
    expect(offsets).toEqual([1, 2, 3, 4]);
    expect(asked).toEqual([4_711]);
    expect(intake.push(record(own, '123', 6))).toBe(false);
  });

  it('reports a registry that can not give the schema', async () => {
    const codec = Codec.local(['command-events']);
    const foreign = Buffer.from(codec.encode('command-events', EVENT));
    foreign.writeUInt32BE(4_711, 1);
    const intake = new Intake(codec, 'command-events', () => true);
    intake.push(record(foreign));
    await expect(intake.settled()).rejects.toThrow(/schema 4711/);
  });
});
