/**
 * Clients that mean no good, or are broken, beside a device that must not notice: garbage, halves of frames, bad checksums, lengths beyond all
 * bounds, bytes that trickle, and two thousand connections that say nothing. Each ends in its count and as its limit says.
 */
import { FAMILIES } from '@fleetwire/protocols';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { JumpingClock, TestEdge, type TcpDevice } from './testing/harness.js';

vi.setConfig({ testTimeout: 120_000 });

const IDLE = 2_000;
/** Of the default configuration, and a little. */
const FIRST_FRAME_MS = 61_000;
const edges: TestEdge[] = [];
afterEach(async () => {
  for (const edge of edges.splice(0)) await edge.stop();
});

function h02(ident: string, second: number): string {
  const now = new Date();
  const date = now.toISOString().slice(2, 10).split('-').reverse().join('');
  const time = String(second).padStart(6, '0');
  return `*HQ,${ident},V1,${time},A,5223.1130,N,00454.2000,E,006.50,120,${date},FFFFFBFF#`;
}

/** An Astra frame whose checksum is wrong. */
const badChecksum = (): Buffer => {
  const frame = Buffer.alloc(50, 1);
  frame.write('X', 0, 'latin1');
  frame.writeUInt16BE(frame.length, 1);
  return frame;
};
/** Not random, so that a failure can be seen again. */
const garbage = (bytes: number, seed: number): Buffer => {
  let state = seed;
  return Buffer.from(
    Array.from({ length: bytes }, () => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 24),
  );
};

/** A device that reports now and then, and must be answered each time, on one connection. */
class Witness {
  #second = 0;
  constructor(
    readonly device: TcpDevice,
    readonly ident: string,
  ) {}
  async report(): Promise<void> {
    const before = this.device.text.length;
    this.device.say(h02(this.ident, ++this.#second % 60));
    await this.device.until(() => this.device.ended || this.device.text.slice(before).endsWith('#'));
    expect(this.device.ended, 'the witness was cut').toBe(false);
  }
}

describe('clients that mean no good', () => {
  it('are counted, and closed or kept as the limits say, while a device beside them is served', async () => {
    const clock = new JumpingClock();
    const edge = await TestEdge.start({
      families: FAMILIES,
      env: { FLEETWIRE_DEAD_LETTERS_PER_MINUTE: '5' },
      clock,
    });
    edges.push(edge);
    const witness = new Witness(await edge.tcp(), '8612345678');
    await witness.report();
    const closed = (reason: string): Promise<number> =>
      edge.metric('fleetwire_edge_connections_closed_total', { reason, transport: 'tcp' });

    const idle: TcpDevice[] = [];
    while (idle.length < IDLE) idle.push(...(await Promise.all(Array.from({ length: 100 }, () => edge.tcp()))));
    const open = (): Promise<number> => edge.metric('fleetwire_edge_connections', { transport: 'tcp' });
    while ((await open()) < IDLE + 1) await witness.report();

    const clients: TcpDevice[] = [];
    const client = async (...said: readonly (string | Buffer)[]): Promise<TcpDevice> => {
      const device = await edge.tcp();
      clients.push(device);
      for (const bytes of said) device.say(bytes);
      return device;
    };
    for (let seed = 1; seed <= 10; seed++) await client(garbage(20_000, seed));
    // Halves of frames, of each kind; and a text that never ends.
    const half = [h02('8612345679', 1).slice(0, 20), badChecksum().subarray(0, 10), '\x7e\x02\x00\x00', '@P\x00'];
    for (const bytes of half) await client(bytes);
    await client('*HQ,8612345670,V1,', 'A'.repeat(1_000_000));
    // Wrong checksums, one after the other; lengths that announce more than any frame has.
    await client(...Array.from({ length: 40 }, badChecksum));
    await client(Buffer.concat([Buffer.from('X\xff\xff', 'latin1'), garbage(200_000, 99)]));
    await client(Buffer.concat([Buffer.from('@P\xab\xcd\xff\xff', 'latin1'), garbage(200_000, 98)]));
    // Begins well, and then a byte at a time.
    const slow = await client(h02('8612345671', 1));
    const trickle = setInterval(() => slow.say('*'), 50);
    await witness.report();
    expect(await open()).toBeGreaterThan(IDLE);

    // Time and again: a busy process may take a connection, or read its bytes, only after the first jump.
    while ([...idle, ...clients].some(({ ended }) => !ended)) {
      clock.jump(FIRST_FRAME_MS);
      await witness.report();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    clearInterval(trickle);
    await witness.report();
    expect(witness.device.ended).toBe(false);
    expect(await open()).toBe(1);
    expect(await closed('no_frame')).toBeGreaterThanOrEqual(IDLE + half.length);
    expect((await closed('bad_frames')) + (await closed('broken'))).toBeGreaterThan(0);
    expect(await closed('bug')).toBe(0);
    // Each byte has its outcome, also of those that were never read to the end of a frame.
    const received = await edge.metric('fleetwire_edge_received_bytes_total');
    expect(await edge.metric('fleetwire_edge_outcome_bytes_total')).toBe(received);
    expect(edge.deadLetters.length).toBeLessThan(40);
    expect(await edge.metric('fleetwire_edge_frames_total', { result: 'suppressed' })).toBeGreaterThan(0);
    // What a client sends is no event of the process: nothing above info, and no exception's text.
    expect(
      edge.logs.filter(({ level, error }) => level === 'error' || level === 'warn' || error !== undefined),
    ).toEqual([]);
    expect(JSON.stringify(edge.logs)).not.toMatch(/Error|\.ts:\d|\n\s+at /);
  });

  it('have no more connections than their address and their process may have', async () => {
    const edge = await TestEdge.start({
      env: { FLEETWIRE_CONNECTIONS_MAX: '6', FLEETWIRE_CONNECTIONS_PER_ADDRESS_MAX: '5' },
    });
    edges.push(edge);
    const open = await Promise.all(Array.from({ length: 5 }, () => edge.tcp()));
    await Promise.all(open.map(() => edge.metric('fleetwire_edge_connections')));
    await (await edge.tcp()).closed();
    expect(await edge.metric('fleetwire_edge_connections_closed_total', { reason: 'too_many_per_address' })).toBe(1);
    const other = await edge.tcp('127.0.0.2');
    expect(edge.ready).toBe('there are 6 connections, as many as are taken');
    await (await edge.tcp('127.0.0.3')).closed();
    expect(await edge.metric('fleetwire_edge_connections_closed_total', { reason: 'too_many' })).toBe(1);
    other.say('D9,1\n');
    await other.hears('A1\n');
    other.socket.destroy();
    open[0]!.say('D8,1\n');
    await open[0]!.hears('A1\n');
  });
});
