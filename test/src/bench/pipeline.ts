/**
 * `npm run bench`: socket → enriched, all services, broker, registry and load generator on one machine. Two runs: a fixed rate, for
 * latency; and as much as goes in, for CPU seconds a frame. Prints figures and what was lost; it judges nothing.
 *
 *   npm run bench -- [--rate 1000] [--devices 500] [--seconds 60] [--protocol astra] [--only rate|saturation] [--profile DIR]
 *
 * `--profile DIR` leaves a CPU profile of each service there, which costs some speed. `--figures`: the broker with a larger heap and
 * the whole compiler, instead of as tests and `npm start` run it.
 */
import { spawn } from 'node:child_process';
import { loadavg } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Codec } from '@fleetwire/schemas';
import type { Streams } from '@fleetwire/streaming';
import { Stack } from '../harness/stack.js';
import { waitFor } from '../harness/wait.js';
import { cpuSeconds, machine, peakMb } from './process-cpu.js';

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '1000' },
    devices: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '60' },
    protocol: { type: 'string', default: 'astra' },
    'saturation-rate': { type: 'string', default: '20000' },
    'saturation-devices': { type: 'string', default: '2000' },
    only: { type: 'string' },
    profile: { type: 'string' },
    figures: { type: 'boolean', default: false },
  },
});

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

/** Reads telemetry-enriched as a user would and notes each record's age since the socket. */
class EnrichedReader {
  readonly ages: number[] = [];
  readonly ids = new Set<string>();
  repeated = 0;
  readonly #stop = new AbortController();
  #reading: Promise<void> | null = null;

  start(streams: Streams, codec: Codec): void {
    this.#reading = streams.read({
      topics: ['telemetry-enriched'],
      from: 'end',
      signal: this.#stop.signal,
      onRecord: (record) => {
        const row = codec.decode('telemetry-enriched', record.value!);
        this.ages.push(Date.now() - row.received_at / 1000);
        if (this.ids.has(row.message_id)) this.repeated++;
        this.ids.add(row.message_id);
        return true;
      },
    });
  }
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#reading;
  }
}

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

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
  reader.start(stack.streams, codec);
  const before = usages(stack);
  const simulated = await simulate(stack.ports[0]!, rate, devices, seconds, seed);
  await waitFor('all reports to be enriched', () => reader.ids.size >= simulated.reports_acked, ENRICHED_MS).catch(
    () => undefined,
  );
  const frames = simulated.sent + simulated.resent;
  const ages = reader.ages.sort((a, b) => a - b);
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
  console.log(
    `socket → enriched, as a reader sees it: p50 ${quantile(ages, 0.5).toFixed(0)} ms, p95 ${quantile(ages, 0.95).toFixed(0)} ms, p99 ${quantile(ages, 0.99).toFixed(0)} ms\n`,
  );
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
  await reader.stop();
}

console.log(`# Pipeline, ${machine()}`);
const stack = await Stack.start({
  brokers: 1,
  partitions: 6,
  services: { 'edge-listener': 1, decoder: 1, enricher: 1, 'command-dispatcher': 1 },
  env: { LOG_LEVEL: 'warn' },
  figures: values.figures,
  nodeArgs: values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${path.resolve(values.profile)}`],
});
try {
  const codec = await Codec.connect({
    registryUrl: stack.registry.url,
    topics: ['telemetry-enriched'],
    timeoutMs: 10_000,
  });
  const seconds = Number(values.seconds);
  await simulate(stack.ports[0]!, 500, 200, 10, 1); // Warm-up, not counted.
  if (values.only !== 'saturation') {
    const [rate, devices] = [Number(values.rate), Number(values.devices)];
    await measure(`${rate} reports/s from ${devices} devices, ${seconds} s`, stack, codec, rate, devices, seconds, 2);
  }
  if (values.only !== 'rate') {
    const [most, many] = [Number(values['saturation-rate']), Number(values['saturation-devices'])];
    const title = `saturation: ${most} reports/s offered from ${many} devices, ${seconds} s`;
    await measure(title, stack, codec, most, many, seconds, 3);
  }
} finally {
  await stack.stop();
}
