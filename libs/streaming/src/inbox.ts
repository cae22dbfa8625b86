import { Feed } from './feed.js';
import type { Fetched } from './group.js';
import type { InRecord } from './ports.js';
import { positionOf, toInRecord } from './records.js';

/** What waits of one topic-partition before it is paused, and down to which it is resumed. */
const BYTES_HIGH = 1024 * 1024;
const BYTES_LOW = 256 * 1024;
/** Batches' worth of records at which a feed is paused: one that is worked on and one that waits. What waits longer outlives the collector's young generation. */
const BATCHES_HIGH = 2;
const RECORD_BYTES = 64;

export type FeedKind = 'input' | 'table' | 'state';

/** A feed whose records wait in an inbox. */
export class QueuedFeed extends Feed {
  /** Everything below was given to the task. */
  applied: number;
  records = 0;
  bytes = 0;
  paused = true;
  /** Nothing more is wanted of it. */
  finished = false;

  constructor(
    readonly kind: FeedKind,
    topic: string,
    partition: number,
    next: number,
  ) {
    super(topic, partition, next);
    this.applied = next;
  }

  get lag(): number {
    return Math.max(0, this.end - this.applied);
  }
}

/** A part of a fetch: records of one feed, and where the feed stands when they are done. */
export interface Chunk {
  readonly feed: QueuedFeed;
  readonly records: readonly InRecord[];
  readonly end: number;
}

export interface FeedControl {
  pause(topic: string, partition: number): void;
  resume(topic: string, partition: number): void;
  seek(topic: string, partition: number, offset: number): void;
}

const bytesOf = (record: InRecord): number => RECORD_BYTES + (record.key?.length ?? 0) + (record.value?.length ?? 0);

/**
 * Records of one partition's feeds between the fetch, which must not wait, and the task, which takes its time. Bounded by pausing. What is loaded (tables, state)
 * stands in a line of its own: between two chunks of input it would part them, and each part would be a transaction.
 */
export class Inbox {
  private readonly loads: Chunk[] = [];
  private readonly inputs: Chunk[] = [];
  private wake: (() => void) | null = null;

  constructor(
    private readonly control: FeedControl,
    private readonly batchRecordsMax: number,
  ) {}

  /** Seeks to where the feed stands and lets it flow. */
  open(feed: QueuedFeed): void {
    this.control.seek(feed.topic, feed.partition, feed.next);
    this.flow(feed, true);
  }

  /** After a join the client knows neither positions nor pauses. */
  restore(feed: QueuedFeed): void {
    this.control.seek(feed.topic, feed.partition, feed.next);
    this.flow(feed, !feed.paused);
  }

  flow(feed: QueuedFeed, flowing: boolean): void {
    feed.paused = !flowing;
    if (flowing) this.control.resume(feed.topic, feed.partition);
    else this.control.pause(feed.topic, feed.partition);
  }

  /** Takes a fetch. False: it does not fit, the client goes where it was sought to. */
  offer(feed: QueuedFeed, fetch: Fetched): boolean {
    const taken = feed.take(fetch, performance.now());
    if (taken.kind === 'gap') {
      this.control.seek(feed.topic, feed.partition, feed.next);
      return false;
    }
    const records: InRecord[] = [];
    for (const message of fetch.messages) {
      if (positionOf(message) < taken.from) continue;
      const record = toInRecord(fetch.topic, fetch.partition, message);
      records.push(record);
      feed.bytes += bytesOf(record);
    }
    feed.records += records.length;
    if (records.length > 0 || feed.next > taken.from)
      (feed.kind === 'input' ? this.inputs : this.loads).push({ feed, records, end: feed.next });
    if (feed.records >= this.batchRecordsMax * BATCHES_HIGH || feed.bytes >= BYTES_HIGH) this.flow(feed, false);
    this.notify();
    return true;
  }

  /** Is anything waiting? */
  get empty(): boolean {
    return this.loads.length === 0 && this.inputs.length === 0;
  }

  /**
   * Lets input gather until `recordsMin` wait, or many bytes, or `untilMs` of the monotonic clock is over. True: it is to be taken now; false: nothing waits, or
   * something is to be loaded meanwhile.
   */
  async gather(recordsMin: number, untilMs: number, ended: () => boolean): Promise<boolean> {
    for (let head = this.inputs[0]; head !== undefined && !ended(); head = this.inputs[0]) {
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0 || head.feed.records >= recordsMin || head.feed.bytes >= BYTES_LOW) return true;
      if (this.loads.length > 0) return false;
      await this.pause(leftMs);
    }
    return false;
  }

  /** The next records to load, of one feed, at most `recordsMax`. */
  takeLoad(recordsMax: number): Chunk | null {
    return this.take(this.loads, recordsMax);
  }

  /** The next records of one input, at most `recordsMax`, or one if `alone` says so of the first. */
  takeInput(recordsMax: number, alone: (feed: QueuedFeed, offset: number) => boolean): Chunk | null {
    const head = this.inputs[0];
    const first = head?.records[0];
    return this.take(this.inputs, first !== undefined && alone(head!.feed, first.offset) ? 1 : recordsMax);
  }

  private take(chunks: Chunk[], max: number): Chunk | null {
    const head = chunks[0];
    if (head === undefined) return null;
    const { feed } = head;
    const records: InRecord[] = [];
    let end = feed.applied;
    for (let chunk = chunks[0]; chunk?.feed === feed; chunk = chunks[0]) {
      const room = max - records.length;
      if (chunk.records.length <= room) {
        for (const record of chunk.records) records.push(record);
        end = chunk.end;
        chunks.shift();
        if (records.length === max) break;
        continue;
      }
      for (const record of chunk.records.slice(0, room)) records.push(record);
      if (room > 0) end = records[records.length - 1]!.offset + 1;
      chunks[0] = { feed, records: chunk.records.slice(room), end: chunk.end };
      break;
    }
    return { feed, records, end };
  }

  /** Puts back input that could not be done, before all that waits. */
  putBack(chunk: Chunk): void {
    this.inputs.unshift(chunk);
  }

  /** These records are done with: lets the feed flow again when enough of it is. */
  done(chunk: Chunk): void {
    const { feed } = chunk;
    feed.applied = chunk.end;
    feed.records -= chunk.records.length;
    for (const record of chunk.records) feed.bytes -= bytesOf(record);
    const low = feed.records <= (this.batchRecordsMax * BATCHES_HIGH) / 2 && feed.bytes <= BYTES_LOW;
    if (feed.paused && low && !feed.finished) this.flow(feed, true);
  }

  /** Resolves when something is offered, or notified, or the time has passed. */
  wait(timeoutMs: number): Promise<void> {
    return this.empty ? this.pause(timeoutMs) : Promise.resolve();
  }

  /** Resolves at the next offer or notification, or when the time has passed. */
  private pause(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.notify(), timeoutMs);
      this.wake = () => {
        clearTimeout(timer);
        this.wake = null;
        resolve();
      };
    });
  }

  notify(): void {
    this.wake?.();
  }
}
