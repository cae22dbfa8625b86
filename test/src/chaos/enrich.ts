/**
 * `npm run chaos:enrich`: enrichers under load are killed (-9), frozen for longer than their session (SIGSTOP 9 s), stopped and started, so that
 * partitions move all the time; then what readers of committed records find is compared with a run without a fault. Seeded.
 *
 *   npm run chaos:enrich -- [--minutes 10] [--devices 200] [--every-ms 500] [--enrichers 3] [--seed N]
 *
 * Exits with 1 when anything is missing, doubled, wrong or out of order.
 */
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { Codec, type Geofence } from '@fleetwire/schemas';
import { geofence } from '@fleetwire/enricher/testing';
import { seeded } from '../contract/random.js';
import { enrichmentFindings } from '../harness/enrichment.js';
import { Fleet } from '../harness/fleet.js';
import { Stack, type ServiceProcess } from '../harness/stack.js';
import { sleep, waitFor } from '../harness/wait.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    devices: { type: 'string', default: '200' },
    'every-ms': { type: 'string', default: '500' },
    enrichers: { type: 'string', default: '3' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const seed = Number(values.seed);
const FROZEN_MS = 9_000;
/** On the way of the harness's devices, which drive northwards from 50°. */
const FENCES: readonly Geofence[] = [50.005, 50.02, 50.05].map((latitude, i) =>
  geofence({ id: `town-${i}`, shape: 'circle', center: { latitude, longitude: 8 }, radius_m: 100_000 / (i + 1) }),
);

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function putFences(stack: Stack): Promise<void> {
  const codec = await Codec.connect({ registryUrl: stack.registry.url, topics: ['geofences'], timeoutMs: 10_000 });
  const quiet = (): void => undefined;
  const producer = stack.streams.producer({ log: { debug: quiet, info: quiet, warn: quiet, error: quiet } });
  await producer.send(
    FENCES.map((fence) => ({
      topic: 'geofences',
      key: fence.id,
      value: Buffer.from(codec.encode('geofences', fence)),
    })),
  );
  await producer.close();
  const knows = async (enricher: ServiceProcess): Promise<boolean> =>
    (await enricher.metric('fleetwire_geofences')) === FENCES.length;
  for (const enricher of stack.of('enricher'))
    await waitFor(`${enricher.label} to know the fences`, () => knows(enricher), 60_000);
}

async function disturb(victim: ServiceProcess, kind: number): Promise<string> {
  if (kind === 0) {
    await victim.kill('SIGSTOP');
    await sleep(FROZEN_MS);
    await victim.kill('SIGCONT');
    return 'frozen';
  }
  if (kind === 1) {
    await victim.stop();
    await victim.start();
    return 'stopped and started';
  }
  await victim.kill('SIGKILL');
  await victim.start();
  return 'killed';
}

async function main(): Promise<number> {
  say(`seed ${seed}; starting one broker and ${values.enrichers} enrichers …`);
  const stack = await Stack.start({
    brokers: 1,
    services: { 'edge-listener': 1, decoder: 1, enricher: Number(values.enrichers) },
    partitions: 6,
  });
  try {
    await putFences(stack);
    const fleet = new Fleet({
      seed,
      devices: Number(values.devices),
      everyMs: Number(values['every-ms']),
      transport: 'tcp',
      ports: stack.ports,
    });
    fleet.start();
    const random = seeded(seed);
    const done = new Map<string, number>();
    const endMs = performance.now() + Number(values.minutes) * 60_000;
    while (performance.now() < endMs) {
      const enrichers = stack.of('enricher');
      const what = await disturb(enrichers[random.below(enrichers.length)]!, random.below(4));
      done.set(what, (done.get(what) ?? 0) + 1);
      say(`${what}; ${fleet.ledger.acknowledgedCount} reports acknowledged`);
      await sleep(random.below(4000));
    }
    await fleet.finish();
    const ledger = await fleet.findings(stack, true);
    const enrichment = await enrichmentFindings(stack, FENCES);
    const counts = Object.fromEntries(
      Object.entries({ ...ledger, ...enrichment }).map(([name, found]) => [
        name,
        typeof found === 'number' ? found : found.length,
      ]),
    );
    const { compared, words, ...broken } = counts;
    process.stdout.write(
      `${JSON.stringify({ seed, faults: Object.fromEntries(done), reports: compared, words, ...broken })}\n`,
    );
    for (const [name, found] of Object.entries({ ...ledger, ...enrichment }))
      if (typeof found !== 'number') for (const one of found.slice(0, 5)) say(`${name}: ${one}`);
    return Object.values(broken).every((count) => count === 0) ? 0 : 1;
  } catch (error) {
    for (const service of stack.of('enricher')) for (const line of service.tail(15)) say(`${service.label}: ${line}`);
    throw error;
  } finally {
    await stack.stop();
  }
}

process.exitCode = await main();
