/** The processes of an instance: started, watched for their end, stopped in order. */
import { once } from 'node:events';
import path from 'node:path';
import { Child, describeExit, until, type Exit } from '@fleetwire/local';
import { failed } from '../errors.js';
import { PROGRAMS, type ServicePlan } from './plan.js';
import { readiness } from './probe.js';

/** A restore of state after a crash, on a busy machine, fits in it. */
const READY_MS = 180_000;
const SAY_EVERY_MS = 5_000;
/** Longer than a service's own limit on its stop, so that it is the service that says what hung. */
const STOP_MS = 20_000;
const TAIL_LINES = 15;

/** A part that ended although nobody had told it to. */
export interface Death {
  readonly part: string;
  readonly how: string;
  readonly lastLines: readonly string[];
}

/** Anything whose end is the end of the instance. */
export interface Watched {
  readonly name: string;
  readonly exited: Promise<Exit>;
  tail(lines: number): Promise<readonly string[]>;
}

/** Collects the first death; nothing counts as one once the stop has begun. */
export class DeathWatch {
  readonly #first = new AbortController();
  #stopping = false;

  watch(part: Watched): void {
    void part.exited.then(async (exit) => {
      if (this.#stopping) return;
      const lastLines = await part.tail(TAIL_LINES).catch(() => []);
      this.#first.abort({ part: part.name, how: describeExit(exit), lastLines } satisfies Death);
    });
  }

  /** Ends of parts are wanted from now on. */
  disarm(): void {
    this.#stopping = true;
  }

  get death(): Death | null {
    // Only `watch` aborts, and always with a Death.
    return this.#first.signal.aborted ? (this.#first.signal.reason as Death) : null;
  }

  /** Resolves at the first death, or when `signal` aborts. */
  async until(signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#first.signal.aborted) return;
    const either = AbortSignal.any([signal, this.#first.signal]);
    await once(either, 'abort');
  }
}

export function watched(child: Child): Watched {
  return { name: child.name, exited: child.exited, tail: (lines) => Promise.resolve(child.tail(lines)) };
}

export interface StartContext {
  /** Folder with `cli`, `services`. */
  readonly root: string;
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly say: (line: string) => void;
  /** Aborts when the instance is to stop, or a part has died. */
  readonly signal: AbortSignal;
}

export function startService(plan: ServicePlan, context: StartContext): Promise<Child> {
  return startScript(plan.part, path.join(context.root, PROGRAMS[plan.service]), [], {
    ...context,
    env: { ...context.env, ...plan.env },
  });
}

/** A Node program of ours; its output goes to `logs/<part>.log` in the data folder. */
export function startScript(
  part: string,
  script: string,
  args: readonly string[],
  context: StartContext,
): Promise<Child> {
  return Child.start({
    name: part,
    command: process.execPath,
    args: ['--enable-source-maps', script, ...args],
    cwd: context.root,
    env: context.env,
    logFile: path.join(context.dataDir, 'logs', `${part}.log`),
  });
}

/** Waits until the service is ready, and says what it waits for. Returns early when `signal` aborts. */
export async function waitUntilReady(plan: ServicePlan, child: Child, context: StartContext): Promise<void> {
  const base = `http://127.0.0.1:${plan.httpPort}`;
  let sayAt = performance.now() + SAY_EVERY_MS;
  let why = 'it does not answer yet';
  const ready = await until(
    async () => {
      if (context.signal.aborted || !child.running) return true;
      const answer = await readiness(base);
      if (answer === true) return true;
      why = answer;
      if (performance.now() > sayAt) {
        context.say(`waiting for ${plan.part}: ${why}`);
        sayAt = performance.now() + SAY_EVERY_MS;
      }
      return null;
    },
    { timeoutMs: READY_MS, everyMs: 100 },
  );
  if (ready === null)
    throw failed(`${plan.part} is not ready after ${READY_MS / 1000} s: ${why}`, `see its log ${child.logFile}`);
}

/** Stops a group side by side. `hurry` aborts at the second signal: what is left is then killed. */
export async function stopGroup(children: readonly Child[], hurry: AbortSignal): Promise<void> {
  const kill = (): void => {
    for (const child of children) child.signal('SIGKILL');
  };
  hurry.addEventListener('abort', kill);
  try {
    if (hurry.aborted) kill();
    await Promise.all(children.map((child) => child.stop(STOP_MS)));
  } finally {
    hurry.removeEventListener('abort', kill);
  }
}
