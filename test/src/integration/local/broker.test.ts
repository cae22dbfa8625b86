/** What the fault tests rely on: a broker that is killed, frozen and started again by its handle, on its data and ports. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { askCluster, startBroker, type Broker } from '@fleetwire/local';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let folder = '';
let broker: Broker;

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'fleetwire-broker-'));
  broker = await startBroker({ dataDir: folder });
});
afterAll(async () => {
  await broker.stop();
  rmSync(folder, { recursive: true, force: true });
});

const answers = async (): Promise<boolean> => (await askCluster('127.0.0.1', broker.port, 1_000)) !== null;

describe('a broker by its handle', () => {
  it('is silent while it is frozen, and answers when it is thawed', async () => {
    await broker.kill('SIGSTOP');
    expect(await answers()).toBe(false);
    await broker.kill('SIGCONT');
    expect(await answers()).toBe(true);
  });

  it('comes back on the same address after a SIGKILL', async () => {
    const before = broker.pid;
    await broker.kill('SIGKILL');
    expect(broker.running).toBe(false);
    expect(await answers()).toBe(false);
    await broker.start();
    expect(broker.pid).not.toBe(before);
    expect(await answers()).toBe(true);
  });

  it('refuses a second one on its folder', async () => {
    await expect(startBroker({ dataDir: folder })).rejects.toThrow(/runs on/);
  });
});
