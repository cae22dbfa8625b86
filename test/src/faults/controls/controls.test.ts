/**
 * The fault harness must turn red when a promise is broken: each run here loads a defect into the real services, gives it the fault that
 * brings it out, and looks for its sign in the ledger. A harness that stayed green here would prove nothing in the other files.
 */
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { Driver, SEED } from '../../harness/driver.js';
import type { Fleet, FleetOptions } from '../../harness/fleet.js';
import { moveLeaders } from '../../harness/leaders.js';
import { Stack, type StackOptions } from '../../harness/stack.js';
import { startUdpPath } from '../../harness/udp-proxy.js';
import { sleep, waitFor } from '../../harness/wait.js';
import { seeded } from '../../contract/random.js';

/** Longer than an enricher's session: its partitions go to another. */
const FROZEN_MS = 9_000;

const driver = new Driver();
let stack: Stack | null = null;
afterEach(async () => {
  driver.stop();
  await stack?.stop();
  stack = null;
});

/** A stack whose services all load `defect`, and which is stopped after the test. */
async function broken(
  defect: string,
  services: StackOptions['services'],
  options: Partial<StackOptions> = {},
): Promise<Stack> {
  const preload = fileURLToPath(new URL(`./${defect}.mjs`, import.meta.url));
  return (stack = await Stack.start({ brokers: 1, services, preload, partitions: 2, ...options }));
}
const drive = (options: Partial<FleetOptions>): Fleet =>
  driver.drive(stack!, { devices: 20, everyMs: 150, ...options });

it('finds that an edge answered before the commit: what was acknowledged is not in raw-frames', async () => {
  const { cluster } = await broken('early-answer', { 'edge-listener': 1, decoder: 1, enricher: 1 });
  const edge = stack!.of('edge-listener')[0]!;
  const fleet = drive({});
  await driver.acknowledged(50);
  await cluster.brokers[0]!.kill('SIGKILL');
  await driver.acknowledged(10);
  await edge.kill('SIGKILL');
  fleet.stop();
  await cluster.brokers[0]!.start();
  expect((await fleet.findings(stack!, false)).lostRaw.length).toBeGreaterThan(0);
});

it('finds that duplicates are not dropped: a report that was sent again is enriched twice', async () => {
  await broken('no-dedup', { 'edge-listener': 1, decoder: 1, enricher: 1 });
  const path = await startUdpPath(stack!.ports[0]!, { loss: 0.2, doubling: 0, delayMs: 5 }, seeded(SEED));
  try {
    const fleet = drive({ transport: 'udp', ports: [path.port], timeoutMs: 800, devices: 10 });
    await waitFor('devices to send again', () => fleet.ledger.resends > 10);
    await fleet.finish();
    const findings = await fleet.findings(stack!, false);
    expect(findings.doubled.length).toBeGreaterThan(0);
    expect(findings.repeatedIds.length).toBeGreaterThan(0);
  } finally {
    path.close();
  }
});

it('finds that a former owner is not fenced: what it commits after it woke up is there twice', async () => {
  await broken('no-fencing', { 'edge-listener': 1, decoder: 1, enricher: 2 });
  const fleet = drive({});
  await driver.acknowledged(50);
  const victim = stack!.of('enricher')[0]!;
  await victim.stop();
  await victim.start({ CONTROL_FREEZE_AT_STEP: '20' });
  await victim.ready();
  // Its steps end with the one in which it stops itself: from then on it does not answer.
  await waitFor('the enricher to stop itself', () =>
    victim.metric('up').then(
      () => false,
      () => true,
    ),
  );
  await sleep(FROZEN_MS);
  await victim.kill('SIGCONT');
  await fleet.finish();
  expect((await fleet.findings(stack!, false)).doubled.length).toBeGreaterThan(0);
});

it('finds that the edge sends with the released Kafka client: what was acknowledged while leaders moved is not in raw-frames', async () => {
  // Batches that go to several partitions: the moved one is forgotten when its new broker has answered for another.
  const options = { brokers: 3, partitions: 4, env: { FLEETWIRE_LINGER_MS: '100' } } as const;
  const { cluster } = await broken('stock-client', { 'edge-listener': 1, decoder: 1, enricher: 1 }, options);
  const fleet = drive({ devices: 60, everyMs: 100 });
  await driver.acknowledged(200);
  await moveLeaders(cluster.addresses, 'raw-frames', 4, () => driver.acknowledged(200));
  await fleet.finish();
  expect((await fleet.findings(stack!, false)).lostRaw.length).toBeGreaterThan(0);
});
