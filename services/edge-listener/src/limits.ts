/** Bounds on how much one address or one device may take. */

/** TCP connections in all and by address. */
export class ConnectionLimits {
  readonly #max: number;
  readonly #perAddressMax: number;
  readonly #byAddress = new Map<string, number>();
  #open = 0;

  constructor(max: number, perAddressMax: number) {
    this.#max = max;
    this.#perAddressMax = perAddressMax;
  }
  get open(): number {
    return this.#open;
  }

  /** False: as many as are taken in all. True: to be left. */
  enter(): boolean {
    if (this.#open >= this.#max) return false;
    this.#open++;
    return true;
  }
  leave(): void {
    this.#open--;
  }

  /** False: as many as are taken of this address. True: to be released. */
  hold(address: string): boolean {
    const here = this.#byAddress.get(address) ?? 0;
    if (here >= this.#perAddressMax) return false;
    this.#byAddress.set(address, here + 1);
    return true;
  }
  release(address: string): void {
    const here = this.#byAddress.get(address) ?? 0;
    if (here <= 1) this.#byAddress.delete(address);
    else this.#byAddress.set(address, here - 1);
  }
}

/** Keys that a rate is kept for; the oldest is forgotten, which only lets it begin a new minute early. */
export const RATE_KEYS_MAX = 10_000;
const MINUTE_MS = 60_000;

/** Counts within a minute that begins with the first event of a key. */
export class MinuteRates {
  readonly #keys = new Map<string, { untilMs: number; events: number; amount: number }>();

  /** Adds to the key's minute and returns its sums, the new one included. */
  add(key: string, amount: number, nowMs: number): { readonly events: number; readonly amount: number } {
    let minute = this.#keys.get(key);
    if (minute === undefined || nowMs >= minute.untilMs) {
      this.#keys.delete(key);
      if (this.#keys.size >= RATE_KEYS_MAX) {
        const oldest = this.#keys.keys().next();
        if (oldest.done !== true) this.#keys.delete(oldest.value);
      }
      minute = { untilMs: nowMs + MINUTE_MS, events: 0, amount: 0 };
      this.#keys.set(key, minute);
    }
    minute.events++;
    minute.amount += amount;
    return minute;
  }
}
