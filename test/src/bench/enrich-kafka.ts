/** The enricher as a process on a real broker: how many reports a second it takes, and how long it restores. */
import { benchWorld } from '@fleetwire/enricher/testing';
import { Codec } from '@fleetwire/schemas';
import type { OutRecord, Producer } from '@fleetwire/streaming';
import { Stack, type ServiceProcess } from '../harness/stack.js';
import { waitFor } from '../harness/wait.js';
import { cpuSeconds, peakMb } from './process-cpu.js';

const PARTITIONS = 6;
/** Records of one send. */
const SEND = 2_000;
const WAIT_MS = 900_000;
/** Reports of a restore go up to so long after now: no timer has anything to say of devices that have just reported. */
const AHEAD_S = 300;
/** Devices that are folded; the others of a restore have their states under other names. */
const FOLDED = 2_000;

const LOG = {
  debug: () => undefined,
  info: () => undefined,
  warn: (fields: object, message: string) => console.error(message, fields),
  error: (fields: object, message: string) => console.error(message, fields),
};
const format = (n: number): string => Math.round(n).toLocaleString('en');

async function sendAll(producer: Producer, records: Iterable<OutRecord>): Promise<number> {
  let waiting: OutRecord[] = [];
  let sent = 0;
  for (const record of records) {
    waiting.push(record);
    if (waiting.length < SEND) continue;
    sent += (await producer.send(waiting)).length;
    waiting = [];
  }
  return sent + (await producer.send(waiting)).length;
}

/** A broker, a registry and an enricher that was ready once and is down. */
async function withStack(
  profileDir: string | null,
  run: (stack: Stack, enricher: ServiceProcess, codec: Codec, producer: Producer) => Promise<void>,
): Promise<void> {
  const stack = await Stack.start({
    brokers: 1,
    partitions: PARTITIONS,
    services: { enricher: 1 },
    env: { LOG_LEVEL: 'warn' },
    figures: true,
    nodeArgs: profileDir === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`],
  });
  try {
    const enricher = stack.of('enricher')[0]!;
    await enricher.stop();
    const codec = await Codec.connect({
      registryUrl: stack.registry.url,
      topics: ['telemetry', 'telemetry-enriched', 'device-state', 'geofences', 'enricher-state'],
      timeoutMs: 30_000,
    });
    const producer = stack.streams.producer({ log: LOG, compression: 'none' });
    await run(stack, enricher, codec, producer);
    await producer.close();
  } finally {
    await stack.stop();
  }
}

/** Reports that wait in `telemetry`, from the start of the enricher's first transaction to the end of its last. */
export async function throughKafka(
  reports: number,
  devices: number,
  fences: number,
  profileDir: string | null,
): Promise<void> {
  await withStack(profileDir, async (stack, enricher, codec, producer) => {
    const world = benchWorld(devices, fences, codec);
    const shapes = world.geofences.map((fence): OutRecord => ({ topic: 'geofences', key: fence.id, value: codec.encode('geofences', fence) })); // prettier-ignore
    await sendAll(producer, shapes);
    let sent = 0;
    while (sent < reports)
      for (const batch of world.records(Math.min(20_000, reports - sent)))
        sent += await sendAll(
          producer,
          batch.map(({ key, value }) => ({ topic: 'telemetry', key, value })),
        );
    const broker = stack.cluster.brokers[0]!.pid!;
    const done = (): Promise<number> => enricher.metric('fleetwire_reports_enriched_total').catch(() => 0);
    await enricher.start();
    await waitFor('the first reports', async () => (await done()) > 0, WAIT_MS);
    const [from, start] = [await done(), performance.now()];
    const before = [cpuSeconds(enricher.pid!), cpuSeconds(broker)] as const;
    await waitFor('all reports', async () => (await done()) >= sent, WAIT_MS);
    const seconds = (performance.now() - start) / 1000;
    const counted = sent - from;
    const [own, brokers] = [cpuSeconds(enricher.pid!) - before[0], cpuSeconds(broker) - before[1]];
    console.log(`${format(counted)} reports of ${format(devices)} devices, ${PARTITIONS} partitions, in transactions:`);
    console.log(`${format(counted / seconds)} reports/s (${seconds.toFixed(1)} s)`);
    console.log(`CPU s per 1,000 reports: enricher ${((own / counted) * 1000).toFixed(4)}, broker ${((brokers / counted) * 1000).toFixed(4)}`); // prettier-ignore
    console.log(`peak memory of the enricher: ${peakMb(enricher.pid!).toFixed(0)} MB`);
  });
}

/** Time from the start of a process to ready, with so many devices in the state topic and with none. */
export async function restoreBench(devices: number, rounds: number, profileDir: string | null): Promise<void> {
  await withStack(profileDir, async (_stack, enricher, codec, producer) => {
    const ready = async (): Promise<{ readonly seconds: number; readonly cpu: number }> => {
      const start = performance.now();
      await enricher.start();
      await waitFor('the enricher to be ready', () => enricher.ready().then(() => true), WAIT_MS);
      return { seconds: (performance.now() - start) / 1000, cpu: cpuSeconds(enricher.pid!) };
    };
    const empty = await ready();
    const world = benchWorld(FOLDED, 0, codec, Date.now() * 1000 + (AHEAD_S - (rounds + 1) * 30) * 1e6);
    // State without committed offsets stops a partition: each has some reports first.
    const first = world.records(FOLDED).flat();
    await sendAll(
      producer,
      first.map(({ key, value }) => ({ topic: 'telemetry', key, value })),
    );
    const done = (): Promise<number> => enricher.metric('fleetwire_reports_enriched_total').catch(() => 0);
    await waitFor('the first reports', async () => (await done()) >= first.length, WAIT_MS);
    await enricher.stop();
    for (let round = 0; round < rounds; round++) world.fold(world.outlines(FOLDED));
    const states = [...world.states()];
    let bytes = 0;
    function* records(): Generator<OutRecord> {
      for (let n = 0; n < devices; n++) {
        const [, parts] = states[n % states.length]!;
        const ident = String(860_000_000_000_000 + n);
        for (const { part, payload } of parts) {
          const value = codec.encode('enricher-state', {
            kind: 'state',
            ident,
            part,
            format: world.stateFormat,
            payload,
          });
          bytes += value.length;
          yield { topic: 'enricher-state', key: part === '' ? ident : `${ident}|${part}`, partitionKey: ident, value };
        }
      }
    }
    const sent = await sendAll(producer, records());
    const full = await ready();
    const seconds = Math.max(full.seconds - empty.seconds, 0.001);
    const cpu = Math.max(full.cpu - empty.cpu, 0.001);
    console.log(
      `${format(devices)} devices with ${rounds} reports each: ${format(sent)} records, ${format(bytes / 1e6)} MB`,
    );
    console.log(`from start to ready ${full.seconds.toFixed(1)} s, without state ${empty.seconds.toFixed(1)} s:`);
    console.log(`restore ${seconds.toFixed(1)} s, ${cpu.toFixed(1)} CPU s of the enricher`);
    console.log(
      `${format(sent / seconds)} records/s, ${format(bytes / 1e6 / seconds)} MB/s; ${format(sent / cpu)} records/CPU s`,
    );
    console.log(`peak memory of the enricher: ${peakMb(enricher.pid!).toFixed(0)} MB`);
  });
}
