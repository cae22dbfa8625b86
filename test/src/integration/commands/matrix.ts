/** Every end that a command can have, for its true reason, from devices of each protocol over TCP and over UDP. */
import { describe, expect, it } from 'vitest';
import { SIMULATED, type SimulatedId } from '@fleetwire/protocols/ids';
import type { CommandedDevice } from '../../harness/commands/device.js';
import type { CommandWorld } from '../../harness/commands/world.js';
import { waitFor } from '../../harness/wait.js';

type Words = readonly [name: string, args: object];
interface Row {
  readonly succeeds: Words;
  readonly fails: Words;
  /** Field of the refusal. */
  readonly refused: readonly [...Words, field: RegExp];
  /** The device is asked and keeps silent; the text stands in the bytes. */
  readonly unanswered: readonly [...Words, bytes: string];
  /** While the device is away. */
  readonly waits: Words;
}

const ROWS: Readonly<Record<SimulatedId, Row>> = {
  astra: {
    succeeds: ['custom', { payload: '$IMEI' }],
    fails: ['custom', { payload: '$NOPE' }],
    refused: ['immobilise', { mode: 7 }, /^args\.mode: /],
    unanswered: ['custom', { payload: '$JSEC,51' }, '$JSEC,51\r\n'],
    waits: ['custom', { payload: '$JSEC,52' }],
  },
  h02: {
    succeeds: ['interval', { cycle_time: 60 }],
    fails: ['engine_stop', {}],
    refused: ['interval', { cycle_time: 1 }, /^args\.cycle_time: /],
    unanswered: ['master_number', { number: '+4951' }, '+4951'],
    waits: ['master_number', { number: '+4952' }],
  },
  jt808: {
    succeeds: ['query_parameters', {}],
    fails: ['transparent', { transparentType: 65, text: 'x' }],
    refused: ['terminal_control', { command: 99 }, /^args\.command: /],
    unanswered: ['custom', { payload: 'mark51.' }, 'mark51.'],
    waits: ['custom', { payload: 'mark52.' }],
  },
  atrack: {
    succeeds: ['info', {}],
    fails: ['output_set', { output: 9, on: true }],
    refused: ['motion_set', { threshold: -1, time: 3 }, /^args\.threshold: /],
    unanswered: ['motion_set', { threshold: 51, time: 3 }, '=51,3\r\n'],
    waits: ['motion_set', { threshold: 52, time: 3 }],
  },
};
const EACH = SIMULATED.flatMap((protocol) =>
  (['tcp', 'udp'] as const).map((transport) => [protocol, transport] as const),
);
/** Long enough to be taken before, on a loaded machine too. */
const EXPIRES_MS = 20_000;
/** The reachable window of UDP is over by then. */
const WINDOW_MS = 25_000;

/** What was begun and ends long after: it is looked at when the rest is done. */
interface Begun {
  readonly title: string;
  readonly ended: () => Promise<void>;
}
const begun: Begun[] = [];

/** The end by an error: H02 devices say it only when they are told to. */
async function failed(world: CommandWorld, protocol: SimulatedId, device: CommandedDevice): Promise<string> {
  const [name, args] = ROWS[protocol].fails;
  device.mute = protocol === 'h02';
  const id = await world.send(device.ident, name, args, { confirm: true });
  if (protocol === 'h02') {
    const asked = (): string | undefined => /,S20,(\d{6}),/.exec(device.receipts.map(({ text }) => text).join(''))?.[1];
    await waitFor('the bytes', () => asked() !== undefined);
    device.say(`*HQ,${device.ident},V4,S20,ERROR,${asked()}#`);
    device.mute = false;
  }
  return id;
}

async function allEnds(world: CommandWorld, protocol: SimulatedId, transport: 'tcp' | 'udp'): Promise<void> {
  const row = ROWS[protocol];
  const device = await world.online(protocol, 0, transport);
  const { ident } = device;
  const [done, refused] = await Promise.all([
    world.send(ident, ...row.succeeds),
    world.send(ident, row.refused[0], row.refused[1], { confirm: true }),
  ]);
  expect(await world.end(done)).toMatchObject({ state: 'succeeded', by: 'device' });
  const refusal = await world.end(refused);
  expect(refusal).toMatchObject({ state: 'refused', cause: 'bad_argument' });
  expect(refusal.detail).toMatch(row.refused[2]);
  const wrong = await failed(world, protocol, device);
  expect(await world.end(wrong)).toMatchObject({ state: 'failed', cause: 'answer_error' });

  const away = world.devices(protocol, 1, 0, transport)[0]!.ident;
  const expires = await world.send(away, ...row.waits, { expires_at: (Date.now() + EXPIRES_MS) * 1000 });
  const waits = await world.send(away, ...row.waits);
  await world.send(away, 'cancel', {}, { cancel_of: waits });
  expect(await world.end(waits)).toMatchObject({ state: 'cancelled', cause: 'cancelled_by_user' });

  device.mute = true;
  const [name, args, bytes] = row.unanswered;
  const unanswered = await world.send(ident, name, args);
  await world.reached(unanswered, 'written');
  begun.push({
    title: `${protocol} ${transport}`,
    ended: async () => {
      expect(await world.end(expires)).toMatchObject({ state: 'expired', cause: 'expired_queued' });
      expect(await world.end(unanswered)).toMatchObject({ state: 'unconfirmed', cause: 'no_answer' });
      expect(device.count(bytes)).toBe(1);
    },
  });
}

export function describeEnds(world: () => CommandWorld): void {
  describe('a command to a device of each protocol, over TCP and over UDP', () => {
    it('reaches each end for its true reason', async () => {
      const problems: unknown[] = [];
      await Promise.all(
        EACH.map(([protocol, transport]) =>
          allEnds(world(), protocol, transport).catch((error: unknown) => problems.push([protocol, transport, error])),
        ),
      );
      expect(problems).toEqual([]);
    });
  });
}

/** A device on UDP that says nothing can not be reached after its window, and gets its command when it speaks again. */
export function describeWindow(world: () => CommandWorld): void {
  describe('a device on UDP that has fallen silent', () => {
    it('is reported once, and is then left alone', async () => {
      const device = await world().online('astra', 0, 'udp');
      device.silent = true;
      const silentSinceMs = Date.now();
      begun.push({
        title: 'the reachable window',
        ended: async () => {
          // The last report before it fell silent may have been answered a little later.
          await waitFor('the window to be over', () => Date.now() - silentSinceMs > WINDOW_MS + 3_000);
          const id = await world().send(device.ident, 'custom', { payload: '$JSEC,61' });
          await world().reached(id, 'queued');
          // Another device's command goes through meanwhile: the dispatcher has looked, and left this one alone.
          const other = await world().online('astra', 0, 'udp');
          await world().end(await world().send(other.ident, 'custom', { payload: '$IMEI' }));
          expect(
            world()
              .story(id)
              .map(({ state }) => state),
          ).toEqual(['requested', 'queued']);
          expect(device.count('$JSEC,61')).toBe(0);
          device.silent = false;
          expect(await world().end(id)).toMatchObject({ state: 'succeeded' });
          expect(device.count('$JSEC,61\r\n')).toBe(1);
        },
      });
    });
  });
}

/** Call last: waits for what takes its time. */
export function describeLongEnds(): void {
  describe('what takes its time', () => {
    it('ends for its true reason too: devices that do not answer, and one that could not be reached', async () => {
      const problems: unknown[] = [];
      await Promise.all(
        begun.map(({ title, ended }) => ended().catch((error: unknown) => problems.push([title, error]))),
      );
      expect(problems).toEqual([]);
      expect(begun.length).toBe(EACH.length + 1);
    });
  });
}
