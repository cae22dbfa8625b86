/** A simulated device on a socket that remembers every byte it was sent, and can be told to keep silent. */
import net from 'node:net';
import type { Tracker } from '@fleetwire/protocols/fleet';
import { waitFor } from '../../harness/wait.js';

/** Between attempts to connect, ms. */
const RECONNECT_MS = 150;
/** It keeps reporting, so that the edge knows it and its position. */
const REPORT_EVERY_MS = 500;

export class CommandedDevice {
  readonly ident: string;
  readonly #tracker: Tracker;
  readonly #ports: () => readonly number[];
  #socket: net.Socket | null = null;
  #received = '';
  #timer: NodeJS.Timeout | null = null;
  #nextConnectMs = 0;
  #nextReportMs = 0;
  #attempts = 0;
  /** Answers nothing, not even what it is asked at login; it still notes what it gets. */
  mute = false;

  /** `ports` are tried in turn. */
  constructor(tracker: Tracker, ports: () => readonly number[]) {
    this.ident = tracker.ident;
    this.#tracker = tracker;
    this.#ports = ports;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#turn(), 25);
  }

  /** Leaves, and stays away until `start`. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#drop();
  }

  /** Times that a text was received. */
  count(text: string): number {
    return this.#received.split(text).length - 1;
  }

  async online(): Promise<void> {
    await waitFor(`${this.ident} to be heard`, () => this.#tracker.counts.framesConfirmed > 0, 20_000);
  }

  #turn(): void {
    const nowMs = Date.now();
    if (this.#socket === null) {
      if (nowMs >= this.#nextConnectMs) this.#connect(nowMs);
      return;
    }
    if (!this.#tracker.online || this.mute) return;
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
    const socket = net.connect({ host: '127.0.0.1', port: ports[this.#attempts++ % ports.length]! });
    this.#socket = socket;
    socket.on('connect', () => this.#write(this.#tracker.onConnect(Date.now())));
    socket.on('data', (bytes) => {
      this.#received += bytes.toString('latin1');
      if (!this.mute) this.#write(this.#tracker.onBytes(bytes, Date.now()).writes);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.#socket === socket) this.#drop();
    });
  }

  #drop(): void {
    const socket = this.#socket;
    if (socket === null) return;
    this.#socket = null;
    this.#tracker.onDisconnect();
    socket.destroy();
  }

  #write(writes: readonly Uint8Array[]): void {
    for (const bytes of writes) this.#socket?.write(bytes);
  }
}
