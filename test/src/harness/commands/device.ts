/**
 * A simulated device on a socket, TCP or UDP, that remembers every byte it was sent, when and on which connection. It can be told to keep
 * silent, and to come back on a new connection without ending the old one, as a modem does that has lost its network.
 */
import { createSocket } from 'node:dgram';
import net from 'node:net';
import type { Tracker } from '@fleetwire/protocols/fleet';
import { waitFor } from '../wait.js';

/** Between attempts to connect, ms. */
const RECONNECT_MS = 150;
/** It keeps reporting, so that the edge knows it and its position. */
const REPORT_EVERY_MS = 500;
const HOST = '127.0.0.1';

/** Bytes as they came. */
export interface Receipt {
  readonly text: string;
  readonly atMs: number;
  /** Address of the device on that connection, as session records name it. */
  readonly peer: string;
}

interface Wire {
  readonly write: (bytes: Uint8Array) => void;
  readonly close: () => void;
}

export class CommandedDevice {
  readonly ident: string;
  readonly receipts: Receipt[] = [];
  readonly #tracker: Tracker;
  readonly #ports: () => readonly number[];
  readonly #transport: 'tcp' | 'udp';
  #wire: Wire | null = null;
  /** Connections that it has left without ending them. */
  readonly #ghosts: Wire[] = [];
  #timer: NodeJS.Timeout | null = null;
  #nextConnectMs = 0;
  #nextReportMs = 0;
  #attempts = 0;
  /** Answers nothing, not even what it is asked at login; it still notes what it gets. */
  mute = false;
  /** Says nothing by itself; it still answers. */
  silent = false;

  /** `ports` are tried in turn. */
  constructor(tracker: Tracker, ports: () => readonly number[], transport: 'tcp' | 'udp' = 'tcp') {
    this.ident = tracker.ident;
    this.#tracker = tracker;
    this.#ports = ports;
    this.#transport = transport;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#turn(), 25);
  }

  /** Leaves, and stays away until `start`. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    for (const ghost of this.#ghosts.splice(0)) ghost.close();
    this.#drop();
  }

  /** Comes back on the next port while the old connection stays open. */
  move(): void {
    if (this.#wire === null) return;
    this.#ghosts.push(this.#wire);
    this.#wire = null;
    this.#tracker.onDisconnect();
    this.#nextConnectMs = 0;
  }

  /** Says this, whatever its simulation would. */
  say(text: string): void {
    this.#write([Buffer.from(text, 'latin1')]);
  }

  /** Times that a text was received. */
  count(text: string): number {
    let all = '';
    for (const receipt of this.receipts) all += receipt.text;
    return all.split(text).length - 1;
  }

  async online(): Promise<void> {
    await waitFor(`${this.ident} to be heard`, () => this.#tracker.counts.framesConfirmed > 0, 60_000);
  }

  #turn(): void {
    const nowMs = Date.now();
    if (this.#wire === null) {
      if (nowMs >= this.#nextConnectMs) this.#connect(nowMs);
      return;
    }
    if (!this.#tracker.online || this.mute || this.silent) return;
    if (nowMs >= this.#nextReportMs) {
      this.#nextReportMs = nowMs + REPORT_EVERY_MS;
      this.#write(this.#tracker.report(nowMs));
    }
    const { timeoutAtMs } = this.#tracker;
    if (timeoutAtMs === null || nowMs < timeoutAtMs) return;
    const { writes, reconnect } = this.#tracker.onTimeout(nowMs);
    if (reconnect) this.#drop();
    else this.#write(writes);
  }

  #connect(nowMs: number): void {
    this.#nextConnectMs = nowMs + RECONNECT_MS;
    const ports = this.#ports();
    const port = ports[this.#attempts++ % ports.length]!;
    if (this.#transport === 'udp') this.#openUdp(port);
    else this.#openTcp(port);
  }

  #openTcp(port: number): void {
    const socket = net.connect({ host: HOST, port });
    const wire: Wire = { write: (bytes) => void socket.write(bytes), close: () => void socket.destroy() };
    this.#wire = wire;
    let peer = '';
    socket.on('connect', () => {
      peer = `${HOST}:${socket.localPort}`;
      this.#opened(wire);
    });
    socket.on('data', (bytes) => this.#received(wire, bytes, peer));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.#wire === wire) this.#drop();
    });
  }

  #openUdp(port: number): void {
    const socket = createSocket('udp4');
    let open = true;
    const wire: Wire = {
      write: (bytes) => {
        if (open) socket.send(bytes, port, HOST, () => undefined);
      },
      close: () => {
        if (open) socket.close();
        open = false;
      },
    };
    this.#wire = wire;
    socket.on('message', (bytes) => this.#received(wire, bytes, `${HOST}:${socket.address().port}`));
    socket.on('error', () => undefined);
    socket.bind(0, HOST, () => this.#opened(wire));
  }

  #opened(wire: Wire): void {
    if (this.#wire === wire) this.#write(this.#tracker.onConnect(Date.now()));
  }

  #received(wire: Wire, bytes: Buffer, peer: string): void {
    const atMs = Date.now();
    this.receipts.push({ text: bytes.toString('latin1'), atMs, peer });
    // On a connection that it has left nobody answers.
    if (!this.mute && this.#wire === wire) this.#write(this.#tracker.onBytes(bytes, atMs).writes);
  }

  #drop(): void {
    const wire = this.#wire;
    if (wire === null) return;
    this.#wire = null;
    this.#tracker.onDisconnect();
    wire.close();
  }

  #write(writes: readonly Uint8Array[]): void {
    for (const bytes of writes) this.#wire?.write(bytes);
  }
}
