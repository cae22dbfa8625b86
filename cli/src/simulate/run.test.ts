/** Simulated devices over real sockets against a small server made of the product's own framing. No Kafka. */
import { createSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { FAMILIES, Link, type Transport } from '@fleetwire/protocols';
import { createFleet } from '@fleetwire/protocols/fleet';
import { afterEach, describe, expect, it } from 'vitest';
import { NoLink, simulate, type SimulationOptions } from './run.js';

const HOST = '127.0.0.1';
const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

/** Decodes everything on a link and returns the replies; `seen` collects the reports' ids. */
function serve(transport: Transport, seen: Map<string, number>): (bytes: Uint8Array) => Uint8Array[] {
  const link = new Link({ families: FAMILIES, transport });
  return (bytes) => {
    const replies: Uint8Array[] = [];
    const env = { nowMs: Date.now(), transport, settingsOf: () => ({}) };
    link.push(bytes);
    for (let item = link.next(env); item !== null; item = link.next(env)) {
      if (item.kind === 'refused') throw new Error(`refused: ${item.reason}`);
      const { accepted, protocol } = item;
      if (accepted.kind === 'reject') throw new Error(`rejected: ${accepted.rejection.reason}`);
      const { ident, context } = accepted;
      const input = { frame: item.bytes, ident, context, receivedAtUs: Date.now() * 1_000, settings: {} };
      for (const report of protocol.decode(input).reports)
        if (report.kind === 'report') seen.set(report.message_id, (seen.get(report.message_id) ?? 0) + 1);
      if (accepted.reply !== null) replies.push(accepted.reply);
    }
    return replies;
  };
}

/** A TCP server that drops each link after `dropAfter` reads, its last replies unsent. */
async function tcpServer(seen: Map<string, number>, dropAfter = Infinity): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    const take = serve('tcp', seen);
    let reads = 0;
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      const replies = take(bytes);
      reads += 1;
      if (reads >= dropAfter) socket.destroy();
      else for (const reply of replies) socket.write(reply);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  cleanUps.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function options(port: number, changes: Partial<SimulationOptions> = {}, count = 8): SimulationOptions {
  const transport = changes.transport ?? 'tcp';
  const fleet = createFleet({ protocol: 'mixed', transport, count, seed: 3, startMs: Date.now() });
  return {
    devices: fleet.map((tracker) => ({ tracker, target: { host: HOST, port } })),
    transport,
    rate: 80,
    durationMs: 1_000,
    offlineEveryMs: null,
    drainMs: 5_000,
    connectMs: 2_000,
    signal: new AbortController().signal,
    ...changes,
  };
}

describe('a simulation over sockets', () => {
  it('makes the reports that the rate asks for, and every one of them arrives and is confirmed', async () => {
    const seen = new Map<string, number>();
    const result = await simulate(options(await tcpServer(seen)));
    expect(result.readings).toBeGreaterThanOrEqual(75);
    expect(result.readings).toBeLessThanOrEqual(85);
    expect(result).toMatchObject({ waiting: 0, dropped: 0, resent: 0, strays: 0, disconnects: 0, connects: 8 });
    expect(result.readingsConfirmed).toBe(result.readings);
    expect(result.latency.count).toBe(result.acked);
  });

  it('loses nothing when the server drops its links: what was not confirmed is sent again', async () => {
    const seen = new Map<string, number>();
    const result = await simulate(options(await tcpServer(seen, 6), { durationMs: 1_500, drainMs: 15_000 }));
    expect(result.disconnects).toBeGreaterThan(0);
    expect(result.resent).toBeGreaterThan(0);
    expect(result).toMatchObject({ waiting: 0, dropped: 0 });
    expect(result.readingsConfirmed).toBe(result.readings);
  }, 30_000);

  it('drives every protocol over UDP', async () => {
    const seen = new Map<string, number>();
    const takers = new Map<number, (bytes: Uint8Array) => Uint8Array[]>();
    const socket = createSocket('udp4');
    cleanUps.push(() => socket.close());
    socket.on('message', (bytes, { port }) => {
      const take = takers.get(port) ?? serve('udp', seen);
      takers.set(port, take);
      for (const reply of take(bytes)) socket.send(reply, port, HOST);
    });
    await new Promise<void>((resolve) => socket.bind(0, HOST, resolve));
    const result = await simulate(options(socket.address().port, { transport: 'udp' }));
    expect(result).toMatchObject({ waiting: 0, resent: 0, strays: 0 });
    expect(result.readingsConfirmed).toBe(result.readings);
    expect(takers.size).toBe(8);
  });

  it('takes devices offline in turn, and they come back', async () => {
    const result = await simulate(
      options(await tcpServer(new Map()), { durationMs: 2_500, offlineEveryMs: 1_000, drainMs: 10_000 }),
    );
    expect(result.disconnects).toBeGreaterThanOrEqual(8);
    expect(result.connects).toBe(result.disconnects + result.connected);
    expect(result.readingsConfirmed).toBe(result.readings);
  }, 20_000);

  it('stops at the signal with what it has', async () => {
    const stop = new AbortController();
    const running = simulate(options(await tcpServer(new Map()), { durationMs: 3_600_000, signal: stop.signal }));
    setTimeout(() => stop.abort(), 300);
    const result = await running;
    expect(result.reportingMs).toBeLessThan(2_000);
    expect(result.readings).toBeGreaterThan(0);
  });

  it('says so when nothing listens', async () => {
    const port = await tcpServer(new Map());
    for (const cleanUp of cleanUps.splice(0)) cleanUp();
    await expect(simulate(options(port, { connectMs: 300 }))).rejects.toThrow(NoLink);
  });
});
