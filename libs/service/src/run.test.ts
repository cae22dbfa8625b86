import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { checkCommon, commonVariables } from './common.js';
import { defineConfig } from './config.js';
import { createLogger } from './log.js';
import { runService, type Part, type ServiceContext } from './run.js';

const definition = defineConfig('sampler', commonVariables('sampler', 0), checkCommon);
type Config = ReturnType<typeof definition.load>;
const ENV = { KAFKA_BROKERS: 'a:1', SCHEMA_REGISTRY_URL: 'http://r', FLEETWIRE_HTTP_HOST: '127.0.0.1' };

class Host extends EventEmitter {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

function run(
  build: (context: ServiceContext<Config>) => Promise<readonly Part[]> | readonly Part[],
  env: Record<string, string> = ENV,
) {
  const host = new Host();
  const lines: { msg: string; part?: string }[] = [];
  const printed: string[] = [];
  const log = createLogger({
    service: 'sampler',
    level: 'info',
    destination: { write: (line) => void lines.push(JSON.parse(line) as { msg: string }) },
  });
  let started: (port: number) => void = () => undefined;
  const running = new Promise<number>((resolve) => (started = resolve));
  const done = runService({
    name: 'sampler',
    env,
    loadConfig: definition.load,
    build,
    host,
    createLog: () => log,
    printError: (text) => printed.push(text),
    onStarted: started,
  });
  return { host, lines, printed, running, done };
}

function recorder() {
  const steps: string[] = [];
  const part = (name: string, more: Partial<Part> = {}): Part => ({
    name,
    start: () => void steps.push(`start ${name}`),
    stop: () => void steps.push(`stop ${name}`),
    ...more,
  });
  return { steps, part };
}

describe('runService', () => {
  it('starts the parts in order, stops them in reverse at a signal, and exits with 0', async () => {
    const { steps, part } = recorder();
    const { host, running, done } = run(() => [part('producer'), part('listener')]);
    const port = await running;
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
    host.emit('SIGTERM');
    expect(await done).toBe(0);
    expect(steps).toEqual(['start producer', 'start listener', 'stop listener', 'stop producer']);
    expect(host.exits).toEqual([0]);
    expect(host.listenerCount('SIGTERM')).toBe(0);
  });

  it('prints configuration problems and exits with 1 before anything starts', async () => {
    const { host, printed, done } = run(() => [], {});
    expect(await done).toBe(1);
    expect(host.exits).toEqual([1]);
    expect(printed.join('')).toContain('KAFKA_BROKERS is not set.');
  });

  it('exits with 1 when a part fails, after stopping the others', async () => {
    const { steps, part } = recorder();
    let fail: (error: Error) => void = () => undefined;
    const failed = new Promise<never>((_, reject) => (fail = reject));
    const { running, done, lines } = run(() => [part('producer'), part('processor', { failed })]);
    await running;
    fail(new Error('fenced'));
    expect(await done).toBe(1);
    expect(steps.slice(2)).toEqual(['stop processor', 'stop producer']);
    expect(lines.map((line) => line.msg)).toContain('The service cannot go on.');
  });

  it('exits with 1 when a part cannot start, and stops what had begun', async () => {
    const { steps, part } = recorder();
    const refused = part('listener', { start: () => Promise.reject(new Error('port 5103 is taken')) });
    const { done } = run(() => [part('producer'), refused, part('never')]);
    expect(await done).toBe(1);
    expect(steps).toEqual(['start producer', 'stop listener', 'stop producer']);
  });

  it('stops at a signal while a part is still starting or being built', async () => {
    const { steps, part } = recorder();
    let reached: () => void = () => undefined;
    const starting = new Promise<void>((resolve) => (reached = resolve));
    const hanging = part('registry', {
      start: () => {
        reached();
        return new Promise(() => undefined);
      },
    });
    const first = run(() => [hanging]);
    await starting;
    first.host.emit('SIGINT');
    expect(await first.done).toBe(0);
    expect(steps).toEqual(['stop registry']);

    let building: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (building = resolve));
    const second = run(() => {
      building();
      return new Promise(() => undefined);
    });
    await begun;
    second.host.emit('SIGTERM');
    expect(await second.done).toBe(0);
  });

  it('hurries a slow stop at the second signal and gives up at the third', async () => {
    const { part } = recorder();
    let hurried = false;
    let stopping: () => void = () => undefined;
    const inStop = new Promise<void>((resolve) => (stopping = resolve));
    const slow = part('drain', {
      stop: (hurry) => {
        stopping();
        return new Promise((resolve) =>
          hurry.addEventListener('abort', () => {
            hurried = true;
            resolve();
          }),
        );
      },
    });
    const { host, running, done } = run(() => [slow]);
    await running;
    host.emit('SIGTERM');
    await inStop;
    host.emit('SIGTERM');
    host.emit('SIGTERM');
    expect(host.exits).toEqual([1]);
    await done;
    expect(hurried).toBe(true);
  });

  it('names a part that does not stop in its time and exits with 1', async () => {
    const { part } = recorder();
    const stuck = part('producer', { stop: () => new Promise(() => undefined), stopTimeoutMs: 5 });
    const { host, running, done, lines } = run(() => [stuck]);
    await running;
    host.emit('SIGTERM');
    expect(await done).toBe(1);
    expect(lines).toContainEqual(
      expect.objectContaining({ part: 'producer', msg: 'A part did not stop in its time and is left behind.' }),
    );
  });

  it('logs an unhandled rejection and exits with 1', async () => {
    const { host, running, done, lines } = run(() => []);
    await running;
    host.emit('unhandledRejection', new Error('lost'));
    expect(host.exits).toEqual([1]);
    expect(lines.at(-1)?.msg).toBe('An error that nothing handles ends the process.');
    host.emit('SIGTERM');
    await done;
  });

  it('is not ready while it starts, nor while it stops', async () => {
    const { part } = recorder();
    let finish: () => void = () => undefined;
    let stopping: () => void = () => undefined;
    const inStop = new Promise<void>((resolve) => (stopping = resolve));
    const { host, running, done } = run(() => [
      part('slow', {
        stop: () => {
          stopping();
          return new Promise((resolve) => (finish = resolve));
        },
      }),
    ]);
    const port = await running;
    host.emit('SIGTERM');
    await inStop;
    const response = await fetch(`http://127.0.0.1:${port}/readyz`);
    expect(response.status).toBe(503);
    expect((await fetch(`http://127.0.0.1:${port}/livez`)).status).toBe(200);
    finish();
    expect(await done).toBe(0);
  });
});
