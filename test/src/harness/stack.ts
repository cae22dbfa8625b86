/** The real services as processes, on real brokers, each of which a test may kill, freeze and start again. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  Child,
  freePorts,
  startCluster,
  startRegistry,
  type Cluster,
  type Exit,
  type Registry,
} from '@fleetwire/local';
import { applySchemas } from '@fleetwire/schemas';
import { connect, topicSpecs, type Streams } from '@fleetwire/streaming';
import { waitFor } from './wait.js';

export type ServiceName = 'edge-listener' | 'decoder' | 'enricher' | 'command-dispatcher';

export interface StackOptions {
  readonly brokers: 1 | 3;
  readonly services: Readonly<Partial<Record<ServiceName, number>>>;
  /** Module that every service loads before its own code: negative controls break a promise there. */
  readonly preload?: string;
  /** Further options of Node for the services: profiling. */
  readonly nodeArgs?: readonly string[];
  /** The broker with the whole compiler and 1 GB of heap, for measuring. */
  readonly figures?: boolean;
  /** Environment of the services, over the usual. */
  readonly env?: Readonly<Record<string, string>>;
  /** A service's processes reach brokers through this instead of directly. */
  readonly brokersFor?: (name: ServiceName) => readonly string[] | null;
  readonly partitions?: number;
  /** One a broker: a second listener that advertises a proxy's port. */
  readonly proxied?: Parameters<typeof startCluster>[0]['proxied'];
}

const root = fileURLToPath(new URL('../../../', import.meta.url));
const READY_MS = 120_000;

/** One service process that can be started again with the same ports. */
export class ServiceProcess {
  #child: Child | null = null;

  constructor(
    readonly name: ServiceName,
    readonly label: string,
    readonly httpPort: number,
    /** Shared device port; 0 for other services. */
    readonly devicePort: number,
    private readonly env: Readonly<Record<string, string>>,
    private readonly logDir: string,
    private readonly nodeArgs: readonly string[] = [],
  ) {}

  get pid(): number | null {
    return this.#child?.running === true ? this.#child.pid : null;
  }

  async start(extra: Readonly<Record<string, string>> = {}): Promise<void> {
    const main = path.join(root, 'services', this.name, 'dist', 'main.js');
    this.#child = await Child.start({
      name: this.label,
      command: process.execPath,
      args: [...this.nodeArgs, main],
      cwd: root,
      env: { PATH: process.env['PATH'], ...this.env, ...extra },
      logFile: path.join(this.logDir, `${this.label}.log`),
    });
  }

  async ready(): Promise<void> {
    await waitFor(
      `${this.label} to be ready`,
      async () => {
        const response = await fetch(`http://127.0.0.1:${this.httpPort}/readyz`, { signal: AbortSignal.timeout(2000) });
        return response.ok;
      },
      READY_MS,
    );
  }

  /** Waits until the process is gone, whoever ended it. Null: it was never started. */
  async gone(): Promise<Exit | null> {
    return (await this.#child?.exited) ?? null;
  }

  /** Sends it and waits for nothing. */
  signal(signal: 'SIGTERM'): void {
    if (this.pid !== null) process.kill(this.pid, signal);
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    const { pid } = this;
    if (pid === null) return;
    process.kill(pid, signal);
    if (signal === 'SIGKILL' || signal === 'SIGTERM') await this.gone();
  }

  async stop(): Promise<void> {
    if (this.pid === null) return;
    process.kill(this.pid, 'SIGCONT');
    process.kill(this.pid, 'SIGTERM');
    const late = setTimeout(() => void this.kill('SIGKILL'), 20_000);
    await this.gone();
    clearTimeout(late);
  }

  /** The value of a metric, summed over its label sets that match. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.httpPort}/metrics`, { signal: AbortSignal.timeout(5000) });
    const text = await response.text();
    let sum = 0;
    for (const line of text.split('\n')) {
      if (!line.startsWith(name) || !/^[{ ]/.test(line.slice(name.length))) continue;
      if (Object.entries(labels).some(([k, v]) => !line.includes(`${k}="${v}"`))) continue;
      sum += Number(line.slice(line.lastIndexOf(' ') + 1));
    }
    return sum;
  }

  tail(lines: number): readonly string[] {
    return this.#child?.tail(lines) ?? [];
  }
}

export class Stack {
  private constructor(
    readonly dataDir: string,
    readonly cluster: Cluster,
    readonly registry: Registry,
    readonly streams: Streams,
    readonly services: readonly ServiceProcess[],
  ) {}

  static async start(options: StackOptions): Promise<Stack> {
    const dataDir = await mkdtemp(path.join(os.tmpdir(), 'fleetwire-faults-'));
    const [cluster, registry] = await Promise.all([
      startCluster({
        brokers: options.brokers,
        dataDir,
        figures: options.figures === true,
        ...(options.proxied === undefined ? {} : { proxied: options.proxied }),
      }),
      startRegistry({ dataDir: path.join(dataDir, 'registry') }),
    ]);
    const streams = connect({ brokers: cluster.addresses, clientId: 'harness' });
    const admin = streams.admin();
    await admin.applyTopics(
      topicSpecs({ partitions: options.partitions ?? 4, replicationFactor: options.brokers === 3 ? 3 : 1 }),
    );
    await admin.close();
    await applySchemas({ registryUrl: registry.url });
    const services = await plan(options, dataDir, cluster, registry);
    const stack = new Stack(dataDir, cluster, registry, streams, services);
    await Promise.all(services.map((service) => service.start()));
    await Promise.all(services.map((service) => service.ready()));
    return stack;
  }

  of(name: ServiceName): readonly ServiceProcess[] {
    return this.services.filter((service) => service.name === name);
  }

  /** Shared device ports of the edges. */
  get ports(): readonly number[] {
    return this.of('edge-listener').map((edge) => edge.devicePort);
  }

  /** Stops everything, in order, and removes the data. */
  async stop(): Promise<void> {
    for (const name of ['edge-listener', 'decoder', 'enricher', 'command-dispatcher'] as const)
      await Promise.all(this.of(name).map((service) => service.stop()));
    await this.registry.stop();
    await this.cluster.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

async function plan(
  options: StackOptions,
  dataDir: string,
  cluster: Cluster,
  registry: Registry,
): Promise<ServiceProcess[]> {
  const wanted = Object.entries(options.services).flatMap(([name, count]) =>
    Array.from({ length: count }, (_, i) => ({ name: name as ServiceName, label: `${name}-${i + 1}` })),
  );
  const services: ServiceProcess[] = [];
  const nodeArgs = [
    ...(options.nodeArgs ?? []),
    ...(options.preload === undefined ? [] : ['--import', options.preload]),
  ];
  for (const { name, label } of wanted) {
    const brokers = options.brokersFor?.(name) ?? cluster.addresses;
    services.push(
      await planService(name, label, { brokers, registry: registry.url, dataDir, nodeArgs, env: options.env ?? {} }),
    );
  }
  return services;
}

export interface ServicePlan {
  readonly brokers: readonly string[];
  readonly registry: string;
  /** Where it logs. */
  readonly dataDir: string;
  /** Over the usual. */
  readonly env: Readonly<Record<string, string>>;
  readonly nodeArgs?: readonly string[];
}

/** One process of a service on free ports of the loopback, not started yet. */
export async function planService(
  name: ServiceName,
  label: string,
  { brokers, registry, dataDir, env, nodeArgs }: ServicePlan,
): Promise<ServiceProcess> {
  const [http, shared, astra, h02, jt808, atrack] = await freePorts(6);
  const isEdge = name === 'edge-listener';
  const usual = {
    KAFKA_BROKERS: brokers.join(','),
    SCHEMA_REGISTRY_URL: registry,
    FLEETWIRE_HTTP_HOST: '127.0.0.1',
    FLEETWIRE_HTTP_PORT: String(http),
    ...(isEdge && {
      FLEETWIRE_EDGE_HOST: '127.0.0.1',
      FLEETWIRE_SHARED_PORT: String(shared),
      FLEETWIRE_ASTRA_PORT: String(astra),
      FLEETWIRE_H02_PORT: String(h02),
      FLEETWIRE_JT808_PORT: String(jt808),
      FLEETWIRE_ATRACK_PORT: String(atrack),
    }),
  };
  return new ServiceProcess(name, label, http!, isEdge ? shared! : 0, { ...usual, ...env }, dataDir, nodeArgs);
}
