/** Latencies in fixed memory: buckets that grow by 2 %, so every quantile is within 2 % of the true one. */

const GROWTH = 1.02;
const LEAST_MS = 0.01;
const LOG_GROWTH = Math.log(GROWTH);
/** 0.01 ms up to about 10 min; longer counts as the last bucket. */
const BUCKETS = 910;

export class Histogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #count = 0;
  #max = 0;

  get count(): number {
    return this.#count;
  }
  /** Longest, ms, exact; 0 when empty. */
  get max(): number {
    return this.#max;
  }

  record(ms: number): void {
    const bucket = ms <= LEAST_MS ? 0 : Math.min(BUCKETS - 1, Math.ceil(Math.log(ms / LEAST_MS) / LOG_GROWTH));
    this.#counts[bucket]! += 1;
    this.#count += 1;
    if (ms > this.#max) this.#max = ms;
  }

  /** The least value that `share` (0 to 1) of all values do not exceed, ms; null when empty. */
  quantile(share: number): number | null {
    if (this.#count === 0) return null;
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen >= rank) return Math.min(this.#max, LEAST_MS * GROWTH ** bucket);
    }
    return this.#max;
  }
}
