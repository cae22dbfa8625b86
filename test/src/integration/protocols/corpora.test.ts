/**
 * The corpora over sockets: what a device sends to the shared port of a running edge, in any cut, must be in `telemetry` as the
 * protocol library alone says, and be answered alike. One edge and one decoder on a broker of their own. It can not send vectors that
 * need a login of another connection or settings, nor copies of a frame that is still pending, which the edge drops.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Codec, toFlat, type Telemetry } from '@fleetwire/schemas';
import { seeded } from '../../contract/random.js';
import { difference } from '../../contract/compare.js';
import { Stack } from '../../harness/stack.js';
import { readAll } from '../../harness/topics.js';
import { waitFor } from '../../harness/wait.js';
import { send, type Sent } from './client.js';
import { sendables, type Sendable } from './vectors.js';

const SEED = Number(process.env['FLEETWIRE_SEED'] ?? 20260401);
/** Devices that send at the same time. */
const LANES = 24;

let stack: Stack;
let codec: Codec;
beforeAll(async () => {
  stack = await Stack.start({ brokers: 1, services: { 'edge-listener': 1, decoder: 1 } });
  codec = await Codec.connect({ registryUrl: stack.registry.url, topics: ['telemetry'], timeoutMs: 10_000 });
});
afterAll(() => stack.stop());

/** Sends all, those of one device one after the other. */
async function sendAll(vectors: readonly Sendable[]): Promise<ReadonlyMap<Sendable, Sent>> {
  const random = seeded(SEED);
  const sent = new Map<Sendable, Sent>();
  const taken = new Set<number>();
  const lanes = Array.from({ length: LANES }, (): Sendable[] => []);
  for (const vector of vectors) lanes[Buffer.from(vector.ident).reduce((sum, c) => sum + c, 0) % LANES]!.push(vector);
  await Promise.all(
    lanes.map(async (lane) => {
      for (const vector of lane) {
        const result = await send(vector, stack.ports[0]!, random, taken);
        taken.add(Number(result.peer.split(':')[1]));
        sent.set(vector, result);
      }
    }),
  );
  return sent;
}

async function telemetry(): Promise<ReadonlyMap<string, readonly Telemetry[]>> {
  const byPeer = new Map<string, Telemetry[]>();
  for (const record of await readAll(stack.streams, 'telemetry')) {
    const row = codec.decode('telemetry', record.value!);
    if (row.kind !== 'report') continue;
    const key = `${row.peer} ${row.ident}`;
    byPeer.set(key, [...(byPeer.get(key) ?? []), row]);
  }
  return byPeer;
}

/** What the clock of the test can not know: times of receipt, and the identity of what names no time of its own. */
function comparable(message: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const own = Object.entries(message).filter(([name]) => !ADDED.has(name));
  const { timestamp, ...rest } = Object.fromEntries(own);
  return {
    ...rest,
    ...(timestamp !== message['server.timestamp'] && { timestamp }),
    ...(message['device.timestamp'] !== undefined && { 'message.id': message['message.id'] }),
  };
}
/** What is the services' to say. */
const ADDED: ReadonlySet<string> = new Set(['server.timestamp', 'message.id', 'peer', 'decoder.version']);

/** H02 words the server's clock into its answers: their digits differ, their form does not. */
const shapeOf = (answer: Buffer, protocol: string): string =>
  protocol === 'h02' ? answer.toString('latin1').replace(/[0-9]/g, '0') : answer.toString('hex');

it(`reach telemetry and are answered as the protocols say, seed ${SEED}`, async () => {
  const vectors = sendables(new Date());
  expect(vectors.length).toBeGreaterThan(300);
  const sent = await sendAll(vectors);
  const wanted = vectors.reduce((count, vector) => count + vector.output.messages.length, 0);
  let found: ReadonlyMap<string, readonly Telemetry[]> = new Map();
  await waitFor(
    'all reports to be in telemetry',
    async () => {
      found = await telemetry();
      return [...found.values()].reduce((count, rows) => count + rows.length, 0) >= wanted;
    },
    60_000,
  ).catch(() => undefined);
  const wrong: string[] = [];
  for (const vector of vectors) {
    const { peer, answer } = sent.get(vector)!;
    const messages = vector.output.messages.map(comparable);
    const got = (found.get(`${peer} ${vector.ident}`) ?? []).map((row) => toFlat(row) as Record<string, unknown>);
    const off = difference(messages, got, 'messages');
    if (off !== null) wrong.push(`${vector.id}: ${off.slice(0, 400)}`);
    const want = Buffer.from(vector.output.replies.join(''), 'hex');
    if (shapeOf(answer, vector.protocol) !== shapeOf(want, vector.protocol))
      wrong.push(`${vector.id}: answered ${answer.toString('hex')} for ${want.toString('hex')}`);
  }
  expect(wrong).toEqual([]);
});
