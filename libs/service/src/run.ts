/**
 * The life of a service: load the configuration, serve probes, start the parts in order, wait for a signal or a failure, stop them in
 * the reverse order, exit.
 *
 * - The first SIGTERM or SIGINT begins the stop; the second hurries it (the parts see `hurry` aborted); the third ends the process.
 * - A part that fails, or an unhandled rejection or exception, is logged and ends the process with 1: nothing unfinished was
 *   committed, so the next start takes it up.
 * - Nothing waits for ever: a part that does not stop in its time is named in the log, left behind, and makes the exit code 1.
 */
import type { CommonConfig } from './common.js';
import { ConfigError, type Env } from './config.js';
import { armFailpoints } from './failpoints.js';
import { boundHeapGrowth } from './heap.js';
import { startHttp, type Check, type HttpServer } from './http.js';
import { createLogger, type Logger } from './log.js';
import { Metrics } from './metrics.js';
import type { Tracer } from './tracing.js';

/** One thing with a life. Parts start in the order given and stop in reverse. */
export interface Part {
  readonly name: string;
  /** Rejects when the service cannot run. */
  start?(signal: AbortSignal): Promise<void> | void;
  /** `hurry` aborts at the second signal, or at once after a failure. */
  stop?(hurry: AbortSignal): Promise<void> | void;
  /** Default `STOP_TIMEOUT_MS`. */
  readonly stopTimeoutMs?: number;
  /** Readiness, under the part's name. Asked before the start too. */
  readonly ready?: Check;
  /** Liveness: never a broker's or another service's state, or an outage restarts everything. */
  readonly live?: Check;
  /** Rejects when the part cannot go on: the process then exits with 1. */
  readonly failed?: Promise<never>;
}

export interface ServiceContext<C> {
  readonly config: C;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Null: tracing is off. */
  readonly tracer: Tracer | null;
  /** Aborts when the process is told to stop, also during the start. */
  readonly signal: AbortSignal;
}

/** What of `process` is used; tests bring their own. */
export interface ProcessHost {
  on(event: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
  on(event: 'unhandledRejection' | 'uncaughtException', listener: (error: unknown) => void): unknown;
  off(event: string, listener: (error: unknown) => void): unknown;
  exit(code: number): unknown;
}

export interface ServiceOptions<C extends CommonConfig> {
  /** `edge-listener`: label `app` of the metrics, `service` of the logs. */
  readonly name: string;
  readonly env: Env;
  readonly loadConfig: (env: Env) => C;
  readonly build: (context: ServiceContext<C>) => Promise<readonly Part[]> | readonly Part[];
  /** Readiness stays with the parts while the service stops (a lame duck); otherwise it fails from the signal on. */
  readonly readyWhileStopping?: boolean;
  readonly host?: ProcessHost;
  readonly createLog?: (config: C) => Logger;
  /** Where a configuration error is printed. */
  readonly printError?: (text: string) => void;
  /** Called when all parts run, with the port of the probes. */
  readonly onStarted?: (httpPort: number) => void;
}

export const STOP_TIMEOUT_MS = 15_000;
/** After a failure the rest is given this long in all to end cleanly. */
const FAILED_STOP_TIMEOUT_MS = 10_000;

/** Runs until the service has stopped, then exits the process. Resolves with the exit code where `host.exit` returns. */
export async function runService<C extends CommonConfig>(options: ServiceOptions<C>): Promise<number> {
  const host: ProcessHost = options.host ?? process;
  boundHeapGrowth([...process.execArgv, options.env['NODE_OPTIONS']]);
  const config = load(options);
  if (config === null) {
    host.exit(1);
    return 1;
  }
  const log = options.createLog?.(config) ?? createLogger({ service: options.name, level: config.logLevel });
  const metrics = new Metrics(options.name, { exemplars: config.otlpEndpoint !== null });
  const life = new Life(log, options.readyWhileStopping ?? false);
  const onSignal = (): void => {
    if (life.signalled() >= 3) {
      log.error({}, 'A third signal ends the process at once.');
      host.exit(1);
    }
  };
  const onBug = (error: unknown): void => {
    log.error({ error }, 'An error that nothing handles ends the process.');
    host.exit(1);
  };
  host.on('SIGTERM', onSignal);
  host.on('SIGINT', onSignal);
  host.on('unhandledRejection', onBug);
  host.on('uncaughtException', onBug);

  let http: HttpServer | null = null;
  let tracer: Tracer | null = null;
  let code = 0;
  try {
    http = await startHttp({
      host: config.httpHost,
      port: config.httpPort,
      live: life.live,
      ready: life.ready,
      metrics,
    });
    tracer = await openTracer(options.name, config);
    log.info({ http_port: http.port, traces: config.otlpEndpoint }, 'Starting.');
    const parts = await Promise.race([
      options.build({ config, log, metrics, tracer, signal: life.stopping }),
      life.stopRequested,
    ]);
    if (parts !== null) await life.start(parts);
    if (life.running) {
      log.info({ http_port: http.port, parts: life.partNames }, 'Started.');
      options.onStarted?.(http.port);
      await life.untilStop();
    }
  } catch (error) {
    code = 1;
    life.fail();
    log.error({ error }, 'The service cannot go on.');
  }
  if (!(await life.stop())) code = 1;
  await tracer?.close().catch((error: unknown) => log.warn({ error }, 'The last spans were not sent.'));
  await http?.close();
  log.info({ exit_code: code }, 'Stopped.');
  for (const event of ['SIGTERM', 'SIGINT']) host.off(event, onSignal);
  for (const event of ['unhandledRejection', 'uncaughtException']) host.off(event, onBug);
  host.exit(code);
  return code;
}

function load<C extends CommonConfig>(options: ServiceOptions<C>): C | null {
  try {
    armFailpoints(options.env['FLEETWIRE_FAILPOINTS']);
    return options.loadConfig(options.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const print = options.printError ?? ((text: string) => void process.stderr.write(text));
    print(`${error.message}\n`);
    return null;
  }
}

/** The packages of OpenTelemetry are loaded only where an endpoint is set. */
async function openTracer(service: string, config: CommonConfig): Promise<Tracer | null> {
  if (config.otlpEndpoint === null) return null;
  const { otlpTracer } = await import('./tracing-otlp.js');
  return otlpTracer({ endpoint: config.otlpEndpoint, share: config.traceShare, service });
}

/** The state of the parts: one place that starts, watches and stops them. */
class Life {
  running = false;
  readonly stopRequested: Promise<null>;
  readonly #log: Logger;
  readonly #readyWhileStopping: boolean;
  readonly #stop = new AbortController();
  readonly #hurry = new AbortController();
  #parts: readonly Part[] = [];
  #begun: Part[] = [];
  #signals = 0;
  #failed = false;

  constructor(log: Logger, readyWhileStopping: boolean) {
    this.#log = log;
    this.#readyWhileStopping = readyWhileStopping;
    this.stopRequested = new Promise((resolve) => this.stopping.addEventListener('abort', () => resolve(null)));
  }

  get stopping(): AbortSignal {
    return this.#stop.signal;
  }
  get partNames(): readonly string[] {
    return this.#parts.map((part) => part.name);
  }

  /** Counts a signal; the first begins the stop, the second hurries it. Returns how many there were. */
  signalled(): number {
    this.#signals++;
    this.#log.info(
      { signals: this.#signals },
      this.#signals === 1 ? 'A signal begins the stop.' : 'A signal hurries the stop.',
    );
    if (this.#signals === 1) this.#stop.abort();
    else this.#hurry.abort();
    return this.#signals;
  }
  fail(): void {
    this.#failed = true;
    this.#stop.abort();
    this.#hurry.abort();
  }

  live = (): Record<string, Check> => this.#checks('live');
  ready = (): Record<string, Check> => ({
    running: () => {
      if (this.stopping.aborted) return this.#readyWhileStopping ? true : 'the service is stopping';
      return this.running || 'the service is starting';
    },
    ...this.#checks('ready'),
  });
  #checks(kind: 'live' | 'ready'): Record<string, Check> {
    return Object.fromEntries(
      this.#parts.flatMap((part) => (part[kind] === undefined ? [] : [[part.name, () => part[kind]?.() ?? true]])),
    );
  }

  async start(parts: readonly Part[]): Promise<void> {
    this.#parts = parts;
    for (const part of parts) {
      if (this.stopping.aborted) return;
      this.#begun.push(part);
      await Promise.race([part.start?.(this.stopping), this.stopRequested, this.#failure()]);
    }
    this.running = !this.stopping.aborted;
  }

  /** Resolves at a signal, rejects when a part fails. */
  async untilStop(): Promise<void> {
    await Promise.race([this.stopRequested, this.#failure()]);
    this.running = false;
  }

  #failure(): Promise<never> {
    return Promise.race(
      this.#begun.flatMap((part) => {
        if (part.failed === undefined) return [];
        return [
          part.failed.catch((error: unknown) => {
            throw new Error(`The part ${part.name} failed.`, { cause: error });
          }),
        ];
      }),
    );
  }

  /** Stops what was begun, last first. False when a part did not stop in time or threw. */
  async stop(): Promise<boolean> {
    this.running = false;
    if (!this.stopping.aborted) this.#stop.abort();
    let clean = true;
    const deadline = this.#failed ? performance.now() + FAILED_STOP_TIMEOUT_MS : Infinity;
    for (const part of this.#begun.reverse()) {
      const limitMs = Math.max(0, Math.min(part.stopTimeoutMs ?? STOP_TIMEOUT_MS, deadline - performance.now()));
      clean = (await this.#stopPart(part, limitMs)) && clean;
    }
    return clean;
  }

  async #stopPart(part: Part, limitMs: number): Promise<boolean> {
    if (part.stop === undefined) return true;
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<'timeout'>((resolve) => {
      timer = setTimeout(() => resolve('timeout'), limitMs);
    });
    try {
      const how = await Promise.race([Promise.resolve(part.stop(this.#hurry.signal)), timeout]);
      if (how !== 'timeout') return true;
      this.#log.error(
        { part: part.name, timeout_ms: Math.round(limitMs) },
        'A part did not stop in its time and is left behind.',
      );
    } catch (error) {
      this.#log.error({ part: part.name, error }, 'A part failed while it stopped.');
    } finally {
      clearTimeout(timer);
    }
    return false;
  }
}
