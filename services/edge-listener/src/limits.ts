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

  /** Null: taken, and to be released. Else why not. */
  take(address: string): 'too_many' | 'too_many_per_address' | null {
    if (this.#open >= this.#max) return 'too_many';
    const here = this.#byAddress.get(address) ?? 0;
    if (here >= this.#perAddressMax) return 'too_many_per_address';
    this.#byAddress.set(address, here + 1);
    this.#open++;
    return null;
  }
  release(address: string): void {
    const here = this.#byAddress.get(address) ?? 0;
    if (here <= 1) this.#byAddress.delete(address);
    else this.#byAddress.set(address, here - 1);
    this.#open--;
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
