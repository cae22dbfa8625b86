/** The drain of a whole edge over loopback sockets: some hundred devices that keep sending. With real processes: `npm run bench:drain`. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { TestEdge, type TcpDevice } from './testing/harness.js';

vi.setConfig({ testTimeout: 60_000 });

const DEVICES = 100;
const edges: TestEdge[] = [];
afterEach(async () => {
  for (const edge of edges.splice(0)) await edge.stop();
});

/** Sends the next frame as soon as the last one is answered, until it is cut. */
class Talker {
  sent = 0;
  answered = 0;
  cutMs = 0;
  readonly gone: Promise<void>;
  constructor(
    readonly device: TcpDevice,
    readonly ident: number,
  ) {
    device.socket.on('data', (bytes: Buffer) => {
      for (const byte of bytes) if (byte === 10) this.answered++;
      if (this.answered === this.sent) setTimeout(() => this.#say(), 100);
    });
    this.gone = device.closed().then(() => void (this.cutMs = performance.now()));
    this.#say();
  }
  #say(): void {
    if (!this.device.socket.writable) return;
    this.sent++;
    this.device.say(`D${this.ident},${this.sent}\n`);
  }
}

async function start(env: Record<string, string>): Promise<{ edge: TestEdge; talkers: readonly Talker[] }> {
  const edge = await TestEdge.start({ env });
  edges.push(edge);
  const devices = await Promise.all(Array.from({ length: DEVICES }, () => edge.tcp()));
  const talkers = devices.map((device, i) => new Talker(device, 1_000 + i));
  await edge.streams.until(() => talkers.every(({ answered }) => answered > 1));
  return { edge, talkers };
}

/** Every frame that was stored was answered, but the one that may be under way when the device itself is cut. */
function judge(edge: TestEdge, talkers: readonly Talker[]): void {
  const stored = new Map<string, number>();
  for (const { ident } of edge.frames) stored.set(ident, (stored.get(ident) ?? 0) + 1);
  for (const { ident, answered } of talkers) expect(stored.get(String(ident)), `device ${ident}`).toBe(answered);
  const ended = new Set(edge.sessions.flatMap((session) => (session.endsWith(' -') ? [session.slice(0, -2)] : [])));
  for (const { ident } of talkers) expect(ended, 'its tombstone').toContain(String(ident));
}

describe('a drain under load', () => {
  it('stays ready in the lame duck, then sheds at its rate, and answers every frame that it stored', async () => {
    const { edge, talkers } = await start({
      FLEETWIRE_DRAIN_LAME_DUCK_MS: '300',
      FLEETWIRE_DRAIN_SHED_PER_SECOND: '100',
    });
    const begunMs = performance.now();
    const stopping = edge.stop(false);
    expect(edge.ready).toBe(true);
    const late = await edge.tcp();
    late.say('D9,1\n');
    await late.hears('A1\n');
    await Promise.race(talkers.map(({ gone }) => gone));
    const firstCutMs = performance.now();
    expect(firstCutMs - begunMs).toBeGreaterThanOrEqual(299);
    expect(edge.ready).toBe('the ports are not open');
    await expect(edge.tcp()).rejects.toThrow('ECONNREFUSED');
    await stopping;
    await Promise.all(talkers.map(({ gone }) => gone));
    const cuts = talkers.map(({ cutMs }) => cutMs).sort((a, b) => a - b);
    // Never faster than it was told; a busy machine may be slower.
    expect((cuts.at(-1)! - cuts[0]!) / 1000).toBeGreaterThanOrEqual((0.9 * (DEVICES - 20)) / 100);
    late.socket.destroy();
    judge(edge, talkers);
  });

  it('sheds at once at the second signal, and still answers', async () => {
    const { edge, talkers } = await start({
      FLEETWIRE_DRAIN_LAME_DUCK_MS: '600000',
      FLEETWIRE_DRAIN_SHED_PER_SECOND: '1',
    });
    const hurry = new AbortController();
    const stopping = edge.stop(hurry.signal);
    expect(edge.ready).toBe(true);
    hurry.abort();
    await stopping;
    await Promise.all(talkers.map(({ gone }) => gone));
    judge(edge, talkers);
    expect(await edge.metric('fleetwire_edge_connections_closed_total', { reason: 'drain' })).toBe(DEVICES);
  });

  it('gives up connections that still wait for their turn', async () => {
    const edge = await TestEdge.start({ env: { FLEETWIRE_ACCEPTS_PER_SECOND: '1' } });
    edges.push(edge);
    // One a second: most of them wait, however slow this machine is.
    const devices = await Promise.all(Array.from({ length: 60 }, () => edge.tcp()));
    devices.forEach((device, i) => device.say(`D${i},1\n`));
    await edge.streams.until(() => edge.frames.length > 0);
    expect(await edge.metric('fleetwire_edge_connections_waiting')).toBeGreaterThan(0);
    await edge.stop(false);
    await Promise.all(devices.map((device) => device.closed()));
    expect(edge.frames.length).toBeLessThan(60);
    // Some were not even accepted yet: those the system has reset.
    const opened = await edge.metric('fleetwire_edge_connections_opened_total');
    expect(await edge.metric('fleetwire_edge_connections_closed_total', { reason: 'drain' })).toBe(opened);
    expect(opened).toBeGreaterThan(1);
  });
});
