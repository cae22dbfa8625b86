/**
 * The promises under faults: what a device was told is safe is on the log, and each report is enriched once, in order, whatever is
 * killed. Real services, two of each where it matters, real brokers, devices that share no code with the product. Small and seeded;
 * random kills miss narrow windows, which the failpoint tests open. What it can not prove: that no window exists without a failpoint.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Driver, SEED } from '../harness/driver.js';
import { enrichmentFindings, RIGHT } from '../harness/enrichment.js';
import { KEPT } from '../harness/ledger.js';
import { Stack } from '../harness/stack.js';
import { seeded } from '../contract/random.js';
import { startUdpPath } from '../harness/udp-proxy.js';
import { sleep } from '../harness/wait.js';

const driver = new Driver();
afterEach(() => driver.stop());

describe(`one broker, seed ${SEED}`, () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await Stack.start({ brokers: 1, services: { 'edge-listener': 1, decoder: 2, enricher: 2 } });
  });
  afterAll(() => stack.stop());

  it('acknowledges nothing while the broker is away, loses nothing, and goes on by itself', async () => {
    const fleet = driver.drive(stack, {});
    await driver.acknowledged(200);
    await stack.cluster.brokers[0]!.kill('SIGKILL');
    // What was committed before the kill may still be answered; after that nothing may be.
    await sleep(1000);
    const during = fleet.ledger.acknowledgedCount;
    await sleep(5000);
    expect(fleet.ledger.acknowledgedCount).toBe(during);
    const edge = stack.of('edge-listener')[0]!;
    expect(await edge.metric('process_resident_memory_bytes')).toBeLessThan(300 * 1024 * 1024);
    await stack.cluster.brokers[0]!.start();
    await driver.acknowledged(200);
    await fleet.finish();
    expect(await fleet.findings(stack, false)).toEqual(KEPT);
    expect(fleet.ledger.strangeAnswers).toEqual([]);
  });

  it('enriches each report once and in order while decoders and enrichers are killed and frozen under load', async () => {
    const fleet = driver.drive(stack, { everyMs: 200 });
    const random = seeded(SEED + 1);
    for (const [fault, name] of [
      ['SIGKILL', 'enricher'],
      ['SIGKILL', 'decoder'],
      ['SIGKILL', 'enricher'],
      ['SIGSTOP', 'enricher'],
    ] as const) {
      await driver.acknowledged(100);
      const victims = stack.of(name);
      const victim = victims[random.below(victims.length)]!;
      await victim.kill(fault);
      if (fault === 'SIGKILL') {
        await victim.start();
        continue;
      }
      // Longer than its session: another member takes its partitions, and it wakes up as a zombie.
      await sleep(9000);
      await victim.kill('SIGCONT');
    }
    await fleet.finish();
    expect(await fleet.findings(stack, true)).toEqual(KEPT);
    // Odometer, hours, trip and events of each report too, and the last words of trips and events.
    const enrichment = await enrichmentFindings(stack);
    expect(enrichment).toMatchObject(RIGHT);
    expect(enrichment.words).toBeGreaterThan(40);
  });

  it.each([
    ['edge.committed', 'edge-listener'],
    ['decoder.decoded', 'decoder'],
    ['enricher.folded', 'enricher'],
  ] as const)('keeps its promises when processes die at %s', async (point, service) => {
    const fleet = driver.drive(stack, { devices: 20, everyMs: 200 });
    await driver.acknowledged(50);
    for (const victim of stack.of(service)) {
      await victim.stop();
      await victim.start({ FLEETWIRE_FAILPOINTS: `${point}=exit@3` });
      await victim.gone();
      await victim.start();
    }
    await driver.acknowledged(50);
    await fleet.finish();
    expect(await fleet.findings(stack, false)).toEqual(KEPT);
  });

  it('keeps its promises on UDP with loss, doubling and answers later than the time-out of the device', async () => {
    const random = seeded(SEED + 2);
    const path = await startUdpPath(stack.ports[0]!, { loss: 0.06, doubling: 0.25, delayMs: 50 }, random);
    try {
      const fleet = driver.drive(stack, { devices: 40, everyMs: 400, transport: 'udp', ports: [path.port] });
      await driver.acknowledged(200);
      // A frozen broker makes answers older than the devices wait.
      await stack.cluster.brokers[0]!.kill('SIGSTOP');
      await sleep(7000);
      await stack.cluster.brokers[0]!.kill('SIGCONT');
      await driver.acknowledged(100);
      await fleet.finish();
      expect(path.lost).toBeGreaterThan(0);
      expect(path.doubled).toBeGreaterThan(0);
      expect(await fleet.findings(stack, false)).toEqual(KEPT);
    } finally {
      path.close();
    }
  });
});
