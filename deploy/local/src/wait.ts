import { randomInt } from 'node:crypto';
import net from 'node:net';
import { LocalError, systemCode } from './errors.js';
import { LOOPBACK } from './versions.js';

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Asks `probe` every `everyMs` until it answers something other than null.
 * Null when `timeoutMs` passed first. What `probe` throws ends the wait.
 */
export async function until<T>(
  probe: () => Promise<T | null> | T | null,
  options: { readonly timeoutMs: number; readonly everyMs?: number },
): Promise<T | null> {
  const end = performance.now() + options.timeoutMs;
  for (;;) {
    const answer = await probe();
    if (answer !== null) return answer;
    if (performance.now() >= end) return null;
    await sleep(options.everyMs ?? 100);
  }
}

/** Whether a TCP listener may be opened there now. */
export async function portIsFree(port: number, host = LOOPBACK): Promise<boolean> {
  const server = await listen(port, host);
  if (server === null) return false;
  await close(server);
  return true;
}

/**
 * Where free ports are looked for: below those that Linux, macOS and Windows give to outgoing connections. Else a part that is away for a moment may find its
 * port taken by somebody's connection, or by one that a client made to itself while it tried that port again and again.
 */
const FREE_PORT_FIRST = 10_240;
const FREE_PORT_LAST = 32_767;
const FREE_PORT_TRIES = 200;

/** A port that is free on the loopback. It is only free until somebody takes it, so use it at once. */
export async function freePort(): Promise<number> {
  return (await freePorts(1))[0]!;
}

/** Several different ones: all are held until the last is known. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = new Map<number, net.Server>();
  for (let tries = 0; servers.size < count && tries < count + FREE_PORT_TRIES; tries++) {
    const port = randomInt(FREE_PORT_FIRST, FREE_PORT_LAST + 1);
    const server = servers.has(port) ? null : await listen(port, LOOPBACK);
    if (server !== null) servers.set(port, server);
  }
  await Promise.all([...servers.values()].map(close));
  if (servers.size === count) return [...servers.keys()];
  throw new LocalError(
    'port_busy',
    `there are no ${count} free ports between ${FREE_PORT_FIRST} and ${FREE_PORT_LAST} on the loopback: end what listens there`,
  );
}

/** Refuses with the port and the setting's name when somebody else listens there. */
export async function requirePort(port: number, setting: string, host = LOOPBACK): Promise<void> {
  if (await portIsFree(port, host)) return;
  throw new LocalError(
    'port_busy',
    `port ${port} on ${host} is in use: end what listens there, or choose another ${setting}`,
  );
}

function listen(port: number, host: string): Promise<net.Server | null> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', (error) => {
      const code = systemCode(error);
      if (code === 'EADDRINUSE' || code === 'EACCES') resolve(null);
      else reject(error);
    });
    server.listen({ port, host, exclusive: true }, () => resolve(server));
  });
}

function close(server: net.Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
