/**
 * Runs a whole instance on one machine: broker and registry, topics and schemas, services, a simulated fleet; shows figures; stops all in order.
 *
 * - Everything is a child in a group of its own under a watchdog: a signal at the terminal reaches the supervisor alone, and nothing outlives it.
 * - The stop goes from the source to the sink: fleet, edges, decoders, enrichers, dispatchers, registry, broker.
 * - A part that ends by itself ends the instance, with its name and its last lines.
 */
import path from 'node:path';
import { applySchemas } from '@fleetwire/schemas';
import { topicSpecs } from '@fleetwire/streaming';
import { askCluster, type Child, freePort, LocalError, portIsFree, provide, type Provided } from '@fleetwire/local';
import { CliError, failed, messageOf } from '../errors.js';
import { openStreams } from '../kafka.js';
import { figureLine, parseSamples, totalsOf, type Totals } from './figures.js';
import { Instance } from './instance.js';
import {
  DeathWatch,
  startScript,
  startService,
  stopGroup,
  waitUntilReady,
  watched,
  type StartContext,
} from './parts.js';
import {
  fleetArguments,
  HTTP_PORTS,
  partNames,
  planServices,
  readyLine,
  SERVICES,
  type ReadyLine,
  type ServiceCounts,
  type ServicePlan,
} from './plan.js';
import { portsOfEdge, takePorts, type EdgePorts } from './ports.js';
import { metricsOf } from './probe.js';
import type { StopSignals } from './signals.js';

export interface UpOptions {
  /** Folder with `cli` and `services`, built. */
  readonly root: string;
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly counts: ServiceCounts;
  /** Null: no simulated fleet. */
  readonly fleet: { readonly devices: number; readonly rate?: number } | null;
  /** Of the first edge; 0: a free one. */
  readonly edgePorts: EdgePorts;
  readonly edgeHost: string;
  readonly partitions: number;
  readonly ports: { readonly broker?: number; readonly registry?: number };
  readonly logLevel: string;
  readonly say: (line: string) => void;
  /** Called once, when everything is ready. */
  readonly onReady: (ready: ReadyLine, seconds: number) => void;
  /** Called with the newest figures, every `figuresMs`. */
  readonly onFigures: (line: string) => void;
  readonly figuresMs: number;
  readonly signals: StopSignals;
}

/** Resolves when the instance was told to stop and has; rejects with a CliError when it could not start, or a part died. */
export async function up(options: UpOptions): Promise<void> {
  const instance = await Instance.take(options.dataDir);
  const supervisor = new Supervisor(options, instance);
  let problem: unknown = null;
  try {
    await supervisor.start();
    await supervisor.show();
  } catch (error) {
    problem = error;
  }
  const { death } = supervisor.watch;
  if (death !== null) {
    options.say(`${death.part} ${death.how}; its last lines:`);
    for (const line of death.lastLines) options.say(`  ${line}`);
  }
  await supervisor.stop();
  instance.release();
  if (death !== null)
    throw failed(
      `${death.part} ${death.how}, so everything was stopped`,
      `see ${path.join(options.dataDir, 'logs', `${death.part}.log`)}`,
    );
  if (problem !== null && !options.signals.stop.aborted) throw explain(problem);
}

/** An error of the local broker has its remedy in its message. */
function explain(error: unknown): Error {
  if (error instanceof CliError) return error;
  if (!(error instanceof LocalError)) return error instanceof Error ? error : new Error(messageOf(error));
  return failed(error.message, 'then start again; nothing is lost of what was stored');
}

class Supervisor {
  readonly watch = new DeathWatch();
  #provided: Provided | null = null;
  readonly #services: { readonly plan: ServicePlan; readonly child: Child }[] = [];
  #fleet: Child | null = null;

  constructor(
    private readonly options: UpOptions,
    private readonly instance: Instance,
  ) {}

  async start(): Promise<void> {
    const { options } = this;
    const started = performance.now();
    const { stop } = options.signals;
    const stopping = (): boolean => stop.aborted;
    const chosen = new Set<number>();
    const edges: EdgePorts[] = [];
    for (let i = 0; i < options.counts['edge-listener']; i++) {
      edges.push(await takePorts(portsOfEdge(options.edgePorts, i), options.edgeHost, chosen));
    }
    const provided = await provide({
      dataDir: options.dataDir,
      env: options.env,
      log: options.say,
      ports: options.ports,
      signal: stop,
    });
    this.#provided = provided;
    for (const part of provided.parts) this.watch.watch(part);
    const { brokers, registry } = provided;
    if (stopping()) return;
    await Promise.all([this.#applyTopics(brokers, registry), this.#applySchemas(registry)]);
    if (stopping()) return;
    const plans = planServices({
      counts: options.counts,
      brokers,
      registry,
      edges,
      httpPorts: await this.#httpPorts(chosen),
      logLevel: options.logLevel,
      edgeHost: options.edgeHost,
    });
    const ended = new AbortController();
    void this.watch.until(stop).then(() => ended.abort());
    const context: StartContext = { ...options, signal: ended.signal };
    options.say(`starting ${plans.map((plan) => plan.part).join(', ')} …`);
    // All are settled before anything is thrown, so that the stop knows every child; the first that fails ends the waits of the others.
    const outcomes = await Promise.allSettled(
      plans.map((plan) =>
        this.#startService(plan, context).catch((error: unknown) => {
          ended.abort();
          throw error;
        }),
      ),
    );
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    if (ended.signal.aborted) return;
    const ready = readyLine(brokers, registry, plans);
    if (options.fleet !== null && edges[0] !== undefined) {
      const args = fleetArguments(options.fleet, edges[0]);
      this.#fleet = await startScript('fleet', path.join(options.root, 'cli', 'dist', 'main.js'), args, context);
      this.watch.watch(watched(this.#fleet));
    }
    this.#publish(ready);
    options.onReady(ready, (performance.now() - started) / 1000);
  }

  /** Figures until the end. */
  async show(): Promise<void> {
    const { options } = this;
    const stopped = this.watch.until(options.signals.stop).then(() => null);
    const scrape = async (): Promise<{ readonly totals: Totals; readonly at: number }> => {
      const texts = await Promise.all(this.#services.map(({ plan }) => metricsOf(`http://127.0.0.1:${plan.httpPort}`)));
      return { totals: totalsOf(texts.flatMap(parseSamples)), at: performance.now() };
    };
    let before = await scrape();
    for (;;) {
      let timer: NodeJS.Timeout | undefined;
      const tick = new Promise<true>((resolve) => (timer = setTimeout(() => resolve(true), options.figuresMs)));
      const went = await Promise.race([stopped, tick]);
      clearTimeout(timer);
      if (went === null) return;
      const after = await scrape();
      options.onFigures(figureLine(before.totals, after.totals, (after.at - before.at) / 1000));
      before = after;
    }
  }

  /** From the source to the sink; what feeds has stopped before what is fed does. */
  async stop(): Promise<void> {
    const { options } = this;
    this.watch.disarm();
    const { hurry } = options.signals;
    if (this.#fleet !== null) {
      options.say('stopping the fleet');
      await stopGroup([this.#fleet], hurry);
    }
    for (const service of SERVICES) {
      const group = this.#services.filter(({ plan }) => plan.service === service).map(({ child }) => child);
      if (group.length === 0) continue;
      options.say(`stopping ${group.map((child) => child.name).join(', ')}`);
      await stopGroup(group, hurry);
    }
    if (this.#provided === null) return;
    if (this.#provided.kind !== 'given') options.say('stopping registry and broker');
    await this.#provided.stop();
  }

  async #startService(plan: ServicePlan, context: StartContext): Promise<void> {
    const child = await startService(plan, context);
    this.#services.push({ plan, child });
    this.watch.watch(watched(child));
    await waitUntilReady(plan, child, context);
    if (child.running && !context.signal.aborted) this.options.say(`${plan.part} is ready`);
  }

  async #applyTopics(brokers: readonly string[], registry: string): Promise<void> {
    const replicationFactor = await copies(brokers);
    const specs = topicSpecs({ partitions: this.options.partitions, replicationFactor });
    const admin = openStreams({ brokers, registry }).admin();
    try {
      const done = await admin.applyTopics(specs);
      if (done.length > 0) this.options.say(`topics: ${done.length} made or set`);
    } finally {
      await admin.close();
    }
  }

  async #applySchemas(registry: string): Promise<void> {
    const done = await applySchemas({ registryUrl: registry });
    const count = done.filter((change) => change.schema === 'registered').length;
    if (count > 0) this.options.say(`schemas: ${count} registered`);
  }

  /** The known one for the first of each, where it is free; else any. */
  async #httpPorts(chosen: Set<number>): Promise<readonly number[]> {
    const ports: number[] = [];
    for (const { service, index } of partNames(this.options.counts)) {
      const known = HTTP_PORTS[service];
      let port = index === 0 && !chosen.has(known) && (await portIsFree(known)) ? known : await freePort();
      while (chosen.has(port)) port = await freePort();
      chosen.add(port);
      ports.push(port);
    }
    return ports;
  }

  #publish(ready: ReadyLine): void {
    const pids: Record<string, number> = {};
    for (const part of this.#provided?.parts ?? []) if (part.pid !== null) pids[part.name] = part.pid;
    for (const { plan, child } of this.#services) pids[plan.part] = child.pid;
    if (this.#fleet !== null) pids['fleet'] = this.#fleet.pid;
    const { brokers, registry, edge, edges, http } = ready;
    this.instance.publish({
      brokers,
      registry,
      ...(edge === undefined ? {} : { edge }),
      edges,
      http,
      pid: process.pid,
      pids,
    });
  }
}

/** Three copies where there are three brokers. A cluster that we cannot ask (TLS) is taken for one. */
async function copies(brokers: readonly string[]): Promise<number> {
  for (const address of brokers) {
    const at = address.lastIndexOf(':');
    const view = await askCluster(address.slice(0, at).replace(/^\[|\]$/g, ''), Number(address.slice(at + 1)), 3_000);
    if (view !== null) return Math.max(1, Math.min(3, view.brokers.length));
  }
  return brokers.length >= 3 ? 3 : 1;
}
