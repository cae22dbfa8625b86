import { Attempt, type AttemptDeps, type AttemptEnd } from './attempt.js';
import { backoffMs } from './deadline.js';
import { errorFields } from './errors.js';
import type { Fetched } from './group.js';
import type { ProcessorOptions } from './ports.js';
import { Suspects } from './suspects.js';

const RETRY_FIRST_MS = 300;
const RETRY_MAX_MS = 10_000;
/** Being fenced a second time in one generation means that this member is out of the group and does not know it yet: it gives the owner time. */
const FENCED_AGAIN_MS = 2_000;
/** A partition that does not move for so long, though the member hears from its brokers, begins again: an idle one is told of the end of its log all the time. */
const STALL_MS = 30_000;

export interface RunnerDeps {
  readonly partition: number;
  readonly options: ProcessorOptions;
  /** The parts of a new life that do not change, with a new writer. */
  readonly attemptDeps: () => Omit<AttemptDeps, 'suspects' | 'onReady' | 'onEnd'>;
  readonly onSettled: () => void;
}

/** Keeps a partition alive while it belongs to this member: begins again after failures, with growing pauses, and stops where an operator must choose. */
export class PartitionRunner {
  private attempt: Attempt | null = null;
  private readonly suspects = new Suspects();
  private failures = 0;
  private fencedInGeneration = 0;
  private timer: NodeJS.Timeout | null = null;
  private closed = false;
  /** Lives that are ending. */
  private ending: Promise<void> = Promise.resolve();
  stopped: { readonly topic: string; readonly reason: string } | null = null;

  constructor(private readonly deps: RunnerDeps) {}

  get ready(): boolean {
    return this.attempt?.state === 'ready';
  }
  /** Ready, or waiting for an operator: nothing more comes by waiting. */
  get settled(): boolean {
    return this.ready || this.stopped !== null;
  }

  /** A join that left the partition here. `again`: another member may have had it since. */
  joined(again: boolean): void {
    this.fencedInGeneration = 0;
    if (this.stopped !== null) return;
    if (this.ready && !again) this.attempt!.rejoined();
    else this.begin();
  }

  begin(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const old = this.attempt;
    this.attempt = null;
    if (old !== null) this.ending = Promise.allSettled([this.ending, old.close()]).then(() => undefined);
    // The old life is over before the new one writes: two of them must not have outputs under way at once.
    void this.ending.then(() => {
      if (this.closed || this.attempt !== null || this.stopped !== null) return;
      this.attempt = new Attempt({
        ...this.deps.attemptDeps(),
        suspects: this.suspects,
        onReady: () => {
          this.failures = 0;
          this.deps.onSettled();
        },
        onEnd: (end) => this.ended(end),
      });
    });
  }

  private ended(end: AttemptEnd): void {
    const { partition, options } = this.deps;
    switch (end.kind) {
      case 'threw':
        options.metrics?.transactionFailed('threw');
        this.begin();
        return;
      case 'stopped':
        this.stopped = { topic: end.topic, reason: end.reason };
        options.log.error(
          { partition, topic: end.topic, reason: end.reason },
          'a partition is stopped, an operator has to choose',
        );
        this.deps.onSettled();
        return;
      case 'failed': {
        this.failures++;
        if (end.reason === 'fenced') this.fencedInGeneration++;
        const pauseMs =
          this.fencedInGeneration > 1
            ? backoffMs(this.fencedInGeneration - 1, FENCED_AGAIN_MS, RETRY_MAX_MS)
            : backoffMs(this.failures, RETRY_FIRST_MS, RETRY_MAX_MS);
        options.log.warn(
          { partition, reason: end.reason, pauseMs, ...errorFields(end.error) },
          'a partition begins again',
        );
        options.metrics?.transactionFailed(end.reason);
        if (!this.closed) this.timer = setTimeout(() => this.begin(), pauseMs);
      }
    }
  }

  offer(fetch: Fetched): boolean {
    return this.attempt?.offer(fetch) ?? false;
  }
  outOfRange(topic: string, offset: number): void {
    this.attempt?.outOfRange(topic, offset);
  }
  lag(): ReturnType<Attempt['lag']> {
    return this.attempt?.lag() ?? [];
  }

  /** Called about once a second. `silenceMs`: since when the member has heard nothing at all, which is no partition's fault. */
  watch(silenceMs: number): void {
    const attempt = this.attempt;
    if (attempt === null || attempt.state === 'ended') return;
    if (attempt.state === 'ready' && silenceMs > STALL_MS / 2) return;
    if (performance.now() - attempt.progressMs < STALL_MS) return;
    const { partition, options } = this.deps;
    options.log.warn({ partition, state: attempt.state }, 'a partition does not move, it begins again');
    options.metrics?.transactionFailed('stalled');
    this.begin();
  }

  /** Resolves when the step that runs is over. */
  async close(): Promise<void> {
    this.closed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    await Promise.allSettled([this.ending, this.attempt?.close()]);
  }
}
