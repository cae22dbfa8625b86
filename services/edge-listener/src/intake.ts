/**
 * Turns of new connections: in a storm of reconnects the oldest is served first, at a rate that the process keeps up with. The others wait
 * in order with their sockets unread, which costs little; how many there may be is what the limit of connections says.
 */
import type { Clock } from './clock.js';

/** In order, without the cost of moving the rest at each step. */
class Fifo<T> {
  #items: T[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }
  push(item: T): void {
    this.#items.push(item);
  }
  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    if (++this.#head > 1024 || this.#head === this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}

/** What waits: a socket. */
export interface Waiting {
  readonly destroyed: boolean;
}

/** Waiting ones are looked at that often. */
const TURN_MS = 20;
/** Connections that come together are begun together, up to what the rate gives in that time. */
const BURST_MS = 100;

export class Intake<T extends Waiting> {
  readonly #perMs: number;
  readonly #burst: number;
  readonly #clock: Clock;
  #queue = new Fifo<{ readonly one: T; readonly begin: () => void }>();
  /** Connections that may begin now, with a fraction. */
  #turns: number;
  #countedMs: number;
  #timer: NodeJS.Timeout | null = null;

  constructor(perSecond: number, clock: Clock) {
    this.#perMs = perSecond / 1000;
    this.#burst = this.#turns = Math.max(1, this.#perMs * BURST_MS);
    this.#clock = clock;
    this.#countedMs = clock.monotonicMs();
  }

  /** Those that wait. */
  get length(): number {
    return this.#queue.length;
  }

  /** Begins it, now or in its turn. One that is gone by then is left out and takes no turn. */
  add(one: T, begin: () => void): void {
    this.#queue.push({ one, begin });
    this.#serve();
  }

  /** Gives up those that wait: returns them, for the caller to close. */
  close(): readonly T[] {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const left: T[] = [];
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) left.push(next.one);
    return left;
  }

  #serve(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#turns = Math.min(this.#burst, this.#turns + (nowMs - this.#countedMs) * this.#perMs);
    this.#countedMs = nowMs;
    while (this.#turns >= 1) {
      const next = this.#queue.shift();
      if (next === undefined) break;
      if (next.one.destroyed) continue;
      this.#turns--;
      next.begin();
    }
    if (this.length > 0)
      this.#timer ??= setTimeout(() => {
        this.#timer = null;
        this.#serve();
      }, TURN_MS);
  }
}

/** At most so many at the same time; the others wait in order. */
export class Slots {
  readonly #max: number;
  readonly #queue = new Fifo<(release: () => void) => void>();
  #taken = 0;
  #serving = false;

  constructor(max: number) {
    this.#max = max;
  }
  get taken(): number {
    return this.#taken;
  }
  get waiting(): number {
    return this.#queue.length;
  }

  /** Calls `begin` when there is a slot; it gives the slot back by calling `release`. A second call of `release` does nothing. */
  take(begin: (release: () => void) => void): void {
    this.#queue.push(begin);
    this.#serve();
  }

  #serve(): void {
    // What is given back at once must not nest: thousands may be gone by their turn.
    if (this.#serving) return;
    this.#serving = true;
    for (let begin = this.#next(); begin !== undefined; begin = this.#next()) {
      this.#taken++;
      let held = true;
      begin(() => {
        if (!held) return;
        held = false;
        this.#taken--;
        this.#serve();
      });
    }
    this.#serving = false;
  }
  #next(): ((release: () => void) => void) | undefined {
    return this.#taken < this.#max ? this.#queue.shift() : undefined;
  }
}
