/**
 * Thousands of simulated devices in one process: one timer for all, frames at a rate in all, and a note of everything that the promise of a
 * drain is about. Each device waits for its answer before it sends again, and sends again after a cut what was not answered.
 */
import net from 'node:net';
import { packet, reportKey, type DeviceReport } from './astra-wire.js';

const ACK = 0x06;
const TURN_MS = 20;
/** Devices behind one source address: a loopback address has some 28,000 ports, and limits count by address. */
const PER_ADDRESS = 2_000;
/** A modem takes a while to come back. */
const RECONNECT_MS = 50;

export interface MassOptions {
  readonly devices: number;
  /** Where a device connects next: what a load balancer would choose. */
  readonly port: () => number;
  /** Frames a second of all together. */
  readonly rate: number;
  /** First digits of the idents, so that fleets of one run differ. */
  readonly prefix: string;
}

interface Frame {
  readonly key: string;
  readonly report: DeviceReport;
  sentMs: number;
}

class MassDevice {
  socket: net.Socket | null = null;
  connected = false;
  pending: Frame | null = null;
  /** Its last frame was not answered before the cut. */
  owed: Frame | null = null;
  made = 0;
  readonly cutsMs: number[] = [];
  connectedMs = 0;
  /** First answer on the present connection; 0: none yet. */
  servedMs = 0;
  constructor(
    readonly imei: string,
    readonly address: string,
  ) {}
}

export class Mass {
  readonly devices: readonly MassDevice[];
  readonly acknowledged = new Set<string>();
  readonly ackMs: number[] = [];
  /** Frames that were under way when the connection was cut. */
  readonly cutUnanswered: string[] = [];
  resent = 0;
  readonly #options: MassOptions;
  readonly #timers = new Set<NodeJS.Timeout>();
  #turn: NodeJS.Timeout | null = null;
  #next = 0;
  #due = 0;
  #turnedMs = 0;
  #rate: number;

  constructor(options: MassOptions) {
    this.#options = options;
    this.#rate = options.rate;
    this.devices = Array.from({ length: options.devices }, (_, i) => {
      const imei = options.prefix + String(i).padStart(15 - options.prefix.length, '0');
      return new MassDevice(imei, `127.0.1.${1 + Math.floor(i / PER_ADDRESS)}`);
    });
  }

  get connected(): number {
    return this.devices.filter((device) => device.connected).length;
  }
  /** Devices that wait for an answer, or have to send again. */
  get owing(): number {
    return this.devices.filter((device) => device.pending !== null || device.owed !== null).length;
  }

  /** Connects all of them, `perSecond` at most; resolves when every one is connected. */
  async connect(perSecond = Infinity): Promise<void> {
    const begunMs = performance.now();
    for (const [i, device] of this.devices.entries()) {
      if (((i + 1) / perSecond) * 1000 > performance.now() - begunMs) await pause(TURN_MS);
      this.#open(device);
    }
    while (this.connected < this.devices.length) await pause(TURN_MS);
  }

  /** Begins to send at the rate. */
  start(): void {
    this.#turnedMs = performance.now();
    this.#turn = setInterval(() => this.#send(), TURN_MS);
  }
  /** No new frames; what is owed is still sent again. */
  finish(): void {
    this.#rate = 0;
  }
  /** Cuts every connection from the devices' side and comes back at once, all together. Resolves when each was answered. */
  async storm(): Promise<{ readonly begunMs: number }> {
    for (const device of this.devices) {
      const { socket } = device;
      device.socket = null;
      device.connected = false;
      device.pending = null;
      socket?.destroy();
    }
    const begunMs = performance.now();
    for (const device of this.devices) {
      device.servedMs = 0;
      this.#open(device);
      this.#say(device);
    }
    while (this.devices.some((device) => device.servedMs === 0)) await pause(TURN_MS);
    return { begunMs };
  }
  stop(): void {
    if (this.#turn !== null) clearInterval(this.#turn);
    for (const timer of this.#timers) clearTimeout(timer);
    for (const device of this.devices) {
      const { socket } = device;
      device.socket = null;
      socket?.destroy();
    }
  }

  #send(): void {
    const nowMs = performance.now();
    this.#due += ((nowMs - this.#turnedMs) * this.#rate) / 1000;
    this.#turnedMs = nowMs;
    for (let tried = 0; this.#due >= 1 && tried < this.devices.length; tried++) {
      const device = this.devices[this.#next++ % this.devices.length]!;
      if (!device.connected || device.pending !== null) continue;
      this.#due--;
      this.#say(device);
    }
    // What could not be sent is not made up for: nobody was there to send it.
    this.#due = Math.min(this.#due, 1);
  }

  #say(device: MassDevice): void {
    const frame = device.owed ?? this.#make(device);
    if (device.owed !== null) this.resent++;
    frame.sentMs = performance.now();
    device.pending = frame;
    device.socket?.write(packet(device.imei, [frame.report], device.owed !== null));
    device.owed = null;
  }

  #make(device: MassDevice): Frame {
    const n = device.made++;
    const time = Math.floor(Date.now() / 1000) - 3_600 + n;
    const report = { time, sequence: n & 0xff, latitude: 50_000_000 + n, longitude: 8_000_000 + n, speed: 0 };
    return { key: reportKey(device.imei, time, report.sequence), report, sentMs: 0 };
  }

  #open(device: MassDevice): void {
    const socket = net.connect({ port: this.#options.port(), host: '127.0.0.1', localAddress: device.address });
    device.socket = socket;
    socket.on('connect', () => {
      device.connected = true;
      device.connectedMs = performance.now();
      if (device.owed !== null && device.pending === null) this.#say(device);
    });
    socket.on('data', (bytes: Buffer) => {
      for (const byte of bytes) if (byte === ACK) this.#answered(device);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => this.#closed(device, socket));
  }

  #answered(device: MassDevice): void {
    const { pending } = device;
    if (pending === null) return;
    const nowMs = performance.now();
    this.acknowledged.add(pending.key);
    this.ackMs.push(nowMs - pending.sentMs);
    device.pending = null;
    if (device.servedMs === 0) device.servedMs = nowMs;
  }

  #closed(device: MassDevice, socket: net.Socket): void {
    if (device.socket !== socket) return;
    device.socket = null;
    if (device.connected) device.cutsMs.push(performance.now());
    device.connected = false;
    if (device.pending !== null) {
      this.cutUnanswered.push(device.pending.key);
      device.owed = device.pending;
      device.pending = null;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#open(device);
    }, RECONNECT_MS);
    this.#timers.add(timer);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
