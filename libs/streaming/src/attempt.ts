import { Cadence } from './cadence.js';
import { backoffMs } from './deadline.js';
import { errorFields, StreamError } from './errors.js';
import type { Fetched } from './group.js';
import { type Chunk, type FeedControl, Inbox, QueuedFeed } from './inbox.js';
import { Loading } from './loading.js';
import type { LogBounds } from './offsets.js';
import type { InRecord, ProcessorOptions, StepResult, Task } from './ports.js';
import type { Suspects } from './suspects.js';
import type { CommitOffset } from './transaction.js';
import type { StepWriter, Writes } from './writer.js';

/** Timers of a task run about so often. */
const TICK_MS = 1_000;
/** The end of an input is believed for so long after the broker last showed it. */
const END_FRESH_MS = 2_000;
/** Records of a table or of state that are loaded in one go, before the loop looks up. */
const LOAD_RECORDS_MAX = 2_000;
const PREPARE_RETRY_FIRST_MS = 100;
const PREPARE_RETRY_MAX_MS = 10_000;
/** Of a chunk without records: only the position has moved. */
const NOTHING: StepResult = { outputs: [] };

export type AttemptState = 'opening' | 'loading' | 'ready' | 'ended';

/** Why a life of a partition ended by itself. `threw`: the task is void and its records are suspected; `stopped`: an operator has to choose. */
export type AttemptEnd =
  | { readonly kind: 'failed'; readonly reason: string; readonly error: unknown }
  | { readonly kind: 'threw' }
  | { readonly kind: 'stopped'; readonly topic: string; readonly reason: string };

export interface AttemptDeps {
  readonly partition: number;
  readonly options: ProcessorOptions;
  readonly control: FeedControl;
  readonly writer: StepWriter;
  readonly suspects: Suspects;
  readonly bounds: (topic: string) => Promise<ReadonlyMap<number, LogBounds>>;
  /** The group's committed offset of an input of this partition; null: none. */
  readonly committed: () => Promise<ReadonlyMap<string, number>>;
  readonly onReady: () => void;
  readonly onEnd: (end: AttemptEnd) => void;
}

/**
 * One life of a partition's Task: fence, load, then steps, until something fails or the partition goes away. Everything that touches the task
 * or the writer happens in `run`, one thing after the other; the client's callbacks only put records into the inbox.
 */
export class Attempt {
  state: AttemptState = 'opening';
  /** When something last moved, for the watchdog. */
  progressMs = performance.now();
  private readonly feeds = new Map<string, QueuedFeed>();
  private readonly inbox: Inbox;
  private task: Task | null = null;
  private loading = new Loading(null);
  private hold: ReadonlyMap<string, number> = new Map();
  private offsetsDirty = false;
  private lastTickMs = 0;
  private readonly cadence: Cadence;
  private readonly startedMs = performance.now();
  private readonly finished: Promise<void>;

  constructor(private readonly deps: AttemptDeps) {
    this.cadence = new Cadence(deps.options.pace?.commitMs);
    this.inbox = new Inbox(deps.control, deps.options.batchRecordsMax);
    this.finished = this.run();
  }

  /** Positions and pauses after a join; the partition stayed with this member. */
  rejoined(): void {
    for (const feed of this.feeds.values()) this.inbox.restore(feed);
    if (this.state !== 'ready')
      for (const topic of this.deps.options.inputs) this.deps.control.pause(topic, this.deps.partition);
  }

  offer(fetch: Fetched): boolean {
    const feed = this.feeds.get(fetch.topic);
    if (feed === undefined || this.state === 'ended') return false;
    this.progressMs = performance.now();
    return this.inbox.offer(feed, fetch);
  }

  outOfRange(topic: string, offset: number): void {
    const feed = this.feeds.get(topic);
    if (feed === undefined || this.state === 'ended') return;
    if (this.state !== 'ready') {
      // The log's start moved on between the look at it and the fetch: nothing was promised yet.
      this.end({
        kind: 'failed',
        reason: 'log_start_moved',
        error: new Error(`offset ${offset} of ${topic} is out of range`),
      });
      return;
    }
    this.end({
      kind: 'stopped',
      topic,
      reason: `offset ${offset} is out of range: set the group's offset, then restart`,
    });
  }

  /** Behind the end, per input. */
  lag(): { topic: string; partition: number; records: number }[] {
    return this.inputs().map(({ topic, partition, lag }) => ({ topic, partition, records: lag }));
  }

  /** Ends this life; resolves when the step that runs is over. */
  async close(): Promise<void> {
    this.state = 'ended';
    this.inbox.notify();
    await this.finished;
  }

  private hasEnded(): boolean {
    return this.state === 'ended';
  }

  private end(end: AttemptEnd): void {
    if (this.hasEnded()) return;
    this.state = 'ended';
    this.inbox.notify();
    this.deps.onEnd(end);
  }

  private async run(): Promise<void> {
    try {
      await this.open();
      while (!this.hasEnded()) await this.turn();
    } catch (error) {
      const reason = error instanceof StreamError ? error.code : 'bug';
      this.end({ kind: 'failed', reason, error });
    } finally {
      this.release();
    }
  }

  private release(): void {
    const { options, partition } = this.deps;
    this.deps.writer.close();
    try {
      this.task?.close?.();
    } catch (error) {
      options.log.error({ partition, ...errorFields(error) }, 'a task threw while it was closed');
    }
  }

  private async open(): Promise<void> {
    const { options, writer, control, partition } = this.deps;
    for (const topic of options.inputs) control.pause(topic, partition);
    await writer.open();
    this.loading = new Loading(options.state === undefined ? null : await writer.barrier(options.state));
    for (const topic of options.tables ?? []) {
      const { low, end } = await this.bound(topic);
      this.loading.addTable(this.addFeed('table', topic, low), end);
    }
    if (options.state !== undefined) {
      this.loading.addState(this.addFeed('state', options.state, (await this.bound(options.state)).low));
    }
    if (this.hasEnded()) return;
    this.task = options.createTask(partition);
    this.state = 'loading';
    for (const feed of this.feeds.values()) this.inbox.open(feed);
    await this.readyIfLoaded();
  }

  private async bound(topic: string): Promise<LogBounds> {
    const { partition } = this.deps;
    const bound = (await this.deps.bounds(topic)).get(partition);
    if (bound !== undefined) return bound;
    throw new StreamError('topic_missing', `Topic ${topic} has no partition ${partition}`, { topic, partition });
  }

  private addFeed(kind: QueuedFeed['kind'], topic: string, next: number): QueuedFeed {
    const feed = new QueuedFeed(kind, topic, this.deps.partition, next);
    this.feeds.set(topic, feed);
    return feed;
  }

  private async turn(): Promise<void> {
    const { options, suspects } = this.deps;
    const load = this.inbox.takeLoad(LOAD_RECORDS_MAX);
    if (load !== null) await this.load(load);
    const { dueMs } = this.cadence;
    const due = dueMs === null || (await this.inbox.gather(options.batchRecordsMax, dueMs, () => this.hasEnded()));
    const alone = (feed: QueuedFeed, offset: number): boolean => suspects.alone(feed.topic, offset);
    const input = due && !this.hasEnded() ? this.inbox.takeInput(options.batchRecordsMax, alone) : null;
    if (input !== null) await this.step(input);
    if (load !== null || input !== null) this.progressMs = performance.now();
    if (this.state === 'ready') {
      await this.tickIfDue();
      if (this.deps.writer.worn)
        throw new StreamError('transaction_failed', 'the producer id is worn out, a new one is taken', {
          retriable: true,
        });
    }
    if (load === null && input === null && !this.hasEnded())
      await this.inbox.wait(this.state === 'ready' ? this.lastTickMs + TICK_MS - performance.now() : TICK_MS);
  }

  /** Asks the task for what it needs to read these records; false when this life ended meanwhile. */
  private async prepare(records: readonly InRecord[]): Promise<boolean> {
    const task = this.task!;
    if (task.prepare === undefined || records.length === 0) return true;
    for (let failures = 1; !this.hasEnded(); failures++) {
      try {
        await task.prepare(records);
        break;
      } catch (error) {
        this.progressMs = performance.now(); // it waits for a reason: that is not a stall
        const { partition, options } = this.deps;
        options.log.warn(
          { partition, topic: records[0]?.topic, failures, ...errorFields(error) },
          'a batch cannot be read yet, its partition waits',
        );
        await new Promise((resolve) =>
          setTimeout(resolve, backoffMs(failures, PREPARE_RETRY_FIRST_MS, PREPARE_RETRY_MAX_MS)),
        );
      }
    }
    return !this.hasEnded();
  }

  private async load(chunk: Chunk): Promise<void> {
    const records = this.loading.visible(chunk);
    if (!(await this.prepare(records))) return;
    for (const record of records) {
      try {
        this.task!.load(record);
      } catch (error) {
        if (chunk.feed.kind === 'state') throw error; // going on without it would be going on with wrong state
        const { topic, partition, offset } = record;
        this.deps.options.log.error(
          { topic, partition, offset, ...errorFields(error) },
          'a table record could not be loaded and is left out',
        );
      }
    }
    this.loading.records += records.length;
    this.inbox.done(chunk);
    await this.readyIfLoaded();
  }

  private async readyIfLoaded(): Promise<void> {
    const { loading } = this;
    if (this.state !== 'loading' || !loading.complete) return;
    const { options, partition } = this.deps;
    for (const feed of loading.stateFeeds) {
      feed.finished = true;
      this.inbox.flow(feed, false);
    }
    // Only now: what the former owner committed is final since the fencing, and nothing has been read before the tables.
    const committed = await this.deps.committed();
    if (this.hasEnded()) return;
    if (loading.offsetsExpired(options.inputs, committed)) {
      const reason =
        'state exists but the offsets of the group are gone: set them where the state ends, or empty the state topic';
      this.end({ kind: 'stopped', topic: options.inputs[0]!, reason });
      return;
    }
    const starts = new Map<string, number>();
    for (const topic of options.inputs) starts.set(topic, committed.get(topic) ?? (await this.bound(topic)).low);
    if (this.hasEnded()) return;
    this.task!.ready?.(Date.now());
    this.state = 'ready';
    this.lastTickMs = performance.now();
    for (const [topic, next] of starts) this.inbox.open(this.addFeed('input', topic, next));
    const seconds = (performance.now() - this.startedMs) / 1000;
    options.log.info({ partition, records: loading.records, seconds }, 'a partition is ready');
    options.metrics?.restored(partition, loading.records, seconds);
    this.deps.onReady();
  }

  /** Steps over what waits, and one commit for all of it: a transaction costs more than most steps. */
  private async step(first: Chunk): Promise<void> {
    const startedMs = performance.now();
    this.cadence.began(startedMs);
    const done: { readonly chunk: Chunk; readonly result: StepResult }[] = [];
    let records = 0;
    for (let chunk: Chunk | null = first; chunk !== null; chunk = this.another(records)) {
      const result = await this.resultOf(chunk);
      if (result === null) return;
      this.inbox.done(chunk);
      this.offsetsDirty = true;
      if (result !== NOTHING) done.push({ chunk, result });
      records += chunk.records.length;
    }
    if (done.length === 0) return;
    await this.commit(done.map(({ result }) => result));
    const endedMs = performance.now();
    this.cadence.ended(endedMs);
    const seconds = (endedMs - startedMs) / 1000;
    for (const { chunk, result } of done) this.settle(chunk, result, seconds / done.length);
  }

  /** More input that waits, of any topic, for the same transaction. Suspected records are committed alone, and so is what comes after them. */
  private another(records: number): Chunk | null {
    const { options, suspects } = this.deps;
    const room = options.batchRecordsMax - records;
    const may = options.guarantee === 'exactly_once' && room > 0 && !suspects.any;
    return may ? this.inbox.takeInput(room, () => false) : null;
  }

  /** What the task makes of a chunk; null: this life has ended. */
  private async resultOf(chunk: Chunk): Promise<StepResult | null> {
    const { feed, records } = chunk;
    const first = records[0];
    if (first === undefined) return NOTHING;
    const { options, suspects, partition } = this.deps;
    if (!(await this.prepare(records))) return null;
    const condemned = suspects.condemned(feed.topic, first.offset);
    if (condemned !== null) {
      options.log.error(
        { topic: feed.topic, partition, offset: first.offset, ...errorFields(condemned.error) },
        'a record on which the step threw twice goes to the dead letters',
      );
      return { outputs: [options.deadLetter(first, condemned.error)], holdAt: this.hold };
    }
    try {
      return await this.task!.process(records, Date.now());
    } catch (error) {
      this.threw(chunk, error);
      return null;
    }
  }

  private settle({ feed, records }: Chunk, result: StepResult, seconds: number): void {
    const last = records[records.length - 1]!;
    this.deps.suspects.settled(feed.topic, last.offset);
    this.deps.options.metrics?.batch({
      partition: this.deps.partition,
      topic: feed.topic,
      records: records.length,
      outputs: result.outputs.length,
      seconds,
      lastTimestampMs: last.timestampMs,
    });
  }

  private threw(chunk: Chunk, error: unknown): void {
    const { options, suspects, partition } = this.deps;
    const offsets = chunk.records.map(({ offset }) => offset);
    options.log.warn(
      { topic: chunk.feed.topic, partition, offset: offsets[0], records: offsets.length, ...errorFields(error) },
      'a step threw, its records are given one by one',
    );
    suspects.threw(chunk.feed.topic, offsets, error);
    // A transactional task may have changed its state half way: only a restore gives it back.
    if (options.guarantee === 'exactly_once') this.end({ kind: 'threw' });
    else this.inbox.putBack(chunk);
  }

  private async tickIfDue(): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.lastTickMs < TICK_MS || this.hasEnded()) return;
    this.lastTickMs = nowMs;
    const result = this.task!.tick?.(Date.now(), this.lagZero(nowMs)) ?? null;
    if (result !== null) await this.commit([result]);
    else if (this.offsetsDirty) await this.write({ outputs: [], state: [] });
  }

  private lagZero(nowMs: number): boolean {
    if (!this.inbox.empty) return false;
    return this.inputs().every(
      ({ applied, end, atEndMs }) => applied >= end && atEndMs !== null && nowMs - atEndMs <= END_FRESH_MS,
    );
  }

  private async commit(results: readonly StepResult[]): Promise<void> {
    this.hold = results[results.length - 1]?.holdAt ?? new Map();
    const outputs = results.length === 1 ? results[0]!.outputs : results.flatMap((result) => result.outputs);
    const state = results.flatMap((result) => result.state ?? []);
    // With nothing to write the offsets can wait for the next write or tick: a transaction costs more than reading some records again.
    if (outputs.length > 0 || state.length > 0 || results.some(({ afterCommit }) => afterCommit !== undefined))
      await this.write({ outputs, state });
    for (const { afterCommit } of results) this.after(afterCommit);
  }

  private after(afterCommit: (() => void) | undefined): void {
    try {
      afterCommit?.();
    } catch (error) {
      this.deps.options.log.error(
        { partition: this.deps.partition, ...errorFields(error) },
        'what was to run after the commit threw',
      );
    }
  }

  private async write(writes: Writes): Promise<void> {
    await this.deps.writer.commit(writes, this.offsets());
    this.offsetsDirty = false;
  }

  /** Where each input stands, or is held. */
  private offsets(): CommitOffset[] {
    return this.inputs().map(({ topic, applied }) => ({
      topic,
      offset: Math.min(applied, this.hold.get(topic) ?? applied),
    }));
  }

  private inputs(): QueuedFeed[] {
    return [...this.feeds.values()].filter(({ kind }) => kind === 'input');
  }
}
