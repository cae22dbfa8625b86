/**
 * `npm run bench:commands`: commands to connected devices beside telemetry, with broker, registry, all services, devices and user on one
 * machine. A command is accepted when Kafka has committed it to `commands`. Two things are measured from there: when its bytes reach the
 * device, and when a reader of `command-events` sees `written` and the end. It judges nothing.
 *
 *   npm run bench:commands -- [--devices 2000] [--rate 200] [--telemetry 1000] [--seconds 30] [--requests] [--profile DIR]
 *   npm run bench:commands -- --sessions 1000000       memory and restore of a dispatcher with that many sessions
 *
 * `--profile DIR` leaves a CPU profile of each service there, which costs some speed. `--requests` counts
 * what each service asks of Kafka, by kind.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createFleet } from '@fleetwire/protocols/fleet';
import { Codec } from '@fleetwire/schemas';
import { silentLog } from '../harness/commands/log.js';
import { marked } from '../harness/commands/marks.js';
import { Stack } from '../harness/stack.js';
import { sleep, waitFor } from '../harness/wait.js';
import type { FleetSays } from './command-fleet.js';
import { measureSessions } from './command-sessions.js';
import { quantile } from './latencies.js';
import { cpuSeconds, machine, peakMb } from './process-cpu.js';
import { RequestCounts } from './requests.js';

const { values } = parseArgs({
  options: {
    devices: { type: 'string', default: '2000' },
    rate: { type: 'string', default: '200' },
    telemetry: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '30' },
    sessions: { type: 'string' },
    profile: { type: 'string' },
    requests: { type: 'boolean', default: false },
  },
});
const TICK_MS = 5;
const WARM_UP_S = 8;
const EXPIRES_US = 60_000_000;
const SEED = 7;

const clock = (): number => performance.timeOrigin + performance.now();
function row(title: string, ages: readonly number[]): string {
  const sorted = [...ages].sort((a, b) => a - b);
  const cells = [0.5, 0.95, 0.99, 1].map((share) => quantile(sorted, share).toFixed(0));
  return `| ${title} | ${sorted.length} | ${cells.join(' | ')} |`;
}

/** When what happened to a command, ms since 1970. */
interface Times {
  accepted?: number;
  /** The dispatcher read it. */
  requested?: number;
  /** The edge took it and recorded `written`. */
  recorded?: number;
  device?: number;
  /** As a reader of `command-events` sees it. */
  written?: number;
  ended?: number;
  end?: string;
}

async function measureLatency(stack: Stack): Promise<void> {
  const count = Number(values.devices);
  const rate = Number(values.rate);
  const seconds = Number(values.seconds);
  const codec = await Codec.connect({
    registryUrl: stack.registry.url,
    topics: ['commands', 'command-events', 'command-reports'],
    timeoutMs: 10_000,
  });
  const times: Times[] = [];
  const numbers = new Map<string, number>();
  const of = (id: string | null): Times | undefined => times[numbers.get(id ?? '') ?? -1];
  const stop = new AbortController();
  const reading = stack.streams.read({
    topics: ['command-events', 'command-reports'],
    from: 'end',
    signal: stop.signal,
    onRecord: ({ topic, value }) => {
      const nowMs = clock();
      if (value === null) return true;
      if (topic === 'command-reports') {
        const report = codec.decode('command-reports', value);
        const one = of(report.command_id);
        if (one !== undefined && report.kind === 'written') one.recorded ??= report.at / 1000;
        return true;
      }
      const event = codec.decode('command-events', value);
      const one = of(event.id);
      if (one === undefined) return true;
      if (event.state === 'requested') one.requested = event.at / 1000;
      if (event.state === 'written') one.written ??= nowMs;
      if (event.terminal) [one.ended, one.end] = [nowMs, event.state];
      return true;
    },
  });

  const args = [stack.ports[0]!, count, values.telemetry, SEED].map(String);
  const fleet = fork(fileURLToPath(new URL('./command-fleet.js', import.meta.url)), args);
  let says: FleetSays = {};
  let twice = 0;
  fleet.on('message', (message) => {
    says = message as FleetSays;
    for (const [number, atMs] of says.arrivals ?? []) {
      const one = times[number];
      if (one?.device !== undefined) twice++;
      else if (one !== undefined) one.device = atMs;
    }
  });
  await waitFor('the devices to be heard', () => says.online === count, 120_000);

  const trackers = createFleet({ protocol: 'mixed', transport: 'tcp', count, seed: SEED, startMs: Date.now() });
  const producer = stack.streams.producer({ log: silentLog });
  const command = (): void => {
    const number = times.length;
    const { ident, protocol } = trackers[(number * 7919) % count]!;
    const { name, args } = marked(protocol, number);
    const nowUs = Math.round(clock() * 1000);
    const id = `bench-${number}`;
    const one: Times = {};
    times.push(one);
    numbers.set(id, number);
    const draft = {
      ...{ id, ident, name, arguments: JSON.stringify(args), requested_at: nowUs, requested_by: 'bench' },
      expires_at: nowUs + EXPIRES_US,
    };
    void producer
      .send([{ topic: 'commands', key: ident, value: codec.encode('commands', draft) }])
      .then(() => (one.accepted = clock()));
  };
  const send = async (forS: number): Promise<void> => {
    const startMs = clock();
    let done = 0;
    for (let nowMs = startMs; nowMs - startMs < forS * 1000; nowMs = clock()) {
      for (const due = ((nowMs - startMs) / 1000) * rate; done < due; done++) command();
      await sleep(TICK_MS);
    }
  };
  await send(WARM_UP_S);
  const first = times.length;
  const processes = [
    ...stack.services.map(({ label, pid }) => ({ name: label, pid: pid! })),
    ...stack.cluster.brokers.map(({ pid }) => ({ name: 'broker', pid: pid! })),
    { name: 'devices', pid: fleet.pid! },
    { name: 'user and reader', pid: process.pid },
  ].map((one) => ({ ...one, before: cpuSeconds(one.pid) }));
  const confirmed = says.confirmed ?? 0;
  counts?.begin(stack.services);
  const startMs = clock();
  await send(seconds);
  const requests = counts?.table(stack.services) ?? [];
  const took = (clock() - startMs) / 1000;
  const used = processes.map((one) => ({ ...one, cpu: cpuSeconds(one.pid) - one.before, mb: peakMb(one.pid) }));
  const frames = (says.confirmed ?? 0) - confirmed;
  const last = times.length;
  await waitFor('every command to end', () => times.every(({ ended }) => ended !== undefined), 90_000).catch(
    () => undefined,
  );
  await sleep(500);

  const measured = times.slice(first, last);
  const since = (from: keyof Times, to: keyof Times): number[] =>
    measured.flatMap(({ [from]: begun, [to]: done }) =>
      typeof begun === 'number' && typeof done === 'number' ? [done - begun] : [],
    );
  const ends: Record<string, number> = {};
  for (const { end } of measured) ends[end ?? 'open'] = (ends[end ?? 'open'] ?? 0) + 1;
  console.log(
    `\n${count} devices, ${(measured.length / took).toFixed(0)} commands/s for ${took.toFixed(0)} s beside ${(frames / took).toFixed(0)} reports/s; ` +
      `ends ${JSON.stringify(ends)}, received twice ${twice}\n`,
  );
  console.log('| ms | commands | p50 | p95 | p99 | most |\n|---|---|---|---|---|---|');
  console.log(row('accepted → written (bytes at the device)', since('accepted', 'device')));
  console.log(row('… accepted → read by the dispatcher', since('accepted', 'requested')));
  console.log(row('… → taken by the edge', since('requested', 'recorded')));
  console.log(row('… → bytes at the device', since('recorded', 'device')));
  console.log(row('accepted → `written` seen in command-events', since('accepted', 'written')));
  console.log(row('accepted → end seen in command-events', since('accepted', 'ended')));
  console.log('\n| process | cores | peak memory MB |\n|---|---|---|');
  for (const { name, cpu, mb } of used) console.log(`| ${name} | ${(cpu / took).toFixed(2)} | ${mb.toFixed(0)} |`);
  for (const line of requests) console.log(line);
  stop.abort();
  await reading;
  await producer.close();
  fleet.disconnect();
}

console.log(`# Commands, ${machine()}`);
const counts = values.requests ? new RequestCounts() : null;
const sessions = values.sessions === undefined ? null : Number(values.sessions);
const stack = await Stack.start({
  brokers: 1,
  partitions: 6,
  services:
    sessions === null
      ? { 'edge-listener': 1, decoder: 1, enricher: 1, 'command-dispatcher': 1 }
      : { 'command-dispatcher': 1 },
  env: {
    LOG_LEVEL: 'warn',
    ...counts?.env,
    ...(values.profile !== undefined && { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${values.profile}` }),
  },
  nodeArgs: counts?.nodeArgs ?? [],
});
try {
  if (sessions === null) await measureLatency(stack);
  else await measureSessions(stack, sessions);
} finally {
  await stack.stop();
  counts?.remove();
}
