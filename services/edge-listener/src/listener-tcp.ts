/**
 * TCP ports. An accepted socket takes the same way on each: counted within the limits, its turn in the intake, the proxy's header where one
 * is required, TLS where the port speaks it, and then it is a connection.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Family } from '@fleetwire/protocols';
import { networkMatcher, plainAddress } from './cidr.js';
import type { Intake } from './intake.js';
import type { ConnectionLimits } from './limits.js';
import type { TlsTerminator } from './listener-tls.js';
import type { CloseReason } from './metrics.js';
import { PROXY_BYTES_MAX, readProxyHeader } from './proxy-protocol.js';
import { TcpConnection, type TcpConnectionDeps } from './tcp-connection.js';

/** Silence after which the kernel asks whether the peer is still there; how often and how long then is the system's setting. */
const KEEP_ALIVE_MS = 120_000;
const BACKLOG = 4_096;

export interface TcpListenerOptions {
  readonly name: string;
  readonly families: readonly Family[];
  readonly host: string;
  readonly port: number;
  /** The variable that sets the port, for the error that it is taken. */
  readonly variable: string;
  /** Null: plain. */
  readonly tls: TlsTerminator | null;
}

export interface TcpShared extends TcpConnectionDeps {
  readonly limits: ConnectionLimits;
  readonly intake: Intake<Socket>;
  /** Null: the PROXY protocol is off. */
  readonly trustedProxies: readonly string[] | null;
}

/** Opens the port. Rejects with an error that names the port and its variable. */
export async function listenTcp(options: TcpListenerOptions, shared: TcpShared): Promise<Server> {
  const trusted = shared.trustedProxies === null ? null : networkMatcher(shared.trustedProxies);
  // Half open: a device that has closed its side still gets the answers that it is owed. Paused: a socket is read when its turn comes.
  const server = createServer({
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    pauseOnConnect: true,
  });
  server.on('connection', (socket) => {
    // Errors end in a close, which is what counts.
    socket.on('error', NOTHING);
    const address = plainAddress(socket.remoteAddress ?? '');
    if (address === '') return void socket.destroy(); // Gone already.
    if (!shared.limits.enter()) {
      refuse(socket, 'too_many', shared);
      return;
    }
    socket.once('close', () => shared.limits.leave());
    if (trusted !== null && !trusted(address)) {
      refuse(socket, 'proxy_header', shared);
      return;
    }
    // Behind a proxy, the address that counts is known only when the proxy has said it.
    if (trusted === null && !hold(socket, address, shared)) {
      refuse(socket, 'too_many_per_address', shared);
      return;
    }
    shared.intake.add(socket, () => {
      if (trusted !== null) readProxied(socket, options, shared);
      else begin(socket, { address, port: socket.remotePort ?? 0 }, null, options, shared);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(portError('TCP', options, error)));
    server.listen({ host: options.host, port: options.port, backlog: BACKLOG }, resolve);
  });
  // After it is open, an error of accept (too many files) must not end the process.
  server.on('error', NOTHING);
  return server;
}

const NOTHING = (): void => undefined;

export function portError(
  transport: string,
  options: Pick<TcpListenerOptions, 'name' | 'host' | 'port' | 'variable'>,
  error: NodeJS.ErrnoException,
): Error {
  const why = error.code === 'EADDRINUSE' ? 'is in use by another process' : `cannot be opened (${error.message})`;
  const where = `${transport} port ${options.host}:${options.port} of the listener ${options.name}`;
  return new Error(`The ${where} ${why}; set ${options.variable} to a free port.`, { cause: error });
}

/** False: its address has as many as it may. */
function hold(socket: Socket, address: string, shared: TcpShared): boolean {
  if (!shared.limits.hold(address)) return false;
  socket.once('close', () => shared.limits.release(address));
  return true;
}

/** Closes what never became a connection. */
export function refuse(socket: Socket, reason: CloseReason, shared: Pick<TcpShared, 'deps'>): void {
  count(reason, shared);
  socket.destroy();
}

function count(reason: CloseReason, shared: Pick<TcpShared, 'deps'>): void {
  const { opened, closed } = shared.deps.metrics;
  opened.of({ transport: 'tcp' }).inc();
  closed.of({ transport: 'tcp', reason }).inc();
}

/** Makes the connection, after the handshake where the port speaks TLS. `read`: bytes that came behind the proxy's header. */
function begin(
  socket: Socket,
  peer: { readonly address: string; readonly port: number },
  read: Buffer | null,
  options: TcpListenerOptions,
  shared: TcpShared,
): void {
  const { name: listener, families, tls } = options;
  const origin = { listener, families, ...peer };
  if (tls === null) {
    const connection = new TcpConnection(socket, origin, shared);
    if (read !== null) connection.begin(read);
    return;
  }
  if (read !== null) socket.unshift(read);
  tls.secure(
    socket,
    (secure) => new TcpConnection(secure, origin, shared),
    () => count('tls', shared),
  );
}

/** Waits for the proxy's header, then goes on for whom it names. */
function readProxied(socket: Socket, options: TcpListenerOptions, shared: TcpShared): void {
  let head: Buffer = Buffer.alloc(0);
  const stop = (): void => {
    clearTimeout(timer);
    socket.off('data', onData).off('end', fail).off('close', stop);
  };
  const fail = (): void => {
    stop();
    refuse(socket, 'proxy_header', shared);
  };
  const onData = (chunk: Buffer): void => {
    head = Buffer.concat([head, chunk]);
    const header = readProxyHeader(head);
    if (header.kind === 'need' && head.length < PROXY_BYTES_MAX) return;
    if (header.kind !== 'header') {
      fail();
      return;
    }
    stop();
    // A health check of the proxy is no device.
    if (header.source === null) return void socket.destroy();
    socket.pause();
    if (!hold(socket, header.source.address, shared)) {
      refuse(socket, 'too_many_per_address', shared);
      return;
    }
    begin(socket, header.source, head.length > header.end ? head.subarray(header.end) : null, options, shared);
  };
  const timer = setTimeout(fail, shared.firstFrameTimeoutMs);
  socket.on('data', onData).on('end', fail).on('close', stop).resume();
}
