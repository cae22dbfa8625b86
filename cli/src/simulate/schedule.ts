/** When which device reports: one rate for all, spread evenly, devices in turn. Pure; catches up after a pause, within a bound. */

/** A pause longer than this (a suspended machine) is not caught up. */
const BEHIND_MS_MAX = 5_000;

export class Schedule {
  readonly #perMs: number;
  #startMs: number;
  #issued = 0;

  /** `rate` reports a second from `startMs` on. */
  constructor(rate: number, startMs: number) {
    this.#perMs = rate / 1_000;
    this.#startMs = startMs;
  }

  /** How many reports are due at `nowMs` that have not been given out. */
  due(nowMs: number): number {
    const owed = Math.floor((nowMs - this.#startMs) * this.#perMs) - this.#issued;
    const most = Math.max(1, Math.ceil(BEHIND_MS_MAX * this.#perMs));
    if (owed > most) {
      this.#startMs += (owed - most) / this.#perMs;
      this.#issued += most;
      return most;
    }
    if (owed <= 0) return 0;
    this.#issued += owed;
    return owed;
  }
}
