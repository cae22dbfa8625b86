/** Latencies with the time at which each began: quantiles, and the seconds of a run in which they were longest. */

const SECOND_MS = 1000;

export const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

export class Latencies {
  readonly #all: number[] = [];
  readonly #bySecond = new Map<number, number[]>();

  /** Seconds are counted from the first. */
  #originMs: number | null = null;

  add(begunMs: number, endedMs: number): void {
    this.#originMs ??= begunMs;
    const took = endedMs - begunMs;
    this.#all.push(took);
    const second = Math.floor((begunMs - this.#originMs) / SECOND_MS);
    const of = this.#bySecond.get(second);
    if (of === undefined) this.#bySecond.set(second, [took]);
    else of.push(took);
  }

  /** `p50 129 ms, p95 306 ms, p99 800 ms, most 912 ms; worst second: the 3rd (p50 402 ms, most 912 ms)` */
  toString(): string {
    const sorted = this.#all.sort((a, b) => a - b);
    const [p50, p95, p99, most] = [0.5, 0.95, 0.99, 1].map((share) => quantile(sorted, share).toFixed(0));
    return `p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms, most ${most} ms; ${this.#worst()}`;
  }

  /** The three seconds with the longest latencies, by their p95. */
  #worst(): string {
    const seconds = [...this.#bySecond]
      .map(([second, of]) => ({ second, of: of.sort((a, b) => a - b) }))
      .sort((a, b) => quantile(b.of, 0.95) - quantile(a.of, 0.95));
    const words = seconds
      .slice(0, 3)
      .map(
        ({ second, of }) => `${second} (p50 ${quantile(of, 0.5).toFixed(0)}, p95 ${quantile(of, 0.95).toFixed(0)} ms)`,
      );
    return `worst seconds of the run: ${words.join(', ')}`;
  }
}
