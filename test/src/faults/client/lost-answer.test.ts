/**
 * A batch is appended and its answer is lost. The released client takes the batch's sequence number back, and gives it to another batch of the same size: the broker takes
 * that for a repeat, and it is acknowledged without being in the log. Needs a broker of its own, reached through a proxy that swallows answers.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type Broker, freePorts, startBroker } from '@fleetwire/local';
import type * as KafkaClient from 'kafkajs';
import type { Producer } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sleep } from '../../harness/wait.js';
import { type AnswerProxy, startAnswerProxy } from './answer-proxy.js';
import { consume, makeClient, makeTopic, PATCHED, STOCK, uniqueName } from './clients.js';

let broker: Broker;
let proxy: AnswerProxy;
let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'fleetwire-lost-answer-'));
  const [behind, advertised] = await freePorts(2);
  broker = await startBroker({ dataDir, proxied: { port: behind!, advertisedPort: advertised! } });
  proxy = await startAnswerProxy(behind!, advertised!);
});
afterAll(async () => {
  await proxy.close();
  await broker.stop();
  await rm(dataDir, { recursive: true, force: true });
});

async function sendTo(producer: Producer, topic: string, value: string): Promise<boolean> {
  try {
    await producer.send({ topic, messages: [{ key: 'device', value, partition: 0 }] });
    return true;
  } catch {
    return false;
  }
}

interface Outcome {
  readonly acknowledged: readonly string[];
  readonly log: readonly string[];
}

/** `A` is appended and its answer lost, `B` is the next batch. `retries` decides whether A is given up or tried again. */
async function loseAnAnswer(client: typeof KafkaClient, retries: number, overlap: boolean): Promise<Outcome> {
  const topic = uniqueName('lost');
  const kafka = makeClient(client, [`127.0.0.1:${proxy.port}`], {
    requestTimeout: 1_500,
    retry: { initialRetryTime: 50, maxRetryTime: 200, retries },
  });
  const admin = kafka.admin();
  await admin.connect();
  await makeTopic(admin, topic);
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();

  const sent: [string, Promise<boolean>][] = [];
  const send = (value: string): Promise<boolean> => {
    const result = sendTo(producer, topic, value);
    sent.push([value, result]);
    return result;
  };
  await send('first');
  proxy.mute = true;
  const swallowed = proxy.nextSwallowed();
  const lost = send('A');
  await swallowed;
  if (overlap) void send('B');
  await sleep(50);
  proxy.shut = true;
  proxy.cut();
  if (overlap) await sleep(600);
  else await lost;
  proxy.mute = false;
  proxy.shut = false;
  if (!overlap) await send('B');
  await send('C');
  const acknowledged: string[] = [];
  for (const [value, result] of sent) if (await result) acknowledged.push(value);

  const reader = makeClient(PATCHED, [`127.0.0.1:${proxy.port}`]);
  const log = await consume(reader, topic, { silenceMs: 1_500 });
  await producer.disconnect();
  await admin.disconnect();
  return { acknowledged, log };
}

const missing = ({ acknowledged, log }: Outcome): string[] => acknowledged.filter((value) => !log.includes(value));

describe('a batch whose answer was lost', () => {
  it('costs the released client the next batch when the first is given up', async () => {
    const outcome = await loseAnAnswer(STOCK, 3, false);
    expect(missing(outcome)).toEqual(['B']);
  });

  it('uses up the patched producer, which acknowledges nothing more', async () => {
    const outcome = await loseAnAnswer(PATCHED, 3, false);
    expect(missing(outcome)).toEqual([]);
    expect(outcome.acknowledged).toEqual(['first']);
    expect(outcome.log).toEqual(['first', 'A']);
  });

  it('is doubled by the released client while another send overlaps its retries', async () => {
    const outcome = await loseAnAnswer(STOCK, 100_000, true);
    expect(missing(outcome)).toEqual(['B']);
    expect(outcome.log.filter((value) => value === 'A')).toHaveLength(2);
  });

  it('stands once, in order, with the patched client, and every acknowledged batch is there', async () => {
    const outcome = await loseAnAnswer(PATCHED, 100_000, true);
    expect(outcome.acknowledged).toEqual(['first', 'A', 'B', 'C']);
    expect(outcome.log).toEqual(['first', 'A', 'B', 'C']);
  });
});
