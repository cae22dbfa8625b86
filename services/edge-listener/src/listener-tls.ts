/** TLS on an accepted socket: handshakes in their turn and in their time, the certificate by the name that the client says. */
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Certificate, Certificates } from './certificates.js';
import type { TlsConfig } from './config-tls.js';
import type { Slots } from './intake.js';
import type { EdgeMetrics, HandshakeResult } from './metrics.js';

export interface TlsOptions {
  readonly listener: string;
  readonly certificates: Certificates;
  readonly clientCertificates: TlsConfig['tlsClientCertificates'];
  readonly handshakeTimeoutMs: number;
  readonly slots: Slots;
  readonly metrics: EdgeMetrics;
}

interface Handshake {
  readonly onSecure: (socket: TLSSocket) => unknown;
  readonly settle: (result: HandshakeResult) => void;
}

/** The server side of the TLS ports of one listener. It owns no port: sockets are handed to it. */
export class TlsTerminator {
  readonly #options: TlsOptions;
  readonly #server: Server;
  /** Peer's `address port` → its handshake: the server shows the secured socket alone. */
  readonly #handshakes = new Map<string, Handshake>();
  #default: Certificate;
  /** Handshakes that failed and whose sockets are not closed yet. */
  #failures = 0;

  constructor(options: TlsOptions) {
    const { listener, certificates, clientCertificates, handshakeTimeoutMs } = options;
    this.#options = options;
    this.#default = certificates.defaultOf(listener);
    this.#server = createServer({
      ...this.#default.options,
      SNICallback: (name, answer) => answer(null, certificates.forName(listener, name).context),
      requestCert: clientCertificates !== 'off',
      // Judged below, where a refusal can be counted.
      rejectUnauthorized: false,
      handshakeTimeout: 2 * handshakeTimeoutMs, // Its own, which never comes; see `secure`.
    });
    this.#server.on('secureConnection', (socket) => this.#secured(socket));
    // The socket has forgotten its peer by now; it closes next, and there the failure is counted.
    this.#server.on('tlsClientError', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') this.#failures++;
    });
  }

  /** Calls `onSecure` once the handshake is done, or `onFail` when it will not be; the socket is closed then, and not by the caller. */
  secure(socket: Socket, onSecure: (socket: TLSSocket) => unknown, onFail: () => void): void {
    this.#options.slots.take((release) => {
      if (socket.destroyed) {
        release();
        return;
      }
      this.#renew();
      const key = keyOf(socket);
      const settle = (result: HandshakeResult): void => {
        if (this.#handshakes.get(key)?.settle !== settle) return;
        this.#handshakes.delete(key);
        clearTimeout(timer);
        release();
        this.#options.metrics.handshakes.of({ result }).inc();
        if (result !== 'done') onFail();
      };
      // The server's own time-out begins anew with every byte: a slow sender would have all the time in the world.
      const timer = setTimeout(() => {
        settle('timeout');
        // The secured socket ends with it. Never from within a callback of the handshake: the two in that order end the process.
        socket.destroy();
      }, this.#options.handshakeTimeoutMs);
      this.#handshakes.set(key, { onSecure, settle });
      socket.once('close', () => {
        if (this.#handshakes.get(key)?.settle !== settle) return;
        settle(this.#failures > 0 ? 'failed' : 'gone');
        this.#failures = Math.max(0, this.#failures - 1);
      });
      // Who closes in mid-handshake is gone; only a device may close its side and wait for answers.
      socket.allowHalfOpen = false;
      this.#server.emit('connection', socket);
    });
  }

  #secured(socket: TLSSocket): void {
    const handshake = this.#handshakes.get(keyOf(socket));
    // Its time was over just before.
    if (handshake === undefined) return void socket.destroy();
    if (!this.#welcome(socket)) {
      handshake.settle('refused');
      socket.destroy();
      return;
    }
    handshake.settle('done');
    socket.allowHalfOpen = true;
    handshake.onSecure(socket);
  }

  #welcome(socket: TLSSocket): boolean {
    const { clientCertificates } = this.#options;
    if (clientCertificates === 'off' || socket.authorized) return true;
    return clientCertificates === 'optional' && Object.keys(socket.getPeerCertificate()).length === 0;
  }

  #renew(): void {
    const { certificates, listener } = this.#options;
    const current = certificates.defaultOf(listener);
    if (current === this.#default) return;
    this.#default = current;
    this.#server.setSecureContext(current.options);
  }
}

function keyOf(socket: Socket): string {
  return `${socket.remoteAddress ?? ''} ${socket.remotePort ?? 0}`;
}
