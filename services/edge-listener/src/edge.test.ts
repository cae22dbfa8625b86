/**
 * The whole edge over loopback sockets, with Kafka in memory. What a real broker does with it is shown by the integration tests.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { createServer } from 'node:net';
import { familyOf } from '@fleetwire/protocols';
import { encodeRegistration } from '@fleetwire/protocols/simulate/jt808';
import { lineFamily } from './testing/line-protocol.js';
import { TestEdge } from './testing/harness.js';

const edges: TestEdge[] = [];
async function start(options: Parameters<typeof TestEdge.start>[0] = {}): Promise<TestEdge> {
  const edge = await TestEdge.start(options);
  edges.push(edge);
  return edge;
}
afterEach(async () => {
  for (const edge of edges.splice(0)) {
    edge.streams.broker = 'up';
    await edge.stop();
  }
});

/** Sum of what was received and of what became of it. */
async function balance(edge: TestEdge): Promise<{ received: number; outcomes: number }> {
  return {
    received: await edge.metric('fleetwire_edge_received_bytes_total'),
    outcomes: await edge.metric('fleetwire_edge_outcome_bytes_total'),
  };
}

describe('a device on TCP', () => {
  it('is answered after its frame is committed, and not before', async () => {
    const edge = await start();
    const device = await edge.tcp();
    device.say('H77\n');
    await edge.streams.until(() => edge.frames.length === 1);
    edge.streams.broker = 'away';
    device.say('D77,1\n');
    const probe = await edge.tcp();
    expect(device.text).toBe('');
    edge.streams.broker = 'up';
    await device.hears('A1\n');
    expect(edge.frames[1]).toMatchObject({
      ident: '77',
      protocol: 'h02',
      transport: 'tcp',
      listener: 'shared',
      edge: edge.edge.bootId,
      connection: 1,
      sequence: 1,
      context: { said: '1' },
    });
    const record = edge.streams.of('raw-frames')[1]!;
    expect(record.key?.toString()).toBe('77');
    expect(record.headers['protocol']?.toString()).toBe('h02');
    expect(record.headers['peer']?.toString()).toMatch(/^127\.0\.0\.1:\d+$/);
    probe.socket.destroy();
  });

  it('gets its answers in frame order, however its bytes are cut', async () => {
    const edge = await start();
    const device = await edge.tcp();
    device.say('D77,1\nD77,2\nD7');
    await device.hears('A1\nA2\n');
    device.say('7,3\nD77,4\n');
    await device.hears('A1\nA2\nA3\nA4\n');
    expect(edge.frames.map((frame) => frame.sequence)).toEqual([0, 1, 2, 3]);
  });

  it('shares one answer among copies of a frame that is still pending', async () => {
    const edge = await start();
    const device = await edge.tcp();
    edge.streams.broker = 'away';
    device.say('D77,1\nD77,1\nD77,1\n');
    device.say('D77,2\n');
    await until(async () => (await edge.metric('fleetwire_edge_received_bytes_total')) === 24);
    edge.streams.broker = 'up';
    await device.hears('A1\nA2\n');
    expect(edge.frames.length).toBe(2);
    expect(await edge.metric('fleetwire_edge_frames_total', { result: 'duplicate' })).toBe(2);
  });

  it('is closed without an answer when the commit fails', async () => {
    const edge = await start();
    const device = await edge.tcp();
    edge.streams.broker = 'refusing';
    device.say('D77,1\nD77,2\n');
    await device.closed();
    expect(device.text).toBe('');
    expect(await edge.metric('fleetwire_edge_frames_total', { result: 'nacked' })).toBe(2);
    expect(await edge.metric('fleetwire_edge_connections_closed_total', { reason: 'commit_failed' })).toBe(1);
    expect(await edge.metric('fleetwire_kafka_produce_errors_total', { topic: 'raw-frames' })).toBe(2);
  });

  it('is closed instead of being sent an answer that is too old', async () => {
    const edge = await start({ families: [lineFamily({ replyAgeMaxMs: 30 })] });
    const device = await edge.tcp();
    edge.streams.broker = 'away';
    device.say('D77,1\n');
    await until(async () => (await edge.metric('fleetwire_edge_received_bytes_total')) > 0);
    await new Promise((resolve) => setTimeout(resolve, 60)); // The age itself is what is tested.
    edge.streams.broker = 'up';
    await device.closed();
    expect(device.text).toBe('');
    expect(await edge.metric('fleetwire_edge_connections_closed_total', { reason: 'reply_too_old' })).toBe(1);
  });

  it('gets the answers that it is owed after it has closed its own side', async () => {
    const edge = await start();
    const device = await edge.tcp();
    edge.streams.broker = 'away';
    device.socket.end('D77,1\n');
    await until(async () => (await edge.metric('fleetwire_edge_received_bytes_total')) > 0);
    edge.streams.broker = 'up';
    await device.closed();
    expect(device.text).toBe('A1\n');
  });

  it('is closed when the protocol says that it cannot be read on, or after too many bad frames', async () => {
    const edge = await start({ env: { FLEETWIRE_BAD_FRAMES_MAX: '3' } });
    const broken = await edge.tcp();
    broken.say('X\nD77,1\n');
    await broken.closed();
    const bad = await edge.tcp();
    bad.say('B1\nB2\nD77,1\nB3\nB4\n');
    await bad.hears('A1\n');
    bad.say('B5\n');
    await bad.closed();
    expect(await edge.metric('fleetwire_edge_connections_closed_total', { reason: 'broken' })).toBe(1);
    expect(await edge.metric('fleetwire_edge_connections_closed_total', { reason: 'bad_frames' })).toBe(1);
  });

  it('is answered for a rejected frame only after its dead letter is committed', async () => {
    const edge = await start({ env: { FLEETWIRE_DEAD_LETTERS_PER_MINUTE: '0' } });
    const device = await edge.tcp();
    device.say('R1\n');
    await device.hears('R\n');
    expect(edge.deadLetters).toMatchObject([
      { reason: 'bad_checksum', bytes: Buffer.from('R1\n'), stage: 'edge-listener' },
    ]);
  });

  it('loses only its own connection to a bug', async () => {
    const edge = await start();
    const [one, other] = [await edge.tcp(), await edge.tcp()];
    one.say('T\n');
    await one.closed();
    other.say('D77,1\n');
    await other.hears('A1\n');
    expect(await edge.metric('fleetwire_edge_connections_closed_total', { reason: 'bug' })).toBe(1);
  });
});

describe('dead letters', () => {
  it('are limited by address and reason, the counting is not', async () => {
    const edge = await start({ env: { FLEETWIRE_DEAD_LETTERS_PER_MINUTE: '2', FLEETWIRE_BAD_FRAMES_MAX: '100' } });
    const device = await edge.tcp();
    device.say('B1\nB2\nB3\nB4\nB5\nD77,1\n');
    await device.hears('A1\n');
    expect(edge.deadLetters.length).toBe(2);
    expect(await edge.metric('fleetwire_edge_rejected_frames_total', { reason: 'bad_checksum' })).toBe(5);
    expect(await edge.metric('fleetwire_edge_frames_total', { result: 'suppressed' })).toBe(3);
  });
});

describe('the balance of bytes', () => {
  it('comes out even when idle: what was received is the sum of the outcomes', async () => {
    const edge = await start({ env: { FLEETWIRE_DEAD_LETTERS_PER_MINUTE: '1' } });
    const [one, two, three] = [await edge.tcp(), await edge.tcp(), await edge.udp()];
    const said = ['D77,1\n\r\rzzzH77\nB1\nB2\nD77,unfinished', 'X\nD1,lost\n', 'D88,1\n', 'D88,cut'] as const;
    one.say(said[0]);
    two.say(said[1]);
    three.say(said[2]);
    three.say(said[3]);
    await two.closed();
    await three.hears('A1\n');
    await one.hears('A1\n');
    one.socket.end();
    await one.closed();
    await until(async () => {
      const { received, outcomes } = await balance(edge);
      return received === said.join('').length && received === outcomes;
    });
    for (const outcome of ['data', 'control', 'dead_lettered', 'suppressed', 'noise', 'filler', 'unfinished'])
      expect(await edge.metric('fleetwire_edge_outcome_bytes_total', { outcome }), outcome).toBeGreaterThan(0);
    three.close();
  });
});

describe('the shared port', () => {
  it('says by which bytes it took a connection for a protocol, and counts what nothing knows', async () => {
    const other = { ...lineFamily(), id: 'atrack' } as const;
    const edge = await start({ families: [lineFamily(), other] });
    const device = await edge.tcp();
    device.say('D77,1\n');
    await device.hears('A1\n');
    const stranger = await edge.tcp();
    stranger.say('GET / HTTP/1.1\r\n\r\n');
    await stranger.closed();
    expect(edge.logs).toContainEqual(
      expect.objectContaining({
        because: 'a letter of the lines',
        bytes: '44',
        deciding_bytes: '0..1',
        protocol: 'h02',
      }),
    );
    expect(await edge.metric('fleetwire_edge_detections_total', { protocol: 'h02' })).toBe(1);
    expect(await edge.metric('fleetwire_edge_detections_total', { protocol: 'none' })).toBe(1);
  });
});

describe('a device on UDP', () => {
  it('is answered at its address after the commit', async () => {
    const edge = await start();
    const device = await edge.udp();
    device.say('D77,1\n');
    await device.hears('A1\n');
    expect(edge.frames[0]).toMatchObject({ ident: '77', transport: 'udp', sequence: 0 });
    device.say('D77,2\n');
    await device.hears('A1\nA2\n');
    expect(edge.sessions).toEqual(['77 1']);
    device.close();
  });

  it('is not answered when the commit fails, and is when it sends again', async () => {
    const edge = await start();
    const device = await edge.udp();
    edge.streams.broker = 'refusing';
    device.say('D77,1\n');
    await until(async () => (await edge.metric('fleetwire_edge_frames_total', { result: 'nacked' })) === 1);
    edge.streams.broker = 'up';
    await until(async () => (await edge.metric('fleetwire_edge_pressed')) === 0);
    device.say('D77,1\n');
    await device.hears('A1\n');
    device.close();
  });
});

describe('pressure', () => {
  it('stops reading while the broker is away, drops datagrams, and goes on by itself', async () => {
    const edge = await start({ env: { FLEETWIRE_BATCH_BYTES_MAX: '16384', FLEETWIRE_PENDING_BYTES_MAX: '65536' } });
    const [device, datagrams] = [await edge.tcp(), await edge.udp()];
    device.say('D77,0\n');
    await device.hears('A0\n');
    edge.streams.broker = 'away';
    const lines = Array.from({ length: 2_000 }, (_, i) => `D77,${i + 1}\n`);
    for (const line of lines) device.say(line);
    await until(async () => (await edge.metric('fleetwire_edge_pressed')) === 1);
    datagrams.say('D88,1\n');
    await until(async () => (await edge.metric('fleetwire_edge_frames_total', { result: 'dropped' })) === 1);
    expect(device.text).toBe('A0\n');
    // One read of a socket is at most 64 KiB; beyond the mark and that nothing is held.
    expect(await edge.metric('fleetwire_edge_pending_bytes')).toBeLessThan(65_536 * 4);
    edge.streams.broker = 'up';
    await device.until(() => device.text.endsWith('A2000\n'));
    expect(device.text.split('\n').length).toBe(2_002);
    expect(edge.frames.length).toBe(2_001);
    datagrams.close();
  });
});

describe('sessions', () => {
  it('begin with the first frame, move with the device and end with the connection that holds it', async () => {
    const edge = await start();
    const first = await edge.tcp();
    first.say('D77,1\n');
    await first.hears('A1\n');
    const second = await edge.tcp();
    second.say('D77,2\n');
    await second.hears('A2\n');
    await first.closed();
    second.socket.end();
    await second.closed();
    await edge.streams.until(() => edge.sessions.length === 3);
    expect(edge.sessions).toEqual(['77 1', '77 2', '77 -']);
    expect(edge.streams.of('device-sessions')[0]?.key?.toString()).toBe(`77|${edge.edge.bootId}`);
    expect(await edge.metric('fleetwire_edge_connections_closed_total', { reason: 'superseded' })).toBe(1);
  });

  it('are given up to another edge whose record is newer', async () => {
    const edge = await start();
    const device = await edge.tcp();
    device.say('D77,1\n');
    await device.hears('A1\n');
    await edge.streams.until(() => edge.sessions.length === 1);
    const mine = edge.codec.decode('device-sessions', edge.streams.of('device-sessions')[0]!.value!);
    const value = edge.codec.encode('device-sessions', { ...mine, boot_id: 'other' });
    edge.streams.write({ topic: 'device-sessions', key: '77|other', partitionKey: '77', value });
    await device.closed();
    await edge.streams.until(() => edge.sessions.at(-1) === '77 -');
  });

  it('are published again when another has ended them by mistake', async () => {
    const edge = await start();
    const device = await edge.tcp();
    device.say('D77,1\n');
    await device.hears('A1\n');
    await edge.streams.until(() => edge.sessions.length === 1);
    edge.streams.write({ topic: 'device-sessions', key: `77|${edge.edge.bootId}`, partitionKey: '77', value: null });
    await edge.streams.until(() => edge.sessions.length === 3);
    expect(edge.sessions).toEqual(['77 1', '77 -', '77 1']);
  });
});

describe('commands', () => {
  it('are recorded as written before the socket is written', async () => {
    const edge = await start();
    const device = await edge.tcp();
    device.say('D77,1\n');
    await device.hears('A1\n');
    edge.streams.broker = 'away';
    edge.route('c1');
    await new Promise((resolve) => setImmediate(resolve));
    expect(device.text).toBe('A1\n');
    edge.streams.broker = 'up';
    await device.hears('A1\nClocate\n');
    expect(edge.reports).toMatchObject([
      {
        kind: 'written',
        command_id: 'c1',
        attempt: 1,
        ident: '77',
        correlation: 'locate',
        answer: 'response',
        protocol: 'h02',
      },
    ]);
    edge.route('c1');
    edge.route('c2', { boot_id: 'another' });
    await until(async () => (await edge.metric('fleetwire_edge_commands_total', { result: 'repeated' })) === 1);
    expect(edge.reports.length).toBe(1);
    expect(device.text).toBe('A1\nClocate\n');
  });

  it('are sent back, refused or withheld with a cause', async () => {
    const edge = await start();
    const device = await edge.tcp();
    device.say('D77,1\n');
    await device.hears('A1\n');
    edge.route('gone', { ident: '99' });
    edge.route('late', {}, { expires_at: 1 });
    edge.route('bad', { name: 'bad' });
    edge.route('fast', {}, { condition: { max_speed: 5, ignition_off: null, max_fix_age_s: null } });
    await edge.streams.until(() => edge.reports.length === 4);
    const causes: Record<string, string> = Object.fromEntries(
      edge.reports.map((one) => [one.command_id ?? '', `${one.kind} ${one.cause ?? ''}`]),
    );
    expect(causes).toEqual({
      gone: 'bounced not_holder',
      late: 'bounced expired',
      bad: 'refused bad_argument',
      fast: 'refused condition_unknown',
    });
    edge.streams.broker = 'away';
    edge.route('cut');
    device.socket.destroy();
    await until(async () => (await edge.metric('fleetwire_edge_sessions')) === 0);
    edge.streams.broker = 'up';
    await edge.streams.until(() => edge.reports.at(-1)?.kind === 'withheld');
    expect(edge.reports.at(-1)).toMatchObject({ command_id: 'cut', cause: 'not_holder' });
  });
});

describe('the drain', () => {
  it('answers what is under way, ends sessions and leases, and then nothing is left', async () => {
    const edge = await start();
    const device = await edge.tcp();
    device.say('D77,1\n');
    await device.hears('A1\n');
    edge.streams.broker = 'away';
    device.say('D77,2\n');
    await until(async () => (await edge.metric('fleetwire_edge_received_bytes_total')) === 12);
    const stopping = edge.stop(false);
    edge.streams.broker = 'up';
    await stopping;
    await device.closed();
    expect(device.text).toBe('A1\nA2\n');
    expect(edge.sessions).toEqual(['77 1', '77 -']);
    const leases = edge.streams
      .of('edge-status')
      .map((record) => edge.codec.decode('edge-status', record.value!).state);
    expect(leases[0]).toBe('starting');
    expect(leases).toContain('draining');
    expect(leases.at(-1)).toBe('stopped');
    expect(await balance(edge)).toEqual({ received: 12, outcomes: 12 });
  });
});

describe('starting', () => {
  it('names the port that is taken and the setting that moves it', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const edge = new TestEdge({ env: { FLEETWIRE_SHARED_PORT: String(port) } });
    edges.push(edge);
    await expect(edge.start()).rejects.toThrow(
      `TCP port 127.0.0.1:${port} of the listener shared is in use by another process; set FLEETWIRE_SHARED_PORT`,
    );
    await new Promise((resolve) => taken.close(resolve));
  });
});

describe('limits', () => {
  it('close connections beyond the number of one address, and idle and silent ones', async () => {
    const edge = await start({
      env: { FLEETWIRE_CONNECTIONS_PER_ADDRESS_MAX: '2', FLEETWIRE_FIRST_FRAME_TIMEOUT_MS: '100' },
      families: [lineFamily({ idleTimeoutMs: 200 })],
    });
    const [silent, idle] = [await edge.tcp(), await edge.tcp()];
    const third = await edge.tcp();
    await third.closed();
    idle.say('D77,1\n');
    await Promise.all([silent.closed(), idle.closed()]);
    for (const reason of ['too_many_per_address', 'no_frame', 'idle'])
      expect(await edge.metric('fleetwire_edge_connections_closed_total', { reason }), reason).toBe(1);
    expect(await edge.metric('fleetwire_edge_connections')).toBe(0);
  });
});

describe('admission', () => {
  it('refuses blocked devices without an answer and knows aliases', async () => {
    const edge = new TestEdge();
    edges.push(edge);
    const device = (ident: string, more: object): void => {
      const value = edge.codec.encode('devices', { ident, ...more });
      edge.streams.write({ topic: 'devices', key: ident, value });
    };
    device('13', { admission: 'blocked' });
    device('truck', { aliases: ['77'] });
    await edge.start();
    const blocked = await edge.tcp();
    blocked.say('D13,1\n');
    await blocked.closed();
    expect(blocked.text).toBe('');
    const alias = await edge.tcp();
    alias.say('D77,1\n');
    await alias.hears('A1\n');
    expect(edge.frames.map((frame) => frame.ident)).toEqual(['truck']);
    expect(await edge.metric('fleetwire_edge_refused_frames_total', { reason: 'blocked' })).toBe(1);
  });

  it('tells a device that nobody knows why, where its protocol has words for it', async () => {
    const edge = await start({ env: { FLEETWIRE_UNKNOWN_DEVICES: 'refuse' }, families: [familyOf('jt808')] });
    const device = { phone: '13812345678', edition: 2013 } as const;
    const names = { province: 44, city: 300, manufacturer: 'STRAK', model: 'ST-902AL', terminal: '1A2B3C4' };
    const stranger = await edge.tcp();
    const heard: Buffer[] = [];
    stranger.socket.on('data', (bytes) => heard.push(bytes));
    stranger.socket.write(encodeRegistration(device, 1, { ...names, plateColour: 1, plate: 'A12345' }));
    await stranger.closed();
    // 0x8100: the serial of the registration, result 4, no code.
    expect(Buffer.concat(heard).toString('hex')).toBe('7e810000030138123456780000000104b67e');
    expect(edge.frames).toEqual([]);
    expect(await edge.metric('fleetwire_edge_refused_frames_total', { reason: 'unknown_device' })).toBe(1);
  });
});

/** Looks again until it holds: for metrics, which nobody announces. */
async function until(ready: () => Promise<boolean>): Promise<void> {
  while (!(await ready())) await new Promise((resolve) => setTimeout(resolve, 5));
}
