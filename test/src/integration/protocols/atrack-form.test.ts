/**
 * The story of an ATrack device whose report format nobody knows, on a real broker with a real edge and decoder: its fixed part is
 * there at once, the device is asked, and its waiting frames become whole when it answers, once, also over a restart of the decoder.
 */
import net from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { binaryFrame, replyLine, type SimulatedRecord } from '@fleetwire/protocols/simulate/atrack';
import { Codec, type RecordTypes, type Telemetry } from '@fleetwire/schemas';
import { Stack } from '../../harness/stack.js';
import { readAll } from '../../harness/topics.js';
import { waitFor } from '../../harness/wait.js';

const FORM = '%SA%MV%BV';
const ACK_BYTES = 12;
const WAIT_MS = 120_000;
const START_S = Math.floor(Date.now() / 1000) - 3600;
const TOPICS = ['telemetry', 'dead-letters', 'commands'] as const;

let stack: Stack;
let codec: Codec;
beforeAll(async () => {
  stack = await Stack.start({ brokers: 1, services: { 'edge-listener': 1, decoder: 1 } });
  codec = await Codec.connect({ registryUrl: stack.registry.url, topics: TOPICS, timeoutMs: 10_000 });
});
afterAll(() => stack.stop());

/** A device on one connection: sends a frame and waits for its acknowledgement. */
class Unit {
  #sequence = 0;
  #acknowledged = 0;
  readonly #socket = net.connect(stack.ports[0]!, '127.0.0.1');

  constructor(readonly ident: string) {
    this.#socket.on('data', (data) => (this.#acknowledged += data.length / ACK_BYTES));
    this.#socket.on('error', () => this.#socket.destroy());
  }

  async report(n: number, form: string): Promise<void> {
    const time = START_S + n;
    const record: SimulatedRecord = {
      ...{ gps: time, rtc: time, send: time, longitude: 13.4, latitude: 52.5, heading: 90, reason: 2, mileage: 10 + n },
      ...{ hdop: 0.9, inputs: 1, speed: 50, outputs: 0, analog: 0, custom: { SA: 9, MV: 125, BV: 41, GQ: 20 } },
    };
    const want = this.#acknowledged + 1;
    this.#socket.write(binaryFrame({ unitId: this.ident, sequence: this.#sequence++, records: [record], form }));
    await waitFor('the acknowledgement', () => this.#acknowledged >= want, WAIT_MS);
  }
  /** Answers are not acknowledged. */
  answer(form: string): void {
    this.#socket.write(replyLine('FORM', `1,@P,0,"${form}"`));
  }
  close(): void {
    this.#socket.destroy();
  }
}

async function rows<T extends (typeof TOPICS)[number]>(topic: T, ident: string): Promise<RecordTypes[T][]> {
  const all = await readAll(stack.streams, topic);
  return all.filter((r) => r.key?.toString() === ident).map((r) => codec.decode(topic, r.value!));
}

/** Waits for so many reports of the device in telemetry. */
async function reports(ident: string, count: number): Promise<Telemetry[]> {
  let found: Telemetry[] = [];
  const enough = async (): Promise<boolean> => (found = await rows('telemetry', ident)).length >= count;
  await waitFor(`${count} reports of ${ident}`, enough, WAIT_MS);
  return found;
}
const told = (found: readonly Telemetry[]) =>
  found.map((r) => [r.timestamp / 1e6 - START_S, r.revision, r.position_satellites] as const);
const ids = (found: readonly Telemetry[]) => new Set(found.map((r) => `${r.message_id}/${r.revision}`));

it('asks for the format, publishes what it can, and decodes waiting frames again when the device answers', async () => {
  const unit = new Unit('356961070000101');
  for (const n of [0, 1, 2]) await unit.report(n, FORM);
  const first = await reports(unit.ident, 3);
  expect(told(first)).toEqual([
    [0, 0, null],
    [1, 0, null],
    [2, 0, null],
  ]);
  const letters = await rows('dead-letters', unit.ident);
  expect(letters.map((l) => l.reason)).toEqual(['format_unknown', 'format_unknown', 'format_unknown']);
  const commands = await rows('commands', unit.ident);
  expect(commands.map((c) => c.arguments)).toEqual(['{"text":"AT$FORM=?"}']);

  unit.answer(FORM);
  await unit.report(3, FORM);
  const whole = await reports(unit.ident, 7);
  expect(told(whole.slice(3))).toEqual([
    [0, 1, 9],
    [1, 1, 9],
    [2, 1, 9],
    [3, 0, 9],
  ]);
  expect(whole.slice(3, 6).map((r) => r.message_id)).toEqual(first.map((r) => r.message_id));
  expect(ids(whole).size).toBe(whole.length);
  unit.close();
});

it('follows a format that the device changes in its own records', async () => {
  const unit = new Unit('356961070000102');
  await unit.report(0, `%CI${FORM}`);
  await unit.report(1, '%CI%GQ%MV%SA');
  await unit.report(2, `%CI${FORM}`);
  const found = await reports(unit.ident, 3);
  expect(told(found)).toEqual([
    [0, 0, 9],
    [1, 0, 9],
    [2, 0, 9],
  ]);
  expect(found.map((r) => r.external_powersource_voltage)).toEqual([12.5, 12.5, 12.5]);
  expect(await rows('dead-letters', unit.ident)).toEqual([]);
  unit.close();
});

it.each(['SIGTERM', 'SIGKILL'] as const)(
  'knows which frames wait after %s of the decoder, and decodes none twice',
  async (signal) => {
    const decoder = stack.of('decoder')[0]!;
    const unit = new Unit(signal === 'SIGTERM' ? '356961070000103' : '356961070000104');
    for (const n of [0, 1]) await unit.report(n, FORM);
    await reports(unit.ident, 2);
    await decoder.kill(signal);
    await unit.report(2, FORM);
    unit.answer(FORM);
    await unit.report(3, FORM);
    await decoder.start();
    await decoder.ready();
    const found = await reports(unit.ident, 7);
    // After a kill the decoder may publish a report again; it is the same one, so that the enricher drops it.
    const unique = new Map(found.map((r) => [`${r.message_id}/${r.revision}`, r]));
    expect(told([...unique.values()])).toEqual([
      [0, 0, null],
      [1, 0, null],
      [2, 0, null],
      [0, 1, 9],
      [1, 1, 9],
      [2, 1, 9],
      [3, 0, 9],
    ]);
    if (signal === 'SIGTERM') expect(found).toHaveLength(unique.size);
    const asked = new Set((await rows('commands', unit.ident)).map((c) => c.id));
    // One an hour, whoever asks.
    expect(asked.size).toBeLessThanOrEqual(2);
    unit.close();
  },
);
