/**
 * A device that keeps what is not acknowledged and sends it again, as the vendor describes it: one `06` confirms the oldest
 * unacknowledged packet. It records in the ledger what it was told is safe.
 */
import dgram from 'node:dgram';
import net from 'node:net';
import { packet, reportKey, type DeviceReport } from './astra-wire.js';
import type { Ledger } from './ledger.js';
import type { Random } from '../contract/random.js';

export interface DeviceOptions {
  readonly imei: string;
  readonly transport: 'tcp' | 'udp';
  readonly host: string;
  readonly port: number;
  /** Between reports, ms. */
  readonly everyMs: number;
  /** After that without an answer it sends again, ms. */
  readonly timeoutMs: number;
  readonly ledger: Ledger;
  readonly random: Random;
  /** Event time of the first report, seconds since 1970; each next one is a second later. */
  readonly startTime: number;
}

interface Pending {
  readonly reports: readonly DeviceReport[];
  sentAtMs: number;
}

const ACK = 0x06;
/** Reports of one packet at most. */
const REPORTS_MAX = 3;
/** Between attempts to connect, ms. */
const RECONNECT_MS = 300;

export class Device {
  readonly #options: DeviceOptions;
  /** Recorded, not in a packet yet. */
  #waiting: DeviceReport[] = [];
  /** Sent, oldest first: the device waits for the answer before the next packet. */
  #pending: Pending | null = null;
  #made = 0;
  #socket: net.Socket | null = null;
  #udp: dgram.Socket | null = null;
  #timer: NodeJS.Timeout | null = null;
  #recording = true;
  #nextReportMs = 0;
  #nextConnectMs = 0;
  /** The packet in flight was sent before: what is sent now is a stored one. */
  #resent = false;

  constructor(options: DeviceOptions) {
    this.#options = options;
  }

  start(): void {
    this.#nextReportMs = performance.now() + this.#options.random.next() * this.#options.everyMs;
    if (this.#options.transport === 'udp') this.#openUdp();
    this.#timer = setInterval(() => this.#turn(performance.now()), 20);
  }

  /** No more reports; what is left is still sent. */
  finish(): void {
    this.#recording = false;
  }

  /** Everything that it recorded is acknowledged. */
  get done(): boolean {
    return !this.#recording && this.#pending === null && this.#waiting.length === 0;
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#socket?.destroy();
    this.#udp?.close();
    this.#udp = null;
  }

  #turn(now: number): void {
    if (this.#recording && now >= this.#nextReportMs) {
      this.#nextReportMs += this.#options.everyMs;
      this.#record();
    }
    const { transport, timeoutMs } = this.#options;
    if (transport === 'tcp' && this.#socket === null && now >= this.#nextConnectMs) this.#connect(now);
    if (this.#pending !== null && now - this.#pending.sentAtMs > timeoutMs) this.#giveUp();
    this.#send(now);
  }

  #record(): void {
    const { imei, startTime, ledger, random } = this.#options;
    const n = this.#made++;
    const report: DeviceReport = {
      time: startTime + n,
      sequence: n & 0xff,
      latitude: 50_000_000 + n * 100 + random.below(50),
      longitude: 8_000_000 + n * 100,
      speed: 2 * random.below(40),
    };
    this.#waiting.push(report);
    ledger.recorded(reportKey(imei, report.time, report.sequence));
  }

  /** No answer in time: the packet's reports go back, and leave again in other packets, marked as stored. */
  #giveUp(): void {
    this.#waiting = [...this.#pending!.reports, ...this.#waiting];
    this.#pending = null;
    this.#resent = true;
    this.#options.ledger.resent();
    // After a missing answer a late one could be taken for that of the next packet: a fresh connection has none.
    this.#socket?.destroy();
  }

  #send(now: number): void {
    if (this.#pending !== null || this.#waiting.length === 0) return;
    const { transport, random, imei } = this.#options;
    const ready = transport === 'udp' ? this.#udp : this.#socket?.readyState === 'open' ? this.#socket : null;
    if (ready === null) return;
    const reports = this.#waiting.splice(0, 1 + random.below(REPORTS_MAX));
    this.#pending = { reports, sentAtMs: now };
    const bytes = packet(imei, reports, this.#resent);
    if (this.#waiting.length === 0) this.#resent = false;
    if (this.#udp !== null) this.#udp.send(bytes, this.#options.port, this.#options.host);
    else this.#socket!.write(bytes);
  }

  #answer(bytes: Buffer): void {
    for (const byte of bytes) {
      if (byte !== ACK) {
        this.#options.ledger.strange(`${this.#options.imei}: answer byte ${byte}`);
        continue;
      }
      const { imei, ledger } = this.#options;
      if (this.#pending === null) {
        ledger.strayAnswer();
        continue;
      }
      for (const report of this.#pending.reports)
        ledger.acknowledged(reportKey(imei, report.time, report.sequence), performance.now() - this.#pending.sentAtMs);
      this.#pending = null;
    }
  }

  #connect(now: number): void {
    this.#nextConnectMs = now + RECONNECT_MS;
    const socket = net.connect(this.#options.port, this.#options.host);
    this.#socket = socket;
    socket.on('data', (data: Buffer) => this.#answer(data));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      if (this.#pending === null) return;
      this.#waiting = [...this.#pending.reports, ...this.#waiting];
      this.#pending = null;
      this.#resent = true;
      this.#options.ledger.resent();
    });
  }

  #openUdp(): void {
    const socket = dgram.createSocket('udp4');
    socket.on('message', (data) => this.#answer(data));
    socket.on('error', () => undefined);
    this.#udp = socket;
  }
}
