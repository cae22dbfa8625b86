import { execFile } from 'node:child_process';
import { access, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Child, describeExit, type Exit } from './child.js';
import { LocalError, silent, type Say } from './errors.js';
import { fetchPackage, KAFKA } from './fetch.js';
import { findJava, type Java } from './java.js';
import { formatProperties, kafkaProperties, type NodePlan } from './kafka-properties.js';
import { askCluster } from './metadata.js';
import { clearStale, removePidFile, writePidFile } from './pid-file.js';
import { CLUSTER_ID, JAVA_FOR_KAFKA, LOOPBACK } from './versions.js';
import { freePorts, requirePort, until } from './wait.js';

/** First metadata reply comes 1.6 to 3 s after the start on an idle machine of 2 cores; the rest is for busy ones. */
const START_MS = 90_000;
const FORMAT_MS = 60_000;
/** A broker alone is gone after 1.3 to 2.2 s; the last of three has no quorum to say goodbye to, and would wait for ever. */
const STOP_MS = 10_000;
const CLUSTER_STOP_MS = 3_000;

export interface NodeSettings {
  /** Progress for people. Absent: silent. */
  readonly log?: Say;
  /** Short periods of the broker's own clean-up (transactions, compaction). Default true; `fleetwire up` sets false. */
  readonly quick?: boolean;
  /** Broker properties that win over ours. */
  readonly properties?: Readonly<Record<string, string>>;
  /** For measuring: 1 GB heap and the whole compiler. Default: 512 MB, quick to start. */
  readonly figures?: boolean;
  /** Absent: `broker.log` in its folder. */
  readonly logFile?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Ends a fetch that runs. */
  readonly signal?: AbortSignal;
}

export interface BrokerOptions extends NodeSettings {
  /** Everything of the broker: log segments, properties, pid file. Kept between starts. */
  readonly dataDir: string;
  /** Absent: a free one. */
  readonly port?: number;
  /** Absent: a free one. */
  readonly controllerPort?: number;
  readonly proxied?: NodePlan['proxied'];
}

/** One broker process, which may be killed, frozen and started again on its data and ports. */
export interface Broker {
  readonly id: number;
  readonly port: number;
  readonly controllerPort: number;
  /** `127.0.0.1:<port>`. */
  readonly address: string;
  readonly dataDir: string;
  /** Null while it does not run. */
  readonly pid: number | null;
  readonly running: boolean;
  /** The present (or last) process's end; pending while it runs. */
  readonly exited: Promise<Exit>;
  /** Starts it and waits until it answers and, in a cluster, is one of the brokers. Nothing when it runs. */
  start(): Promise<void>;
  /** SIGKILL resolves when the process is gone; SIGSTOP and SIGCONT when they are sent. */
  kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  /** SIGTERM, a wait, SIGKILL. */
  stop(): Promise<void>;
  /** The last lines that it wrote. */
  tail(lines: number): readonly string[];
}

/** A broker alone, started: broker and controller in one process, fixed cluster id, formatted when the folder is new. */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const free = await freePorts(2);
  const node: NodePlan = {
    id: 1,
    port: options.port ?? free[0]!,
    controllerPort: options.controllerPort ?? free[1]!,
    ...(options.proxied === undefined ? {} : { proxied: options.proxied }),
  };
  const broker = await makeNode(node, [node], options.dataDir, options);
  await broker.start();
  return broker;
}

/** A node that is not started yet. */
export async function makeNode(
  node: NodePlan,
  nodes: readonly NodePlan[],
  dataDir: string,
  settings: NodeSettings,
): Promise<Broker> {
  const env = settings.env ?? process.env;
  const log = settings.log ?? silent;
  const java = await findJava(JAVA_FOR_KAFKA, 'Kafka', env);
  const libs = await fetchPackage(KAFKA, log, env, settings.signal);
  return new Node(node, nodes, path.resolve(dataDir), { java, libs, log, env, settings });
}

interface Means {
  readonly java: Java;
  readonly libs: string;
  readonly log: Say;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly settings: NodeSettings;
}

class Node implements Broker {
  readonly id: number;
  readonly port: number;
  readonly controllerPort: number;
  readonly address: string;
  #child: Child | null = null;

  constructor(
    private readonly node: NodePlan,
    private readonly nodes: readonly NodePlan[],
    readonly dataDir: string,
    private readonly means: Means,
  ) {
    this.id = node.id;
    this.port = node.port;
    this.controllerPort = node.controllerPort;
    this.address = `${LOOPBACK}:${node.port}`;
  }

  get running(): boolean {
    return this.#child?.running === true;
  }

  get pid(): number | null {
    return this.#child?.running === true ? this.#child.pid : null;
  }

  get exited(): Promise<Exit> {
    return this.#child?.exited ?? Promise.resolve({ code: null, signal: null });
  }

  async start(): Promise<void> {
    if (this.running) return;
    await clearStale(this.#pidFile, 'Kafka broker', this.#config, this.means.log);
    await this.launch();
    await this.waitUntilReady();
  }

  /** Ports, properties, format, process: without the wait, so that the voters of a cluster can come up together. */
  async launch(): Promise<void> {
    await requirePort(this.port, 'broker port');
    await requirePort(this.controllerPort, 'controller port');
    if (this.node.proxied !== undefined) await requirePort(this.node.proxied.port, 'proxied port');
    await mkdir(this.dataDir, { recursive: true });
    const { settings, java, libs, env } = this.means;
    const properties = kafkaProperties({
      node: this.node,
      nodes: this.nodes,
      logDir: path.join(this.dataDir, 'data'),
      quick: settings.quick ?? true,
      ...(settings.properties === undefined ? {} : { overrides: settings.properties }),
    });
    await writeFile(this.#config, formatProperties(properties));
    const formatted = await access(path.join(this.dataDir, 'data', 'meta.properties')).then(
      () => true,
      () => false,
    );
    if (!formatted) await this.#format();
    this.#child = await Child.start({
      name: `broker ${this.id}`,
      command: java.command,
      args: [...brokerFlags(settings.figures === true), '-cp', path.join(libs, '*'), 'kafka.Kafka', this.#config],
      cwd: this.dataDir,
      env,
      logFile: settings.logFile ?? path.join(this.dataDir, 'broker.log'),
    });
    await writePidFile(this.#pidFile, this.#child.pid);
  }

  async waitUntilReady(): Promise<void> {
    const child = this.#child;
    if (child === null) throw new LocalError('start_failed', `broker ${this.id} was not launched`);
    const view = await until(
      async () => {
        if (child.exit !== null) {
          throw new LocalError(
            'start_failed',
            `Kafka broker ${this.id} ${describeExit(child.exit)} while starting:\n${child.tail(15).join('\n')}`,
          );
        }
        const answer = await askCluster(LOOPBACK, this.port, 2000);
        return answer !== null && answer.controllerId >= 0 && answer.brokers.some((b) => b.id === this.id)
          ? answer
          : null;
      },
      { timeoutMs: START_MS, everyMs: 50 },
    );
    if (view !== null) return;
    await this.stop();
    throw new LocalError(
      'start_failed',
      `Kafka broker ${this.id} does not answer on ${this.address} after ${START_MS / 1000} s; its log is ${child.logFile}`,
    );
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    child.signal(signal);
    if (signal === 'SIGSTOP' || signal === 'SIGCONT') return;
    await child.exited;
    await removePidFile(this.#pidFile);
  }

  async stop(): Promise<void> {
    if (this.#child === null) return;
    await this.#child.stop(this.nodes.length > 1 ? CLUSTER_STOP_MS : STOP_MS);
    await removePidFile(this.#pidFile);
  }

  tail(lines: number): readonly string[] {
    return this.#child?.tail(lines) ?? [];
  }

  get #config(): string {
    return path.join(this.dataDir, 'server.properties');
  }

  get #pidFile(): string {
    return path.join(this.dataDir, 'broker.pid');
  }

  #format(): Promise<void> {
    const { java, libs } = this.means;
    const args = ['-XX:TieredStopAtLevel=1', '-cp', path.join(libs, '*'), 'kafka.tools.StorageTool'];
    args.push('format', '-t', CLUSTER_ID, '-c', this.#config);
    return new Promise((resolve, reject) => {
      execFile(java.command, args, { timeout: FORMAT_MS, cwd: this.dataDir }, (error, stdout, stderr) => {
        if (error === null) resolve();
        else
          reject(
            new LocalError(
              'start_failed',
              `the broker's folder ${this.dataDir} cannot be formatted:\n${stderr || stdout}`,
              { cause: error },
            ),
          );
      });
    });
  }
}

function brokerFlags(figures: boolean): readonly string[] {
  const size = figures ? ['-Xms512m', '-Xmx1g'] : ['-Xms128m', '-Xmx512m', '-XX:TieredStopAtLevel=1'];
  return [...size, '-XX:+UseSerialGC', '-Djava.awt.headless=true', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'];
}
