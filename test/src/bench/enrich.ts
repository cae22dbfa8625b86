/**
 * `npm run bench:enrich`: the enricher alone, in process, on one core, without Kafka: 100,000 devices, 10,000 geofences.
 *   (a) fold     a decoded report through the log and all steps, in order
 *   (b) late     the same with one report in a hundred a minute late: folded again from its hour's start
 *   (c) whole    from the bytes of `telemetry` to those of all outputs and of the state: all that the enricher does but Kafka
 * Reports per CPU second (median of the rounds), and bytes a device: of its state record, and of memory.
 *
 *   npm run bench:enrich -- [--devices 100000] [--fences 10000]
 */
import { parseArgs } from 'node:util';
import { benchWorld, type BenchWorld } from '@fleetwire/enricher/testing';
import { machine } from './process-cpu.js';

const { values } = parseArgs({
  options: { devices: { type: 'string', default: '100000' }, fences: { type: 'string', default: '10000' } },
});
const devices = Number(values.devices);
const fences = Number(values.fences);
const ROUNDS = 3;
const REPORTS_A_ROUND = 100_000;
const collect = (globalThis as { gc?: () => void }).gc;

const cpu = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
const format = (n: number): string => Math.round(n).toLocaleString('en');

/** Reports per CPU second: what `make` prepares is not measured. */
function measure<T>(make: () => T, run: (prepared: T) => void): number {
  const speeds: number[] = [];
  // The first round warms up.
  for (let round = 0; round < ROUNDS + 1; round++) {
    const prepared = make();
    const start = cpu();
    run(prepared);
    speeds.push(REPORTS_A_ROUND / (cpu() - start));
  }
  return speeds.slice(1).sort((a, b) => a - b)[ROUNDS >> 1]!;
}

function filled(): BenchWorld {
  const world = benchWorld(devices, fences);
  // Every device has reported, so that state and memory are those of a fleet that runs.
  for (let n = 0; n < devices * 2; n += REPORTS_A_ROUND) world.fold(world.reports(Math.min(REPORTS_A_ROUND, devices)));
  return world;
}

console.log(`# Enriching, ${machine()}: ${format(devices)} devices, ${format(fences)} geofences\n`);
collect?.();
const before = process.memoryUsage();
const world = filled();
collect?.();
const after = process.memoryUsage();
const heap = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
const fold = measure(
  () => world.reports(REPORTS_A_ROUND),
  (reports) => world.fold(reports),
);
const late = measure(
  () => world.reports(REPORTS_A_ROUND, 0.01),
  (reports) => world.fold(reports),
);
const stateBytes = world.stateBytes();
// Fewer devices: the bytes of two fleets at once would measure the collector.
const task = benchWorld(Math.min(devices, 20_000), fences);
task.process(task.records(Math.min(devices, 20_000)));
const whole = measure(
  () => task.records(REPORTS_A_ROUND),
  (batches) => task.process(batches),
);
console.log('| what | reports/CPU s |\n|---|---|');
console.log(`| (a) fold | ${format(fold)} |`);
console.log(`| (b) fold, 1 % late | ${format(late)} |`);
console.log(`| (c) whole, bytes to bytes | ${format(whole)} |`);
console.log(
  `\nMemory a device: ${format(heap / devices)} bytes; state record: ${format(stateBytes)} bytes on average.`,
);
