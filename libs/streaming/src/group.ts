import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import type { PartitionAssigner } from 'kafkajs';
import { withDeadline } from './deadline.js';
import type { StreamLog } from './ports.js';
import { errorFields, toError } from './errors.js';

/** A member that says nothing for so long is taken for dead: the shortest that a busy event loop survives. */
const SESSION_TIMEOUT_MS = 10_000;
const HEARTBEAT_INTERVAL_MS = 1_000;
/** Handlers only enqueue, so that a member rejoins at once; this is for one that hangs. */
const REBALANCE_TIMEOUT_MS = 15_000;
/** Leaving is a courtesy to the other members: one that cannot be heard is missed after its session. */
const LEAVE_TIMEOUT_MS = 10_000;
/** A broker with nothing to give answers after this; so often does an idle reader learn that it is at the end. */
const FETCH_WAIT_MS = 250;
/**
 * What a fetch brings at most of a partition, compressed: five times as much to hold. A longer batch comes when its partition stands first in a
 * request, which the client shuffles.
 */
const FETCH_PARTITION_BYTES = 128 * 1024;
const FETCH_BYTES = 2 * 1024 * 1024;
/** A fetch that brought so much is followed by the next at once: there is more. */
const FETCH_PLENTY_BYTES = 64 * 1024;

/** What one fetch brought for one partition; `messages` is empty where nothing of it is shown (markers, aborted, compacted, end of log). */
export interface Fetched {
  readonly topic: string;
  readonly partition: number;
  readonly fetchedOffset: number;
  readonly nextOffset: number;
  readonly end: number;
  readonly highWatermark: number;
  readonly messages: EachBatchPayload['batch']['messages'];
}

export interface GroupHandlers {
  /**
   * The assignment of a new generation, by topic. Pauses and positions of the one before are void: set them all. Another `memberId` than
   * before means that the member had been out of the group: others may have had its partitions since.
   */
  joined(assignment: Readonly<Record<string, readonly number[]>>, memberId: string): void;
  /** Must not block: it enqueues. Returns false when the fetch does not fit the position: the client then stays where it is, or goes where it was sought to. */
  fetched(fetch: Fetched): boolean;
  outOfRange(topic: string, partition: number, offset: number): void;
  /** The group is about to form anew. */
  rebalancing(): void;
  /** The member ended; `restarts`: the client starts it again by itself. */
  crashed(error: Error, restarts: boolean): void;
}

export interface GroupOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly assigner: PartitionAssigner;
  /** A fetch begins so long after the one before it began, unless that brought much. Absent: at once. */
  readonly fetchMs?: number | undefined;
  readonly handlers: GroupHandlers;
  readonly log: StreamLog;
}

const NO_MESSAGES: Fetched['messages'] = [];

/** A member of a consumer group of the client: positions, pauses and commits are all the owner's. Always `read_committed`. */
export class Group {
  private readonly consumer: Consumer;
  /** When a fetch or heartbeat last succeeded, ms of the monotonic clock. */
  private heardMs = performance.now();

  constructor(
    client: Kafka,
    private readonly options: GroupOptions,
  ) {
    this.consumer = client.consumer({
      groupId: options.groupId,
      partitionAssigners: [options.assigner],
      readUncommitted: false,
      sessionTimeout: SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_INTERVAL_MS,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      maxBytesPerPartition: FETCH_PARTITION_BYTES,
      maxBytes: FETCH_BYTES,
      ...(options.fetchMs === undefined
        ? {}
        : { fetchPace: { intervalMs: options.fetchMs, bytes: FETCH_PLENTY_BYTES } }),
      retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 10 },
    });
    const { events } = this.consumer;
    const heard = (): void => {
      this.heardMs = performance.now();
    };
    this.consumer.on(events.FETCH, heard);
    this.consumer.on(events.HEARTBEAT, heard);
    this.consumer.on(events.GROUP_JOIN, ({ payload }) => {
      heard();
      options.handlers.joined(payload.memberAssignment, payload.memberId);
    });
    this.consumer.on(events.REBALANCING, () => options.handlers.rebalancing());
    this.consumer.on(events.OFFSET_OUT_OF_RANGE, ({ payload }) =>
      options.handlers.outOfRange(payload.topic, payload.partition, Number(payload.offset)),
    );
    this.consumer.on(events.FETCH_POSITION, ({ payload }) => {
      options.handlers.fetched({
        topic: payload.topic,
        partition: payload.partition,
        fetchedOffset: Number(payload.fetchedOffset),
        nextOffset: Number(payload.position),
        end: Number(payload.readableEnd),
        highWatermark: Number(payload.highWatermark),
        messages: NO_MESSAGES,
      });
    });
    this.consumer.on(events.CRASH, ({ payload }) => options.handlers.crashed(payload.error, payload.restart));
  }

  get silenceMs(): number {
    return performance.now() - this.heardMs;
  }

  async run(): Promise<void> {
    await this.consumer.connect();
    await this.consumer.subscribe({ topics: [...this.options.topics], fromBeginning: true });
    await this.consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      // Handlers only enqueue: one after the other is enough, and keeps the order of a fetch.
      partitionsConsumedConcurrently: 1,
      eachBatch: (payload) => {
        this.batch(payload);
        return Promise.resolve();
      },
    });
  }

  private batch(payload: EachBatchPayload): void {
    const { batch } = payload;
    if (payload.isStale()) return; // the owner has sought elsewhere since
    const taken = this.options.handlers.fetched({
      topic: batch.topic,
      partition: batch.partition,
      fetchedOffset: Number(batch.fetchedOffset),
      nextOffset: Number(batch.nextOffset()),
      end: Number(batch.readableEnd),
      highWatermark: Number(batch.highWatermark),
      messages: batch.messages,
    });
    if (taken) payload.resolveOffset(batch.lastOffset());
  }

  /** Like pausing and resuming, void while the client restarts its member: the join that follows sets all. */
  seek(topic: string, partition: number, offset: number): void {
    this.ifRunning(() => this.consumer.seek({ topic, partition, offset: String(offset) }));
  }
  pause(topic: string, partition: number): void {
    this.ifRunning(() => this.consumer.pause([{ topic, partitions: [partition] }]));
  }
  resume(topic: string, partition: number): void {
    this.ifRunning(() => this.consumer.resume([{ topic, partitions: [partition] }]));
  }
  private ifRunning(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (toError(error).name !== 'KafkaJSNonRetriableError') throw error;
      this.options.log.debug(errorFields(error), 'the consumer is between two runs');
    }
  }
  /** Commits under the member's generation: refused when the partition was given to another. */
  async commit(
    offsets: readonly { readonly topic: string; readonly partition: number; readonly offset: number }[],
  ): Promise<void> {
    await this.consumer.commitOffsets(
      offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset: String(offset) })),
    );
  }
  async stop(): Promise<void> {
    try {
      await withDeadline(this.consumer.disconnect(), LEAVE_TIMEOUT_MS, 'leaving the group');
    } catch (error) {
      this.options.log.debug(errorFields(error), 'the consumer did not disconnect cleanly');
    }
  }
}
