/**
 * Share of the pace that passes after a transaction in any case, however long it took: begun at once, the next finds the coordinator still ending it and
 * asks again and again; and where transactions are slow, what is gathered is what makes them fewer.
 */
const REST = 0.25;

/** When the next transaction of a partition may begin, by when the last one began and ended (ms of the monotonic clock). */
export class Cadence {
  private beganMs = -Infinity;
  private endedMs = -Infinity;

  /** @param commitMs absent: at once */
  constructor(private readonly commitMs: number | undefined) {}

  began(nowMs: number): void {
    this.beganMs = nowMs;
  }
  ended(nowMs: number): void {
    this.endedMs = nowMs;
  }

  /** Null: there is no pace. In the past: at once. */
  get dueMs(): number | null {
    if (this.commitMs === undefined) return null;
    return Math.max(this.beganMs + this.commitMs, this.endedMs + this.commitMs * REST);
  }
}
