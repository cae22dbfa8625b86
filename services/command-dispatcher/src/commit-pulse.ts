/**
 * Whether this dispatcher can commit. Silence of an edge counts only while it can: a broker that takes nothing from us takes no lease
 * from the edges either. When nothing else was committed for a while, one partition writes a beat, in a transaction like any other.
 */

/** A commit that is older proves nothing. */
export const COMMIT_AGE_MAX_MS = 5_000;
/** Without other commits a beat is due after this; several of them fit into the age. */
export const BEAT_EVERY_MS = 1_500;

export class CommitPulse {
  #committedMs = Number.NEGATIVE_INFINITY;
  #askedMs = Number.NEGATIVE_INFINITY;

  /** Times are monotonic, ms. */
  committed(nowMs: number): void {
    this.#committedMs = Math.max(this.#committedMs, nowMs);
  }

  /** True for one asker: it is to commit something now. */
  beatDue(nowMs: number): boolean {
    if (nowMs - Math.max(this.#committedMs, this.#askedMs) < BEAT_EVERY_MS) return false;
    this.#askedMs = nowMs;
    return true;
  }

  healthy(nowMs: number): boolean {
    return nowMs - this.#committedMs < COMMIT_AGE_MAX_MS;
  }
}
