/**
 * Commands under faults: two real edges, a decoder and a dispatcher, of which edges die between the record and the write, freeze there while
 * devices come back elsewhere, and decoder and dispatcher die in mid-work. Seeded and short; the long form, with brokers, is `npm run
 * chaos:commands`. What must hold is in the harness's `findings`, and each of those is shown to be found in services that are broken on purpose.
 * It can not prove that no other window exists.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SIMULATED } from '@fleetwire/protocols/ids';
import { seeded } from '../contract/random.js';
import { CommandChaos, failpointAt, restartWith, revive, type Commanded } from '../harness/commands/chaos.js';
import { endsOf, findings, type Finding } from '../harness/commands/evidence.js';
import type { CommandWorld } from '../harness/commands/world.js';
import { sleep, waitFor } from '../harness/wait.js';
import { startWorld } from '../integration/commands/world.js';

const SEED = Number(process.env['FLEETWIRE_SEED'] ?? 20260401);
const DEVICES = 12;
const COMMANDS = 72;
/** Between commands, ms. */
const PAUSE_MS = 60;
/** Longer than a dispatcher that died is away; some are over while an edge is frozen. */
const EXPIRES_MS = 40_000;
const EXPIRES_SOON_MS = 1_500;
/** Longer than the tail of the sessions may be old, and than what arrives may take. */
const FROZEN_MS = 5_000;
/** A lease that lapses, and the time of a last answer, end what a dead edge had written. */
const END_MS = 90_000;

let world: CommandWorld;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

/** Devices of all protocols; most begin at the edge named. */
async function fleetAt(most: 0 | 1, count: number): Promise<readonly Commanded[]> {
  const other = most === 0 ? 1 : 0;
  const fleet = SIMULATED.flatMap((protocol) =>
    [...world.devices(protocol, count / 4 - 1, most), ...world.devices(protocol, 1, other)].map((device) => ({
      protocol,
      device,
    })),
  );
  for (const { device } of fleet) device.start();
  await Promise.all(fleet.map(({ device }) => device.online()));
  return fleet;
}

/** On other connections, while those that they had stay open. */
function comeBack(fleet: readonly Commanded[]): Promise<void> {
  for (const { device } of fleet) device.move();
  return Promise.resolve();
}

describe(`commands under faults, seed ${SEED}`, () => {
  it('end exactly once, truthfully, in time, through the holder, and no device gets one twice', async () => {
    const random = seeded(SEED);
    const fleet = await fleetAt(0, DEVICES);
    const chaos = new CommandChaos(world, fleet, random);
    const { decoder, dispatcher } = world;
    const [first, second] = world.edges as [(typeof world.edges)[0], (typeof world.edges)[0]];
    /** Before this command, that. Edges die after the dispatcher is back: a new one gives every lease its full time again. */
    const faults = new Map<number, () => Promise<unknown>>([
      [4, () => restartWith(dispatcher, failpointAt(`dispatcher.committed=exit@${2 + random.below(3)}`))],
      [12, () => decoder.kill('SIGKILL').then(() => decoder.start())],
      [16, () => chaos.settle([dispatcher], END_MS)],
      [17, () => restartWith(first, failpointAt(`edge.command_written=exit@${2 + random.below(3)}`))],
      [34, () => restartWith(second, failpointAt(`edge.command_written=stop@${2 + random.below(3)}`))],
      // It is frozen by now, most likely with a command in hand; its devices come back at the other one.
      [50, () => comeBack(fleet.slice(0, DEVICES / 2))],
      [56, () => sleep(FROZEN_MS).then(() => second.kill('SIGCONT'))],
      [62, () => second.kill('SIGKILL').then(() => second.start())],
    ]);
    for (let n = 0; n < COMMANDS; n++) {
      await faults.get(n)?.();
      await revive([dispatcher, first]);
      await chaos.command(n, n >= 40 && n < 56 && n % 3 === 0 ? EXPIRES_SOON_MS : EXPIRES_MS);
      await sleep(PAUSE_MS);
    }
    await revive([dispatcher, first, second]);
    await chaos.settle([dispatcher, first, second], END_MS);

    const evidence = chaos.evidence();
    expect(findings(evidence)).toEqual([]);
    // The run means something only when commands got through and faults hit some of them.
    const ends = endsOf(evidence);
    const met = JSON.stringify([...ends]);
    expect(ends.get('succeeded') ?? 0, met).toBeGreaterThan(COMMANDS / 4);
    expect(ends.get('unconfirmed edge_lost') ?? 0, met).toBeGreaterThan(0);
    chaos.stop();
  });

  it('are found out when they are not: each promise is broken on purpose', async () => {
    const broken = (defect: string): Record<string, string> => ({
      NODE_OPTIONS: `--import=${fileURLToPath(new URL(`./controls/${defect}.mjs`, import.meta.url))}`,
    });
    const [first, second] = world.edges as [(typeof world.edges)[0], (typeof world.edges)[0]];
    await Promise.all([
      restartWith(first, { ...broken('careless-edge'), ...failpointAt('edge.command_written=stop') }),
      restartWith(second, broken('forgetful-edge')),
      restartWith(world.dispatcher, broken('two-ends')),
    ]);
    await Promise.all([first.ready(), second.ready(), world.dispatcher.ready()]);
    const frozen = await fleetAt(0, 8);
    const [stays, moves, twice] = [frozen[0]!, frozen[2]!, frozen[1]!];
    const chaos = new CommandChaos(world, frozen, seeded(SEED));
    const late = await chaos.command(1_000, EXPIRES_SOON_MS, stays);
    const foreign = await chaos.command(1_001, EXPIRES_MS, moves);
    await chaos.command(1_002, EXPIRES_MS, twice);
    const frozenAt = (): boolean =>
      [late, foreign].some(({ id }) => world.story(id).some(({ state }) => state === 'written'));
    await waitFor('the edge to freeze with a command in hand', frozenAt);
    moves.device.move();
    const { ident } = moves.device;
    const bootId = world.sessions.find((session) => session.ident === ident)?.bootId;
    const taken = (): boolean => world.sessions.some((one) => one.ident === ident && one.bootId !== bootId);
    await waitFor('the take-over to be on the log', taken);
    await sleep(FROZEN_MS / 2 + chaos.lateMs);
    await first.kill('SIGCONT');
    const found = (): readonly Finding[] =>
      [...new Set(findings(chaos.evidence()).map(({ finding }) => finding))].sort();
    await waitFor(
      'every defect to be found',
      () => ['ends', 'late', 'not_holder', 'numbering', 'twice'].every((one) => found().includes(one as Finding)),
      60_000,
    ).catch(() => undefined);
    expect(found()).toEqual(expect.arrayContaining(['ends', 'late', 'not_holder', 'numbering', 'twice']));
    // An end that contradicts the bytes: the same evidence, had the device got nothing, or all.
    const evidence = chaos.evidence();
    const received = evidence.commands.map(({ mark }) => ({ text: mark, atMs: 0, peer: '' }));
    const ended = (state: 'expired' | 'succeeded') => (id: string) =>
      world.story(id).map((event) => ({ ...event, state: event.terminal ? state : event.state }));
    for (const forged of [
      { ...evidence, story: ended('succeeded'), receipts: () => [] },
      { ...evidence, story: ended('expired'), receipts: () => received },
    ])
      expect(findings(forged).map(({ finding }) => finding)).toContain('untrue');
    chaos.stop();
  });
});
