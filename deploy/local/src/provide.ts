import path from 'node:path';
import { startBroker } from './broker.js';
import type { Exit } from './child.js';
import { startInDocker } from './docker.js';
import { findEngine } from './docker-engine.js';
import { LocalError, messageOf, type Say } from './errors.js';
import { requireFetchable } from './fetch.js';
import { findJava } from './java.js';
import { askCluster } from './metadata.js';
import { registryAnswers, startRegistry } from './registry.js';
import {
  APICURIO_VERSION,
  JAVA_FOR_APICURIO,
  DEFAULT_BROKER_PORT,
  DEFAULT_CONTROLLER_PORT,
  DEFAULT_REGISTRY_PORT,
  KAFKA_VERSION,
} from './versions.js';
import { freePort, portIsFree, until } from './wait.js';

type Env = Readonly<Record<string, string | undefined>>;

/** What is given must answer within that time. */
const GIVEN_MS = 30_000;
const ENGINES = ['docker', 'java'] as const;
type Engine = (typeof ENGINES)[number];

export interface ProvideOptions {
  readonly dataDir: string;
  /** KAFKA_BROKERS and SCHEMA_REGISTRY_URL, FLEETWIRE_LOCAL, FLEETWIRE_CACHE, JAVA_HOME, DOCKER_HOST, PATH are read. */
  readonly env: Env;
  readonly log: Say;
  /** Absent: the defaults, or free ones where these are taken. */
  readonly ports?: { readonly broker?: number; readonly controller?: number; readonly registry?: number };
  /** Short periods for tests. Default false. */
  readonly quick?: boolean;
  /** Ends a fetch that runs; what has been started is stopped by then. */
  readonly signal?: AbortSignal;
}

/** One process or container that this call started. */
export interface ProvidedPart {
  readonly name: string;
  readonly pid: number | null;
  /** Settles when it has ended. */
  readonly exited: Promise<Exit>;
  tail(lines: number): Promise<readonly string[]>;
}

export interface Provided {
  /** Bootstrap addresses. */
  readonly brokers: readonly string[];
  /** Root of the Confluent-compatible interface. */
  readonly registry: string;
  readonly kind: 'given' | 'docker' | 'java';
  /** Empty when they were given. */
  readonly parts: readonly ProvidedPart[];
  /** Registry, then broker. Nothing when they were given. */
  stop(): Promise<void>;
}

/** What the environment asks for. @throws LocalError `settings` for half an answer. */
export function askedFor(env: Env): { readonly brokers: readonly string[]; readonly registry: string } | Engine | null {
  const brokers = (env['KAFKA_BROKERS'] ?? '').split(',').flatMap((b) => (b.trim() === '' ? [] : [b.trim()]));
  const registry = (env['SCHEMA_REGISTRY_URL'] ?? '').trim();
  if (brokers.length > 0 && registry !== '') return { brokers, registry };
  if (brokers.length > 0 || registry !== '') {
    const [set, missing] =
      registry === '' ? ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL'] : ['SCHEMA_REGISTRY_URL', 'KAFKA_BROKERS'];
    throw new LocalError(
      'settings',
      `${set} is set, but ${missing} is not: set both, or neither for a broker and a registry of its own`,
    );
  }
  const engine = (env['FLEETWIRE_LOCAL'] ?? '').trim();
  if (engine === '') return null;
  const known = ENGINES.find((e) => e === engine);
  if (known === undefined)
    throw new LocalError('settings', `FLEETWIRE_LOCAL is "${engine}": give docker or java, or unset it`);
  return known;
}

/**
 * Kafka and the schema registry for one machine: those that are given, else in Docker, else as Java processes. Says which.
 * @throws LocalError that says what to install or to set.
 */
export async function provide(options: ProvideOptions): Promise<Provided> {
  const { env, log } = options;
  const asked = askedFor(env);
  if (asked !== null && typeof asked === 'object') return useGiven(asked, env, log);
  const ports = await choosePorts(options);
  let dockerProblem = 'Docker does not answer';
  if (asked !== 'java') {
    const socket = await findEngine(env);
    if (socket !== null) {
      log(`broker and registry: Docker (${socket})`);
      try {
        return await inDocker(options, socket, ports);
      } catch (error) {
        if (asked === 'docker') throw error;
        dockerProblem = messageOf(error);
        log(`Docker did not do: ${dockerProblem}`);
      }
    } else if (asked === 'docker') {
      throw noDocker();
    }
  }
  log(`broker and registry: Java (Kafka ${KAFKA_VERSION}, Apicurio Registry ${APICURIO_VERSION})`);
  try {
    return await asProcesses(options, ports);
  } catch (error) {
    if (!(error instanceof LocalError) || (error.code !== 'no_java' && error.code !== 'no_maven')) throw error;
    throw nothingToRun(dockerProblem, error);
  }
}

/**
 * Whether `provide` could do its work here, without doing it.
 * @throws LocalError that says what to install or to set.
 */
export async function requireEngine(env: Env): Promise<void> {
  const asked = askedFor(env);
  if (asked !== null && typeof asked === 'object') return;
  if (asked !== 'java' && (await findEngine(env)) !== null) return;
  if (asked === 'docker') throw noDocker();
  try {
    await findJava(JAVA_FOR_APICURIO, 'Apicurio Registry', env);
    await requireFetchable(env);
  } catch (error) {
    throw nothingToRun('Docker does not answer', error);
  }
}

function noDocker(): LocalError {
  return new LocalError(
    'no_engine',
    'FLEETWIRE_LOCAL is docker, but no Docker engine answers on this machine: start it, or unset FLEETWIRE_LOCAL',
  );
}

function nothingToRun(dockerProblem: string, error: unknown): LocalError {
  return new LocalError(
    'no_engine',
    `There is no broker to be had: ${dockerProblem}, and ${messageOf(error)} ` +
      'One of these will do: start Docker; install Java 21 or newer and Maven; or set KAFKA_BROKERS and SCHEMA_REGISTRY_URL to ones that run.',
    { cause: error },
  );
}

async function useGiven(
  given: { readonly brokers: readonly string[]; readonly registry: string },
  env: Env,
  log: Say,
): Promise<Provided> {
  log(`broker and registry: given (${given.brokers.join(',')} and ${given.registry})`);
  // The probe speaks neither TLS nor SASL; then the first client that does finds out.
  const plain = env['KAFKA_TLS'] !== 'true' && (env['KAFKA_SASL_MECHANISM'] ?? '') === '';
  const reached = await until(
    async () => {
      if (!plain) return true;
      const answers = await Promise.all(
        given.brokers.map((address) => {
          const at = address.lastIndexOf(':');
          return askCluster(address.slice(0, at).replace(/^\[|\]$/g, ''), Number(address.slice(at + 1)), 3000);
        }),
      );
      return answers.some((view) => view !== null) ? true : null;
    },
    { timeoutMs: GIVEN_MS, everyMs: 500 },
  );
  if (reached === null)
    throw new LocalError(
      'settings',
      `no broker of KAFKA_BROKERS (${given.brokers.join(',')}) answers: check the address, and KAFKA_TLS`,
    );
  if (
    (await until(async () => ((await registryAnswers(given.registry, 3000)) ? true : null), {
      timeoutMs: GIVEN_MS,
      everyMs: 500,
    })) === null
  ) {
    throw new LocalError(
      'settings',
      `the registry of SCHEMA_REGISTRY_URL (${given.registry}) does not answer ${given.registry}/subjects: check the address and its path`,
    );
  }
  return { ...given, kind: 'given', parts: [], stop: () => Promise.resolve() };
}

interface Ports {
  readonly broker: number;
  readonly controller: number;
  readonly registry: number;
}

/** Those asked for as they are; of the defaults only those that are free. */
async function choosePorts(options: ProvideOptions): Promise<Ports> {
  const choose = async (asked: number | undefined, fallback: number, what: string): Promise<number> => {
    if (asked !== undefined) return asked;
    if (await portIsFree(fallback)) return fallback;
    const port = await freePort();
    options.log(`port ${fallback} is taken: the ${what} uses ${port}`);
    return port;
  };
  return {
    broker: await choose(options.ports?.broker, DEFAULT_BROKER_PORT, 'broker'),
    controller: await choose(options.ports?.controller, DEFAULT_CONTROLLER_PORT, "broker's controller"),
    registry: await choose(options.ports?.registry, DEFAULT_REGISTRY_PORT, 'registry'),
  };
}

async function inDocker(options: ProvideOptions, socket: string, ports: Ports): Promise<Provided> {
  const docker = await startInDocker({
    socket,
    dataDir: options.dataDir,
    brokerPort: ports.broker,
    registryPort: ports.registry,
    quick: options.quick ?? false,
    log: options.log,
  });
  return {
    brokers: docker.brokers,
    registry: docker.registry,
    kind: 'docker',
    parts: docker.parts.map((part) => ({
      name: part.name,
      pid: null,
      exited: part.exited,
      tail: (lines) => part.tail(lines),
    })),
    stop: async () => {
      for (const part of [...docker.parts].reverse()) await part.stop();
    },
  };
}

async function asProcesses(options: ProvideOptions, ports: Ports): Promise<Provided> {
  const { dataDir, env, log } = options;
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const [broker, registry] = await Promise.allSettled([
    startBroker({
      dataDir: path.join(dataDir, 'kafka'),
      port: ports.broker,
      controllerPort: ports.controller,
      quick: options.quick ?? false,
      logFile: path.join(dataDir, 'logs', 'broker.log'),
      log,
      env,
      ...signal,
    }),
    startRegistry({
      dataDir: path.join(dataDir, 'registry'),
      port: ports.registry,
      logFile: path.join(dataDir, 'logs', 'registry.log'),
      log,
      env,
      ...signal,
    }),
  ]);
  if (broker.status === 'rejected' || registry.status === 'rejected') {
    if (registry.status === 'fulfilled') await registry.value.stop();
    if (broker.status === 'fulfilled') await broker.value.stop();
    const reason: unknown =
      broker.status === 'rejected' ? broker.reason : registry.status === 'rejected' ? registry.reason : null;
    throw reason instanceof Error ? reason : new LocalError('start_failed', messageOf(reason));
  }
  const part = (name: string, of: typeof broker.value | typeof registry.value): ProvidedPart => ({
    name,
    pid: of.pid,
    exited: of.exited,
    tail: (lines) => Promise.resolve(of.tail(lines)),
  });
  return {
    brokers: [broker.value.address],
    registry: registry.value.url,
    kind: 'java',
    parts: [part('broker', broker.value), part('registry', registry.value)],
    stop: async () => {
      await registry.value.stop();
      await broker.value.stop();
    },
  };
}
