import { createWriteStream } from 'node:fs';
import { chmod, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Exit } from './child.js';
import { kafkaContainer, registryContainer, type ContainerPlan } from './containers.js';
import { LocalError, type Say } from './errors.js';
import { askCluster } from './metadata.js';
import { registryAnswers, registryUrl } from './registry.js';
import { LOOPBACK } from './versions.js';
import { requirePort, until } from './wait.js';

/** Pulling an image of 400 MB over a slow line is part of it. */
const START_MS = 10 * 60_000;
const READY_MS = 60_000;
const STOP_MS = 10_000;

/** A container, seen as the processes are seen. */
export interface ContainerPart {
  readonly name: string;
  readonly exited: Promise<Exit>;
  tail(lines: number): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export interface DockerOptions {
  readonly socket: string;
  readonly dataDir: string;
  readonly brokerPort: number;
  readonly registryPort: number;
  readonly quick: boolean;
  readonly log: Say;
}

/** Broker and registry as containers; both or none. */
export async function startInDocker(options: DockerOptions): Promise<{
  readonly brokers: readonly string[];
  readonly registry: string;
  readonly parts: readonly ContainerPart[];
}> {
  await requirePort(options.brokerPort, 'broker port');
  await requirePort(options.registryPort, 'registry port');
  const { brokerPort, registryPort } = options;
  const plans = [
    kafkaContainer({ dataDir: path.join(options.dataDir, 'kafka-docker'), port: brokerPort, quick: options.quick }),
    registryContainer({ dataDir: path.join(options.dataDir, 'registry-docker'), port: registryPort }),
  ];
  const started = await Promise.allSettled(plans.map((plan) => startContainer(plan, options)));
  const parts = started.flatMap((s) => (s.status === 'fulfilled' ? [s.value] : []));
  const stopAll = (): Promise<unknown> => Promise.all(parts.map((part) => part.stop()));
  const failure = started.find((s) => s.status === 'rejected');
  if (failure !== undefined) {
    await stopAll();
    throw new LocalError(
      'start_failed',
      `Docker could not start the broker and the registry: ${String(failure.reason)}`,
    );
  }
  const registry = registryUrl(registryPort);
  const ready = await until(
    async () => {
      const view = await askCluster(LOOPBACK, brokerPort, 2000);
      return view !== null && view.brokers.length > 0 && (await registryAnswers(registry, 2000)) ? true : null;
    },
    { timeoutMs: READY_MS },
  );
  if (ready === null) {
    await stopAll();
    throw new LocalError(
      'start_failed',
      `the containers run, but do not answer on ports ${brokerPort} and ${registryPort}`,
    );
  }
  return { brokers: [`${LOOPBACK}:${brokerPort}`], registry, parts };
}

/** One container, started and ready by its own word. */
export async function startContainer(
  plan: ContainerPlan,
  options: Pick<DockerOptions, 'socket' | 'dataDir' | 'log'>,
): Promise<ContainerPart> {
  // Loaded only here: it takes half a second, and most starts do without it.
  const { GenericContainer, Wait, getContainerRuntimeClient } = await import('testcontainers');
  // The library reads the engine's address from the environment, where the way that we found may not be.
  process.env['DOCKER_HOST'] = `unix://${options.socket}`;
  const logFile = path.join(options.dataDir, 'logs', `${plan.name}.log`);
  await mkdir(path.dirname(logFile), { recursive: true });
  for (const { source } of plan.mounts) {
    await mkdir(source, { recursive: true });
    // The images run as users of their own, whose number is not ours.
    await chmod(source, 0o777);
  }
  options.log(`starting ${plan.image} (the first time it is downloaded, which may take minutes) …`);
  const container = await new GenericContainer(plan.image)
    .withEnvironment({ ...plan.environment })
    .withExposedPorts(...plan.ports)
    .withBindMounts(plan.mounts.map((mount) => ({ ...mount, mode: 'rw' as const })))
    .withLogConsumer((stream) => stream.pipe(createWriteStream(logFile, { flags: 'a' })))
    .withWaitStrategy(Wait.forLogMessage(plan.readyLine))
    .withStartupTimeout(START_MS)
    .start();
  const client = await getContainerRuntimeClient();
  const exited = client.container
    .getById(container.getId())
    .wait()
    .then(
      (end: unknown) => ({ code: statusCode(end), signal: null }),
      () => ({ code: null, signal: null }),
    );
  let stopping: Promise<void> | null = null;
  return {
    name: plan.name,
    exited,
    tail: async (lines) => (await readFile(logFile, 'utf8').catch(() => '')).trimEnd().split('\n').slice(-lines),
    stop: () => (stopping ??= container.stop({ timeout: STOP_MS }).then(() => undefined)),
  };
}

function statusCode(end: unknown): number | null {
  if (typeof end !== 'object' || end === null || !('StatusCode' in end)) return null;
  return typeof end.StatusCode === 'number' ? end.StatusCode : null;
}
