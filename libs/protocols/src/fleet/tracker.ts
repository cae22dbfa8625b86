/**
 * A simulated tracker: a vehicle that moves, a recorder that forgets nothing unconfirmed, and a dialect that words it. Pure: bytes and
 * the clock come in, bytes go out; sockets and timers belong to the shell.
 *
 * What it promises (each is a test):
 * - A reading leaves the log only when the server has confirmed the frame that carried it, or when the log is full (counted).
 * - After the dialect's time-out, or a lost link, what is unconfirmed is sent again, in order, marked as buffered.
 * - A confirmation that nothing waits for is counted as stray and confirms nothing.
 */
import type { SimulatedId } from './idents.js';
import type { Drive, ReadingCause } from './drive.js';
import { Outbox, type InFlight, type Stored } from './outbox.js';

/** One frame as the dialect worded it; `key` is what its acknowledgement will name. */
export interface Worded {
  readonly bytes: Uint8Array;
  readonly key: number;
}

/** What the server's bytes meant to the device, in order. */
export type Heard =
  /** Confirms the frame with this key; null: the oldest that is out. */
  | { readonly kind: 'ack'; readonly key: number | null }
  /** The server refused a frame: it is not confirmed. */
  | { readonly kind: 'refused' }
  /** The login conversation is over: reports may go. */
  | { readonly kind: 'ready' }
  /** Something to write at once: the next step of the login, the answer to a command. */
  | { readonly kind: 'write'; readonly bytes: Uint8Array; readonly answersCommand: boolean }
  /** The server asks for a reading now; the dialect words the answer, or (null) it is an ordinary report. */
  | { readonly kind: 'demand'; readonly answer: ((stored: Stored) => Uint8Array) | null }
  /** Bytes that mean nothing to the device. */
  | { readonly kind: 'stray' };

/** A protocol as one device speaks it. Keeps the state of the connection and of the device's outputs. */
export interface Dialect {
  readonly protocol: SimulatedId;
  /** Frames that may be out at once. */
  readonly window: number;
  /** Silence after which the device sends again, ms. */
  readonly timeoutMs: number;
  /**
   * After a time-out the device sends again on the same connection. False: it dials again, because its acknowledgements name nothing
   * and a late one would confirm the wrong frame.
   */
  readonly repeatsOnLink: boolean;
  /** Most readings in one frame when several wait. */
  readonly readingsPerFrameMax: number;
  /** A new connection: forgets what was half read. */
  open(): void;
  /** What is said first. Empty: reports may go at once. */
  hello(nowMs: number): readonly Uint8Array[];
  /** Reports may go: there is no login, or it has been answered. */
  readonly ready: boolean;
  word(readings: readonly Stored[], nowMs: number): Worded;
  hear(bytes: Uint8Array, nowMs: number): readonly Heard[];
}

export interface TrackerCounts {
  readings: number;
  readingsConfirmed: number;
  framesSent: number;
  framesResent: number;
  framesConfirmed: number;
  framesRefused: number;
  commandsAnswered: number;
  strays: number;
}

export interface TrackerOptions {
  readonly ident: string;
  readonly drive: Drive;
  readonly dialect: Dialect;
  /** Readings kept while they are unconfirmed. */
  readonly readingsMax?: number;
  /** Frames out at once instead of the dialect's own number. */
  readonly window?: number;
}

/** What came of the server's bytes, or of a time-out. */
export interface Reaction {
  readonly writes: readonly Uint8Array[];
  /** ms from the last sending to the confirmation, for each frame confirmed. */
  readonly ackMs: readonly number[];
  /** The device gives the connection up and dials again. */
  readonly reconnect: boolean;
}

/** A recorder of this kind keeps some thousand readings; enough for hours offline, small enough for thousands of devices. */
export const READINGS_MAX = 2_000;
/** Time-outs in a row after which the modem is reset. */
export const TIMEOUTS_MAX = 3;

const NOTHING: Reaction = { writes: [], ackMs: [], reconnect: false };

export class Tracker {
  readonly ident: string;
  readonly counts: TrackerCounts = {
    readings: 0,
    readingsConfirmed: 0,
    framesSent: 0,
    framesResent: 0,
    framesConfirmed: 0,
    framesRefused: 0,
    commandsAnswered: 0,
    strays: 0,
  };
  readonly #drive: Drive;
  readonly #dialect: Dialect;
  readonly #outbox: Outbox;
  #online = false;
  #helloMs = 0;
  #timeoutsInRow = 0;

  constructor(options: TrackerOptions) {
    const { dialect } = options;
    this.ident = options.ident;
    this.#drive = options.drive;
    this.#dialect = dialect;
    this.#outbox = new Outbox({
      readingsMax: options.readingsMax ?? READINGS_MAX,
      window: options.window ?? dialect.window,
      timeoutMs: dialect.timeoutMs,
    });
  }

  get protocol(): SimulatedId {
    return this.#dialect.protocol;
  }
  get online(): boolean {
    return this.#online;
  }
  /** Readings that the server has not confirmed. */
  get unconfirmedCount(): number {
    return this.#outbox.unconfirmedCount;
  }
  /** Readings given up because the log was full. */
  get droppedCount(): number {
    return this.#outbox.droppedCount;
  }
  /** When `onTimeout` is due, ms; null: nothing is waited for. */
  get timeoutAtMs(): number | null {
    if (!this.#online) return null;
    return this.#dialect.ready ? this.#outbox.timeoutAtMs : this.#helloMs + this.#dialect.timeoutMs;
  }

  /** The link is up: login first, where there is one; then what waits. */
  onConnect(nowMs: number): readonly Uint8Array[] {
    this.#online = true;
    this.#timeoutsInRow = 0;
    this.#outbox.rewind();
    this.#dialect.open();
    return this.#greet(nowMs);
  }

  /** The link is gone; what was out is unconfirmed again. */
  onDisconnect(): void {
    this.#online = false;
    this.#outbox.rewind();
  }

  /** Takes a reading; returns the frames that may go now (none while offline, or while the window is full). */
  report(nowMs: number, cause?: ReadingCause): readonly Uint8Array[] {
    this.counts.readings += 1;
    this.#outbox.add(this.#drive.read(nowMs, cause), !this.#online);
    return this.#flush(nowMs, []);
  }

  /** Bytes from the server, in any chunks (TCP), or one datagram (UDP). */
  onBytes(bytes: Uint8Array, nowMs: number): Reaction {
    if (!this.#online) return NOTHING;
    const writes: Uint8Array[] = [];
    const ackMs: number[] = [];
    for (const heard of this.#dialect.hear(bytes, nowMs)) {
      switch (heard.kind) {
        case 'ack':
          this.#confirm(heard.key, nowMs, ackMs);
          break;
        case 'refused':
          // Sent again after the time-out, not at once: a server that refuses would be asked in a tight loop.
          this.counts.framesRefused += 1;
          break;
        case 'ready':
          this.#timeoutsInRow = 0;
          break;
        case 'write':
          writes.push(heard.bytes);
          if (heard.answersCommand) this.counts.commandsAnswered += 1;
          break;
        case 'demand':
          this.#demand(heard.answer, nowMs, writes);
          break;
        case 'stray':
          this.counts.strays += 1;
          break;
      }
    }
    this.#flush(nowMs, writes);
    return { writes, ackMs, reconnect: false };
  }

  /** The time-out passed: login again, or send again what is out; after TIMEOUTS_MAX in a row, dial again. */
  onTimeout(nowMs: number): Reaction {
    this.#timeoutsInRow += 1;
    if (!this.#dialect.repeatsOnLink || this.#timeoutsInRow >= TIMEOUTS_MAX) return { ...NOTHING, reconnect: true };
    if (!this.#dialect.ready) return { ...NOTHING, writes: this.#greet(nowMs) };
    this.#outbox.rewind();
    return { ...NOTHING, writes: this.#flush(nowMs, []) };
  }

  #greet(nowMs: number): readonly Uint8Array[] {
    this.#helloMs = nowMs;
    return this.#flush(nowMs, [...this.#dialect.hello(nowMs)]);
  }

  #confirm(key: number | null, nowMs: number, ackMs: number[]): void {
    const frame: InFlight | null =
      key === null ? this.#outbox.acknowledgeOldest(nowMs) : this.#outbox.acknowledge(key, nowMs);
    if (frame === null) {
      this.counts.strays += 1;
      return;
    }
    this.#timeoutsInRow = 0;
    this.counts.framesConfirmed += 1;
    this.counts.readingsConfirmed += frame.readings.length;
    ackMs.push(nowMs - frame.sentMs);
  }

  #demand(answer: ((stored: Stored) => Uint8Array) | null, nowMs: number, writes: Uint8Array[]): void {
    this.counts.commandsAnswered += 1;
    if (answer !== null) {
      writes.push(
        answer({ reading: this.#drive.read(nowMs, 'demand'), sequence: 0, buffered: false, sentBefore: false }),
      );
      return;
    }
    this.counts.readings += 1;
    this.#outbox.add(this.#drive.read(nowMs, 'demand'), false);
  }

  /** Words what waits, as far as the window allows. */
  #flush(nowMs: number, writes: Uint8Array[]): readonly Uint8Array[] {
    while (this.#online && this.#dialect.ready) {
      const readings = this.#outbox.take(this.#dialect.readingsPerFrameMax);
      if (readings.length === 0) break;
      const { bytes, key } = this.#dialect.word(readings, nowMs);
      this.#outbox.sent(readings, key, nowMs);
      if (readings.some((stored) => stored.sentBefore)) this.counts.framesResent += 1;
      else this.counts.framesSent += 1;
      for (const stored of readings) stored.sentBefore = true;
      writes.push(bytes);
    }
    return writes;
  }
}
