/**
 * `npm run bench`: socket → enriched, all services, broker, registry and load generator on one machine. Three runs: a fixed rate, for
 * latency; as much as goes in, for CPU seconds a frame, where a device that waits for its answer packs what has gathered; and much, but
 * less than goes in, from so many devices that each frame carries one report. Prints figures and what was lost; it judges nothing.
 *
 *   npm run bench -- [--rate 1000] [--devices 500] [--seconds 60] [--protocol astra] [--only rate|saturation|single] [--stages]
 *                    [--requests] [--profile DIR]
 *
 * `--stages` reads the topics in between as well, `--requests` counts what each service asks of Kafka, by kind; both cost a little.
 * `--profile DIR` leaves a CPU profile of each service there, which costs some speed. `--figures`: the broker with a larger heap and
 * the whole compiler, instead of as tests and `npm start` run it.
 */
import { spawn } from 'node:child_process';
import { loadavg } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Codec } from '@fleetwire/schemas';
import type { InRecord, Streams, Table } from '@fleetwire/streaming';
import { silentLog } from '../harness/commands/log.js';
import { Stack } from '../harness/stack.js';
import { waitFor } from '../harness/wait.js';
import { Latencies } from './latencies.js';
import { cpuSeconds, machine, peakMb } from './process-cpu.js';
import { RequestCounts } from './requests.js';

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '1000' },
    devices: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '60' },
    protocol: { type: 'string', default: 'astra' },
    'saturation-rate': { type: 'string', default: '20000' },
    'saturation-devices': { type: 'string', default: '2000' },
    'single-rate': { type: 'string', default: '2000' },
    'single-devices': { type: 'string', default: '3000' },
    only: { type: 'string' },
    profile: { type: 'string' },
    figures: { type: 'boolean', default: false },
    requests: { type: 'boolean', default: false },
    stages: { type: 'boolean', default: false },
  },
});

const STAGES = ['raw-frames', 'telemetry', 'telemetry-enriched'] as const;
type Stage = (typeof STAGES)[number];
/** After the load: what is behind by then counts as missing. */
const ENRICHED_MS = 180_000;

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What `fleetwire simulate --json` prints. */
interface Simulated {
  readonly reports: number;
  readonly reports_acked: number;
  readonly sent: number;
  readonly acked: number;
  readonly resent: number;
  readonly duration_s: number;
  readonly ack_ms: { readonly p50: number; readonly p95: number; readonly p99: number };
  readonly cpu_s: number;
}

function simulate(port: number, rate: number, devices: number, seconds: number, seed: number): Promise<Simulated> {
  const args = ['simulate', '--protocol', values.protocol, '--devices', String(devices), '--rate', String(rate)];
  args.push('--duration', `${seconds}s`, '--port', String(port), '--seed', String(seed), '--json', '--drain', '60s');
  const child = spawn(process.execPath, [`${root}cli/bin/fleetwire.js`, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0) resolve(JSON.parse(out) as Simulated);
      else reject(new Error(`simulate ended with ${code}`));
    });
  });
}

/** Reads telemetry-enriched as a user would and notes each record's age since the socket; with `--stages` also what stands between. */
class EnrichedReader {
  readonly ids = new Set<string>();
  readonly ages: Readonly<Record<Stage, Latencies>> = {
    'raw-frames': new Latencies(),
    telemetry: new Latencies(),
    'telemetry-enriched': new Latencies(),
  };
  repeated = 0;
  readonly #tables: Table[] = [];

  /** Resolves when it reads: a reader that joins while the load begins would show its own start as latency. */
  async start(streams: Streams, codec: Codec): Promise<void> {
    for (const topic of values.stages ? STAGES : STAGES.slice(2)) {
      const onRecord = (record: InRecord): void => this.#take(topic, record, codec);
      this.#tables.push(streams.table({ topic, from: 'end', onRecord, log: silentLog }));
    }
    await Promise.all(this.#tables.map((table) => table.start()));
  }

  #take(topic: Stage, record: InRecord, codec: Codec): void {
    const row = codec.decode(topic, record.value!);
    this.ages[topic].add(row.received_at / 1000, Date.now());
    if (!('enrichment' in row)) return;
    if (this.ids.has(row.message_id)) this.repeated++;
    this.ids.add(row.message_id);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#tables.map((table) => table.stop()));
  }
}

interface Usage {
  readonly name: string;
  readonly pid: number;
  readonly before: number;
}

function usages(stack: Stack): Usage[] {
  const services = stack.services.map((s) => ({ name: s.label, pid: s.pid! }));
  const brokers = stack.cluster.brokers.map((b) => ({ name: 'broker', pid: b.pid! }));
  return [...services, ...brokers].map((p) => ({ ...p, before: cpuSeconds(p.pid) }));
}

async function measure(
  title: string,
  stack: Stack,
  codec: Codec,
  rate: number,
  devices: number,
  seconds: number,
  seed: number,
) {
  const reader = new EnrichedReader();
  await reader.start(stack.streams, codec);
  counts?.begin(stack.services);
  const before = usages(stack);
  const simulated = await simulate(stack.ports[0]!, rate, devices, seconds, seed);
  await waitFor('all reports to be enriched', () => reader.ids.size >= simulated.reports_acked, ENRICHED_MS).catch(
    () => undefined,
  );
  const requests = counts?.table(stack.services) ?? [];
  const frames = simulated.sent + simulated.resent;
  console.log(
    `\n## ${title}\n\nload average ${loadavg()
      .map((n) => n.toFixed(1))
      .join(', ')}`,
  );
  console.log(
    `${frames} frames (${(frames / simulated.duration_s).toFixed(0)}/s), ${simulated.reports} reports, ${simulated.reports_acked} acknowledged, ` +
      `${simulated.resent} frames resent; enriched ${reader.ids.size}, missing ${Math.max(0, simulated.reports_acked - reader.ids.size)}, repeated ${reader.repeated}`,
  );
  const { p50, p95, p99 } = simulated.ack_ms;
  console.log(`ack p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms`);
  if (values.stages)
    for (const topic of STAGES.slice(0, 2))
      console.log(`socket → ${topic}, as a reader sees it: ${reader.ages[topic].toString()}`);
  console.log(`socket → enriched, as a reader sees it: ${reader.ages['telemetry-enriched'].toString()}\n`);
  console.log('| process | CPU s per 1,000 frames | per 1,000 reports | peak memory MB |\n|---|---|---|---|');
  // A frame carries the more reports the longer a device waits for its answer: only per report do runs under different load compare.
  const row = (name: string, seconds: number, memory: string): void => {
    const [a, b] = [(seconds / frames) * 1000, (seconds / simulated.reports_acked) * 1000];
    console.log(`| ${name} | ${a.toFixed(4)} | ${b.toFixed(4)} | ${memory} |`);
  };
  let ours = 0;
  for (const { name, pid, before: start } of before) {
    const seconds = cpuSeconds(pid) - start;
    if (name !== 'broker') ours += seconds;
    row(name, seconds, peakMb(pid).toFixed(0));
  }
  row('all services', ours, '');
  row('load generator', simulated.cpu_s, '');
  for (const line of requests) console.log(line);
  await reader.stop();
}

console.log(`# Pipeline, ${machine()}`);
const counts = values.requests ? new RequestCounts() : null;
const stack = await Stack.start({
  brokers: 1,
  partitions: 6,
  services: { 'edge-listener': 1, decoder: 1, enricher: 1, 'command-dispatcher': 1 },
  env: { LOG_LEVEL: 'warn', ...counts?.env },
  figures: values.figures,
  nodeArgs: [
    ...(values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${path.resolve(values.profile)}`]),
    ...(counts?.nodeArgs ?? []),
  ],
});
try {
  const codec = await Codec.connect({
    registryUrl: stack.registry.url,
    topics: STAGES,
    timeoutMs: 10_000,
  });
  const seconds = Number(values.seconds);
  await simulate(stack.ports[0]!, 500, 200, 10, 1); // Warm-up, not counted.
  if (values.only === undefined || values.only === 'rate') {
    const [rate, devices] = [Number(values.rate), Number(values.devices)];
    await measure(`${rate} reports/s from ${devices} devices, ${seconds} s`, stack, codec, rate, devices, seconds, 2);
  }
  if (values.only === undefined || values.only === 'saturation') {
    const [most, many] = [Number(values['saturation-rate']), Number(values['saturation-devices'])];
    const title = `saturation: ${most} reports/s offered from ${many} devices, ${seconds} s`;
    await measure(title, stack, codec, most, many, seconds, 3);
  }
  if (values.only === undefined || values.only === 'single') {
    const [offered, many] = [Number(values['single-rate']), Number(values['single-devices'])];
    const title = `one report a frame: ${offered} reports/s offered from ${many} devices, ${seconds} s`;
    await measure(title, stack, codec, offered, many, seconds, 4);
  }
} finally {
  await stack.stop();
  counts?.remove();
}
