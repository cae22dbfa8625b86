/** A socket and its connection: bytes in and out, pauses, time-outs, and an end that does not lose what was written last. */
import type { Socket } from 'node:net';
import type { Family } from '@fleetwire/protocols';
import { Connection } from './connection.js';
import type { ConnectionDeps, Outlet } from './connection-deps.js';
import type { CloseReason } from './metrics.js';
import type { Pausable, PressureGate } from './pressure.js';

/** Unsent answers and commands of a device that does not read: beyond it the connection is closed. */
export const UNSENT_BYTES_MAX = 65_536;
/** After the last write a peer has this long to take it and close. */
const LINGER_MS = 5_000;
/** A connection that has not shown its protocol may be silent for so long. */
const UNKNOWN_IDLE_MS = 300_000;

/**
 * Ends in which the peer has done nothing wrong. Its side is left to it to close: a socket that is closed with bytes unread resets the
 * connection, and a reset may take the answer away that was written just before.
 */
const POLITE: ReadonlySet<CloseReason> = new Set([
  'peer',
  'drain',
  'superseded',
  'idle',
  'reply_too_old',
  'commit_failed',
]);

/** What the connections of a listener share. */
export interface TcpConnectionDeps {
  readonly deps: ConnectionDeps;
  readonly gate: PressureGate;
  readonly connections: Set<TcpConnection>;
  readonly nextNumber: () => number;
  readonly firstFrameTimeoutMs: number;
}
/** Where it came in, and from whom. */
export interface TcpOrigin {
  readonly listener: string;
  readonly families: readonly Family[];
  readonly address: string;
  readonly port: number;
}

const PRESSED = 1;
const OWN = 2;

/** A socket and its connection. */
export class TcpConnection implements Outlet, Pausable {
  readonly connection: Connection;
  readonly #socket: Socket;
  readonly #shared: TcpConnectionDeps;
  /** Why the socket is not read: a bit each. */
  #paused = 0;
  #closing = false;
  #closedMs = 0;
  #silence: NodeJS.Timeout | null = null;

  /** Begins to read, unless Kafka is behind. */
  constructor(socket: Socket, origin: TcpOrigin, shared: TcpConnectionDeps) {
    this.#socket = socket;
    this.#shared = shared;
    const { listener, families, address, port } = origin;
    const number = shared.nextNumber();
    this.connection = new Connection(shared.deps, this, {
      number,
      listenerName: listener,
      families,
      transport: 'tcp',
      address,
      port,
    });
    shared.connections.add(this);
    socket.on('error', () => this.connection.end('error'));
    socket.on('end', () => this.connection.peerEnded());
    socket.on('close', () => this.#gone());
    socket.on('data', (chunk: Buffer) => this.begin(chunk));
    shared.gate.admit(this);
    if (this.#paused === 0) socket.resume();
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
    else if (POLITE.has(reason)) {
      this.#socket.end();
      // What still comes is counted and dropped, so that the peer's own end is seen.
      this.#socket.resume();
    } else this.#socket.destroySoon();
  }

  /** At the end of the process. */
  destroy(): void {
    this.#socket.destroy();
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
    if (this.#paused === 0 && !this.#closing) this.#socket.pause();
    this.#paused |= why;
  }
  #resume(why: number): void {
    if (this.#paused === 0) return;
    this.#paused &= ~why;
    if (this.#paused === 0 && !this.#closing) this.#socket.resume();
  }

  #gone(): void {
    this.connection.end('peer');
    this.#shared.connections.delete(this);
    this.#shared.gate.forget(this);
  }
}
