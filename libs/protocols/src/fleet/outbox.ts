/**
 * What a tracker keeps until the server has confirmed it: its log of readings, in order, and the frames that are out.
 *
 *   readings waiting ──take()──► in flight ──acknowledge──► gone
 *         ▲                          │
 *         └──── time-out, lost link ─┘  (marked as buffered from then on)
 *
 * Bounded: when the log is full the oldest reading is given up and counted, as a real recorder does.
 */
import type { Reading } from './drive.js';

/** A reading with its number in the device's record; the number never changes, however often the reading is sent. */
export interface Stored {
  readonly reading: Reading;
  readonly sequence: number;
  /** Made while there was no link, or sent before and not confirmed. */
  buffered: boolean;
  /** It went out at least once. */
  sentBefore: boolean;
}

/** One frame on its way. */
export interface InFlight {
  readonly readings: readonly Stored[];
  /** What the acknowledgement names: JT808 serial, ATrack sequence. Astra and H02 name nothing: the oldest is meant. */
  readonly key: number;
  readonly sentMs: number;
}

export interface OutboxOptions {
  /** Readings kept; the oldest is given up beyond it. */
  readonly readingsMax: number;
  /** Frames that may be out at once. */
  readonly window: number;
  /** Silence after which everything that is out is sent again. */
  readonly timeoutMs: number;
}

export class Outbox {
  readonly #options: OutboxOptions;
  #waiting: Stored[] = [];
  #from = 0;
  readonly #inFlight: InFlight[] = [];
  #sequence = 0;
  #droppedCount = 0;
  /** Restarted by every send into an empty window and by every acknowledgement. */
  #silentSinceMs = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Readings not yet confirmed. */
  get unconfirmedCount(): number {
    let count = this.#waiting.length - this.#from;
    for (const frame of this.#inFlight) count += frame.readings.length;
    return count;
  }
  get inFlightCount(): number {
    return this.#inFlight.length;
  }
  /** Readings given up because the log was full. */
  get droppedCount(): number {
    return this.#droppedCount;
  }
  get hasWaiting(): boolean {
    return this.#from < this.#waiting.length;
  }
  /** When what is out counts as lost, ms; null: nothing is out. */
  get timeoutAtMs(): number | null {
    return this.#inFlight.length === 0 ? null : this.#silentSinceMs + this.#options.timeoutMs;
  }

  add(reading: Reading, buffered: boolean): void {
    this.#waiting.push({ reading, sequence: this.#sequence++, buffered, sentBefore: false });
    if (this.#waiting.length - this.#from > this.#options.readingsMax) {
      this.#from += 1;
      this.#droppedCount += 1;
    }
    this.#compact();
  }

  /** Up to `count` readings for the next frame; empty when nothing waits or the window is full. */
  take(count: number): readonly Stored[] {
    if (this.#inFlight.length >= this.#options.window) return [];
    const taken = this.#waiting.slice(this.#from, this.#from + count);
    this.#from += taken.length;
    this.#compact();
    return taken;
  }

  /** Notes that the readings just taken went out as one frame. */
  sent(readings: readonly Stored[], key: number, nowMs: number): void {
    if (this.#inFlight.length === 0) this.#silentSinceMs = nowMs;
    this.#inFlight.push({ readings, key, sentMs: nowMs });
  }

  /** The oldest frame is confirmed. Null: nothing was out, the confirmation is a stray one. */
  acknowledgeOldest(nowMs: number): InFlight | null {
    const frame = this.#inFlight.shift() ?? null;
    if (frame !== null) this.#silentSinceMs = nowMs;
    return frame;
  }

  /** The frame with this key is confirmed. Null: none is out under it. */
  acknowledge(key: number, nowMs: number): InFlight | null {
    const index = this.#inFlight.findIndex((frame) => frame.key === key);
    if (index < 0) return null;
    this.#silentSinceMs = nowMs;
    return this.#inFlight.splice(index, 1)[0]!;
  }

  /** Everything that is out waits again, before what came later, marked as buffered. Returns how many frames that were. */
  rewind(): number {
    const count = this.#inFlight.length;
    if (count === 0) return 0;
    const again = this.#inFlight.flatMap((frame) => frame.readings);
    for (const stored of again) stored.buffered = true;
    this.#waiting = again.concat(this.#waiting.slice(this.#from));
    this.#from = 0;
    this.#inFlight.length = 0;
    return count;
  }

  /** Shifts the array only now and then: taking one reading stays cheap with thousands behind it. */
  #compact(): void {
    if (this.#from === this.#waiting.length) {
      this.#waiting.length = 0;
      this.#from = 0;
    } else if (this.#from > 64 && this.#from * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#from);
      this.#from = 0;
    }
  }
}
