/**
 * `npm run chaos:pipeline`: the promises of the path under a real load and real outages. Devices that share no code with the product
 * keep a ledger of what they were told; at the end it is held against the topics.
 *
 *   npm run chaos:pipeline -- [--rate 500] [--devices 250] [--seconds 20] [--outage 30] [--seed N]
 *       one broker: decoder and enricher killed (-9) under load, then the broker for so many seconds; nothing may be acknowledged meanwhile
 *   npm run chaos:pipeline -- --brokers 3 [--rounds 3] …
 *       three (factor 3, min ISR 2): each in turn is killed (-9), stopped and frozen for --outage seconds
 *
 * Exits with 1 when anything is missing, doubled, out of order or invented, or an edge or its memory went beyond its bound.
 */
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { peakMb } from '../bench/process-cpu.js';
import { seeded } from '../contract/random.js';
import { Driver, SEED } from '../harness/driver.js';
import { Stack } from '../harness/stack.js';
import { sleep, waitFor } from '../harness/wait.js';

const { values } = parseArgs({
  options: {
    brokers: { type: 'string', default: '1' },
    rate: { type: 'string', default: '500' },
    devices: { type: 'string', default: '250' },
    seconds: { type: 'string', default: '20' },
    outage: { type: 'string', default: '30' },
    rounds: { type: 'string', default: '3' },
    seed: { type: 'string', default: String(SEED) },
  },
});
const seed = Number(values.seed);
const devices = Number(values.devices);
const loadMs = Number(values.seconds) * 1000;
const outageMs = Number(values.outage) * 1000;
/** What was committed before a broker died may still be answered for so long. */
const ANSWERED_MS = 1_000;
/** Of an edge, whatever the outage: the limit that the manifests give it. */
const EDGE_MB_MAX = 300;

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const driver = new Driver();

/** Kills decoders and enrichers one after the other, with load between. */
async function killWorkers(stack: Stack): Promise<void> {
  const random = seeded(seed);
  for (const name of ['decoder', 'enricher', 'decoder', 'enricher'] as const) {
    const victims = stack.of(name);
    const victim = victims[random.below(victims.length)]!;
    await victim.kill('SIGKILL');
    await victim.start();
    say(`${victim.label} killed and started`);
    await sleep(loadMs / 4);
  }
}

/** Seconds without the only broker; how many frames were acknowledged meanwhile, and the ms until the next one after it came back. */
async function outage(stack: Stack, acknowledged: () => number): Promise<{ during: number; resumedMs: number }> {
  const broker = stack.cluster.brokers[0]!;
  await broker.kill('SIGKILL');
  await sleep(ANSWERED_MS);
  const before = acknowledged();
  await sleep(outageMs - ANSWERED_MS);
  const during = acknowledged() - before;
  say(`broker away for ${values.outage} s: ${during} acknowledged meanwhile; it starts again …`);
  await broker.start();
  const started = performance.now();
  await waitFor('frames to be acknowledged again', () => acknowledged() > before + during);
  return { during, resumedMs: Math.round(performance.now() - started) };
}

async function disturbBrokers(stack: Stack): Promise<void> {
  const random = seeded(seed);
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const fault of ['SIGKILL', 'SIGTERM', 'SIGSTOP'] as const) {
      const broker = stack.cluster.brokers[random.below(stack.cluster.brokers.length)]!;
      await broker.kill(fault);
      await sleep(outageMs);
      if (fault === 'SIGSTOP') await broker.kill('SIGCONT');
      else await broker.start();
      await stack.cluster.waitForBrokers(3, 120_000);
      say(`broker ${broker.id}: ${fault} for ${values.outage} s`);
      await sleep(loadMs / 4);
    }
  }
}

async function main(): Promise<number> {
  const brokers = values.brokers === '3' ? 3 : 1;
  say(`seed ${seed}; starting ${brokers} broker(s) and the services …`);
  const stack = await Stack.start({
    brokers,
    services: { 'edge-listener': 1, decoder: 2, enricher: 2, 'command-dispatcher': 1 },
    partitions: 6,
  });
  const pids = stack.services.map((service) => service.pid);
  const edge = stack.of('edge-listener')[0]!;
  try {
    const fleet = driver.drive(stack, { seed, devices, everyMs: Math.round((1000 * devices) / Number(values.rate)) });
    const acknowledged = (): number => fleet.ledger.acknowledgedCount;
    await sleep(loadMs);
    await killWorkers(stack);
    const away = brokers === 1 ? await outage(stack, acknowledged) : null;
    if (brokers === 3) await disturbBrokers(stack);
    const edgeMb = Math.round(peakMb(edge.pid!));
    await sleep(loadMs);
    await fleet.finish();
    say('everything is acknowledged; comparing the ledger with the topics …');
    const findings = await fleet.findings(stack, false);
    const counts = Object.fromEntries(
      Object.entries(findings).map(([name, found]) => [name, (found as string[]).length]),
    );
    const edgeSame = edge.pid === pids[stack.services.indexOf(edge)];
    const told = {
      seed,
      brokers,
      recorded: fleet.ledger.recordedCount,
      acknowledged: acknowledged(),
      resends: fleet.ledger.resends,
    };
    process.stdout.write(`${JSON.stringify({ ...told, ...away, edgeMb, edgeSame, ...counts })}\n`);
    const kept = Object.values(counts).every((count) => count === 0);
    return kept && edgeSame && edgeMb <= EDGE_MB_MAX && (away?.during ?? 0) === 0 ? 0 : 1;
  } finally {
    driver.stop();
    await stack.stop();
  }
}

process.exitCode = await main();
