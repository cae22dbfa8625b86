import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { Child, describeExit, type Exit } from './child.js';
import { LocalError, silent, type Say } from './errors.js';
import { APICURIO, fetchPackage } from './fetch.js';
import { findJava, type Java } from './java.js';
import { clearStale, removePidFile, writePidFile } from './pid-file.js';
import { JAVA_FOR_APICURIO, LOOPBACK } from './versions.js';
import { freePorts, requirePort, until } from './wait.js';

/** It starts in 3 s on an idle machine of 2 cores. */
const START_MS = 120_000;
const STOP_MS = 10_000;

export interface RegistryOptions {
  /** X. Kept between starts; a SIGKILL does not hurt it. */
  readonly dataDir: string;
  /** Absent: a free one. */
  readonly port?: number;
  /** Health and metrics of the registry itself. Absent: a free one. */
  readonly managementPort?: number;
  readonly log?: Say;
  /** Absent: `registry.log` in its folder. */
  readonly logFile?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Ends a fetch that runs. */
  readonly signal?: AbortSignal;
}

export interface Registry {
  readonly port: number;
  /** Where clients find it: `http://127.0.0.1:<port>/apis/ccompat/v7`. */
  readonly url: string;
  readonly pid: number | null;
  readonly running: boolean;
  readonly exited: Promise<Exit>;
  /** Starts it and waits until it answers. Nothing when it runs. */
  start(): Promise<void>;
  /** SIGKILL and SIGTERM resolve when the process is gone; SIGSTOP and SIGCONT when they are sent. */
  kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  stop(): Promise<void>;
  tail(lines: number): readonly string[];
}

/** The API that speaks as Confluent's registry does. */
export function registryUrl(port: number): string {
  return `http://${LOOPBACK}:${port}/apis/ccompat/v7`;
}

/** Whether the registry answers. */
export async function registryAnswers(url: string, timeoutMs: number): Promise<boolean> {
  try {
    const response = await fetch(`${url.replace(/\/$/, '')}/subjects`, { signal: AbortSignal.timeout(timeoutMs) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/** JVM arguments: H2 in a file, all listeners on the loopback (without the management lines one stands open on every interface). */
export function registryArguments(plan: {
  port: number;
  managementPort: number;
  database: string;
  jar: string;
}): readonly string[] {
  return [
    ...['-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'],
    `-Dquarkus.http.host=${LOOPBACK}`,
    `-Dquarkus.http.port=${plan.port}`,
    `-Dquarkus.management.host=${LOOPBACK}`,
    `-Dquarkus.management.port=${plan.managementPort}`,
    '-Dapicurio.storage.kind=sql',
    '-Dapicurio.storage.sql.kind=h2',
    `-Dapicurio.datasource.url=jdbc:h2:file:${plan.database};AUTO_SERVER=FALSE`,
    '-Dapicurio.rest.deletion.artifact.enabled=true',
    // A line a request, at a level that nobody reads.
    '-Dquarkus.http.access-log.enabled=false',
    ...['-jar', plan.jar],
  ];
}

/**
 * A line of the log that says the start has failed. The process does not end by itself then (an older Java, a database that is locked), so the log is
 * the only sign.
 */
export function startFailure(output: string): string | null {
  return (
    /^.*(?:UnsupportedClassVersionError|Failed to start application|Exception in thread "main").*$/m.exec(
      output,
    )?.[0] ?? null
  );
}

/** Apicurio Registry, started. */
export async function startRegistry(options: RegistryOptions): Promise<Registry> {
  const env = options.env ?? process.env;
  const log = options.log ?? silent;
  const java = await findJava(JAVA_FOR_APICURIO, 'Apicurio Registry', env);
  const folder = await fetchPackage(APICURIO, log, env, options.signal);
  const free = await freePorts(2);
  const registry = new ApicurioRegistry(
    options.port ?? free[0]!,
    options.managementPort ?? free[1]!,
    path.resolve(options.dataDir),
    { java, folder, log, env, logFile: options.logFile ?? path.join(options.dataDir, 'registry.log') },
  );
  await registry.start();
  return registry;
}

class ApicurioRegistry implements Registry {
  readonly url: string;
  #child: Child | null = null;

  constructor(
    readonly port: number,
    private readonly managementPort: number,
    private readonly dataDir: string,
    private readonly means: {
      readonly java: Java;
      readonly folder: string;
      readonly logFile: string;
      readonly log: Say;
      readonly env: Readonly<Record<string, string | undefined>>;
    },
  ) {
    this.url = registryUrl(port);
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
    const database = path.join(this.dataDir, 'registry');
    await clearStale(this.#pidFile, 'schema registry', `jdbc:h2:file:${database};`, this.means.log);
    await requirePort(this.port, 'registry port');
    await requirePort(this.managementPort, 'management port of the registry');
    await mkdir(this.dataDir, { recursive: true });
    const { java, folder, env } = this.means;
    const jar = path.join(folder, 'quarkus-run.jar');
    const child = await Child.start({
      name: 'registry',
      command: java.command,
      args: registryArguments({ port: this.port, managementPort: this.managementPort, database, jar }),
      cwd: this.dataDir,
      env,
      logFile: this.means.logFile,
    });
    this.#child = child;
    await writePidFile(this.#pidFile, child.pid);
    await this.#waitUntilReady(child);
  }

  async #waitUntilReady(child: Child): Promise<void> {
    try {
      const ready = await until(
        async () => {
          if (await registryAnswers(this.url, 2000)) return true;
          const failure = child.exit === null ? startFailure(child.output()) : describeExit(child.exit);
          if (failure === null) return null;
          throw new LocalError(
            'start_failed',
            `the schema registry does not start: ${failure}\n${child.tail(15).join('\n')}`,
          );
        },
        { timeoutMs: START_MS },
      );
      if (ready !== null) return;
    } catch (error) {
      await this.stop();
      throw error;
    }
    await this.stop();
    throw new LocalError(
      'start_failed',
      `the schema registry does not answer on ${this.url} after ${START_MS / 1000} s; its log is ${child.logFile}`,
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
    await this.#child?.stop(STOP_MS);
    await removePidFile(this.#pidFile);
  }

  tail(lines: number): readonly string[] {
    return this.#child?.tail(lines) ?? [];
  }

  get #pidFile(): string {
    return path.join(this.dataDir, 'registry.pid');
  }
}
