/**
 * `npm run chaos:commands`: a thousand commands while edges, decoder, dispatcher and broker are killed (-9) at random moments and at the
 * failpoints, edges freeze for 20 s with commands in hand while their devices come back elsewhere, and the broker is away for 60 s. At the
 * end each command must have ended once and truthfully, and no device may have got one twice, late, or through an edge that was not its
 * holder any more. Exit code 0: all of it holds.
 *
 *   npm run chaos:commands -- [--seed 1] [--commands 1000] [--devices 24] [--every 400] [--outage 60]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startCluster, startRegistry, type Cluster } from '@fleetwire/local';
import { SIMULATED } from '@fleetwire/protocols/ids';
import { applySchemas } from '@fleetwire/schemas';
import { seeded, type Random } from '../contract/random.js';
import { CommandChaos, failpointAt, restartWith, revive, type Commanded } from '../harness/commands/chaos.js';
import { endsOf, findings } from '../harness/commands/evidence.js';
import { CommandWorld } from '../harness/commands/world.js';
import type { ServiceProcess } from '../harness/stack.js';
import { sleep } from '../harness/wait.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Date.now() / 1000)) },
    commands: { type: 'string', default: '1000' },
    devices: { type: 'string', default: '24' },
    every: { type: 'string', default: '400' },
    outage: { type: 'string', default: '60' },
  },
});
const EXPIRES_MS = [2_000, 10_000, 40_000, 120_000] as const;
/** Commands between two faults. */
const FAULT_EVERY = 25;
const FROZEN_MS = 20_000;
const BROKER_AWAY_MS_MAX = 8_000;
/** A device that comes back more often than that is taken for two, and both stay. */
const MOVES_APART_MS = 30_000;
/** The longest expiry, the wait for an answer, a lapsed lease, and the time that services need to come back. */
const END_MS = 400_000;

type Fault = (run: Run) => Promise<void>;
interface Run {
  readonly world: CommandWorld;
  readonly cluster: Cluster;
  readonly fleet: readonly Commanded[];
  readonly random: Random;
  /** What goes on in the background and must be over before the end. */
  readonly later: Promise<unknown>[];
  readonly busy: Set<ServiceProcess>;
}

const say = (text: string): void => void process.stderr.write(`${new Date().toISOString()} ${text}\n`);
const movedMs = new Map<string, number>();

function moveSome({ fleet, random }: Run): void {
  for (const { device } of fleet) {
    const nowMs = Date.now();
    if (random.below(3) > 0 || nowMs - (movedMs.get(device.ident) ?? 0) < MOVES_APART_MS) continue;
    movedMs.set(device.ident, nowMs);
    device.move();
  }
}

/** Does something to a service that nothing else is done to, in the background. */
function busyWith(run: Run, service: ServiceProcess, work: () => Promise<void>): void {
  run.busy.add(service);
  run.later.push(work().finally(() => run.busy.delete(service)));
}
const anEdge = ({ world, busy, random }: Run): ServiceProcess | undefined => {
  const free = world.edges.filter((edge) => !busy.has(edge));
  // One edge is left alone, so that devices have somewhere to go.
  return free.length < world.edges.length ? undefined : free[random.below(free.length)];
};

async function killed(service: ServiceProcess | undefined): Promise<void> {
  if (service === undefined) return;
  say(`kill -9 ${service.label}`);
  await service.kill('SIGKILL');
  await service.start();
}

function armed(run: Run, service: ServiceProcess | undefined, point: string): Promise<void> {
  if (service === undefined || run.busy.has(service)) return Promise.resolve();
  const failpoint = `${point}=exit@${1 + run.random.below(4)}`;
  say(`${service.label} with ${failpoint}`);
  return restartWith(service, failpointAt(failpoint));
}

const FAULTS: readonly Fault[] = [
  (run) => killed(anEdge(run)),
  ({ world }) => killed(world.dispatcher),
  ({ world }) => killed(world.decoder),
  (run) => armed(run, anEdge(run), 'edge.command_written'),
  (run) => armed(run, anEdge(run), 'edge.committed'),
  (run) => armed(run, run.world.dispatcher, 'dispatcher.committed'),
  (run) => armed(run, run.world.decoder, 'decoder.decoded'),
  (run) => {
    say('devices come back on other connections');
    moveSome(run);
    return Promise.resolve();
  },
  // Frozen at any moment.
  (run) => {
    const edge = anEdge(run);
    if (edge !== undefined)
      busyWith(run, edge, async () => {
        say(`freeze ${edge.label} for ${FROZEN_MS / 1000} s`);
        await edge.kill('SIGSTOP');
        await sleep(FROZEN_MS / 4);
        moveSome(run);
        await sleep((FROZEN_MS * 3) / 4);
        await edge.kill('SIGCONT');
      });
    return Promise.resolve();
  },
  // Frozen between the record and the write.
  (run) => {
    const edge = anEdge(run);
    if (edge !== undefined)
      busyWith(run, edge, async () => {
        say(`freeze ${edge.label} between check and write`);
        await restartWith(edge, failpointAt(`edge.command_written=stop@${1 + run.random.below(4)}`));
        await sleep(FROZEN_MS / 2);
        moveSome(run);
        await sleep(FROZEN_MS);
        await edge.kill('SIGCONT');
      });
    return Promise.resolve();
  },
  async ({ cluster, random }) => {
    const awayMs = random.below(BROKER_AWAY_MS_MAX);
    say(`kill -9 the broker for ${awayMs} ms`);
    await cluster.brokers[0]!.kill('SIGKILL');
    await sleep(awayMs);
    await cluster.brokers[0]!.start();
  },
];

/** The broker is away; nothing else happens. No lease may lapse for it, and every session must be what it was. */
async function outage({ world, cluster, fleet }: Run, seconds: number): Promise<readonly string[]> {
  await Promise.all(fleet.map(({ device }) => device.online()));
  await sleep(20_000);
  // Who says nothing meanwhile has no reason to dial again: it must have the very session that it had. The others wait for answers in vain.
  const quiet = fleet.filter((_, at) => at % 2 === 0);
  for (const { device } of quiet) device.silent = true;
  await sleep(5_000);
  const before = currentSessions(world, fleet);
  const [lost, from] = [world.ended('edge_lost'), Date.now()];
  say(`the broker is away for ${seconds} s`);
  await cluster.brokers[0]!.kill('SIGKILL');
  await sleep(seconds * 1000);
  await cluster.brokers[0]!.start();
  const problems: string[] = [];
  const ids = await Promise.all(
    fleet.map(({ device, protocol }) => {
      const query = { astra: 'custom', h02: 'interval', jt808: 'query_parameters', atrack: 'info' }[protocol];
      const args = { astra: { payload: '$IMEI' }, h02: { cycle_time: 60 }, jt808: {}, atrack: {} }[protocol];
      return world.send(device.ident, query, args, { expires_at: (Date.now() + 60_000) * 1000 });
    }),
  );
  for (const id of ids) {
    const end = await world.end(id, 90_000).catch(() => null);
    if (end?.state !== 'succeeded')
      problems.push(`after the outage a command ended ${end?.state ?? 'not at all'} ${end?.cause ?? ''}`);
  }
  if (world.ended('edge_lost') > lost) problems.push('a lease lapsed during the outage: commands ended edge_lost');
  const after = currentSessions(world, fleet);
  for (const [ident, session] of before)
    if (session !== null && after.get(ident) === null) problems.push(`${ident} lost its session`);
  for (const { device } of quiet) {
    if (before.get(device.ident) !== after.get(device.ident)) problems.push(`${device.ident} has another session`);
    device.silent = false;
  }
  say(
    `${((Date.now() - from) / 1000).toFixed(0)} s later ${ids.length} commands have ended and ${quiet.length} quiet sessions were looked at`,
  );
  return problems;
}

/** The newest session of each device that stands: `boot id peer`; null: none. */
function currentSessions(world: CommandWorld, fleet: readonly Commanded[]): ReadonlyMap<string, string | null> {
  const standing = new Map<string, Map<string, string>>(fleet.map(({ device }) => [device.ident, new Map()]));
  for (const { ident, bootId, peer } of world.sessions) {
    const edges = standing.get(ident);
    edges?.delete(bootId);
    if (peer !== null) edges?.set(bootId, `${bootId} ${peer}`);
  }
  return new Map([...standing].map(([ident, edges]) => [ident, [...edges.values()].at(-1) ?? null]));
}

async function main(): Promise<number> {
  const seed = Number(values.seed);
  const count = Number(values.commands);
  say(`seed ${seed}`);
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'fleetwire-chaos-'));
  const [cluster, registry] = await Promise.all([
    startCluster({ brokers: 1, dataDir }),
    startRegistry({ dataDir: path.join(dataDir, 'registry') }),
  ]);
  await applySchemas({ registryUrl: registry.url });
  const world = await CommandWorld.start({ brokers: cluster.addresses, registry: registry.url });
  const random = seeded(seed);
  const fleet = SIMULATED.flatMap((protocol) =>
    ([0, 1] as const).flatMap((edge) =>
      world.devices(protocol, Number(values.devices) / 8, edge).map((device) => ({ protocol, device })),
    ),
  );
  for (const { device } of fleet) device.start();
  await Promise.all(fleet.map(({ device }) => device.online()));
  const chaos = new CommandChaos(world, fleet, random);
  const run: Run = { world, cluster, fleet, random, later: [], busy: new Set() };
  const services = [world.dispatcher, world.decoder, ...world.edges];
  // Each fault comes up before one comes up again.
  let left: Fault[] = [];
  try {
    for (let n = 0; n < count; n++) {
      if (n % FAULT_EVERY === FAULT_EVERY - 1) {
        if (left.length === 0) left = [...FAULTS];
        const [fault] = left.splice(random.below(left.length), 1);
        await fault!(run);
      }
      await revive(services.filter((service) => !run.busy.has(service)));
      await chaos.command(n, EXPIRES_MS[random.below(EXPIRES_MS.length)]!);
      await sleep(random.below(2 * Number(values.every)));
    }
    say('no more faults; waiting for the ends');
    await Promise.all(run.later);
    await chaos.settle(services, END_MS);
    const problems = Number(values.outage) > 0 ? await outage(run, Number(values.outage)) : [];
    const evidence = chaos.evidence();
    const found = findings(evidence);
    const writes = fleet.reduce((sum, { device }) => sum + device.receipts.length, 0);
    process.stdout.write(
      `seed ${seed}: ${count} commands, ${fleet.length} devices (${writes} reads), watcher late by ${evidence.lateMs.toFixed(0)} ms at most\n`,
    );
    for (const [end, times] of [...endsOf(evidence)].sort())
      process.stdout.write(`  ${String(times).padStart(5)} ${end}\n`);
    for (const { finding, id, about } of found) process.stdout.write(`BROKEN ${finding}: ${id}: ${about}\n`);
    for (const problem of problems) process.stdout.write(`BROKEN ${problem}\n`);
    const broken = found.length + problems.length;
    process.stdout.write(
      broken === 0 ? 'all promises held\n' : `${broken} promises broken; run again with --seed ${seed}\n`,
    );
    return broken === 0 ? 0 : 1;
  } finally {
    chaos.stop();
    await world.stop();
    await registry.stop();
    await cluster.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

process.exitCode = await main();
