/** Tables, the reader and single offsets on a real broker. */
import { afterEach, describe, expect, it } from 'vitest';
import type { InRecord, OutRecord, Table } from '@fleetwire/streaming';
import { waitFor } from '../../harness/wait.js';
import { makeWorld, numbered, PARTITIONS, text, texts, type World } from './world.js';

const tables: Table[] = [];
afterEach(async () => {
  await Promise.all(tables.splice(0).map((table) => table.stop()));
});

async function send(world: World, records: readonly OutRecord[]): Promise<void> {
  const producer = world.streams.producer({ log: world.log, compression: 'zstd' });
  await producer.send(records);
  await producer.close();
}

describe('a table', () => {
  it('is whole when its start resolves, follows after, and knows that it is at the end', async () => {
    const world = await makeWorld();
    await send(world, numbered(world.topic('table'), 0, 1_000));
    const seen: InRecord[] = [];
    const table = world.streams.table({
      topic: world.topic('table'),
      onRecord: (record) => seen.push(record),
      log: world.log,
    });
    tables.push(table);
    await table.start();
    expect(seen).toHaveLength(1_000);
    await waitFor('the end to be seen', () => table.silenceMs() < 1_000);
    await send(world, [{ topic: world.topic('table'), key: 'gone', value: null }]);
    await waitFor('the tombstone', () => seen.length === 1_001);
    expect(seen.at(-1)!.value).toBeNull();
  });

  it('of an empty topic is whole at once', async () => {
    const world = await makeWorld();
    const table = world.streams.table({ topic: world.topic('table'), onRecord: () => undefined, log: world.log });
    tables.push(table);
    await table.start();
    expect(table.silenceMs()).toBeLessThan(5_000);
  });

  it('of one partition from its end shows only what comes after its start, of that partition', async () => {
    const world = await makeWorld();
    const topic = world.topic('in');
    const to = (partition: number, value: string): OutRecord => ({
      topic,
      partition,
      key: null,
      value: Buffer.from(value),
    });
    await send(world, [to(2, 'before')]);
    const seen: InRecord[] = [];
    const inbox = world.streams.table({
      topic,
      partitions: [2],
      from: 'end',
      onRecord: (record) => seen.push(record),
      log: world.log,
    });
    tables.push(inbox);
    await inbox.start();
    await send(world, [to(1, 'elsewhere'), to(2, 'after')]);
    await waitFor('the record', () => seen.length > 0);
    expect(texts(seen)).toEqual(['after']);
  });

  it('refuses a topic or partition that is not there, with the remedy', async () => {
    const world = await makeWorld();
    const base = { onRecord: () => undefined, log: world.log };
    const absent = world.streams.table({ ...base, topic: `${world.topic('in')}-absent` });
    await expect(absent.start()).rejects.toMatchObject({ code: 'topic_missing' });
    const beyond = world.streams.table({ ...base, topic: world.topic('in'), partitions: [99] });
    await expect(beyond.start()).rejects.toThrow(/has no partition 99/);
  });
});

describe('the reader', () => {
  it('reads to the end and stops, transaction markers included', async () => {
    const world = await makeWorld();
    await send(world, numbered(world.topic('in'), 0, 500));
    expect(await world.readAll(world.topic('in'))).toHaveLength(500);
    expect(await world.readAll(world.topic('out'))).toEqual([]);
  });

  it('stops when it is told to by a record, by silence or by a signal', async () => {
    const world = await makeWorld();
    const topic = world.topic('in');
    await send(world, numbered(topic, 0, 100));
    let seen = 0;
    await world.streams.read({ topics: [topic], from: 'beginning', onRecord: () => ++seen < 10 });
    expect(seen).toBe(10);
    await world.streams.read({ topics: [topic], from: 'end', idleMs: 300, onRecord: () => true });
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 300);
    await world.streams.read({ topics: [topic], from: 'end', signal: stop.signal, onRecord: () => true });
  });
});

describe('a callback that throws', () => {
  it('costs a table that one record, and ends a reader with the error', async () => {
    const world = await makeWorld();
    await send(world, numbered(world.topic('table'), 0, 10));
    const seen: string[] = [];
    const take = (record: InRecord): boolean => {
      if (text(record.value) === '5') throw new Error('bad row');
      seen.push(text(record.value));
      return true;
    };
    const table = world.streams.table({
      topic: world.topic('table'),
      onRecord: (record) => void take(record),
      log: world.log,
    });
    tables.push(table);
    await table.start();
    expect(seen).toHaveLength(9);
    expect(world.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    await expect(
      world.streams.read({ topics: [world.topic('table')], from: 'beginning', untilEnd: true, onRecord: take }),
    ).rejects.toThrow('bad row');
  });
});

describe('single offsets', () => {
  it('are read in order, near and far apart, without those that are not there', async () => {
    const world = await makeWorld();
    const topic = world.topic('in');
    const records = Array.from({ length: 5_000 }, (_, i) => ({
      topic,
      partition: 3,
      key: null,
      value: Buffer.from(String(i)),
    }));
    await send(world, records);
    const found = await world.streams.fetchAt(topic, 3, [4_999, 7, 8, 2_500, 9_999]);
    expect(found.map(({ offset, value }) => [offset, text(value)])).toEqual([
      [7, '7'],
      [8, '8'],
      [2_500, '2500'],
      [4_999, '4999'],
    ]);
    expect(await world.streams.fetchAt(topic, 0, [0])).toEqual([]);
  });
});

describe('the admin', () => {
  it('makes what is missing, sets what differs, keeps what others set, and finds nothing to do after', async () => {
    const world = await makeWorld();
    const admin = world.streams.admin();
    const name = `${world.topic('in')}-admin`;
    const spec = (config: Record<string, string>) => [{ name, partitions: 2, replicationFactor: 1, config }];
    expect(await admin.applyTopics(spec({ 'retention.ms': '60000', 'segment.ms': '10000' }))).toMatchObject([
      { topic: name, what: 'missing' },
    ]);
    expect(await admin.applyTopics(spec({ 'retention.ms': '70000' }))).toMatchObject([
      { what: 'config', key: 'retention.ms', want: '70000', have: '60000' },
    ]);
    expect(await admin.verifyTopics(spec({ 'retention.ms': '70000', 'segment.ms': '10000' }))).toEqual([]);
    expect(await admin.verifyTopics([{ ...spec({})[0]!, partitions: 3 }])).toMatchObject([
      { what: 'partitions', want: '3', have: '2' },
    ]);
    expect(await admin.partitionCount(world.topic('in'))).toBe(PARTITIONS);
    await send(world, [{ topic: name, partition: 1, key: null, value: null }]);
    expect(await admin.endOffsets(name)).toEqual(
      new Map([
        [0, 0],
        [1, 1],
      ]),
    );
    await admin.close();
  });
});
