/**
 * The exactly-once processor while its broker is killed, frozen and stopped, and while members come and go. The output is compared with the input log: each record once, in order,
 * with the count that its key had then. Processes that are killed are not shown here: the pipeline's tests do that with the real services.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type Broker, startBroker } from '@fleetwire/local';
import {
  connect,
  type InRecord,
  type OutRecord,
  type Processor,
  type StreamLog,
  type Streams,
} from '@fleetwire/streaming';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sleep, waitFor } from '../../harness/wait.js';

const PARTITIONS = 4;
const KEYS = 40;
const FREEZE_MS = 4_000;
const SETTLE_MS = 3_000;

let broker: Broker;
let dataDir: string;
let streams: Streams;
const silent: StreamLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'fleetwire-processor-'));
  broker = await startBroker({ dataDir });
  streams = connect({ brokers: [broker.address], clientId: 'processor-test' });
  const admin = streams.admin();
  await admin.applyTopics(
    ['in', 'out', 'state'].map((name) => ({
      name,
      partitions: PARTITIONS,
      replicationFactor: 1,
      config: { 'cleanup.policy': name === 'state' ? 'compact' : 'delete' },
    })),
  );
  await admin.close();
});
afterAll(async () => {
  await broker.stop();
  await rm(dataDir, { recursive: true, force: true });
});

function makeProcessor(): Processor {
  return streams.processor({
    group: 'counter',
    inputs: ['in'],
    state: 'state',
    guarantee: 'exactly_once',
    batchRecordsMax: 100,
    log: silent,
    deadLetter: () => {
      throw new Error('no record of this test is bad');
    },
    createTask: () => {
      const counts = new Map<string, number>();
      return {
        load: ({ key, value }) => void counts.set(key!.toString(), Number(value!.toString())),
        process(records) {
          const changed = new Set<string>();
          const outputs: OutRecord[] = records.map(({ key, partition, offset }) => {
            const name = key!.toString();
            counts.set(name, (counts.get(name) ?? 0) + 1);
            changed.add(name);
            return { topic: 'out', partition, key: name, value: Buffer.from(`${offset},${counts.get(name)}`) };
          });
          const state = [...changed].map((name) => ({
            topic: 'state',
            key: name,
            value: Buffer.from(String(counts.get(name))),
          }));
          return { outputs, state };
        },
      };
    },
  });
}

async function readAll(topic: string): Promise<InRecord[]> {
  const records: InRecord[] = [];
  await streams.read({
    topics: [topic],
    from: 'beginning',
    untilEnd: true,
    onRecord: (record) => records.push(record) > 0,
  });
  return records;
}

/** What the output has to be, from the input log. */
function expected(input: readonly InRecord[]): string[] {
  const counts = new Map<string, number>();
  return input.map(({ key, partition, offset }) => {
    const name = key!.toString();
    counts.set(name, (counts.get(name) ?? 0) + 1);
    return `${partition}: ${name} ${offset},${counts.get(name)}`;
  });
}
const byPartition = (records: readonly InRecord[]): InRecord[] =>
  [...records].sort((a, b) => a.partition - b.partition || a.offset - b.offset);
const shown = (output: readonly InRecord[]): string[] =>
  output.map(({ key, value, partition }) => `${partition}: ${key!.toString()} ${value!.toString()}`);

describe('an exactly-once processor', () => {
  it('counts every record once through a broker that is killed, frozen and stopped', async () => {
    const members = [makeProcessor(), makeProcessor()];
    const died: unknown[] = [];
    for (const member of members) {
      member.failed.catch((error: unknown) => died.push(error));
      await member.start();
    }

    const producer = streams.producer({ log: silent });
    const state = { sending: true };
    const sending = (async () => {
      for (let n = 0; state.sending; n++) {
        const records = Array.from({ length: 50 }, (_, i) => ({
          topic: 'in',
          key: `d${(n * 7 + i) % KEYS}`,
          value: Buffer.alloc(100),
        }));
        // A rejected send may be in the log all the same, which is why the log is what counts.
        await producer.send(records).catch(() => undefined);
        await sleep(20);
      }
    })();

    await sleep(SETTLE_MS);
    await broker.kill('SIGKILL');
    await broker.start();
    await sleep(SETTLE_MS);
    await broker.kill('SIGSTOP');
    await sleep(FREEZE_MS);
    await broker.kill('SIGCONT');
    await sleep(SETTLE_MS);
    await members.shift()!.stop();
    members.push(makeProcessor());
    await members[1]!.start();
    await broker.stop();
    await broker.start();
    await sleep(SETTLE_MS);
    state.sending = false;
    await sending;
    await producer.close();

    const input = byPartition(await readAll('in'));
    expect(input.length).toBeGreaterThan(1_000);
    await waitFor('every record to be processed', async () => (await readAll('out')).length >= input.length, 120_000);
    await sleep(SETTLE_MS); // a doubled one would come after
    expect(shown(byPartition(await readAll('out')))).toEqual(expected(input));
    expect(died).toEqual([]);
    await Promise.all(members.map((member) => member.stop()));
  });
});
