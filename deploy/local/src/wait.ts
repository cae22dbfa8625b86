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
  return (await listenOnce(port, host)) !== null;
}

/** A port that the system has free on the loopback. It is only free until somebody takes it, so use it at once. */
export async function freePort(): Promise<number> {
  const port = await listenOnce(0, LOOPBACK);
  if (port === null) throw new LocalError('port_busy', 'the system gives no free port on the loopback');
  return port;
}

/** Several different ones: all are held until the last is known. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0, LOOPBACK)));
  const ports = servers.map((server) => (server === null ? 0 : portOf(server)));
  await Promise.all(servers.filter((server) => server !== null).map(close));
  if (ports.includes(0)) throw new LocalError('port_busy', 'the system gives no free port on the loopback');
  return ports;
}

/** Refuses with the port and the setting's name when somebody else listens there. */
export async function requirePort(port: number, setting: string, host = LOOPBACK): Promise<void> {
  if (await portIsFree(port, host)) return;
  throw new LocalError(
    'port_busy',
    `port ${port} on ${host} is in use: end what listens there, or choose another ${setting}`,
  );
}

async function listenOnce(port: number, host: string): Promise<number | null> {
  const server = await listen(port, host);
  if (server === null) return null;
  const taken = portOf(server);
  await close(server);
  return taken;
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

function portOf(server: net.Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function close(server: net.Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
