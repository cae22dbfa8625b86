import { StreamError } from './errors.js';
import type { Chunk, QueuedFeed } from './inbox.js';
import type { InRecord } from './ports.js';
import { type Barrier, BARRIER_KEY } from './transaction.js';

/**
 * What a partition has to read before its first step: each table to the end that it had at the join, and the state to the barrier that this owner wrote. The barrier needs
 * no end offset, which control records and compaction make hard to compare: it is there or it is not.
 */
export class Loading {
  private readonly targets = new Map<QueuedFeed, number>();
  private barrierSeen = false;
  private stateValues = 0;
  /** Records that were handed to the task. */
  records = 0;

  constructor(private readonly barrier: Barrier | null) {}

  addTable(feed: QueuedFeed, end: number): void {
    this.targets.set(feed, end);
  }

  addState(feed: QueuedFeed): void {
    if (this.barrier === null) throw new Error('a state topic without a barrier');
    this.targets.set(feed, this.barrier.offset + 1);
  }

  /**
   * The records that the task is to see: of state, all but barriers.
   *
   * @throws StreamError when the log has passed our barrier without it: this is not the log that we wrote to
   */
  visible({ feed, records, end }: Chunk): readonly InRecord[] {
    const { barrier } = this;
    if (feed.kind !== 'state' || barrier === null) return records;
    const visible: InRecord[] = [];
    for (const record of records) {
      if (record.key?.toString() === BARRIER_KEY) {
        if (record.offset === barrier.offset && record.value?.toString() === barrier.id) this.barrierSeen = true;
        continue;
      }
      visible.push(record);
      if (record.value !== null) this.stateValues++;
    }
    if (end > barrier.offset && !this.barrierSeen) {
      const message = `The barrier at ${barrier.offset} of ${feed.topic}/${feed.partition} was not read`;
      throw new StreamError('transaction_failed', message, { retriable: true });
    }
    return visible;
  }

  get complete(): boolean {
    for (const [feed, target] of this.targets) if (feed.applied < target) return false;
    return true;
  }

  get stateFeeds(): QueuedFeed[] {
    return [...this.targets.keys()].filter(({ kind }) => kind === 'state');
  }

  /**
   * State without any committed offset means that the group's offsets have expired: every transaction that wrote state committed them too. From
   * the beginning, all would be counted again.
   */
  offsetsExpired(inputs: readonly string[], committed: ReadonlyMap<string, number>): boolean {
    return this.stateValues > 0 && inputs.every((topic) => !committed.has(topic));
  }
}
