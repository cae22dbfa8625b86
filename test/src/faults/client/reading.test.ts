/** What the released client misreads: aborted transactions that overlap, empty batches that compaction leaves, an offset out of range. */
import type * as KafkaClient from 'kafkajs';
import { describe, expect, inject, it } from 'vitest';
import '../../setup/provided.js';
import { sleep, waitFor } from '../../harness/wait.js';
import { consume, makeClient, makeTopic, PATCHED, STOCK, uniqueName } from './clients.js';

const ABORT_MARKER_KEY = Buffer.from([0, 0, 0, 0]);

async function transactional(topic: string, name: string): Promise<KafkaClient.Producer> {
  const producer = makeClient(PATCHED, inject('brokers'), { retry: { initialRetryTime: 5, retries: 100 } }).producer({
    transactionalId: `${topic}-${name}`,
    idempotent: true,
    maxInFlightRequests: 1,
  });
  await producer.connect();
  return producer;
}

async function newTopic(what: string, config: Record<string, string> = {}): Promise<string> {
  const admin = makeClient(PATCHED, inject('brokers')).admin();
  await admin.connect();
  const topic = uniqueName(what);
  await makeTopic(admin, topic, { config });
  await admin.disconnect();
  return topic;
}

const record = (value: string, key: string | Buffer = 'k'): KafkaClient.Message => ({ partition: 0, key, value });

describe('read_committed', () => {
  it('shows aborted records to the released client when transactions overlap, and not to the patched one', async () => {
    const topic = await newTopic('overlap');
    const [first, second] = [await transactional(topic, 'first'), await transactional(topic, 'second')];
    const outer = await first.transaction();
    await outer.send({ topic, messages: [record('aborted-1')] });
    const inner = await second.transaction();
    await inner.send({ topic, messages: [record('aborted-2')] });
    await inner.abort(); // its marker comes first, though it began second
    await outer.send({ topic, messages: [record('aborted-3')] });
    await outer.abort();
    const last = await first.transaction();
    await last.send({ topic, messages: [record('committed')] });
    await last.commit();
    await Promise.all([first.disconnect(), second.disconnect()]);

    const done = (values: readonly string[]): boolean => values.includes('committed');
    expect(await consume(makeClient(PATCHED, inject('brokers')), topic, { silenceMs: 5_000, done })).toEqual([
      'committed',
    ]);
    const stock = await consume(makeClient(STOCK, inject('brokers')), topic, { silenceMs: 5_000, done });
    expect(stock).toContain('committed');
    expect(stock).toContain('aborted-1');
  });

  it('ends at a record whose key looks like an abort marker with the released client, and not with the patched one', async () => {
    const topic = await newTopic('zero-key');
    const producer = await transactional(topic, 'only');
    const aborted = await producer.transaction();
    await aborted.send({
      topic,
      messages: [record('aborted-1'), record('aborted-2', ABORT_MARKER_KEY), record('aborted-3')],
    });
    await aborted.abort();
    const last = await producer.transaction();
    await last.send({ topic, messages: [record('committed')] });
    await last.commit();
    await producer.disconnect();

    const done = (values: readonly string[]): boolean => values.includes('committed');
    expect(await consume(makeClient(PATCHED, inject('brokers')), topic, { silenceMs: 5_000, done })).toEqual([
      'committed',
    ]);
    expect(await consume(makeClient(STOCK, inject('brokers')), topic, { silenceMs: 5_000, done })).toContain(
      'aborted-3',
    );
  });
});

describe('an empty batch at the end of a compacted segment', () => {
  it('holds the released client for ever and lets the patched one pass', async () => {
    const topic = await newTopic('compacted', {
      'cleanup.policy': 'compact',
      'segment.ms': '1000',
      'min.cleanable.dirty.ratio': '0.001',
      'delete.retention.ms': '100',
    });
    const [writer, other] = [await transactional(topic, 'writer'), await transactional(topic, 'other')];
    for (let round = 0; round < 5; round++) {
      const transaction = await writer.transaction();
      const messages = Array.from({ length: 20 }, (_, i) => record(`round-${round}`, `k${i}`));
      await transaction.send({ topic, messages });
      await transaction.commit();
    }
    const aborted = await writer.transaction();
    await aborted.send({ topic, messages: [record('aborted', 'k0')] });
    await sleep(1_300); // older than segment.ms: the abort marker opens a new segment, and the aborted batch ends the one before
    await aborted.abort();
    const last = await other.transaction();
    await last.send({ topic, messages: [record('last', 'end')] });
    await last.commit();
    await Promise.all([writer.disconnect(), other.disconnect()]);

    const done = (values: readonly string[]): boolean => values.includes('last');
    // The cleaner needs a moment; until then nothing is empty and the released client reads on too.
    await waitFor(
      'the cleaner to leave an empty batch, on which the released client stops',
      async () => !done(await consume(makeClient(STOCK, inject('brokers')), topic, { silenceMs: 1_500, done })),
    );
    expect(done(await consume(makeClient(STOCK, inject('brokers')), topic, { silenceMs: 4_000, done }))).toBe(false);
    expect(done(await consume(makeClient(PATCHED, inject('brokers')), topic, { silenceMs: 5_000, done }))).toBe(true);
  });
});

describe('an offset out of range', () => {
  /** Commits offset 5 of a log whose first 10 records are then deleted, and lets the client go on from there. */
  async function goOn(client: typeof KafkaClient): Promise<{ values: string[]; committed: number; told: number[] }> {
    const topic = await newTopic('range');
    const groupId = uniqueName('range');
    const kafka = makeClient(client, inject('brokers'));
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({ topic, messages: Array.from({ length: 20 }, (_, i) => record(String(i))) });
    await producer.disconnect();
    const admin = kafka.admin();
    await admin.connect();
    await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '5' }] });
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '10' }] });

    const values: string[] = [];
    const told: number[] = [];
    const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100 });
    if (client === PATCHED)
      consumer.on(consumer.events.OFFSET_OUT_OF_RANGE, ({ payload }) => void told.push(Number(payload.offset)));
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: ({ batch }) => {
        for (const { value } of batch.messages) values.push(value!.toString());
        return Promise.resolve();
      },
    });
    await waitFor('the client to meet the gap', () => values.length > 0 || told.length > 0);
    await sleep(500); // it must also stay there
    const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] });
    await consumer.disconnect();
    await admin.disconnect();
    return { values, committed: Number(offsets!.partitions[0]!.offset), told };
  }

  it('is committed away by the released client: the group skips the gap and nobody is told', async () => {
    const { values, committed } = await goOn(STOCK);
    expect(values[0]).toBe('10');
    expect(committed).not.toBe(5);
  });

  it('is told by the patched client, which stands still and commits nothing', async () => {
    const { values, committed, told } = await goOn(PATCHED);
    expect(told).toEqual([5]);
    expect(values).toEqual([]);
    expect(committed).toBe(5);
  });
});
