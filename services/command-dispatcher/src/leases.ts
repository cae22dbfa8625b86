/**
 * Which edges live, by their lease records, on the dispatcher's monotonic clock. A lease lapses only in time in which the
 * dispatcher itself was caught up and committing: an outage of the brokers must not lapse every lease.
 */

/** Silence after which an edge holds nothing. */
export const LEASE_MS = 15_000;
/** Sessions of an edge that is dead for that long are cleaned up. */
export const CLEAN_UP_MS = 600_000;
/** One look at the clock counts at most that much: a frozen dispatcher has not seen the silence that it slept through. */
const STEP_MAX_MS = 2_000;

interface Lease {
  /** Healthy time at the last renewal, ms. */
  renewedMs: number;
  stopped: boolean;
  /** As `changes` counted it last. */
  alive: boolean;
}

export class Leases {
  readonly #edges = new Map<string, Lease>();
  /** Time in which silence counts, ms. */
  #healthyMs = 0;
  #lookedAtMs: number | null = null;
  #changes = 0;

  /** Grows when an edge comes, lapses or stops: commands that wait may have another holder then. */
  get changes(): number {
    return this.#changes;
  }

  /** Moves the clock; `healthy`: caught up with edge-status, and committed something of its own lately. Call about once a second. */
  look(nowMs: number, healthy: boolean): void {
    if (this.#lookedAtMs !== null && healthy) this.#healthyMs += Math.min(nowMs - this.#lookedAtMs, STEP_MAX_MS);
    this.#lookedAtMs = nowMs;
    for (const lease of this.#edges.values()) this.#judge(lease);
  }

  renew(bootId: string, stopped: boolean): void {
    const lease = this.#edges.get(bootId) ?? { renewedMs: 0, stopped: false, alive: false };
    lease.renewedMs = this.#healthyMs;
    lease.stopped = stopped;
    this.#edges.set(bootId, lease);
    this.#judge(lease);
  }

  alive(bootId: string): boolean {
    const lease = this.#edges.get(bootId);
    if (lease !== undefined) return this.#lives(lease);
    // An edge without a record yet: its session may come before its first lease, and gets the same time to renew.
    this.#edges.set(bootId, { renewedMs: this.#healthyMs, stopped: false, alive: true });
    return true;
  }

  /** Dead for so long that what it left can be removed. */
  forgotten(bootId: string): boolean {
    const lease = this.#edges.get(bootId);
    return lease !== undefined && this.#healthyMs - lease.renewedMs >= CLEAN_UP_MS;
  }

  #lives({ stopped, renewedMs }: Lease): boolean {
    return !stopped && this.#healthyMs - renewedMs < LEASE_MS;
  }

  #judge(lease: Lease): void {
    const alive = this.#lives(lease);
    if (alive !== lease.alive) this.#changes++;
    lease.alive = alive;
  }
}
