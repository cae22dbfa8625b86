/** A consumer that is stopped at the worst moment: while it joins its group. */
import type * as KafkaClient from 'kafkajs';
import { describe, expect, inject, it } from 'vitest';
import '../../setup/provided.js';
import { sleep, waitFor } from '../../harness/wait.js';
import { makeClient, makeTopic, PATCHED, STOCK, uniqueName } from './clients.js';

/** The first member notices a rebalance with its heartbeat: for so long the join of the second hangs. */
const HEARTBEAT_MS = 1_000;

/** Stops a second member in the middle of its join, and tells how often it has started again since. */
async function stopWhileJoining(
  client: typeof KafkaClient,
): Promise<{ comesBack: () => number; members: () => Promise<number> }> {
  const kafka = makeClient(client, inject('brokers'));
  const admin = makeClient(PATCHED, inject('brokers')).admin();
  await admin.connect();
  const topic = uniqueName('stopping');
  const groupId = uniqueName('group');
  await makeTopic(admin, topic, { partitions: 2 });
  const members = async (): Promise<number> => (await admin.describeGroups([groupId])).groups[0]!.members.length;
  const makeConsumer = async (): Promise<KafkaClient.Consumer> => {
    const consumer = kafka.consumer({ groupId, heartbeatInterval: HEARTBEAT_MS, maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topics: [topic] });
    return consumer;
  };
  const eachBatch = (): Promise<void> => Promise.resolve();

  await (await makeConsumer()).run({ eachBatch });
  await waitFor('the first member', async () => (await members()) === 1);
  const second = await makeConsumer();
  let starts = 0;
  second.on(second.events.CRASH, ({ payload }) => void (starts += payload.restart ? 1 : 0));
  const running = second.run({ eachBatch });
  await waitFor('the join of the second member to reach the broker', async () => (await members()) === 2);
  await second.disconnect();
  await running;
  return { comesBack: () => starts, members };
}

describe('a consumer that is stopped while it joins', () => {
  it('comes back as a member that nobody stops with the released client', async () => {
    const { comesBack } = await stopWhileJoining(STOCK);
    await waitFor('the stopped consumer to start again', () => comesBack() > 0);
  });

  it('has left the group with the patched client', async () => {
    const { comesBack, members } = await stopWhileJoining(PATCHED);
    expect(await members()).toBe(1);
    await sleep(2 * HEARTBEAT_MS); // the released client is back by then
    expect(comesBack()).toBe(0);
    expect(await members()).toBe(1);
  });
});
