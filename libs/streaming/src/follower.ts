import { randomUUID } from 'node:crypto';
import type { Kafka } from 'kafkajs';
import { exactly } from './assigner.js';
import { errorFields, StreamError, toError } from './errors.js';
import { Feed, placeKey } from './feed.js';
import { type Fetched, Group } from './group.js';
import { logBounds, requireTopics } from './offsets.js';
import type { InRecord, StreamLog } from './ports.js';
import { positionOf, toInRecord } from './records.js';

/** Pause before a consumer that ended for good is made anew. */
const RESTART_DELAY_MS = 1_000;
/** Records of so long are fetched together, unless there are many: a fetch of one costs as much as a fetch of a hundred. The first after a pause does not wait. */
const FETCH_MS = 10;

export interface FollowerOptions {
  readonly client: Kafka;
  readonly clientId: string;
  readonly topics: readonly string[];
  /** Absent: all partitions. */
  readonly partitions?: readonly number[];
  readonly from: 'beginning' | 'end';
  readonly onRecord: (record: InRecord) => void;
  /** `onRecord` threw on this record. */
  readonly onThrow: (record: InRecord, error: unknown) => void;
  /** The log no longer holds what comes next: the partition stands still, and the owner decides. */
  readonly onOutOfRange: (error: StreamError) => void;
  readonly log: StreamLog;
}

/**
 * Reads partitions without offsets of a group: a group of its own with one member, nothing committed. A record is handed over once, in offset order within
 * its partition, whatever the client reads again after a rejoin. When the client gives up, the follower makes a new consumer and goes on where it was.
 */
export class Follower {
  private readonly feeds = new Map<string, Feed>();
  /** Ends taken at the start. */
  private readonly targets = new Map<Feed, number>();
  private group: Group | null = null;
  private stopped = false;
  private restartTimer: NodeJS.Timeout | null = null;
  private joinedOnce = false;
  private isCaughtUp = false;
  private settleCaughtUp: () => void = () => undefined;
  private failCaughtUp: (error: Error) => void = () => undefined;
  /** Resolves when every partition was read to the end that it had at the start. */
  readonly caughtUp: Promise<void>;

  constructor(private readonly options: FollowerOptions) {
    this.caughtUp = new Promise((resolve, reject) => {
      this.settleCaughtUp = resolve;
      this.failCaughtUp = reject;
    });
    this.caughtUp.catch(() => undefined);
  }

  /** @throws StreamError `topic_missing` */
  async start(): Promise<void> {
    const admin = this.options.client.admin();
    await admin.connect();
    try {
      await requireTopics(admin, this.options.topics);
      for (const topic of this.options.topics) {
        const askedMs = performance.now();
        const bounds = await logBounds(admin, topic);
        for (const partition of this.options.partitions ?? bounds.keys()) {
          const bound = bounds.get(partition);
          if (bound === undefined) {
            throw new StreamError(
              'topic_missing',
              `Topic ${topic} has no partition ${partition}, it has ${bounds.size}`,
              { topic, partition },
            );
          }
          const feed = new Feed(topic, partition, this.options.from === 'beginning' ? bound.low : bound.end);
          this.feeds.set(placeKey(topic, partition), feed);
          if (feed.next >= bound.end) feed.atEndMs = askedMs;
          this.targets.set(feed, bound.end);
        }
      }
    } finally {
      await admin.disconnect();
    }
    await this.open();
  }

  private async open(): Promise<void> {
    const selection = new Map<string, number[]>();
    for (const { topic, partition } of this.feeds.values())
      selection.set(topic, [...(selection.get(topic) ?? []), partition]);
    this.group = new Group(this.options.client, {
      groupId: `${this.options.clientId}-${randomUUID()}`,
      topics: this.options.topics,
      assigner: exactly(selection),
      fetchMs: FETCH_MS,
      log: this.options.log,
      handlers: {
        joined: () => {
          for (const feed of this.feeds.values()) {
            this.group?.seek(feed.topic, feed.partition, feed.next);
            this.group?.resume(feed.topic, feed.partition);
          }
          this.joinedOnce = true;
          this.judge();
        },
        fetched: (fetch) => this.fetched(fetch),
        outOfRange: (topic, partition, offset) => this.outOfRange(topic, partition, offset),
        rebalancing: () => undefined,
        crashed: (error, restarts) => this.crashed(error, restarts),
      },
    });
    await this.group.run();
  }

  private fetched(fetch: Fetched): boolean {
    const feed = this.feeds.get(placeKey(fetch.topic, fetch.partition));
    if (feed === undefined || this.stopped) return false;
    const taken = feed.take(fetch, performance.now());
    if (taken.kind === 'gap') {
      this.group?.seek(feed.topic, feed.partition, feed.next);
      return false;
    }
    for (const message of fetch.messages) {
      if (positionOf(message) < taken.from) continue;
      const record = toInRecord(fetch.topic, fetch.partition, message);
      try {
        this.options.onRecord(record);
      } catch (error) {
        this.options.onThrow(record, error);
      }
      if (this.isStopped()) return true;
    }
    this.judge();
    return true;
  }

  private isStopped(): boolean {
    return this.stopped;
  }

  private judge(): void {
    if (this.isCaughtUp || !this.joinedOnce) return;
    for (const [feed, target] of this.targets) if (feed.next < target) return;
    this.isCaughtUp = true;
    this.settleCaughtUp();
  }

  private outOfRange(topic: string, partition: number, offset: number): void {
    const message = `Offset ${offset} of ${topic}/${partition} is no longer in the log (or not yet); records were lost to this reader, which stands still`;
    this.options.onOutOfRange(new StreamError('offset_out_of_range', message, { topic, partition }));
  }

  private crashed(error: Error, restarts: boolean): void {
    this.options.log.warn({ restarts, ...errorFields(error) }, 'the reading consumer ended');
    if (restarts || this.stopped) return;
    const old = this.group;
    this.restartTimer = setTimeout(() => {
      void old?.stop();
      this.open().catch((cause: unknown) => this.crashed(toError(cause), false));
    }, RESTART_DELAY_MS);
  }

  /** ms since every partition was last known to be read to its end. Infinite before that. */
  silenceMs(): number {
    const nowMs = performance.now();
    let silence = 0;
    for (const { atEndMs } of this.feeds.values())
      silence = Math.max(silence, atEndMs === null ? Infinity : nowMs - atEndMs);
    return silence;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    if (this.restartTimer !== null) clearTimeout(this.restartTimer);
    if (!this.isCaughtUp)
      this.failCaughtUp(new StreamError('closed', 'The reader was stopped before it had caught up'));
    await this.group?.stop();
  }
}
