import type { Admin as ClientAdmin, CompressionTypes, Kafka } from 'kafkajs';
import { coPartitionedSticky } from './assigner.js';
import { Committer } from './committer.js';
import { withDeadline } from './deadline.js';
import { errorFields, StreamError } from './errors.js';
import { Group } from './group.js';
import { type LogBounds, logBounds, requireTopics } from './offsets.js';
import { PartitionRunner } from './partition-runner.js';
import type { Processor, ProcessorOptions, ProcessorStatus } from './ports.js';
import { PlainProducer } from './producer.js';
import { Sender } from './sender.js';
import { TransactionalWriter } from './transaction.js';
import { AtLeastOnceWriter, ExactlyOnceWriter, type StepWriter } from './writer.js';

const WATCH_MS = 1_000;
/** What a step that runs at the stop may take; longer, and its work is done again by the next owner. */
const STOP_TIMEOUT_MS = 20_000;

/**
 * One member of a processor group. A partition of all inputs, tables and state belongs to one member, which runs one Task for it.
 *
 * - Positions, pauses and offsets are set at every join; a partition that was not ready then begins again, and all of them do when the member had been out.
 * - A rebalance lets go of partitions without waiting for them: transactions of a former owner are fenced, and commits at least once are refused by generation.
 */
export class GroupProcessor implements Processor {
  readonly failed: Promise<never>;
  private fail: (error: StreamError) => void = () => undefined;
  private readonly group: Group;
  private readonly admin: ClientAdmin;
  private readonly producer: PlainProducer | null;
  private readonly committer: Committer;
  private readonly runners = new Map<number, PartitionRunner>();
  private readonly pendingBounds = new Map<string, Promise<ReadonlyMap<number, LogBounds>>>();
  private readonly topics: readonly string[];
  private memberId: string | null = null;
  private watchTimer: NodeJS.Timeout | null = null;
  private settledListeners: (() => void)[] = [];
  private stopping = false;

  constructor(
    private readonly client: Kafka,
    private readonly options: ProcessorOptions,
    private readonly compression: CompressionTypes,
  ) {
    if (options.inputs.length === 0) throw new StreamError('bad_options', 'A processor needs at least one input topic');
    if (options.state !== undefined && options.guarantee !== 'exactly_once') {
      throw new StreamError(
        'bad_options',
        `State topic ${options.state} needs the guarantee exactly_once: otherwise state and offsets part`,
      );
    }
    this.topics = [
      ...options.inputs,
      ...(options.tables ?? []),
      ...(options.state === undefined ? [] : [options.state]),
    ];
    if (new Set(this.topics).size !== this.topics.length) {
      throw new StreamError('bad_options', `A topic is named twice among ${this.topics.join(', ')}`);
    }
    this.failed = new Promise<never>((_, reject) => {
      this.fail = reject;
    });
    this.failed.catch(() => undefined);
    this.admin = client.admin();
    this.producer =
      options.guarantee === 'at_least_once' ? new PlainProducer(new Sender(client, compression, options.log)) : null;
    this.group = new Group(client, {
      groupId: options.group,
      topics: this.topics,
      fetchMs: options.pace?.fetchMs,
      assigner: coPartitionedSticky(() => [...this.runners.keys()]),
      log: options.log,
      handlers: {
        joined: (assignment, memberId) => this.joined(assignment[options.inputs[0]!] ?? [], memberId),
        fetched: (fetch) => this.runners.get(fetch.partition)?.offer(fetch) ?? false,
        outOfRange: (topic, partition, offset) => this.runners.get(partition)?.outOfRange(topic, offset),
        rebalancing: () => void this.committer.flush(),
        crashed: (error, restarts) => this.crashed(error, restarts),
      },
    });
    this.committer = new Committer((offsets) => this.group.commit(offsets), options.log);
  }

  async start(): Promise<void> {
    await this.admin.connect();
    await this.checkTopics();
    this.watchTimer = setInterval(() => this.watch(), WATCH_MS);
    const ready = new Promise<void>((resolve) => this.settledListeners.push(resolve));
    await this.group.run();
    await Promise.race([ready, this.failed]);
  }

  private async checkTopics(): Promise<void> {
    await requireTopics(this.admin, this.topics);
    const counts = new Map<string, number>();
    for (const topic of this.topics) counts.set(topic, (await logBounds(this.admin, topic)).size);
    if (new Set(counts.values()).size === 1) return;
    const list = [...counts].map(([topic, count]) => `${topic} has ${count}`).join(', ');
    throw new StreamError(
      'partition_count_differs',
      `Topics that one task reads need equal partition counts: ${list}. Re-key into new topics`,
    );
  }

  private joined(assigned: readonly number[], memberId: string): void {
    if (this.stopping) return; // a join that was under way; the member leaves
    const again = memberId !== this.memberId;
    this.memberId = memberId;
    this.options.log.info({ group: this.options.group, assigned, again }, 'the group is joined');
    for (const [partition, runner] of this.runners) {
      if (assigned.includes(partition)) continue;
      this.runners.delete(partition);
      this.committer.forget(partition);
      void runner.close();
    }
    for (const partition of assigned) {
      const runner = this.runners.get(partition) ?? this.createRunner(partition);
      // Until its tables and state are sought to their start nothing of it is wanted.
      if (!runner.ready || again) for (const topic of this.topics) this.group.pause(topic, partition);
      runner.joined(again);
    }
    this.judge();
  }

  private createRunner(partition: number): PartitionRunner {
    const runner = new PartitionRunner({
      partition,
      options: this.options,
      onSettled: () => this.judge(),
      attemptDeps: () => ({
        partition,
        options: this.options,
        control: this.group,
        writer: this.writer(partition),
        bounds: (topic) => this.bounds(topic),
        committed: () => this.committed(partition),
      }),
    });
    this.runners.set(partition, runner);
    return runner;
  }

  private writer(partition: number): StepWriter {
    const { group, inputs } = this.options;
    if (this.producer === null) {
      return new ExactlyOnceWriter(
        new TransactionalWriter(this.client, group, inputs[0]!, partition, this.compression),
        partition,
      );
    }
    return new AtLeastOnceWriter(this.producer, ({ topic, offset }) => {
      if (this.runners.has(partition)) this.committer.note({ topic, partition, offset });
    });
  }

  /** Partitions that begin together ask once. */
  private bounds(topic: string): Promise<ReadonlyMap<number, LogBounds>> {
    const pending = this.pendingBounds.get(topic);
    if (pending !== undefined) return pending;
    const asked = logBounds(this.admin, topic).finally(() => this.pendingBounds.delete(topic));
    this.pendingBounds.set(topic, asked);
    return asked;
  }

  /** Never shared between partitions: it must be asked after the partition's fencing. */
  private async committed(partition: number): Promise<ReadonlyMap<string, number>> {
    await this.committer.flush();
    const committed = new Map<string, number>();
    for (const { topic, partitions } of await this.admin.fetchOffsets({
      groupId: this.options.group,
      topics: [...this.options.inputs],
    })) {
      const offset = Number(partitions.find((p) => p.partition === partition)?.offset ?? -1);
      if (offset >= 0) committed.set(topic, offset);
    }
    return committed;
  }

  private crashed(error: Error, restarts: boolean): void {
    this.options.log.warn({ group: this.options.group, restarts, ...errorFields(error) }, 'the group member ended');
    if (restarts || this.stopping) return;
    this.fail(
      new StreamError(
        'consumer_crashed',
        `The consumer of group ${this.options.group} ended for good: ${error.message}`,
        { cause: error },
      ),
    );
  }

  private judge(): void {
    if (this.memberId === null) return;
    for (const runner of this.runners.values()) if (!runner.settled) return;
    for (const listener of this.settledListeners.splice(0)) listener();
  }

  private watch(): void {
    for (const runner of this.runners.values()) {
      runner.watch(this.group.silenceMs);
      for (const { topic, partition, records } of runner.lag()) this.options.metrics?.lag(topic, partition, records);
    }
  }

  async stop(): Promise<void> {
    this.stopping = true;
    if (this.watchTimer !== null) clearInterval(this.watchTimer);
    const closing = Promise.all([...this.runners.values()].map((runner) => runner.close()));
    try {
      await withDeadline(closing, STOP_TIMEOUT_MS, 'finishing the steps that run');
    } catch (error) {
      this.options.log.warn(
        { group: this.options.group, ...errorFields(error) },
        'steps were left unfinished, the next owner does them again',
      );
    }
    await this.committer.flush();
    this.committer.close();
    await this.group.stop();
    await this.producer?.close();
    await this.admin.disconnect();
  }

  status(): ProcessorStatus {
    const entries = [...this.runners].sort(([a], [b]) => a - b);
    return {
      assigned: entries.map(([partition]) => partition),
      ready: entries.filter(([, runner]) => runner.ready).map(([partition]) => partition),
      silenceMs: this.group.silenceMs,
      lag: entries.flatMap(([, runner]) => runner.lag()),
      stopped: entries.flatMap(([partition, { stopped }]) => (stopped === null ? [] : [{ ...stopped, partition }])),
    };
  }
}
