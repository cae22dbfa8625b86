/**
 * While a producer sends to partitions on two brokers, the leader of one moves to the other. The released client asks "has this broker answered?": it has, so the moved
 * partition is never sent, and `send()` resolves. Needs two brokers; leaders are moved by reassignment, so nothing is killed and no broker loses anything.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type Cluster, startCluster } from '@fleetwire/local';
import type * as KafkaClient from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../../harness/wait.js';
import { consume, makeClient, makeTopic, PATCHED, STOCK, uniqueName } from './clients.js';

const MOVES = 6;

let cluster: Cluster;
let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'fleetwire-leader-move-'));
  cluster = await startCluster({ dataDir, brokers: 2 });
});
afterAll(async () => {
  await cluster.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** Sends one record to each of two partitions, again and again, while partition 1 changes brokers. What was acknowledged, and what of it is missing or doubled. */
async function sendWhileTheLeaderMoves(
  client: typeof KafkaClient,
): Promise<{ acknowledged: number; missing: number; doubled: number }> {
  const topic = uniqueName('moving');
  const kafka = makeClient(client, cluster.addresses);
  const admin = kafka.admin();
  await admin.connect();
  await makeTopic(admin, topic, { replicas: [[1], [2]] });
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();

  const acknowledged: string[] = [];
  const sends = { on: true };
  const sending = (async () => {
    for (let n = 0; sends.on; n++) {
      const values = [`${n}-stays`, `${n}-moves`];
      await producer.send({ topic, messages: values.map((value, partition) => ({ key: 'k', value, partition })) });
      acknowledged.push(...values);
    }
  })();
  for (let move = 0; move < MOVES; move++) {
    const to = move % 2 === 0 ? 1 : 2;
    const before = acknowledged.length;
    await admin.alterPartitionReassignments({
      topics: [{ topic, partitionAssignment: [{ partition: 1, replicas: [to] }] }],
    });
    await waitFor('the leader to move', async () => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      return topics[0]?.partitions.find(({ partitionId }) => partitionId === 1)?.leader === to;
    });
    await waitFor('sends after the move', () => acknowledged.length > before + 20);
  }
  sends.on = false;
  await sending;

  const log = await consume(makeClient(PATCHED, cluster.addresses), topic, { silenceMs: 2_000 });
  const counts = new Map<string, number>();
  for (const value of log) counts.set(value, (counts.get(value) ?? 0) + 1);
  await producer.disconnect();
  await admin.disconnect();
  return {
    acknowledged: acknowledged.length,
    missing: acknowledged.filter((value) => !counts.has(value)).length,
    doubled: [...counts.values()].filter((count) => count > 1).length,
  };
}

describe('a leader that moves to a broker which has answered already', () => {
  it('makes the released client acknowledge what it never sent', async () => {
    const { missing } = await sendWhileTheLeaderMoves(STOCK);
    expect(missing).toBeGreaterThan(0);
  });

  it('loses and doubles nothing with the patched client', async () => {
    const outcome = await sendWhileTheLeaderMoves(PATCHED);
    expect(outcome).toMatchObject({ missing: 0, doubled: 0 });
    expect(outcome.acknowledged).toBeGreaterThan(MOVES * 20);
  });
});
