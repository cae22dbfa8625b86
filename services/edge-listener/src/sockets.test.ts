/** Ports as real devices and proxies meet them: real protocols on the shared port, PROXY headers, sources that move. */
import { FAMILIES } from '@fleetwire/protocols';
import { afterEach, describe, expect, it } from 'vitest';
import { TestEdge } from './testing/harness.js';

const edges: TestEdge[] = [];
async function start(options: Parameters<typeof TestEdge.start>[0] = {}): Promise<TestEdge> {
  const edge = await TestEdge.start(options);
  edges.push(edge);
  return edge;
}
afterEach(async () => {
  for (const edge of edges.splice(0)) await edge.stop();
});

/** An H02 position of this moment: 6.5 knots, 12 km/h. */
function h02(ident: string, at = new Date()): string {
  const iso = at.toISOString();
  const time = iso.slice(11, 19).replaceAll(':', '');
  const date = iso.slice(8, 10) + iso.slice(5, 7) + iso.slice(2, 4);
  return `*HQ,${ident},V1,${time},A,5223.1130,N,00454.2000,E,006.50,120,${date},FFFFFBFF#`;
}

describe('the shared port with the real protocols', () => {
  it('takes an H02 device on TCP and on UDP and answers it', async () => {
    const edge = await start({ families: FAMILIES });
    const [tcp, udp] = [await edge.tcp(), await edge.udp()];
    tcp.say(h02('8612345678'));
    udp.say(h02('8612345679'));
    await tcp.until(() => tcp.text.startsWith('*HQ,8612345678,') && tcp.text.endsWith('#'));
    await udp.until(() => udp.text.startsWith('*HQ,8612345679,') && udp.text.endsWith('#'));
    expect(edge.frames.map(({ ident, protocol }) => `${protocol} ${ident}`).sort()).toEqual([
      'h02 8612345678',
      'h02 8612345679',
    ]);
    expect(await edge.metric('fleetwire_edge_connections', { protocol: 'h02' })).toBe(2);
    udp.close();
  });

  it('judges the condition of a command on the last position of the device', async () => {
    const edge = await start({ families: FAMILIES });
    const device = await edge.tcp();
    device.say(h02('8612345678'));
    await device.until(() => device.text.endsWith('#'));
    const route = (id: string, maxSpeed: number): void =>
      edge.route(
        id,
        { ident: '8612345678', name: 'no-such-command' },
        { condition: { max_speed: maxSpeed, ignition_off: null, max_fix_age_s: 30 } },
      );
    route('slow', 5);
    route('fast', 100);
    await edge.streams.until(() => edge.reports.length === 2);
    const causes: Record<string, string> = Object.fromEntries(
      edge.reports.map(({ command_id, cause }) => [command_id ?? '', cause ?? '']),
    );
    expect(causes).toEqual({ slow: 'condition_not_met', fast: 'bad_argument' });
  });
});

describe('the PROXY protocol', () => {
  const header = Buffer.from('0d0a0d0a000d0a515549540a2111000cc00002017f0000011f900bb8', 'hex');
  const env = { FLEETWIRE_PROXY_PROTOCOL: 'required', FLEETWIRE_PROXY_TRUSTED: '127.0.0.0/8' };

  it('names the device behind the proxy, also when the header comes in pieces with the first frame', async () => {
    const edge = await start({ env });
    const device = await edge.tcp();
    device.say(header.subarray(0, 5));
    device.say(Buffer.concat([header.subarray(5), Buffer.from('D77,1\n')]));
    await device.hears('A1\n');
    device.say('D77,2\n');
    await device.hears('A1\nA2\n');
    expect(edge.frames.map((frame) => frame.peer)).toEqual(['192.0.2.1:8080', '192.0.2.1:8080']);
  });

  it('is required where it is on, from trusted proxies', async () => {
    const edge = await start({ env });
    const bare = await edge.tcp();
    bare.say('D77,1\n');
    await bare.closed();
    const stranger = await start({ env: { ...env, FLEETWIRE_PROXY_TRUSTED: '192.0.2.0/24' } });
    const device = await stranger.tcp();
    await device.closed();
    for (const one of [edge, stranger])
      expect(await one.metric('fleetwire_edge_connections_closed_total', { reason: 'proxy_header' })).toBe(1);
    expect(edge.frames).toEqual([]);
  });
});

describe('a device that moves on UDP', () => {
  it('has one session, at its newest address, and commands go there', async () => {
    const edge = await start();
    const [old, current] = [await edge.udp(), await edge.udp()];
    old.say('D77,1\n');
    await old.hears('A1\n');
    current.say('D77,2\n');
    await current.hears('A2\n');
    await edge.streams.until(() => edge.sessions.length === 2);
    expect(edge.sessions).toEqual(['77 1', '77 2']);
    edge.route('c', { connection: 2 });
    await current.hears('A2\nClocate\n');
    expect(old.text).toBe('A1\n');
    old.close();
    current.close();
  });
});

describe('one connection that sends faster than Kafka takes', () => {
  it('is not read beyond its bound while others are', async () => {
    const edge = await start({ env: { FLEETWIRE_CONNECTION_PENDING_BYTES_MAX: '4096' } });
    const [greedy, other] = [await edge.tcp(), await edge.tcp()];
    const frames = 20_000;
    greedy.say(Array.from({ length: frames }, (_, i) => `D77,${i}\n`).join(''));
    other.say('D88,x\n');
    await other.hears('Ax\n');
    await greedy.until(() => greedy.text.endsWith(`A${frames - 1}\n`));
    expect(edge.frames.length).toBe(frames + 1);
  });
});
