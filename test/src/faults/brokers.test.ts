/** The promises of `pipeline.test.ts` on three brokers (factor 3, min ISR 2), of which one at a time dies, ends or freezes. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { seeded } from '../contract/random.js';
import { Driver, SEED } from '../harness/driver.js';
import { KEPT } from '../harness/ledger.js';
import { moveLeaders } from '../harness/leaders.js';
import { Stack } from '../harness/stack.js';
import { sleep } from '../harness/wait.js';

const driver = new Driver();
afterEach(() => driver.stop());

describe(`three brokers, seed ${SEED}`, () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await Stack.start({
      brokers: 3,
      services: { 'edge-listener': 1, decoder: 1, enricher: 1 },
      env: { FLEETWIRE_LINGER_MS: '100' },
    });
  });
  afterAll(() => stack.stop());

  it('keeps its promises while leaders move under batches for several partitions', async () => {
    const fleet = driver.drive(stack, { devices: 60, everyMs: 100 });
    await driver.acknowledged(200);
    await moveLeaders(stack.cluster.addresses, 'raw-frames', 4, () => driver.acknowledged(200));
    await fleet.finish();
    expect(await fleet.findings(stack, true)).toEqual(KEPT);
  });

  it('keeps its promises while brokers are killed, stopped and frozen in turn', async () => {
    const fleet = driver.drive(stack, {});
    await driver.acknowledged(100);
    const random = seeded(SEED);
    for (const fault of ['SIGKILL', 'SIGTERM', 'SIGSTOP'] as const) {
      const broker = stack.cluster.brokers[random.below(3)]!;
      await broker.kill(fault);
      await sleep(4000);
      if (fault === 'SIGSTOP') await broker.kill('SIGCONT');
      else await broker.start();
      await stack.cluster.waitForBrokers(3, 60_000);
      await driver.acknowledged(60);
    }
    await fleet.finish();
    expect(await fleet.findings(stack, false)).toEqual(KEPT);
  });
});
