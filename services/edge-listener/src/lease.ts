/** The lease of this process: a record in `edge-status` every few seconds. Its age is counted from before the send, by the monotonic clock. */
import type { EdgeStatus } from '@fleetwire/schemas';
import type { Clock } from './clock.js';

export type EdgeState = EdgeStatus['state'];

export interface LeaseOptions {
  readonly bootId: string;
  readonly host: string;
  readonly version: string;
  readonly inbox: number;
  readonly intervalMs: number;
  readonly listeners: readonly string[];
  readonly sessions: () => number;
  /** Settles with the commit. */
  readonly write: (status: EdgeStatus) => Promise<void>;
  /** Told of each renewal: the pressure gate takes it for a sign of life. */
  readonly onResult: (committed: boolean) => void;
  readonly clock: Clock;
}

export class Lease {
  readonly #options: LeaseOptions;
  readonly #startedAtUs: number;
  #state: EdgeState = 'starting';
  #count = 0;
  #committedMs = -Infinity;
  #timer: NodeJS.Timeout | null = null;
  #writing = false;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#startedAtUs = options.clock.wallMs() * 1000;
  }

  get state(): EdgeState {
    return this.#state;
  }
  /** ms since the last renewal that is committed was begun. */
  ageMs(): number {
    return this.#options.clock.monotonicMs() - this.#committedMs;
  }

  /** Resolves with the first commit, retried until then. */
  async start(signal: AbortSignal): Promise<void> {
    while (!(await this.#renew()) && !signal.aborted)
      await new Promise((resolve) => setTimeout(resolve, this.#options.intervalMs));
    if (!signal.aborted) this.#timer = setInterval(() => void this.#renew(), this.#options.intervalMs);
  }

  /** Says it at once, not at the next renewal. */
  async say(state: EdgeState): Promise<void> {
    this.#state = state;
    if (this.#count > 0) await this.#renew(true);
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    await this.say('stopped');
  }

  /** False: not committed. A renewal that is under way is not overtaken by the next. */
  async #renew(force = false): Promise<boolean> {
    if (this.#writing && !force) return false;
    this.#writing = true;
    const { clock, bootId, host, version, inbox, listeners, sessions, write, onResult } = this.#options;
    const begunMs = clock.monotonicMs();
    this.#count++;
    try {
      await write({
        boot_id: bootId,
        host,
        version,
        inbox,
        state: this.#state,
        lease: this.#count,
        started_at: this.#startedAtUs,
        at: clock.wallMs() * 1000,
        sessions: sessions(),
        listeners: [...listeners],
      });
      this.#committedMs = Math.max(this.#committedMs, begunMs);
      onResult(true);
      return true;
    } catch {
      // The writer has logged it; a lease that grows old is what the commands look at.
      onResult(false);
      return false;
    } finally {
      this.#writing = false;
    }
  }
}
