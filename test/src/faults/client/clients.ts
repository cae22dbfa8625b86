/**
 * The Kafka client twice: as this repository patches it, and as it was released. Each test of this folder runs one scenario on both: the released client
 * must show the defect, else the test proves nothing, and the patched one must not.
 */
import { createRequire } from 'node:module';
import { randomUUID } from 'node:crypto';
import type * as KafkaClient from 'kafkajs';
import type { Admin, Kafka, KafkaConfig } from 'kafkajs';
import { sleep } from '../../harness/wait.js';

const load: (name: string) => typeof KafkaClient = createRequire(import.meta.url);
export const PATCHED = load('kafkajs');
export const STOCK = load('kafkajs-stock');

/** Short pauses, so that a scenario takes seconds; the defects do not depend on them. */
export function makeClient(
  client: typeof KafkaClient,
  brokers: readonly string[],
  options: Partial<KafkaConfig> = {},
): Kafka {
  return new client.Kafka({
    brokers: [...brokers],
    clientId: 'client-test',
    logLevel: client.logLevel.NOTHING,
    connectionTimeout: 1_000,
    retry: { initialRetryTime: 20, maxRetryTime: 200, retries: 100 },
    ...options,
  });
}

export const uniqueName = (what: string): string => `${what}-${randomUUID().slice(0, 8)}`;

/** Makes a topic and waits until each partition has a leader. */
export async function makeTopic(
  admin: Admin,
  topic: string,
  options: {
    readonly partitions?: number;
    readonly config?: Readonly<Record<string, string>>;
    readonly replicas?: readonly (readonly number[])[];
  } = {},
): Promise<void> {
  const { partitions = 1, config = {}, replicas } = options;
  await admin.createTopics({
    waitForLeaders: false,
    topics: [
      {
        topic,
        configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
        ...(replicas === undefined
          ? { numPartitions: partitions, replicationFactor: 1 }
          : { replicaAssignment: replicas.map((on, partition) => ({ partition, replicas: [...on] })) }),
      },
    ],
  });
  for (let tries = 0; tries < 200; tries++) {
    try {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      if (topics[0]?.partitions.every(({ leader }) => leader >= 0) === true) return;
    } catch {
      // not in every broker's metadata yet
    }
    await sleep(50);
  }
  throw new Error(`topic ${topic} got no leaders`);
}

/** Everything that a client's consumer shows of a topic until `done` says so, or nothing has come for `silenceMs`. */
export async function consume(
  kafka: Kafka,
  topic: string,
  options: { readonly silenceMs: number; readonly done?: (values: readonly string[]) => boolean },
): Promise<string[]> {
  const values: string[] = [];
  let lastMs = performance.now();
  const consumer = kafka.consumer({ groupId: uniqueName('reader'), readUncommitted: false, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    eachBatch: ({ batch }) => {
      lastMs = performance.now();
      for (const { value } of batch.messages) values.push(value?.toString() ?? '');
      return Promise.resolve();
    },
  });
  while (performance.now() - lastMs < options.silenceMs && options.done?.(values) !== true) await sleep(20);
  await consumer.disconnect();
  return values;
}
