/**
 * Runs simulated devices over real sockets: one loop, one timer. Each turn gives the reports that are due to the devices in turn, and
 * looks after a slice of the devices (dialling, time-outs, going offline), so that the work does not grow with timers.
 */
import type { Tracker } from '@fleetwire/protocols/fleet';
import { Histogram } from './histogram.js';
import { Schedule } from './schedule.js';
import { openTcp, openUdp, type Target, type Wire } from './wires.js';

export interface SimulationOptions {
  readonly devices: readonly { readonly tracker: Tracker; readonly target: Target }[];
  readonly transport: 'tcp' | 'udp';
  /** Reports a second over all devices. */
  readonly rate: number;
  readonly durationMs: number;
  /** Each device loses its link about that often; null: never. */
  readonly offlineEveryMs: number | null;
  /** How long what is unconfirmed may take at the end. */
  readonly drainMs: number;
  /** The run starts when every device has a link, or after this with those that have; it fails when none has. */
  readonly connectMs: number;
  /** Stops early, with the summary. */
  readonly signal: AbortSignal;
  readonly onSecond?: (progress: Progress) => void;
}

export interface Progress {
  readonly elapsedMs: number;
  readonly connected: number;
  readonly readings: number;
  readonly readingsConfirmed: number;
  readonly waiting: number;
  readonly dropped: number;
  readonly sent: number;
  readonly resent: number;
  readonly acked: number;
  readonly refused: number;
  readonly strays: number;
  readonly commandsAnswered: number;
  readonly connects: number;
  readonly disconnects: number;
  readonly latency: Histogram;
}
export interface Result extends Progress {
  /** The time in which reports were made, ms. */
  readonly reportingMs: number;
  readonly cpuSeconds: number;
  /** Why the last dial failed, for people; null: none did. */
  readonly lastError: string | null;
}

interface Seat {
  readonly tracker: Tracker;
  readonly target: Target;
  wire: Wire | null;
  dialAtMs: number;
  failures: number;
  offlineAtMs: number;
  /** Never had a link: it is not reporting yet. */
  fresh: boolean;
}

const TICK_MS = 10;
/** Each device is looked after at least that often. */
const ROUND_MS = 250;
/** New connections a turn: 1,000 a second, so that a listener's backlog does not overflow. */
const DIALS_A_TICK = 10;
const REDIAL_MS = 500;
const REDIAL_MS_MAX = 10_000;
/** Share of the offline period that a device is away, and its bounds. */
const OFFLINE_SHARE = 0.25;
const OFFLINE_MS_MAX = 30_000;
/** What is unconfirmed after a signal gets this long. */
const SIGNAL_DRAIN_MS = 2_000;

/** Monotonic, ms since 1970. */
const clock = (): number => performance.timeOrigin + performance.now();

/** Runs to the end of the duration, or to the signal. Resolves with what was counted; rejects only when no device got a link. */
export async function simulate(options: SimulationOptions): Promise<Result> {
  return await new Simulation(options).run();
}

/** No device got a link in time. */
export class NoLink extends Error {}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #seats: readonly Seat[];
  readonly #latency = new Histogram();
  #connected = 0;
  #connects = 0;
  #disconnects = 0;
  #lastError: string | null = null;
  #turn = 0;
  #round = 0;
  #dialsLeft = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    const now = clock();
    const { devices, offlineEveryMs } = options;
    this.#seats = devices.map(({ tracker, target }, index) => ({
      tracker,
      target,
      wire: null,
      dialAtMs: now,
      failures: 0,
      // Spread over the period: the fleet does not go dark at once.
      offlineAtMs: offlineEveryMs === null ? Infinity : now + offlineEveryMs * (0.5 + (index + 1) / devices.length),
      fresh: true,
    }));
  }

  async run(): Promise<Result> {
    const { rate, durationMs, drainMs, connectMs, signal, onSecond } = this.#options;
    const startMs = clock();
    await this.#turns(startMs + connectMs, () => this.#seats.every((seat) => !seat.fresh) || signal.aborted);
    if (this.#connects === 0 && !signal.aborted) {
      this.#hangUp();
      throw new NoLink(this.#lastError ?? 'no answer');
    }
    const cpu = process.cpuUsage();
    const reportMs = clock();
    const schedule = new Schedule(rate, reportMs);
    let secondAtMs = reportMs + 1_000;
    await this.#turns(reportMs + durationMs, (now) => {
      for (let due = schedule.due(now); due > 0; due--) this.#report(now);
      if (now >= secondAtMs) {
        secondAtMs += 1_000;
        onSecond?.(this.#progress(now - reportMs));
      }
      return signal.aborted;
    });
    const reportingMs = clock() - reportMs;
    const drain = signal.aborted ? Math.min(drainMs, SIGNAL_DRAIN_MS) : drainMs;
    await this.#turns(clock() + drain, () => this.#seats.every((seat) => seat.tracker.unconfirmedCount === 0));
    const used = process.cpuUsage(cpu);
    const progress = this.#progress(clock() - reportMs);
    this.#hangUp();
    return {
      ...progress,
      reportingMs,
      cpuSeconds: (used.user + used.system) / 1e6,
      lastError: this.#lastError,
    };
  }

  /** One turn every TICK_MS until `untilMs`, or until `each` says it is enough. */
  #turns(untilMs: number, each: (nowMs: number) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setInterval(() => {
        try {
          const now = clock();
          this.#lookAfter(now);
          if (!each(now) && now < untilMs) return;
          clearInterval(timer);
          resolve();
        } catch (error) {
          clearInterval(timer);
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      }, TICK_MS);
    });
  }

  #report(nowMs: number): void {
    const seat = this.#seats[this.#turn]!;
    this.#turn = (this.#turn + 1) % this.#seats.length;
    const writes = seat.tracker.report(nowMs);
    if (writes.length > 0) seat.wire?.write(writes);
  }

  #lookAfter(nowMs: number): void {
    this.#dialsLeft = DIALS_A_TICK;
    const count = Math.ceil((this.#seats.length * TICK_MS) / ROUND_MS);
    for (let i = 0; i < count; i++) {
      this.#care(this.#seats[this.#round]!, nowMs);
      this.#round = (this.#round + 1) % this.#seats.length;
    }
  }

  #care(seat: Seat, nowMs: number): void {
    if (seat.wire === null) {
      if (nowMs >= seat.dialAtMs && this.#dialsLeft > 0) this.#dial(seat);
      return;
    }
    const { offlineEveryMs } = this.#options;
    if (offlineEveryMs !== null && nowMs >= seat.offlineAtMs) {
      this.#drop(seat, nowMs + Math.min(OFFLINE_MS_MAX, offlineEveryMs * OFFLINE_SHARE));
      seat.offlineAtMs = nowMs + offlineEveryMs;
      return;
    }
    const timeoutAtMs = seat.tracker.timeoutAtMs;
    if (timeoutAtMs === null || nowMs < timeoutAtMs) return;
    const { writes, reconnect } = seat.tracker.onTimeout(nowMs);
    if (reconnect) this.#drop(seat, nowMs + REDIAL_MS);
    else seat.wire.write(writes);
  }

  #dial(seat: Seat): void {
    this.#dialsLeft -= 1;
    const open = this.#options.transport === 'tcp' ? openTcp : openUdp;
    const wire = open(seat.target, {
      onOpen: () => {
        seat.failures = 0;
        seat.fresh = false;
        this.#connected += 1;
        this.#connects += 1;
        wire.write(seat.tracker.onConnect(clock()));
      },
      onBytes: (bytes) => {
        const { writes, ackMs } = seat.tracker.onBytes(bytes, clock());
        for (const ms of ackMs) this.#latency.record(ms);
        if (writes.length > 0) wire.write(writes);
      },
      onClose: (error) => {
        if (error !== null) this.#lastError = `${seat.target.host}:${seat.target.port}: ${error.message}`;
        this.#lost(seat);
        seat.failures += 1;
        seat.dialAtMs = clock() + Math.min(REDIAL_MS_MAX, REDIAL_MS * 2 ** Math.min(seat.failures - 1, 6));
      },
    });
    seat.wire = wire;
  }

  #drop(seat: Seat, dialAtMs: number): void {
    seat.wire?.close();
    this.#lost(seat);
    seat.dialAtMs = dialAtMs;
  }

  #lost(seat: Seat): void {
    seat.wire = null;
    if (!seat.tracker.online) return;
    this.#connected -= 1;
    this.#disconnects += 1;
    seat.tracker.onDisconnect();
  }

  #hangUp(): void {
    for (const seat of this.#seats) seat.wire?.close();
  }

  #progress(elapsedMs: number): Progress {
    const sum = {
      readings: 0,
      readingsConfirmed: 0,
      waiting: 0,
      dropped: 0,
      sent: 0,
      resent: 0,
      acked: 0,
      refused: 0,
      strays: 0,
      commandsAnswered: 0,
    };
    for (const { tracker } of this.#seats) {
      const { counts } = tracker;
      sum.readings += counts.readings;
      sum.readingsConfirmed += counts.readingsConfirmed;
      sum.waiting += tracker.unconfirmedCount;
      sum.dropped += tracker.droppedCount;
      sum.sent += counts.framesSent;
      sum.resent += counts.framesResent;
      sum.acked += counts.framesConfirmed;
      sum.refused += counts.framesRefused;
      sum.strays += counts.strays;
      sum.commandsAnswered += counts.commandsAnswered;
    }
    return {
      ...sum,
      elapsedMs,
      connected: this.#connected,
      connects: this.#connects,
      disconnects: this.#disconnects,
      latency: this.#latency,
    };
  }
}
