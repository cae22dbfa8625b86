/**
 * The processor on a real broker: loading before steps, state over restarts, rebalances, poison, and where it stops for an operator.
 * What it does while processes and brokers are killed is shown under test/src/faults.
 */
import type { InRecord, Processor } from '@fleetwire/streaming';
import { partitionOf } from '@fleetwire/streaming';
import { afterEach, describe, expect, it } from 'vitest';
import { sleep, waitFor } from '../../harness/wait.js';
import { makeClient, PATCHED } from '../../faults/client/clients.js';
import { inject } from 'vitest';
import { countingOptions, countingTask, makeWorld, numbered, PARTITIONS, text, texts, type World } from './world.js';

const running: Processor[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((processor) => processor.stop()));
});

async function run(world: World, changes: Parameters<typeof countingOptions>[1] = {}): Promise<Processor> {
  const processor = world.streams.processor(countingOptions(world, changes));
  running.push(processor);
  await processor.start();
  return processor;
}
async function stop(processor: Processor): Promise<void> {
  running.splice(running.indexOf(processor), 1);
  await processor.stop();
}
async function send(
  world: World,
  records: Parameters<ReturnType<World['streams']['producer']>['send']>[0],
): Promise<void> {
  const producer = world.streams.producer({ log: world.log });
  await producer.send(records);
  await producer.close();
}
const outputs = (world: World): Promise<InRecord[]> => world.readAll(world.topic('out'));
const waitForOutputs = (world: World, count: number): Promise<void> =>
  waitFor(`${count} outputs`, async () => (await outputs(world)).length >= count);

/** Each value once, and each key's counts without a gap: nothing lost, nothing doubled, no state gone or counted twice. */
function expectExact(records: readonly InRecord[], count: number): void {
  const values = new Set<string>();
  const counts = new Map<string, number>();
  for (const { key, value } of records) {
    const [number, nth] = text(value).split(',');
    values.add(number!);
    const expected = (counts.get(text(key)) ?? 0) + 1;
    expect([text(value), Number(nth)]).toEqual([text(value), expected]);
    counts.set(text(key), expected);
  }
  expect(values.size).toBe(count);
  expect(records).toHaveLength(count);
}

describe('an exactly-once processor', () => {
  it('goes on with its state where the one before it stopped', async () => {
    const world = await makeWorld();
    await send(world, numbered(world.topic('in'), 0, 500));
    const first = await run(world);
    await waitForOutputs(world, 500);
    await stop(first);
    await send(world, numbered(world.topic('in'), 500, 1_000));
    await run(world);
    await waitForOutputs(world, 1_000);
    expectExact(await outputs(world), 1_000);
  });

  it('is exact while members come and go', async () => {
    const world = await makeWorld();
    let sending = true as boolean;
    let sent = 0;
    const producing = (async () => {
      while (sending) {
        await send(world, numbered(world.topic('in'), sent, sent + 100));
        sent += 100;
        await sleep(20);
      }
    })();
    const first = await run(world);
    expect(first.status().ready).toHaveLength(PARTITIONS);
    const second = await run(world);
    await waitFor(
      'partitions to be shared',
      () => first.status().ready.length === 2 && second.status().ready.length === 2,
    );
    await stop(first);
    await waitFor('the other to have all', () => second.status().ready.length === PARTITIONS);
    await run(world);
    sending = false;
    await producing;
    await waitForOutputs(world, sent);
    expectExact(await outputs(world), sent);
  });

  it('leaves to a member what it has when another comes', async () => {
    const world = await makeWorld();
    const first = await run(world);
    await run(world);
    await waitFor('partitions to be shared', () => first.status().ready.length === 2);
    const restored = world.lines.filter(({ message }) => message === 'a partition is ready').length;
    expect(restored).toBe(PARTITIONS + 2);
  });

  it('dead-letters a record on which it threw twice, with its error, and counts the others once', async () => {
    const world = await makeWorld();
    await send(world, numbered(world.topic('in'), 0, 300));
    await run(world, { createTask: () => countingTask(world, { poison: '123' }) });
    await waitForOutputs(world, 300);
    const [dead, rest] = [
      (await outputs(world)).filter(isDead),
      (await outputs(world)).filter((record) => !isDead(record)),
    ];
    expect(texts(dead)).toEqual(['dead 123: poison']);
    expectExact(rest, 299);
  });

  it('loses its state and its producer to nobody: a zombie that comes back commits nothing', async () => {
    const world = await makeWorld();
    const partition = partitionOf('d0', PARTITIONS);
    const processor = await run(world);
    // Another owner of the same partition, as after a take-over that this member has not noticed.
    const usurper = makeClient(PATCHED, inject('brokers')).producer({
      transactionalId: `${world.topic('in')}-${world.topic('in')}-${partition}`,
      idempotent: true,
      maxInFlightRequests: 1,
    });
    await usurper.connect();
    await (await usurper.transaction()).abort();
    await send(world, numbered(world.topic('in'), 0, 100));
    await waitForOutputs(world, 100);
    expectExact(await outputs(world), 100);
    expect(world.lines.some(({ fields }) => 'reason' in fields && fields.reason === 'fenced')).toBe(true);
    expect(processor.status().ready).toHaveLength(PARTITIONS);
    await usurper.disconnect();
  });

  it('stops for an operator when state exists and the offsets of its group are gone', async () => {
    const world = await makeWorld();
    await send(world, numbered(world.topic('in'), 0, 200));
    const first = await run(world);
    await waitForOutputs(world, 200);
    await stop(first);
    const admin = makeClient(PATCHED, inject('brokers')).admin();
    await admin.connect();
    await waitFor('the group to be empty and deleted', async () => {
      await admin.deleteGroups([world.topic('in')]);
      return true;
    });
    await admin.disconnect();
    const second = await run(world);
    const withState = new Set(Array.from({ length: 10 }, (_, i) => partitionOf(`d${i}`, PARTITIONS)));
    expect(new Set(second.status().stopped.map(({ partition }) => partition))).toEqual(withState);
    expect(second.status().stopped[0]!.reason).toMatch(/offsets of the group are gone/);
    expect(await outputs(world)).toHaveLength(200);
  });
});

const isDead = (record: InRecord): boolean => text(record.value).startsWith('dead');

describe('a processor of either kind', () => {
  it('loads every table whole before the first step, and follows it after', async () => {
    const world = await makeWorld();
    const rows = Array.from({ length: 400 }, (_, i) => ({
      topic: world.topic('table'),
      key: `row${i}`,
      value: Buffer.from('x'),
    }));
    await send(world, rows);
    await send(world, numbered(world.topic('in'), 0, 100));
    let loaded = 0;
    let loadedAtFirstStep = -1;
    const perPartition = new Map<number, number>();
    await run(world, {
      guarantee: 'at_least_once',
      createTask: (partition) => ({
        load() {
          loaded++;
          perPartition.set(partition, (perPartition.get(partition) ?? 0) + 1);
        },
        process() {
          if (loadedAtFirstStep < 0) loadedAtFirstStep = perPartition.get(partition) ?? 0;
          return { outputs: [] };
        },
      }),
    });
    expect(loaded).toBe(400);
    await waitFor('a step', () => loadedAtFirstStep > 0);
    await send(world, [{ topic: world.topic('table'), key: 'late', value: null }]);
    await waitFor('the late row', () => loaded === 401);
  });

  it('waits with a batch that cannot be prepared, without losing its place in the group', async () => {
    const world = await makeWorld();
    let refusals = 0;
    let processed = 0;
    await send(world, numbered(world.topic('in'), 0, 20));
    await run(world, {
      createTask: () => ({
        load: () => undefined,
        prepare: (records) =>
          records.length > 0 && records[0]!.topic === world.topic('in') && ++refusals < 6
            ? Promise.reject(new Error('registry away'))
            : Promise.resolve(),
        process(records) {
          processed += records.length;
          return { outputs: [] };
        },
      }),
    });
    await waitFor('the batches', () => processed === 20);
    expect(refusals).toBeGreaterThanOrEqual(6);
    expect(world.lines.filter(({ message }) => message === 'the group is joined')).toHaveLength(1);
  });

  it('stops a partition whose offset left the log, and tells which', async () => {
    const world = await makeWorld();
    await send(
      world,
      Array.from({ length: 50 }, (_, i) => ({
        topic: world.topic('in'),
        key: 'd0',
        partition: 1,
        value: Buffer.from(String(i)),
      })),
    );
    const admin = makeClient(PATCHED, inject('brokers')).admin();
    await admin.connect();
    await admin.setOffsets({
      groupId: world.topic('in'),
      topic: world.topic('in'),
      partitions: [{ partition: 1, offset: '5' }],
    });
    await admin.deleteTopicRecords({ topic: world.topic('in'), partitions: [{ partition: 1, offset: '30' }] });
    const processor = await run(world);
    await waitFor('the partition to stop', () => processor.status().stopped.length === 1);
    expect(processor.status().stopped[0]).toMatchObject({ topic: world.topic('in'), partition: 1 });
    const offsets = await admin.fetchOffsets({ groupId: world.topic('in'), topics: [world.topic('in')] });
    expect(offsets[0]!.partitions.find(({ partition }) => partition === 1)!.offset).toBe('5');
    await admin.disconnect();
    expect(await outputs(world)).toEqual([]);
  });

  it('commits no further than a step holds, and gives the held records again', async () => {
    const world = await makeWorld();
    const partition = 2;
    const records = Array.from({ length: 30 }, (_, i) => ({
      topic: world.topic('in'),
      key: 'd',
      partition,
      value: Buffer.from(String(i)),
    }));
    await send(world, records);
    const seen: number[][] = [[], []];
    const options = (generation: number): Parameters<typeof countingOptions>[1] => ({
      guarantee: 'at_least_once',
      createTask: () => ({
        load: () => undefined,
        process(batch) {
          for (const { offset } of batch) seen[generation]!.push(offset);
          return { outputs: [], holdAt: new Map([[world.topic('in'), 12]]) };
        },
      }),
    });
    const first = await run(world, options(0));
    await waitFor('all records', () => seen[0]!.length === 30);
    await sleep(1_500); // a tick commits what had no outputs
    await stop(first);
    await run(world, options(1));
    await waitFor('the held records', () => seen[1]!.at(-1) === 29);
    expect(seen[1]![0]).toBe(12);
  });

  it('runs timers when the input is read to its end, and says so', async () => {
    const world = await makeWorld();
    const ticks: boolean[] = [];
    await run(world, {
      createTask: () => ({
        load: () => undefined,
        process: () => ({ outputs: [] }),
        tick: (_nowMs, lagZero) => (ticks.push(lagZero), null),
      }),
    });
    await waitFor('ticks at the end', () => ticks.filter(Boolean).length > 3);
  });

  it('reads several inputs into one task and commits each', async () => {
    const world = await makeWorld();
    await send(world, [...numbered(world.topic('in'), 0, 100), ...numbered(world.topic('in-2'), 100, 200)]);
    const inputs = [world.topic('in'), world.topic('in-2')];
    const first = await run(world, { inputs });
    await waitForOutputs(world, 200);
    await stop(first);
    await send(world, numbered(world.topic('in-2'), 200, 300));
    await run(world, { inputs });
    await waitForOutputs(world, 300);
    expectExact(await outputs(world), 300);
  });

  it('refuses topics of different partition counts, naming them', async () => {
    const world = await makeWorld();
    const admin = world.streams.admin();
    const odd = `${world.topic('in')}-odd`;
    await admin.applyTopics([{ name: odd, partitions: PARTITIONS + 1, replicationFactor: 1, config: {} }]);
    await admin.close();
    const processor = world.streams.processor(countingOptions(world, { inputs: [world.topic('in'), odd] }));
    running.push(processor);
    await expect(processor.start()).rejects.toMatchObject({ code: 'partition_count_differs' });
  });
});

describe('an at-least-once processor', () => {
  it('gathers what comes within its pace into one step', async () => {
    const world = await makeWorld();
    const fetchMs = 400;
    let steps = 0;
    await run(world, {
      guarantee: 'at_least_once',
      pace: { fetchMs },
      createTask: () => countingTask(world, { stateless: true, onBatch: () => steps++ }),
    });
    const producer = world.streams.producer({ log: world.log });
    const begunMs = performance.now();
    const [record] = numbered(world.topic('in'), 0, 1);
    for (let sent = 0; sent < 40; sent++) {
      await producer.send([record!]);
      await sleep(20);
    }
    await producer.close();
    await waitForOutputs(world, 40);
    // A step a fetch, and a fetch a pace; the first and the last are not whole.
    expect(steps).toBeLessThanOrEqual(Math.ceil((performance.now() - begunMs) / fetchMs) + 1);
  });

  it('writes every output before it commits its record, and begins again where it committed', async () => {
    const world = await makeWorld();
    await send(world, numbered(world.topic('in'), 0, 1_000));
    const options = { guarantee: 'at_least_once', createTask: () => countingTask(world, { stateless: true }) } as const;
    const first = await run(world, options);
    await waitForOutputs(world, 1_000);
    await stop(first);
    const again: InRecord[] = [];
    await run(world, {
      ...options,
      createTask: () => countingTask(world, { stateless: true, onBatch: (records) => again.push(...records) }),
    });
    await send(world, numbered(world.topic('in'), 1_000, 1_100));
    await waitFor('the new records', () => again.length >= 100);
    expect(again).toHaveLength(100);
    const values = new Set((await outputs(world)).map(({ value }) => text(value).split(',')[0]));
    expect(values.size).toBeGreaterThanOrEqual(1_000);
  });
});
