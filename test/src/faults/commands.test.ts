/**
 * Commands under faults: two real edges, a decoder and a dispatcher, of which edges die between the record and the write, freeze, and
 * the dispatcher dies between its commit and the sending. Seeded and short. Each command ends exactly once; what is said to be
 * written once was received once; what is said to be never written was never received. It can not prove that no other window exists.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProtocolId } from '@fleetwire/protocols';
import { seeded } from '../contract/random.js';
import { sleep } from '../harness/wait.js';
import type { CommandedDevice } from '../integration/commands/device.js';
import { CommandWorld } from '../integration/commands/world.js';

const SEED = Number(process.env['FLEETWIRE_SEED'] ?? 20260401);
const DEVICES = 12;
const COMMANDS = 72;
/** Between commands, ms. */
const PAUSE_MS = 60;
/** Longer than a dispatcher that died is away. */
const EXPIRES_MS = 40_000;
/** A lease that lapses, and the time of a last answer, end what a dead edge had written. */
const END_MS = 60_000;

/** A command of the device's protocol with a mark that no other command has, as it stands in the bytes; none of them is idempotent. */
function marked(
  protocol: ProtocolId,
  n: number,
): { readonly name: string; readonly args: object; readonly mark: string } {
  switch (protocol) {
    case 'astra':
      return { name: 'custom', args: { payload: `$JSEC,${7000 + n}` }, mark: `$JSEC,${7000 + n}\r\n` };
    case 'h02':
      return { name: 'custom', args: { payload: `S32,000000,${7000 + n}` }, mark: `,S32,000000,${7000 + n}#` };
    case 'jt808':
      return { name: 'custom', args: { payload: `mark${7000 + n}.` }, mark: `mark${7000 + n}.` };
    case 'atrack':
      return { name: 'custom', args: { text: `AT$MOTD+T${n}=${7000 + n},3` }, mark: `=${7000 + n},3\r\n` };
  }
}

interface Sent {
  readonly id: string;
  readonly device: CommandedDevice;
  readonly mark: string;
}

let world: CommandWorld;
beforeAll(async () => {
  world = await CommandWorld.start();
});
afterAll(() => world.stop());

describe(`commands under faults, seed ${SEED}`, () => {
  it('end exactly once, truthfully, and no device gets one twice', async () => {
    const random = seeded(SEED);
    const protocols: readonly ProtocolId[] = ['astra', 'h02', 'jt808', 'atrack'];
    const fleet = protocols.flatMap((protocol) =>
      ([0, 1] as const).flatMap((edge) =>
        world.devices(protocol, edge === 0 ? DEVICES / 4 - 1 : 1, edge).map((device) => ({ protocol, device })),
      ),
    );
    for (const { device } of fleet) device.start();
    await Promise.all(fleet.map(({ device }) => device.online()));

    const [first, second] = world.edges as [(typeof world.edges)[0], (typeof world.edges)[0]];
    const failpoint = (point: string): Record<string, string> => ({ FLEETWIRE_FAILPOINTS: point });
    const sent: Sent[] = [];
    /** The dispatcher is back: what waited for it has ended. */
    const flowing = (): Promise<unknown> =>
      Promise.all(sent.map(({ id }) => settled(id, [world.dispatcher], Date.now() + END_MS)));
    /** Before this command, that. Edges die after the dispatcher is back: a new one gives every lease its full time again. */
    const faults = new Map<number, () => Promise<unknown>>([
      [4, () => restart(world.dispatcher, failpoint(`dispatcher.committed=exit@${2 + random.below(3)}`))],
      [16, flowing],
      [17, () => restart(first, failpoint(`edge.command_written=exit@${2 + random.below(3)}`))],
      [34, () => second.kill('SIGSTOP')],
      [44, () => second.kill('SIGCONT')],
      [54, () => second.kill('SIGKILL').then(() => second.start())],
    ]);
    for (let n = 0; n < COMMANDS; n++) {
      await faults.get(n)?.();
      await revive([world.dispatcher, first]);
      const { protocol, device } = fleet[random.below(fleet.length)]!;
      const { name, args, mark } = marked(protocol, n);
      const expires_at = (Date.now() + EXPIRES_MS) * 1000;
      sent.push({ id: await world.send(device.ident, name, args, { expires_at }), device, mark });
      await sleep(PAUSE_MS);
    }
    await revive([world.dispatcher, first, second]);
    const deadline = Date.now() + END_MS;
    const ends = await Promise.all(sent.map(({ id }) => settled(id, [world.dispatcher, first, second], deadline)));

    const untrue: unknown[] = [];
    const reached = new Map<string, number>();
    for (const [index, { id, device, mark }] of sent.entries()) {
      const story = world.story(id);
      const end = ends[index]!;
      const times = device.count(mark);
      const key = `${end.state}${end.cause === null ? '' : ` ${end.cause}`}`;
      reached.set(key, (reached.get(key) ?? 0) + 1);
      const never = ['refused', 'expired', 'cancelled'].includes(end.state);
      const must = end.state === 'succeeded' || end.state === 'failed';
      const terminals = story.filter(({ terminal }) => terminal).length;
      const numbered = story.every(({ sequence }, at) => sequence === at);
      if (terminals !== 1 || !numbered || times > 1 || (never && times > 0) || (must && times !== 1))
        untrue.push({ id, times, story: story.map(({ state, cause, sequence }) => [sequence, state, cause]) });
    }
    expect(untrue).toEqual([]);
    // The run means something only when commands got through and faults hit some of them.
    const met = JSON.stringify([...reached]);
    expect(reached.get('succeeded') ?? 0, met).toBeGreaterThan(COMMANDS / 4);
    expect(reached.get('unconfirmed edge_lost') ?? 0, met).toBeGreaterThan(0);
  });
});

type Service = CommandWorld['dispatcher'];

/** An orderly stop: the failpoint is the fault. */
async function restart(service: Service, env: Readonly<Record<string, string>>): Promise<void> {
  await service.stop();
  await service.start(env);
}

/** Starts again what a failpoint has ended. */
async function revive(services: readonly Service[]): Promise<void> {
  for (const service of services) if (service.pid === null) await service.start();
}

async function settled(id: string, services: readonly Service[], deadline: number) {
  for (;;) {
    await revive(services);
    const left = deadline - Date.now();
    try {
      return await world.end(id, Math.min(1_000, Math.max(0, left)));
    } catch (error) {
      if (left <= 0) throw error;
    }
  }
}
