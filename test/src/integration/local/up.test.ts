/**
 * `fleetwire up` as a user meets it: one line says when it is ready and where everything is, a folder is held by one instance, Ctrl-C stops all of it in
 * order, and even a SIGKILL of the supervisor leaves no process behind. Real broker, registry and services; device ports that the system chooses.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandLine, freePorts, until } from '@fleetwire/local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../../../../cli/dist/main.js', import.meta.url));
const FREE = ['shared', 'astra', 'h02', 'jt808', 'atrack'].flatMap((name) => [`--${name}-port`, '0']);

let folder = '';
let brokerPort = 0;
let registryPort = 0;
const started: ChildProcess[] = [];

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'fleetwire-up-'));
  [brokerPort, registryPort] = (await freePorts(2)) as [number, number];
});
afterAll(() => {
  for (const child of started) child.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

/** An environment in which `up` must bring its own broker, whatever this run uses. */
function environment(): NodeJS.ProcessEnv {
  const env = { ...process.env, FLEETWIRE_EDGE_HOST: '127.0.0.1' };
  for (const name of Object.keys(env)) if (/^(KAFKA_|SCHEMA_REGISTRY)/.test(name)) Reflect.deleteProperty(env, name);
  return env;
}

interface Instance {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly exited: Promise<number | null>;
}

function up(...args: readonly string[]): Instance {
  const child = spawn(process.execPath, [MAIN, 'up', '--data', folder, '--no-fleet', '--json', ...args], {
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { child, stdout: () => out, stderr: () => err, exited };
}

/** The ready line; fails with what the instance said when it ends instead. */
async function ready(instance: Instance): Promise<Record<string, unknown>> {
  const line = await until(
    () => {
      if (instance.child.exitCode !== null) throw new Error(`it ended:\n${instance.stderr()}`);
      return instance.stdout().includes('\n') ? instance.stdout() : null;
    },
    { timeoutMs: 100_000 },
  );
  if (line === null) throw new Error(`it is not ready:\n${instance.stderr()}`);
  return JSON.parse(line) as Record<string, unknown>;
}

const pids = (): readonly number[] => {
  const file = JSON.parse(readFileSync(path.join(folder, 'instance.json'), 'utf8')) as { pids: Record<string, number> };
  return Object.values(file.pids);
};
const gone = async (ids: readonly number[]): Promise<boolean> => {
  const none = async (): Promise<true | null> =>
    (await Promise.all(ids.map(commandLine))).every((command) => command === null) ? true : null;
  return (await until(none, { timeoutMs: 60_000 })) === true;
};
const start = (): Instance => up('--broker-port', String(brokerPort), '--registry-port', String(registryPort), ...FREE);

describe('fleetwire up', () => {
  it('says when it is ready, holds its folder, and on Ctrl-C stops from the source to the sink', async () => {
    const instance = start();
    const line = await ready(instance);
    expect(line).toMatchObject({ ready: true, brokers: [`127.0.0.1:${brokerPort}`] });
    expect(Object.keys(line['http'] as object)).toEqual(['edge-listener', 'decoder', 'enricher', 'command-dispatcher']);
    const running = pids();
    expect(running).toHaveLength(6);

    const second = start();
    expect(await second.exited).toBe(1);
    expect(second.stderr()).toContain(`runs on ${folder} already (process ${instance.child.pid ?? 0})`);

    // npm passes on what the terminal sent already: two of a kind are one.
    instance.child.kill('SIGINT');
    instance.child.kill('SIGINT');
    expect(await instance.exited).toBe(0);
    const order = ['edge-listener', 'decoder', 'enricher', 'command-dispatcher', 'registry and broker'];
    const at = order.map((part) => instance.stderr().indexOf(`stopping ${part}`));
    expect(at).toEqual([...at].sort((a, b) => a - b));
    expect(at).not.toContain(-1);
    expect(await gone(running)).toBe(true);
    expect(existsSync(path.join(folder, 'instance.json'))).toBe(false);
  });

  it('starts again on its data, and leaves no process when the supervisor is killed', async () => {
    const instance = start();
    await ready(instance);
    const running = pids();
    instance.child.kill('SIGKILL');
    await instance.exited;
    expect(await gone(running)).toBe(true);
  });
});
