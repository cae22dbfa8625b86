/**
 * One gate before all sockets: closed while Kafka is behind, opened with a ramp.
 *
 * It closes when the producer is pressed, when nothing has been committed for STALL_MS though something waits, and after a commit
 * that failed. It opens when none of that holds, and after a failure only when something (the lease, at the latest) was committed
 * again. Sockets are then read again a slice at a time, so that the devices' backlog does not come at once.
 */

/** Something that can be stopped: a TCP connection. */
export interface Pausable {
  /** Called at most once until `unpress`. */
  press(): void;
  unpress(): void;
}

/** A commit takes milliseconds; after this the brokers are taken for away. */
export const STALL_MS = 2_000;
/** Slices of the ramp. */
export const RAMP_STEPS = 50;

export interface PressureState {
  /** The producer is above its high mark, or not yet below its low one. */
  readonly producerPressed: boolean;
  /** Since when something waits without anything having been committed; null: nothing waits. */
  readonly waitingSinceMs: number | null;
  /** Monotonic; -Infinity: never. */
  readonly lastFailureMs: number;
  readonly lastCommitMs: number;
}

export class PressureGate {
  readonly #rampMs: number;
  readonly #onChange: (closed: boolean) => void;
  #closed = false;
  /** Stopped, and not read again yet: in the order of stopping, so that the ramp is fair. */
  readonly #stopped = new Set<Pausable>();
  #perSlice = 0;
  #nextSliceMs = 0;

  constructor(rampMs: number, onChange: (closed: boolean) => void) {
    this.#rampMs = rampMs;
    this.#onChange = onChange;
  }

  get closed(): boolean {
    return this.#closed;
  }
  /** Connections that still wait for the ramp. */
  get waiting(): number {
    return this.#stopped.size;
  }

  /** Judges the state; call it on every change and about ten times a second. */
  look(state: PressureState, nowMs: number, all: () => Iterable<Pausable>): void {
    const stalled = state.waitingSinceMs !== null && nowMs - state.waitingSinceMs >= STALL_MS;
    const failed = state.lastFailureMs > state.lastCommitMs;
    const closed = state.producerPressed || stalled || failed;
    if (closed && !this.#closed) {
      for (const one of all()) this.admit(one, true);
      this.#closed = true;
      this.#onChange(true);
    } else if (!closed && this.#closed) {
      this.#closed = false;
      this.#perSlice = Math.max(1, Math.ceil(this.#stopped.size / RAMP_STEPS));
      this.#nextSliceMs = nowMs;
      this.#onChange(false);
    }
    if (!this.#closed && this.#stopped.size > 0 && nowMs >= this.#nextSliceMs) this.#slice(nowMs);
  }

  /** A new connection: stopped at once while the gate is closed. */
  admit(one: Pausable, force = this.#closed): void {
    if (!force || this.#stopped.has(one)) return;
    this.#stopped.add(one);
    one.press();
  }
  forget(one: Pausable): void {
    this.#stopped.delete(one);
  }

  #slice(nowMs: number): void {
    const stepMs = this.#rampMs / RAMP_STEPS;
    // A late call makes up for the slices that it missed, but never for more than the whole ramp.
    const due = stepMs === 0 ? RAMP_STEPS : Math.min(RAMP_STEPS, 1 + Math.floor((nowMs - this.#nextSliceMs) / stepMs));
    this.#nextSliceMs += due * stepMs;
    let left = due * this.#perSlice;
    for (const one of this.#stopped) {
      if (left-- === 0) break;
      this.#stopped.delete(one);
      one.unpress();
    }
  }
}
