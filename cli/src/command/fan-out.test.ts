import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { commandsPage } from '@fleetwire/protocols';
import { Codec, type CommandEvent } from '@fleetwire/schemas';
import {
  partitionOf,
  type InRecord,
  type OutRecord,
  type Producer,
  type Streams,
  type TableOptions,
} from '@fleetwire/streaming';
import { fanOut, identsOf } from './fan-out.js';

const codec = Codec.local();
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Kafka that ends each command as told, in the moment in which it is written. */
function world(endOf: (ident: string) => Partial<CommandEvent> | null) {
  const batches: (readonly OutRecord[])[] = [];
  let options: TableOptions | null = null;
  let offset = 0;
  const deliver = (record: OutRecord): void => {
    const { id, ident, name } = codec.decode('commands', record.value!);
    const end = endOf(ident);
    if (end === null) return;
    const event = { id, ident, name, state: 'succeeded', terminal: true, at: 1, by: 'device', ...end } as const;
    const value = codec.encode('command-events', event);
    const partition = partitionOf(ident, 4);
    const headers = {};
    const made: InRecord = {
      ...{ topic: 'command-events', partition, offset: offset++, key: Buffer.from(ident) },
      ...{ value, headers, timestampMs: 1 },
    };
    options?.onRecord(made);
  };
  const streams = {
    table: (given: TableOptions) => {
      options = given;
      return { start: () => Promise.resolve(), stop: () => Promise.resolve(), silenceMs: () => 0 };
    },
  } as unknown as Streams;
  const producer: Producer = {
    send: (records) => {
      batches.push(records);
      records.forEach(deliver);
      return Promise.resolve([]);
    },
    close: () => Promise.resolve(),
  };
  return { batches, streams, producer };
}
const commands = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    ...{ id: `k:${i}`, ident: String(i), name: 'interval', arguments: '{"cycle_time":60}' },
    ...{ expires_at: 2, requested_at: 1, requested_by: 'test' },
  }));
const run = (made: ReturnType<typeof world>, count: number, over: { wait?: boolean; timeoutMs?: number } = {}) => {
  const ends: unknown[] = [];
  const said: string[] = [];
  const { streams, producer } = made;
  return fanOut({
    ...{ streams, producer, codec, log, commands: commands(count), wait: true, timeoutMs: 5_000, ...over },
    onEnd: (event) => ends.push(event['id']),
    onProgress: (text) => said.push(text),
  }).then((summary) => ({ summary, ends, said }));
};

describe('a fan-out', () => {
  it('writes in batches, follows every command to its end and sums up', async () => {
    const made = world((ident) => (ident === '7' ? { state: 'refused', cause: 'bad_argument' } : {}));
    const { summary, ends, said } = await run(made, 1_201);
    expect(made.batches.map((batch) => batch.length)).toEqual([500, 500, 201]);
    expect(summary).toEqual({ written: 1_201, ended: { succeeded: 1_200, 'refused (bad_argument)': 1 }, open: 0 });
    expect(new Set(ends).size).toBe(1_201);
    expect(said.at(-1)).toBe('1201 of 1201 ended');
  });

  it('counts each command once, gives up after its time, and does not wait when it is not told to', async () => {
    const silent = world((ident) => (ident === '0' ? {} : null));
    expect((await run(silent, 2, { timeoutMs: 20 })).summary).toEqual({ written: 2, ended: { succeeded: 1 }, open: 1 });
    expect(
      (
        await run(
          world(() => null),
          2,
          { wait: false },
        )
      ).summary,
    ).toEqual({ written: 2, ended: {}, open: 2 });
  });

  it('takes one identity a line, each once', () => {
    expect(identsOf('1\r\n\n 2 # spare\n#3\n1\n')).toEqual(['1', '2']);
  });
});

describe('the reference of the commands', () => {
  it('is what `fleetwire commands list --format markdown` prints', () => {
    const page = readFileSync(new URL('../../../docs/reference/commands.md', import.meta.url), 'utf8');
    expect(page).toBe(commandsPage());
  });
});
