/**
 * The promises under faults: what a device was told is safe is on the log, and each report is enriched once, in order, whatever is
 * killed. Real services, two of each where it matters, real brokers, devices that share no code with the product. Small and seeded;
 * random kills miss narrow windows, which the failpoint tests open. What it can not prove: that no window exists without a failpoint.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { Fleet } from '../harness/fleet.js';
import { KEPT } from '../harness/ledger.js';
import { Stack, type StackOptions } from '../harness/stack.js';
import { seeded } from '../contract/random.js';
import { startUdpPath, type UdpPath } from '../harness/udp-proxy.js';
import { sleep, waitFor } from '../harness/wait.js';

const SEED = Number(process.env['FLEETWIRE_SEED'] ?? 20260401);
const PIPELINE = { 'edge-listener': 1, decoder: 2, enricher: 2 } as const;

let stack: Stack | null = null;
let fleet: Fleet | null = null;
let path: UdpPath | null = null;

async function run(
  options: Partial<StackOptions>,
  fleetOptions: { readonly devices: number; readonly everyMs: number; readonly transport?: 'tcp' | 'udp' },
): Promise<{ stack: Stack; fleet: Fleet }> {
  stack = await Stack.start({ brokers: 1, services: PIPELINE, ...options });
  fleet = new Fleet({ seed: SEED, transport: 'tcp', ports: stack.ports, ...fleetOptions });
  fleet.start();
  return { stack, fleet };
}

/** Waits until the fleet has been told of so many more reports. */
async function acknowledged(more: number): Promise<void> {
  const { ledger } = fleet!;
  const goal = ledger.acknowledgedCount + more;
  await waitFor(`${more} more acknowledgements`, () => ledger.acknowledgedCount >= goal, 60_000);
}

afterEach(async () => {
  fleet?.stop();
  path?.close();
  await stack?.stop();
  stack = null;
  fleet = null;
  path = null;
});

describe(`with seed ${SEED}`, () => {
  it('acknowledges nothing while the broker is away, loses nothing, and goes on by itself', async () => {
    const { stack, fleet } = await run({}, { devices: 40, everyMs: 300 });
    await acknowledged(200);
    await stack.cluster.brokers[0]!.kill('SIGKILL');
    // What was committed before the kill may still be answered; after that nothing may be.
    await sleep(1000);
    const during = fleet.ledger.acknowledgedCount;
    await sleep(5000);
    expect(fleet.ledger.acknowledgedCount).toBe(during);
    const edge = stack.of('edge-listener')[0]!;
    expect(await edge.metric('process_resident_memory_bytes')).toBeLessThan(300 * 1024 * 1024);
    await stack.cluster.brokers[0]!.start();
    await acknowledged(200);
    await fleet.finish();
    expect(await fleet.findings(stack, false)).toEqual(KEPT);
    expect(fleet.ledger.strangeAnswers).toEqual([]);
  });

  it('keeps its promises while leaders among three brokers are killed, stopped and frozen in turn', async () => {
    const { stack, fleet } = await run({ brokers: 3 }, { devices: 40, everyMs: 300 });
    await acknowledged(100);
    const random = seeded(SEED);
    for (const fault of ['SIGKILL', 'SIGTERM', 'SIGSTOP'] as const) {
      const broker = stack.cluster.brokers[random.below(3)]!;
      await broker.kill(fault);
      await sleep(4000);
      if (fault === 'SIGSTOP') await broker.kill('SIGCONT');
      else await broker.start();
      await stack.cluster.waitForBrokers(3, 60_000);
      await acknowledged(60);
    }
    await fleet.finish();
    expect(await fleet.findings(stack, false)).toEqual(KEPT);
  });

  it('enriches each report once and in order while decoders and enrichers are killed and frozen under load', async () => {
    const { stack, fleet } = await run({}, { devices: 40, everyMs: 200 });
    const random = seeded(SEED + 1);
    for (let round = 0; round < 5; round++) {
      await acknowledged(100);
      const victims = stack.of(round % 2 === 0 ? 'enricher' : 'decoder');
      const victim = victims[random.below(victims.length)]!;
      if (round === 4) {
        await victim.kill('SIGSTOP');
        await sleep(9000);
        await victim.kill('SIGCONT');
      } else {
        await victim.kill('SIGKILL');
        await victim.start();
      }
    }
    await fleet.finish();
    expect(await fleet.findings(stack, true)).toEqual(KEPT);
  });

  it.each([
    ['edge.committed', 'edge-listener'],
    ['decoder.decoded', 'decoder'],
    ['enricher.folded', 'enricher'],
  ] as const)('keeps its promises when a process dies at %s', async (point, service) => {
    const { stack, fleet } = await run(
      { services: { 'edge-listener': 1, decoder: 1, enricher: 1 } },
      { devices: 20, everyMs: 200 },
    );
    await acknowledged(50);
    const victim = stack.of(service)[0]!;
    await victim.stop();
    await victim.start({ FLEETWIRE_FAILPOINTS: `${point}=exit@5` });
    await victim.gone();
    await victim.start();
    await acknowledged(50);
    await fleet.finish();
    expect(await fleet.findings(stack, false)).toEqual(KEPT);
  });

  it('keeps its promises on UDP with loss, doubling and answers later than the time-out of the device', async () => {
    stack = await Stack.start({ brokers: 1, services: { 'edge-listener': 1, decoder: 1, enricher: 1 } });
    const random = seeded(SEED + 2);
    path = await startUdpPath(stack.ports[0]!, { loss: 0.1, doubling: 0.2, delayMs: 50 }, random);
    fleet = new Fleet({ seed: SEED, devices: 20, everyMs: 250, transport: 'udp', ports: [path.port] });
    fleet.start();
    await acknowledged(200);
    // A frozen broker makes answers older than the devices wait.
    await stack.cluster.brokers[0]!.kill('SIGSTOP');
    await sleep(8000);
    await stack.cluster.brokers[0]!.kill('SIGCONT');
    await acknowledged(100);
    await fleet.finish();
    expect(path.lost).toBeGreaterThan(0);
    expect(path.doubled).toBeGreaterThan(0);
    expect(await fleet.findings(stack, false)).toEqual(KEPT);
  });
});
