/**
 * The drain of one real edge beside another, under load and with commands under way: what devices saw of it, and what the topics hold. Judged
 * by whoever asked: a test in small, `npm run bench:drain` in full.
 */
import { SIMULATED } from '@fleetwire/protocols/ids';
import { Codec } from '@fleetwire/schemas';
import { connect } from '@fleetwire/streaming';
import { seeded } from '../contract/random.js';
import { reportKeysOf } from './astra-wire.js';
import { CommandChaos } from './commands/chaos.js';
import { findings } from './commands/evidence.js';
import { CommandWorld } from './commands/world.js';
import { Mass } from './mass.js';
import { readAll } from './topics.js';
import { sleep, waitFor } from './wait.js';

export interface DrainOptions {
  readonly brokers: readonly string[];
  readonly registry: string;
  readonly connections: number;
  /** Frames a second. */
  readonly rate: number;
  readonly shedPerSecond: number;
  readonly lameDuckMs: number;
  readonly commands: number;
  /** Afterwards all devices leave the second edge and come back at once. */
  readonly storm: boolean;
  readonly acceptsPerSecond: number;
  readonly say: (line: string) => void;
}

export interface DrainFigures {
  readonly connections: number;
  readonly exitCode: number | null;
  /** From the first signal to the end of the process. */
  readonly drainMs: number;
  /** Devices by how often they were cut. */
  readonly cutOnce: number;
  readonly cutMoreOften: number;
  readonly neverCut: number;
  /** Connections that the edge closed because an answer was too old: a machine that does not keep up with the load, not the drain. */
  readonly cutForAge: number;
  /** From the 10th to the 90th of a hundred cuts. */
  readonly shedPerSecond: number;
  readonly framesAcknowledged: number;
  /** Acknowledged and not in raw-frames. */
  readonly lost: number;
  /** Frames that were under way at the cut; each was sent again and answered. */
  readonly cutUnanswered: number;
  /** Of those, the ones that the edge had read and committed: it must answer them before it cuts. */
  readonly committedUnanswered: number;
  /** Frames that were never answered. */
  readonly unanswered: number;
  readonly ackMsP99: number;
  /** Sessions of the edge that have no tombstone. */
  readonly sessionsLeft: number;
  readonly commandsSent: number;
  /** Commands without exactly one end, and other broken promises of theirs. */
  readonly commandFindings: readonly string[];
  /** Ready and then not, before the first cut. */
  readonly readyInLameDuck: boolean;
  readonly readyWhileShedding: boolean;
  readonly storm: StormFigures | null;
}

export interface StormFigures {
  /** From the first connect to the last answer. */
  readonly servedMs: number;
  readonly acceptsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Largest distance between a device's place among the connects and among the answers, of the whole. */
  readonly placesMoved: number;
}

/** Commanded devices beside the mass, of each protocol. */
const COMMANDED = 4;
const EXPIRES_MS = 30_000;
const SETTLE_MS = 180_000;
/** The drain begins when answers are prompt, or after that long. */
const CALM_MS = 60_000;
const PROMPT_MS = 1_000;
const RECENT = 500;
const SAMPLE_MS = 500;
const AGE = { reason: 'reply_too_old', transport: 'tcp' };

export async function measureDrain(options: DrainOptions): Promise<DrainFigures> {
  const { connections, shedPerSecond, lameDuckMs, say } = options;
  const connectionsMax = String(connections + 1_000);
  const world = await CommandWorld.start({
    ...options,
    edgeEnv: {
      FLEETWIRE_DRAIN_SHED_PER_SECOND: String(shedPerSecond),
      FLEETWIRE_DRAIN_LAME_DUCK_MS: String(lameDuckMs),
      FLEETWIRE_CONNECTIONS_MAX: connectionsMax,
      FLEETWIRE_CONNECTIONS_PER_ADDRESS_MAX: connectionsMax,
      FLEETWIRE_ACCEPTS_PER_SECOND: String(options.acceptsPerSecond),
    },
  });
  const [first, second] = world.edges as [(typeof world.edges)[0], (typeof world.edges)[0]];
  let port = first.devicePort;
  const mass = new Mass({
    devices: connections,
    rate: options.rate,
    prefix: `35${Math.floor(1e4 + Math.random() * 9e4)}`,
    port: () => port,
  });
  try {
    const commanded = SIMULATED.flatMap((protocol) =>
      world.devices(protocol, COMMANDED, 0).map((device) => ({ protocol, device })),
    );
    for (const { device } of commanded) device.start();
    await Promise.all(commanded.map(({ device }) => device.online()));
    const chaos = new CommandChaos(world, commanded, seeded(1));
    await mass.connect(options.acceptsPerSecond);
    say(`${connections} devices are connected`);
    mass.start();
    await waitFor('every device to be answered', () => mass.devices.every(({ servedMs }) => servedMs > 0), SETTLE_MS);
    const held = (): string | undefined => world.sessions.find(({ ident }) => ident === mass.devices[0]!.imei)?.bootId;
    await waitFor('their sessions', () => held() !== undefined, SETTLE_MS);
    const bootId = held()!;
    const prompt = (): boolean => quantile(mass.ackMs.slice(-RECENT), 0.99) < PROMPT_MS;
    await waitFor('prompt answers', prompt, CALM_MS).catch(() =>
      say('this machine is late for its answers before the drain begins'),
    );

    let commandsSent = 0;
    const gone = new AbortController();
    const commands = (async () => {
      const spanMs = lameDuckMs + (connections / shedPerSecond) * 1000;
      const everyMs = spanMs / Math.max(1, options.commands);
      while (!gone.signal.aborted && commandsSent < options.commands) {
        await chaos.command(commandsSent++, EXPIRES_MS);
        await sleep(everyMs);
      }
    })();

    let cutForAge = 0;
    const sampling = (async () => {
      while (!gone.signal.aborted) {
        cutForAge = await first.metric('fleetwire_edge_connections_closed_total', AGE).catch(() => cutForAge);
        await sleep(SAMPLE_MS);
      }
    })();
    const begunMs = performance.now();
    first.signal('SIGTERM');
    // New connections go where a load balancer sends them: away from an edge that says that it stops.
    port = second.devicePort;
    const readyInLameDuck = lameDuckMs === 0 || (await isReady(first.httpPort));
    await waitFor('the first cut', () => mass.devices.some(({ cutsMs }) => cutsMs.length > 0), SETTLE_MS);
    const readyWhileShedding = await isReady(first.httpPort);
    const exit = await first.gone();
    const drainMs = performance.now() - begunMs;
    gone.abort();
    say(`the edge has ended with ${exit?.code ?? 'a signal'} after ${(drainMs / 1000).toFixed(1)} s`);
    await Promise.all([commands, sampling]);
    await waitFor('every device to be back', () => mass.connected === connections, SETTLE_MS);
    mass.finish();
    await waitFor('every frame to be answered', () => mass.owing === 0, SETTLE_MS).catch(() => undefined);
    await chaos.settle([world.dispatcher, second], SETTLE_MS);

    const found = findings(chaos.evidence()).map(({ finding, id, about }) => `${finding} ${id}: ${about}`);
    const { counts, lost } = await stored(options, mass);
    const cuts = mass.devices.map(({ cutsMs }) => cutsMs.length);
    const figures = {
      connections,
      exitCode: exit?.code ?? null,
      drainMs: Math.round(drainMs),
      cutOnce: cuts.filter((count) => count === 1).length,
      cutMoreOften: cuts.filter((count) => count > 1).length,
      neverCut: cuts.filter((count) => count === 0).length,
      cutForAge,
      shedPerSecond: rateOf(mass.devices.flatMap(({ cutsMs }) => cutsMs.slice(0, 1))),
      framesAcknowledged: mass.acknowledged.size,
      lost,
      cutUnanswered: mass.cutUnanswered.length,
      committedUnanswered: mass.cutUnanswered.filter((key) => (counts.get(key) ?? 0) > 1).length,
      unanswered: mass.owing,
      ackMsP99: Math.round(quantile(mass.ackMs, 0.99)),
      sessionsLeft: await sessionsLeft(options, bootId),
      commandsSent,
      commandFindings: found,
      readyInLameDuck,
      readyWhileShedding,
    };
    chaos.stop();
    return { ...figures, storm: options.storm ? await storm(mass, options, say) : null };
  } finally {
    mass.stop();
    await world.stop();
  }
}

async function storm(mass: Mass, options: DrainOptions, say: (line: string) => void): Promise<StormFigures> {
  say(`${options.connections} devices leave and come back at once`);
  const { begunMs } = await mass.storm();
  const waits = mass.devices.map(({ servedMs }) => servedMs - begunMs);
  const byServed = [...mass.devices.keys()].sort((a, b) => waits[a]! - waits[b]!);
  const servedMs = Math.max(...waits);
  return {
    servedMs: Math.round(servedMs),
    acceptsPerSecond: Math.round(options.connections / (servedMs / 1000)),
    p50Ms: Math.round(quantile(waits, 0.5)),
    p99Ms: Math.round(quantile(waits, 0.99)),
    placesMoved: Math.max(...byServed.map((device, place) => Math.abs(device - place))) / options.connections,
  };
}

async function isReady(httpPort: number): Promise<boolean> {
  return (await fetch(`http://127.0.0.1:${httpPort}/readyz`, { signal: AbortSignal.timeout(10_000) })).ok;
}

/** Cuts a second between the 10th and the 90th of a hundred: the ends are slices of their own. */
function rateOf(cutsMs: readonly number[]): number {
  const spanMs = quantile(cutsMs, 0.9) - quantile(cutsMs, 0.1);
  return Math.round((0.8 * cutsMs.length * 1000) / Math.max(1, spanMs));
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}

/** How often each frame of the mass is in raw-frames, and how many that were acknowledged are not. */
async function stored(
  options: DrainOptions,
  mass: Mass,
): Promise<{ counts: ReadonlyMap<string, number>; lost: number }> {
  const codec = await Codec.connect({ registryUrl: options.registry, topics: ['raw-frames'], timeoutMs: 10_000 });
  const streams = connect({ brokers: options.brokers, clientId: 'drain' });
  const idents = new Set(mass.devices.map(({ imei }) => imei));
  const counts = new Map<string, number>();
  for (const record of await readAll(streams, 'raw-frames')) {
    if (!idents.has(record.key?.toString() ?? '')) continue;
    for (const key of reportKeysOf(codec.decode('raw-frames', record.value!).frame))
      counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return { counts, lost: [...mass.acknowledged].filter((key) => !counts.has(key)).length };
}

/** Sessions of the edge that is gone whose newest record is no tombstone. */
async function sessionsLeft(options: DrainOptions, bootId: string): Promise<number> {
  const streams = connect({ brokers: options.brokers, clientId: 'drain' });
  const open = new Map<string, boolean>();
  for (const { key, value } of await readAll(streams, 'device-sessions'))
    if (key!.toString().endsWith(`|${bootId}`)) open.set(key!.toString(), value !== null);
  return [...open.values()].filter(Boolean).length;
}
