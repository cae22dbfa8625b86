/**
 * Commands on the real services: simulated devices of each protocol, two edges, a decoder and a dispatcher on a real broker. Each end
 * that a command can have is reached for its true reason. What devices do is as far as their simulation goes.
 */
import { spawn } from 'node:child_process';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { encodeXPacket } from '@fleetwire/protocols/simulate/astra';
import { driftOf } from '@fleetwire/protocols';
import { createFleet } from '@fleetwire/protocols/fleet';
import { sleep, waitFor } from '../../harness/wait.js';
import { partitionOf } from '@fleetwire/streaming';
import { consoleProduce } from '../../harness/commands/console-producer.js';
import { COMMAND_PARTITIONS, type CommandWorld } from '../../harness/commands/world.js';
import { describeEnds, describeLongEnds, describeWindow } from './matrix.js';
import { startWorld } from './world.js';

let world: CommandWorld;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}
const cli = (...args: string[]): Promise<Ran> => run(args, '');

/** Runs the built `fleetwire` against the common broker. */
function run(args: readonly string[], input: string): Promise<Ran> {
  const env = { ...process.env, KAFKA_BROKERS: inject('brokers').join(','), SCHEMA_REGISTRY_URL: inject('registry') };
  const child = spawn(process.execPath, ['cli/bin/fleetwire.js', ...args], { cwd: ROOT, env });
  let [out, err] = ['', ''];
  child.stdout.on('data', (bytes: Buffer) => (out += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (err += bytes.toString()));
  child.stdin.end(input);
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}

describeWindow(() => world);
describeEnds(() => world);

const NONE = { max_speed: null, ignition_off: null, max_fix_age_s: null };

describe('a command to a device that is there', () => {
  it.each([
    ['astra', 'custom', { payload: '$JSEC,30' }, 'ok'],
    ['astra', 'custom', { payload: '$IMEI' }, 'value'],
    ['h02', 'interval', { cycle_time: 60 }, 'ok'],
    ['jt808', 'query_parameters', {}, 'value'],
    ['atrack', 'info', {}, 'value'],
    ['atrack', 'motion_set', { threshold: 50, time: 3 }, 'ok'],
  ] as const)('succeeds by its answer: %s %s %j', async (protocol, name, args, outcome) => {
    const device = await world.online(protocol);
    const id = await world.send(device.ident, name, args);
    expect(await world.end(id)).toMatchObject({ state: 'succeeded', by: 'device', response: { outcome } });
    expect(world.story(id).map(({ state }) => state)).toEqual([
      'requested',
      'queued',
      'routed',
      'written',
      'succeeded',
    ]);
  });

  it.each([
    ['astra', 'custom', { payload: '$POLL' }, 'POLL'],
    ['atrack', 'position_query', {}, 'GPOS'],
    ['jt808', 'location_query', {}, '0x8201'],
  ] as const)('succeeds by the report that it asked for: %s %s', async (protocol, name, args, command) => {
    const device = await world.online(protocol);
    const id = await world.send(device.ident, name, args);
    expect(await world.end(id)).toMatchObject({ state: 'succeeded', response: { command, outcome: 'ok' } });
  });

  it.each([
    ['astra', 'custom', { payload: '$NOPE' }, 'UN'],
    ['atrack', 'output_set', { output: 9, on: true }, '102'],
    ['jt808', 'transparent', { transparentType: 65, text: 'x' }, '3'],
  ] as const)('fails by what the device says: %s %s', async (protocol, name, args, code) => {
    const device = await world.online(protocol);
    const id = await world.send(device.ident, name, args, { confirm: true });
    expect(await world.end(id)).toMatchObject({ state: 'failed', cause: 'answer_error', response: { code } });
  });

  it('ends unconfirmed as soon as it is written where no answer is defined', async () => {
    const device = await world.online('h02');
    const id = await world.send(device.ident, 'clear_alarms');
    expect(await world.end(id)).toMatchObject({ state: 'unconfirmed', cause: 'no_reply_defined' });
    await waitFor('the bytes', () => device.count(',R7,') === 1, 5_000);
  });

  it('ends unconfirmed when it leads the device elsewhere and the device goes without a word', async () => {
    const device = await world.online('astra');
    device.mute = true;
    const id = await world.send(device.ident, 'server_host', { host: '192.0.2.1' }, { confirm: true });
    await waitFor('the bytes', () => device.count('$IPAD,192.0.2.1\r\n') === 1);
    device.stop();
    expect(await world.end(id)).toMatchObject({ state: 'unconfirmed', cause: 'device_left' });
    expect(world.setting(device.ident, 'server_host', 'desired')).toBe('192.0.2.1');
    expect(world.setting(device.ident, 'server_host', 'reported')).toBeUndefined();
  });

  it('is refused with field and remedy, and no byte goes out', async () => {
    const device = await world.online('astra');
    const wrong = await world.send(device.ident, 'immobilise', { mode: 7 }, { confirm: true });
    const careless = await world.send(device.ident, 'immobilise', { mode: 4 });
    const foreign = await world.send(device.ident, 'interval', { cycle_time: 60 });
    expect(await world.end(wrong)).toMatchObject({ state: 'refused', cause: 'bad_argument' });
    expect((await world.end(wrong)).detail).toMatch(/^args\.mode: use a whole number from 0 to 4/);
    expect(await world.end(careless)).toMatchObject({ state: 'refused', cause: 'confirm_missing' });
    expect(await world.end(foreign)).toMatchObject({ state: 'refused', cause: 'unknown_name' });
    expect(device.count('$IMOB')).toBe(0);
  });

  it('is one command however often it is asked for', async () => {
    const device = await world.online('astra');
    const id = await world.send(device.ident, 'custom', { payload: '$JSEC,31' });
    await world.send(device.ident, 'custom', { payload: '$JSEC,31' }, { id });
    const after = await world.send(device.ident, 'custom', { payload: '$JSEC,32' });
    expect(await world.end(after)).toMatchObject({ state: 'succeeded' });
    expect(world.story(id).filter(({ terminal }) => terminal)).toHaveLength(1);
    expect(device.count('$JSEC,31\r\n')).toBe(1);
  });
});

describe('a condition', () => {
  const IMEI = `35${String(Math.floor(Math.random() * 1e13)).padStart(13, '0')}`;
  const MODULE_GNSS = 2;
  let socket: net.Socket;
  let received = '';

  /** A position at a speed, of this moment or older. */
  async function drive(speed: number, ageS = 0): Promise<void> {
    const time = Math.floor(Date.now() / 1000) - ageS;
    const position = { 'position.latitude': 52, 'position.longitude': 13, 'position.timestamp': time };
    const values = { ...position, 'position.speed': speed };
    const report = { sequence: 1, time, reasons: ['timed_interval'], status: 0, modules: [MODULE_GNSS], values };
    const before = received.length;
    socket.write(encodeXPacket({ ident: IMEI, reports: [report] }));
    await waitFor('the acknowledgement', () => received.length > before);
  }
  beforeAll(() => {
    socket = net.connect({ host: '127.0.0.1', port: world.edges[0]!.devicePort });
    socket.on('data', (bytes) => (received += bytes.toString('latin1')));
    socket.on('error', () => undefined);
  });
  afterAll(() => socket.destroy());

  const stop = (condition: object): Promise<string> =>
    world.send(IMEI, 'immobilise', { mode: 1 }, { confirm: true, condition: { ...NONE, ...condition } });

  it('is judged at the edge on the last position: the command is written when it holds and refused when it does not', async () => {
    await drive(40);
    const fast = await stop({ max_speed: 5 });
    expect(await world.end(fast)).toMatchObject({ state: 'refused', cause: 'condition_not_met' });
    expect((await world.end(fast)).detail).toMatch(/the speed is 40 km\/h/);
    expect(received).not.toContain('$IMOB');
    await drive(0);
    const slow = await stop({ max_speed: 5 });
    await world.reached(slow, 'written');
    await waitFor('the bytes', () => received.includes('$IMOB,1\r\n'), 5_000);
    socket.write('$IMOB,OK\r\n');
    expect(await world.end(slow)).toMatchObject({ state: 'succeeded' });
  });

  it('that can not be known refuses the command: the last position is ten minutes old', async () => {
    await drive(0, 600);
    const old = await stop({ max_speed: 5 });
    expect(await world.end(old)).toMatchObject({ state: 'refused', cause: 'condition_unknown' });
    expect((await world.end(old)).detail).toMatch(/^the last position is 60\d s old, more than 60 s$/);
    expect(received.split('$IMOB').length - 1).toBe(1);
  });
});

describe('a command to a device that is away', () => {
  it('waits for its session, and is written then', async () => {
    const [device] = world.devices('h02', 1);
    const id = await world.send(device!.ident, 'master_number', { number: '+4912345' });
    await world.reached(id, 'queued');
    device!.start();
    expect(await world.end(id)).toMatchObject({ state: 'succeeded' });
  });

  it('expires at its time, and is not written when the device comes later', async () => {
    const [device] = world.devices('h02', 1);
    const expires_at = (Date.now() + 4_000) * 1000;
    const id = await world.send(device!.ident, 'master_number', { number: '+4954321' }, { expires_at });
    expect(await world.end(id)).toMatchObject({ state: 'expired', cause: 'expired_queued' });
    device!.start();
    await device!.online();
    const next = await world.send(device!.ident, 'mileage_query');
    await world.end(next);
    expect(device!.count('4954321')).toBe(0);
  });

  it('can be cancelled, and refused once it turns out what the device speaks', async () => {
    const [device] = world.devices('astra', 1);
    const first = await world.send(device!.ident, 'custom', { payload: '$JSEC,33' });
    const foreign = await world.send(device!.ident, 'interval', { cycle_time: 60 });
    await world.reached(foreign, 'queued');
    const order = await world.send(device!.ident, 'cancel', {}, { cancel_of: first });
    expect(await world.end(first)).toMatchObject({ state: 'cancelled', cause: 'cancelled_by_user' });
    expect(await world.end(order)).toMatchObject({ state: 'succeeded' });
    device!.start();
    expect(await world.end(foreign)).toMatchObject({ state: 'refused', cause: 'unknown_name' });
    expect(device!.count('$JSEC,33')).toBe(0);
  });

  it('is handed to the SMS gateway when it is asked for', async () => {
    const ident = `9${String(Date.now()).slice(-9)}`;
    const sms = { channel: 'sms', confirm: true } as const;
    const without = await world.send(ident, 'custom', { text: 'RCONF' }, sms);
    expect(await world.end(without)).toMatchObject({ state: 'refused', cause: 'no_phone' });
    await world.putDevice({ ident, phone: '+491701234567' });
    let state = '';
    await waitFor('the phone to be known', async () => {
      state = (await world.end(await world.send(ident, 'custom', { text: 'RCONF' }, sms))).state;
      return state !== 'refused';
    });
    expect(state).toBe('unconfirmed');
  });
});

describe('a device that moves to another edge', () => {
  it('gets its commands there, once', async () => {
    const device = await world.online('astra', 0);
    const before = await world.send(device.ident, 'custom', { payload: '$JSEC,41' });
    const first = await world.end(before);
    // The next connection goes to the other edge.
    device.stop();
    device.start();
    const after = await world.send(device.ident, 'custom', { payload: '$JSEC,42' });
    const second = await world.end(after);
    expect([first.state, second.state]).toEqual(['succeeded', 'succeeded']);
    expect(second.boot_id).not.toBe(first.boot_id);
    expect([device.count('$JSEC,41\r\n'), device.count('$JSEC,42\r\n')]).toEqual([1, 1]);
  });
});

/** What an edge has read of device-sessions counts for a second: a holder that slept for longer writes nothing before it has looked again. */
const TAIL_OLD_MS = 1_500;

describe('a device that moves between the routing and the write', () => {
  it('gets its command once, from the new holder', async () => {
    const device = await world.online('astra', 0);
    const bootId = (): string | undefined =>
      world.sessions.findLast(({ ident, peer }) => ident === device.ident && peer !== null)?.bootId;
    // A machine that is slow enough lets the lease of the edge lapse meanwhile: then nobody may write the command, and another is sent.
    for (let n = 0, moved = false; !moved; n++) {
      const [before, payload] = [bootId(), `$JSEC,${430 + n}`];
      const holder = world.edges.find((_, at) => at === n % 2)!;
      await holder.kill('SIGSTOP');
      let id: string;
      try {
        id = await world.send(device.ident, 'custom', { payload });
        expect(await world.reached(id, 'routed')).toMatchObject({ boot_id: before });
        device.move();
        await waitFor('the take-over to be on the log', () => bootId() !== before);
        await sleep(TAIL_OLD_MS);
      } finally {
        await holder.kill('SIGCONT');
      }
      const end = await world.end(id);
      const times = device.receipts.filter(({ text }) => text.includes(`${payload}\r\n`)).length;
      moved = end.state === 'succeeded';
      if (moved) expect([end.attempt, end.boot_id === before, times]).toEqual([2, false, 1]);
      // Withheld: it had been recorded in the very second in which the device moved.
      else expect([['edge_lost', 'withheld'].includes(end.cause ?? ''), times, n < 5]).toEqual([true, 0, true]);
    }
  });
});

describe('devices behind one gateway', () => {
  it('share its connection, and each gets its own command', async () => {
    const [port, startMs] = [world.edges[0]!.devicePort, Date.now()];
    const trackers = createFleet({ protocol: 'h02', transport: 'tcp', count: 4, seed: startMs, startMs });
    // Text devices: the binary ones of the fleet are left out.
    const [one, two] = trackers.filter((_, at) => Math.floor(at / 4) % 2 === 0);
    const socket = net.connect({ host: '127.0.0.1', port });
    let received = '';
    socket.on('data', (bytes) => (received += bytes.toString('latin1')));
    try {
      for (const tracker of [one!, two!]) {
        const before = received.length;
        const said = [...tracker.onConnect(Date.now()), ...tracker.report(Date.now())];
        for (const bytes of said) socket.write(bytes);
        await waitFor('the acknowledgement', () => received.length > before);
      }
      const ids = await Promise.all([one!, two!].map(({ ident }) => world.send(ident, 'clear_alarms')));
      for (const id of ids) expect(await world.end(id)).toMatchObject({ cause: 'no_reply_defined' });
      for (const { ident } of [one!, two!])
        await waitFor('its bytes', () => new RegExp(`\\*HQ,${ident},R7,\\d{6}#`).test(received));
      expect(received.match(/,R7,/g)).toHaveLength(2);
    } finally {
      socket.destroy();
    }
  });
});

describe('another client', () => {
  it('may write commands as JSON: Kafka’s own console producer', async () => {
    const device = await world.online('h02');
    const id = `console-${device.ident}`;
    const expires_at = new Date(Date.now() + 60_000).toISOString();
    const command = { id, ident: device.ident, name: 'interval', arguments: { cycle_time: 70 }, expires_at };
    await consoleProduce(inject('brokers'), 'commands', [`${device.ident}\t${JSON.stringify(command)}`]);
    expect(await world.end(id)).toMatchObject({ state: 'succeeded' });
    expect(world.story(id)[0]).toMatchObject({ state: 'requested', by: 'json' });
  });

  it('may put a command on a wrong partition: it is carried out once', async () => {
    const device = await world.online('astra');
    const { ident } = device;
    const nowUs = Date.now() * 1000;
    const value = world.encode({
      ...{ id: `wrong-${ident}`, ident, name: 'custom', arguments: '{"payload":"$JSEC,71"}' },
      ...{ expires_at: nowUs + 60_000_000, requested_at: nowUs, requested_by: 'test' },
    });
    const partition = (partitionOf(ident, COMMAND_PARTITIONS) + 1) % COMMAND_PARTITIONS;
    await world.write({ topic: 'commands', key: ident, partition, value });
    expect(await world.end(`wrong-${ident}`)).toMatchObject({ state: 'succeeded' });
    expect(device.count('$JSEC,71\r\n')).toBe(1);
  });
});

describe('the command line', () => {
  it('sets, reads back and compares the settings of a device, whose type it finds by itself', async () => {
    const device = await world.online('jt808');
    const set = await cli('settings', 'set', device.ident, '0x0029=75', '--wait');
    expect(set).toMatchObject({ code: 0 });
    const got = await cli('settings', 'get', device.ident, '--refresh');
    expect(got).toMatchObject({ code: 0 });
    const rows = got.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows).toContainEqual(
      expect.objectContaining({ setting: '0x0029', desired: 75, reported: 75, status: 'in_sync', source: 'reply' }),
    );
    expect(await cli('settings', 'diff', device.ident)).toMatchObject({ code: 3 });
    const wrong = await cli('settings', 'set', device.ident, 'colour=3');
    expect(wrong).toMatchObject({ code: 2 });
    expect(wrong.err).toMatch(/jt808 has no setting "colour"/);
  });

  it('commands many devices and sums up how it ended', async () => {
    const devices = await Promise.all([world.online('h02'), world.online('h02', 1)]);
    const idents = devices.map(({ ident }) => ident);
    const words = ['command', '--idents', '-', 'interval', 'cycle_time=80', '--wait', '--expires', '20s'];
    const { code, out } = await run(words, `${idents.join('\n')}\n`);
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.at(-1)).toMatchObject({ written: 2, ended: { succeeded: 2 }, open: 0 });
    expect(
      lines
        .slice(0, -1)
        .map(({ ident }) => ident)
        .sort(),
    ).toEqual([...idents].sort());
    expect(code).toBe(0);
  });
});

describe('settings', () => {
  it('of a JT808 terminal are wanted, set, read back and in step; another value drifts', async () => {
    const device = await world.online('jt808');
    const id = await world.send(device.ident, 'interval', { cycle_time: 45 });
    expect(await world.end(id)).toMatchObject({ state: 'succeeded' });
    const sides = (): readonly unknown[] =>
      (['desired', 'reported'] as const).map((side) => world.setting(device.ident, '0x0029', side));
    await waitFor('the parameter to be read back', () => sides()[1] !== undefined);
    expect(sides()).toEqual([45, 45]);
    expect(driftOf(...(sides() as [unknown, unknown]))).toBe('in_sync');
    // The terminal is not there: what is wanted is known, and that the device does not have it yet.
    device.stop();
    await world.reached(await world.send(device.ident, 'interval', { cycle_time: 90 }), 'queued');
    await waitFor('the new wish', () => world.setting(device.ident, '0x0029', 'desired') === 90, 5_000);
    expect(driftOf(...(sides() as [unknown, unknown]))).toBe('drift');
  });
});

describeLongEnds();
