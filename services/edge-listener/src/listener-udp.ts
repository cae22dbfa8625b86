/** UDP: datagrams to connections by source address. Under pressure datagrams are dropped and counted: an unanswered one comes again. */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Family } from '@fleetwire/protocols';
import { plainAddress } from './cidr.js';
import { Connection } from './connection.js';
import type { ConnectionDeps, Outlet } from './connection-deps.js';
import { portError } from './listener-tcp.js';
import type { PressureGate } from './pressure.js';
import type { UdpSessions } from './udp-sessions.js';

/** Kernel buffer for bursts, where the system allows it. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

export interface UdpListenerOptions {
  readonly name: string;
  readonly families: readonly Family[];
  readonly host: string;
  readonly port: number;
  readonly variable: string;
}
export interface UdpShared {
  readonly deps: ConnectionDeps;
  readonly gate: PressureGate;
  readonly sessions: UdpSessions;
  readonly nextNumber: () => number;
}

/** An open port. After `stopReading` datagrams are dropped and counted; answers still leave until `close`. */
export interface UdpListener {
  readonly port: number;
  stopReading(): void;
  close(): Promise<void>;
}

/** Rejects with an error that names the port and its variable. */
export async function listenUdp(options: UdpListenerOptions, shared: UdpShared): Promise<UdpListener> {
  const { deps, gate, sessions } = shared;
  const socket = createSocket({ type: isIPv6(options.host) ? 'udp6' : 'udp4' });
  const received = deps.metrics.received.of({ transport: 'udp' });
  const dropped = deps.metrics.frames.of({ protocol: 'unknown', result: 'dropped' });
  const droppedBytes = deps.counts.udp.dropped;
  let reading = true;
  socket.on('message', (datagram, from) => {
    if (gate.closed || !reading) {
      received.inc(datagram.length);
      droppedBytes.inc(datagram.length);
      dropped.inc();
      return;
    }
    const key = `${from.address} ${from.port} ${options.name}`;
    const connection = sessions.of(key, () => {
      const outlet = new UdpOutlet(socket, from.address, from.port, () => sessions.forget(key));
      return new Connection(deps, outlet, {
        number: shared.nextNumber(),
        listenerName: options.name,
        families: options.families,
        transport: 'udp',
        address: plainAddress(from.address),
        port: from.port,
      });
    });
    connection.receive(datagram);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', (error: NodeJS.ErrnoException) => reject(portError('UDP', options, error)));
    socket.bind({ address: options.host, port: options.port, exclusive: true }, resolve);
  });
  // An unreachable destination must not end the process.
  socket.on('error', () => undefined);
  growBuffer(socket);
  return {
    port: socket.address().port,
    stopReading: () => {
      reading = false;
    },
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function growBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
  } catch {
    // The system's own size will do: drops are counted by the kernel.
  }
}

/** Writes datagrams to one source. A datagram is read or not: there is nothing to stop. */
class UdpOutlet implements Outlet {
  readonly #socket: Socket;
  readonly #address: string;
  readonly #port: number;
  readonly #onClose: () => void;

  constructor(socket: Socket, address: string, port: number, onClose: () => void) {
    this.#socket = socket;
    this.#address = address;
    this.#port = port;
    this.#onClose = onClose;
  }
  write(bytes: Uint8Array): boolean {
    this.#socket.send(bytes, this.#port, this.#address, NOTHING);
    return true;
  }
  stopReading(): void {
    // The gate drops datagrams; one source has no queue of its own to stop.
  }
  readAgain(): void {
    // See stopReading.
  }
  close(): void {
    this.#onClose();
  }
}

/** A datagram that cannot be sent is lost like any other. */
const NOTHING = (): void => undefined;
