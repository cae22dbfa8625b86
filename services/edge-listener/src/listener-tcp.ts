/** TCP: sockets to connections. Timers are one sweep a second; only a protocol that asks for a short silence has a timer of its own. */
import { createServer, type Server, type Socket } from 'node:net';
import type { Family } from '@fleetwire/protocols';
import { networkMatcher, plainAddress } from './cidr.js';
import { Connection } from './connection.js';
import type { ConnectionDeps, Outlet } from './connection-deps.js';
import type { ConnectionLimits } from './limits.js';
import type { CloseReason } from './metrics.js';
import type { Pausable, PressureGate } from './pressure.js';
import { PROXY_BYTES_MAX, readProxyHeader } from './proxy-protocol.js';

/** Unsent answers and commands of a device that does not read: beyond it the connection is closed. */
export const UNSENT_BYTES_MAX = 65_536;
/** After the last write a peer has this long to take it and close. */
const LINGER_MS = 5_000;
/** A connection that has not shown its protocol may be silent for so long. */
const UNKNOWN_IDLE_MS = 300_000;
const KEEP_ALIVE_MS = 120_000;
const BACKLOG = 4_096;

export interface TcpListenerOptions {
  readonly name: string;
  readonly families: readonly Family[];
  readonly host: string;
  readonly port: number;
  /** The variable that sets the port, for the error that it is taken. */
  readonly variable: string;
}

export interface TcpShared {
  readonly deps: ConnectionDeps;
  readonly limits: ConnectionLimits;
  readonly gate: PressureGate;
  readonly connections: Set<TcpConnection>;
  readonly nextNumber: () => number;
  readonly firstFrameTimeoutMs: number;
  /** Null: the PROXY protocol is off. */
  readonly trustedProxies: readonly string[] | null;
}

/** Opens the port. Rejects with an error that names the port and its variable. */
export async function listenTcp(options: TcpListenerOptions, shared: TcpShared): Promise<Server> {
  const trusted = shared.trustedProxies === null ? null : networkMatcher(shared.trustedProxies);
  // Half open: a device that has closed its side still gets the answers that it is owed.
  const socketOptions = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
  const server = createServer(socketOptions, (socket) => {
    const address = plainAddress(socket.remoteAddress ?? '');
    const port = socket.remotePort ?? 0;
    if (address === '') return void socket.destroy(); // Gone already.
    if (trusted === null) new TcpConnection(socket, address, port, options, shared);
    else if (trusted(address)) readProxied(socket, options, shared);
    else refuse(socket, 'proxy_header', shared);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(portError('TCP', options, error)));
    server.listen({ host: options.host, port: options.port, backlog: BACKLOG }, resolve);
  });
  // After it is open, an error of accept (too many files) must not end the process.
  server.on('error', () => undefined);
  return server;
}

export function portError(
  transport: string,
  options: Omit<TcpListenerOptions, 'families'>,
  error: NodeJS.ErrnoException,
): Error {
  const why = error.code === 'EADDRINUSE' ? 'is in use by another process' : `cannot be opened (${error.message})`;
  const where = `${transport} port ${options.host}:${options.port} of the listener ${options.name}`;
  return new Error(`The ${where} ${why}; set ${options.variable} to a free port.`, { cause: error });
}

function refuse(socket: Socket, reason: CloseReason, shared: TcpShared): void {
  shared.deps.metrics.closed.of({ transport: 'tcp', reason }).inc();
  socket.on('error', () => undefined);
  socket.destroy();
}

/** Waits for the proxy's header, then makes the connection of whom it names. */
function readProxied(socket: Socket, options: TcpListenerOptions, shared: TcpShared): void {
  let head: Buffer = Buffer.alloc(0);
  const fail = (): void => {
    clearTimeout(timer);
    socket.off('data', onData);
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
    clearTimeout(timer);
    socket.off('data', onData).off('error', fail).off('close', stop);
    // A health check of the proxy is no device.
    if (header.source === null) return void socket.on('error', () => undefined).destroy();
    const connection = new TcpConnection(socket, header.source.address, header.source.port, options, shared);
    if (head.length > header.end) connection.begin(head.subarray(header.end));
  };
  const stop = (): void => clearTimeout(timer);
  const timer = setTimeout(fail, shared.firstFrameTimeoutMs);
  socket.on('data', onData).on('error', fail).on('close', stop);
}

const PRESSED = 1;
const OWN = 2;

/** A socket and its connection. */
export class TcpConnection implements Outlet, Pausable {
  readonly connection: Connection;
  readonly #socket: Socket;
  readonly #shared: TcpShared;
  readonly #address: string;
  /** Why the socket is not read: a bit each. */
  #paused = 0;
  #closing = false;
  #closedMs = 0;
  #silence: NodeJS.Timeout | null = null;

  constructor(socket: Socket, address: string, port: number, options: TcpListenerOptions, shared: TcpShared) {
    this.#socket = socket;
    this.#shared = shared;
    this.#address = address;
    const full = shared.limits.take(address);
    this.connection = new Connection(shared.deps, this, {
      number: shared.nextNumber(),
      listenerName: options.name,
      families: options.families,
      transport: 'tcp',
      address,
      port,
    });
    shared.connections.add(this);
    socket.on('error', () => this.connection.end('error'));
    socket.on('end', () => this.connection.peerEnded());
    socket.on('close', () => this.#gone(full === null));
    if (full !== null) {
      this.connection.end(full);
      return;
    }
    socket.on('data', (chunk: Buffer) => this.begin(chunk));
    shared.gate.admit(this);
  }

  /** Bytes of the device. */
  begin(chunk: Buffer): void {
    if (this.#silence !== null) clearTimeout(this.#silence);
    this.#silence = null;
    this.connection.receive(chunk);
    const silenceMs = this.connection.silenceMs;
    if (silenceMs !== null) this.#silence = setTimeout(() => this.connection.silence(), silenceMs);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#closing || this.#socket.destroyed) return false;
    this.#socket.write(bytes);
    if (this.#socket.writableLength > UNSENT_BYTES_MAX) {
      this.connection.end('slow_reader');
      return false;
    }
    return true;
  }
  stopReading(): void {
    this.#pause(OWN);
  }
  readAgain(): void {
    this.#resume(OWN);
  }
  press(): void {
    this.#pause(PRESSED);
  }
  unpress(): void {
    // What was not read could not count as silence.
    this.connection.heardMs = this.#shared.deps.clock.monotonicMs();
    if (this.connection.partialSinceMs !== null) this.connection.partialSinceMs = this.connection.heardMs;
    this.#resume(PRESSED);
  }

  close(reason: CloseReason): void {
    this.#closing = true;
    this.#closedMs = this.#shared.deps.clock.monotonicMs();
    if (this.#silence !== null) clearTimeout(this.#silence);
    this.#silence = null;
    if (reason === 'slow_reader' || reason === 'error') this.#socket.destroy();
    else this.#socket.destroySoon();
  }

  /** Once a second. */
  sweep(nowMs: number): void {
    if (this.#closing) {
      if (nowMs - this.#closedMs > LINGER_MS) this.#socket.destroy();
      return;
    }
    const { connection } = this;
    connection.tick();
    if (this.#paused !== 0) return;
    const { firstFrameTimeoutMs } = this.#shared;
    const idleMs = connection.protocol?.limits.idleTimeoutMs ?? UNKNOWN_IDLE_MS;
    if (connection.frames === 0 && nowMs - connection.openedMs > firstFrameTimeoutMs) connection.finish('no_frame');
    else if (connection.partialSinceMs !== null && nowMs - connection.partialSinceMs > firstFrameTimeoutMs)
      connection.finish('no_frame');
    else if (nowMs - connection.heardMs > idleMs) connection.finish('idle');
  }

  #pause(why: number): void {
    if (this.#paused === 0) this.#socket.pause();
    this.#paused |= why;
  }
  #resume(why: number): void {
    if (this.#paused === 0) return;
    this.#paused &= ~why;
    if (this.#paused === 0 && !this.#closing) this.#socket.resume();
  }

  #gone(counted: boolean): void {
    this.connection.end('peer');
    this.#shared.connections.delete(this);
    this.#shared.gate.forget(this);
    if (counted) this.#shared.limits.release(this.#address);
  }
}
