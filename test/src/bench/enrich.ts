/**
 * `npm run bench:enrich`: the enricher alone, in process, on one core, without Kafka: 100,000 devices, 10,000 geofences.
 *   (a) fold     the outline of a report through the log and all steps, in order, and the device packed again
 *   (b) late     the same with one report in a hundred a minute late: folded again from its hour's start
 *   (c) whole    from the bytes of `telemetry` to those of all outputs and of the state: all that the enricher does but Kafka
 * Reports per CPU second (median of the rounds), and bytes a device: of its state records, and of memory.
 *
 *   npm run bench:enrich -- [--devices 100000] [--fences 10000]
 *   npm run bench:enrich -- --growth             (a) and bytes for 1,000 to 100,000 devices; --rounds 20: after 20 reports of each
 *   npm run bench:enrich -- --kafka 200000       so many reports through a broker and the real service
 *   npm run bench:enrich -- --restore 200000     so many devices restored from a broker
 *   … --profile DIR                              with these two: a CPU profile of each process of the service there
 */
import { parseArgs } from 'node:util';
import { benchWorld, type BenchWorld } from '@fleetwire/enricher/testing';
import { restoreBench, throughKafka } from './enrich-kafka.js';
import { machine } from './process-cpu.js';

const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '100000' },
    fences: { type: 'string', default: '10000' },
    growth: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '2' },
    kafka: { type: 'string' },
    restore: { type: 'string' },
    profile: { type: 'string' },
  },
});
const devices = Number(values.devices);
const fences = Number(values.fences);
const ROUNDS = 3;
const REPORTS_A_ROUND = 100_000;
/** Reports that are made at a time. */
const PIECE = 20_000;
const collect = (globalThis as { gc?: () => void }).gc;

const cpu = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
const format = (n: number): string => Math.round(n).toLocaleString('en');
const memory = (): number => {
  collect?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

/** Reports per CPU second: what `make` prepares is not measured. */
function measure<T>(make: () => T, run: (prepared: T) => void): number {
  const speeds: number[] = [];
  // The first round warms up.
  for (let round = 0; round < ROUNDS + 1; round++) {
    const prepared = make();
    collect?.();
    const start = cpu();
    run(prepared);
    speeds.push(REPORTS_A_ROUND / (cpu() - start));
  }
  return speeds.slice(1).sort((a, b) => a - b)[ROUNDS >> 1]!;
}

/** A fleet of which every device has reported `rounds` times. */
function filled(count: number, rounds: number): BenchWorld {
  const world = benchWorld(count, fences);
  for (let n = 0; n < count * rounds; n += PIECE) world.fold(world.outlines(Math.min(PIECE, count)));
  return world;
}

const wholeOf = (task: BenchWorld): number =>
  measure(
    () => task.records(REPORTS_A_ROUND),
    (batches) => task.process(batches),
  );

function table(): void {
  const before = memory();
  const world = filled(devices, Number(values.rounds));
  const heap = memory() - before;
  const sizes = world.stateBytes();
  const fold = measure(
    () => world.outlines(REPORTS_A_ROUND),
    (reports) => world.fold(reports),
  );
  const late = measure(
    () => world.outlines(REPORTS_A_ROUND, 0.01),
    (reports) => world.fold(reports),
  );
  const whole = wholeOf(benchWorld(Math.min(devices, 20_000), fences));
  console.log('| what | reports/CPU s |\n|---|---|');
  console.log(`| (a) fold | ${format(fold)} |`);
  console.log(`| (b) fold, 1 % late | ${format(late)} |`);
  console.log(`| (c) whole, bytes to bytes | ${format(whole)} |`);
  console.log(`\nAfter ${values.rounds} reports of each device, bytes a device: memory ${format(heap / devices)};`);
  console.log(
    `state record ${format(sizes.head)}, all records ${format(sizes.all)}, of these the log ${format(sizes.log)}.`,
  );
}

/** The same work for fleets of growing size: both columns stay as they are when the cost is linear. */
function growth(): void {
  const rounds = Number(values.rounds);
  console.log(`| devices | reports/CPU s | memory a device | state record | all records | of these the log |`);
  console.log('|---|---|---|---|---|---|');
  for (const count of [1_000, 3_000, 10_000, 30_000, 100_000]) {
    const before = memory();
    const world = filled(count, rounds);
    const heap = memory() - before;
    const { head, all, log } = world.stateBytes();
    const fold = measure(
      () => world.outlines(REPORTS_A_ROUND),
      (reports) => world.fold(reports),
    );
    console.log(
      `| ${format(count)} | ${format(fold)} | ${format(heap / count)} | ${format(head)} | ${format(all)} | ${format(log)} |`,
    );
  }
}

console.log(`# Enriching, ${machine()}: ${format(fences)} geofences\n`);
if (values.kafka !== undefined) await throughKafka(Number(values.kafka), devices, fences, values.profile ?? null);
else if (values.restore !== undefined)
  await restoreBench(Number(values.restore), Number(values.rounds), values.profile ?? null);
else if (values.growth) growth();
else table();
