/**
 * What the services see of Kafka: producer, batching producer, processor, table, reader, admin. No type of the client leaks out.
 *
 * Offsets are numbers: 2^53 records a partition is out of reach. Keys and values are Buffers as they are on the wire.
 */

import type { SecureContext } from 'node:tls';

/** A record to write. `key` null only where the partition is explicit. */
export interface OutRecord {
  readonly topic: string;
  readonly key: Buffer | string | null;
  /** null: a tombstone. */
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, string | Buffer>>;
  /** Absent: murmur2 of `partitionKey` or `key`, as Java and kafkajs do. */
  readonly partition?: number;
  /** The part of the key that decides the partition, where the key is more than the ident (`ident + event id`). */
  readonly partitionKey?: string;
  /** Kafka timestamp, ms. Absent: now. */
  readonly timestampMs?: number;
}

/** A record as read. */
export interface InRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | undefined>>;
  readonly timestampMs: number;
}

/** Where a record stands in the log. */
export interface Placed {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** Plain idempotent producer, acks=all, one send in flight. A rejected send discards the producer id and takes a new one. */
export interface Producer {
  /** Resolves when every record is committed, in the order given; rejects with StreamError when any may not be. */
  send(records: readonly OutRecord[]): Promise<readonly Placed[]>;
  close(): Promise<void>;
}

/** Told once what became of a record: in the order of the records, before anything else happens. Must not throw. */
export interface Delivery {
  committed(placed: Placed): void;
  failed(error: unknown): void;
}

/** The edge's producer: lingers, batches, bounds what waits. Guarantees are listed above the class. */
export interface BatchingProducer {
  /** Resolves when the record is committed (`acks=all`); rejects when its batch was refused: nothing of it may be acknowledged. */
  append(record: OutRecord): Promise<Placed>;
  /** The same for those who append thousands a second: without a promise for each. */
  enqueue(record: OutRecord, delivery: Delivery): void;
  /** Bytes waiting or in flight. */
  readonly bytesPending: number;
  /** True from the high mark down to the low mark: stop reading sockets. */
  readonly pressed: boolean;
  /** Called at each change of `pressed`. */
  onPressure(listener: (pressed: boolean) => void): void;
  /** Waits until all that was appended is settled, or the limit passes. */
  flush(timeoutMs: number): Promise<boolean>;
  close(): Promise<void>;
}

/** What one step over a batch wants written, in one transaction with the offsets (or, at least once, before them). */
export interface StepResult {
  readonly outputs: readonly OutRecord[];
  /** Records of the state topic; only for `exactly_once` processors. */
  readonly state?: readonly OutRecord[];
  /**
   * The committed offset of a topic must not pass this: first part of an unfinished set. Absent: everything given is done.
   * Kept until a later result says otherwise.
   */
  readonly holdAt?: ReadonlyMap<string, number>;
  /** Runs when the transaction is committed (outbox sends, metrics). Never when it is not. Must not throw. */
  readonly afterCommit?: () => void;
}

/** A partition's work: owns the state of all devices of that partition. Made at assignment, dropped at revocation. */
export interface Task {
  /**
   * Before a batch is loaded or processed: fetches what reading it needs (a schema that is not known yet). While it rejects, the
   * partition waits and it is asked again with a growing pause; that is no reason for a dead letter.
   */
  prepare?(records: readonly InRecord[]): Promise<void>;
  /** A record of the state topic or of a table, in offset order; tables keep coming after the load. */
  load(record: InRecord): void;
  /** All tables and state are loaded; called once before the first step. `nowMs` is the wall clock. */
  ready?(nowMs: number): void;
  /**
   * A batch of one input topic, in offset order; several may share one transaction. After a throw its records come again one by one, and one that throws a second time is
   * dead-lettered as `bug`: at least once to this same Task, which must bear to see records again; exactly once to a new Task with restored state.
   */
  process(records: readonly InRecord[], nowMs: number): StepResult | Promise<StepResult>;
  /** About once a second between batches: timers. `lagZero`: the input was read to its end. */
  tick?(nowMs: number, lagZero: boolean): StepResult | null;
  /** The partition goes away, or its state is void after a failed transaction (a new Task is then made). */
  close?(): void;
}

export interface ProcessorOptions {
  /** Consumer group; also the prefix of transactional ids. */
  readonly group: string;
  /** Co-partitioned input topics. */
  readonly inputs: readonly string[];
  /** Co-partitioned compacted topics, loaded whole before the first step and followed after. */
  readonly tables?: readonly string[];
  /** Compacted state topic, co-partitioned; needs `exactly_once`. */
  readonly state?: string;
  readonly guarantee: 'at_least_once' | 'exactly_once';
  /** Most records a step is given. */
  readonly batchRecordsMax: number;
  /** Of what is written. Absent: zstd. */
  readonly compression?: Compression;
  /** Absent: every record is taken as soon as it comes. */
  readonly pace?: Pace;
  readonly createTask: (partition: number) => Task;
  /** Writes the dead letter of a record on which `process` threw twice. */
  readonly deadLetter: (record: InRecord, error: unknown) => OutRecord;
  readonly metrics?: ProcessorMetrics;
  readonly log: StreamLog;
}

/**
 * How small batches gather. A fetch, and still more a transaction, costs about the same for one record as for a hundred: at a thousand records a second
 * these decide what a record costs, and how long it takes. Full batches do not wait, nor does what comes after a pause.
 */
export interface Pace {
  /** A fetch begins so long after the one before it began. */
  readonly fetchMs: number;
  /** A transaction begins so long after the one of the same partition before it began, and a quarter of that after its end; only for `exactly_once`. */
  readonly commitMs?: number;
}

/** One loop for at-least-once and for transactions. */
export interface Processor {
  /** Resolves when the group is joined and every assigned partition is ready. */
  start(): Promise<void>;
  /** Stops taking, finishes the steps that run, commits, leaves the group. */
  stop(): Promise<void>;
  /** Rejects when the processor cannot go on and the process should end. */
  readonly failed: Promise<never>;
  status(): ProcessorStatus;
}

export interface ProcessorStatus {
  readonly assigned: readonly number[];
  readonly ready: readonly number[];
  /** ms since the last successful fetch or heartbeat. */
  readonly silenceMs: number;
  /** Records behind the end, per input topic and partition. */
  readonly lag: readonly { readonly topic: string; readonly partition: number; readonly records: number }[];
  /** Partitions stopped for an operator (offset out of range), with the reason. */
  readonly stopped: readonly { readonly topic: string; readonly partition: number; readonly reason: string }[];
}

export interface ProcessorMetrics {
  batch(info: {
    readonly partition: number;
    readonly topic: string;
    readonly records: number;
    readonly outputs: number;
    readonly seconds: number;
    /** Kafka timestamp of the last record, ms. */
    readonly lastTimestampMs: number;
  }): void;
  transactionFailed(reason: string): void;
  lag(topic: string, partition: number, records: number): void;
  restored(partition: number, records: number, seconds: number): void;
}

/** A compacted topic that every process needs whole, read from the beginning by a group of its own, without commits. */
export interface Table {
  /** Resolves when the topic was read to the end that it had at the start. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** ms since the tail was last known to be read to its end. */
  silenceMs(): number;
}
export interface TableOptions {
  readonly topic: string;
  /** Absent: all. The inbox of an edge is one partition. */
  readonly partitions?: readonly number[];
  /** Absent or `beginning`: the whole topic. `end`: only what comes after start() resolved. */
  readonly from?: 'beginning' | 'end';
  readonly onRecord: (record: InRecord) => void;
  readonly log: StreamLog;
}

/** Reads topics without a group's offsets: tail, ledgers. */
export interface ReaderOptions {
  readonly topics: readonly string[];
  readonly from: 'beginning' | 'end';
  /** Return false to stop. */
  readonly onRecord: (record: InRecord) => boolean | undefined;
  /** Stop after that long without a record. */
  readonly idleMs?: number;
  /** Stop when everything that stood in the topics at the start was read. */
  readonly untilEnd?: boolean;
  readonly signal?: AbortSignal;
}

export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly config: Readonly<Record<string, string>>;
}
export interface TopicDifference {
  readonly topic: string;
  readonly what: 'missing' | 'partitions' | 'config';
  readonly want: string;
  readonly have: string;
  readonly key?: string;
}
export interface Admin {
  /** Makes missing topics and sets differing configs; partition counts are never changed. Returns what was done. */
  applyTopics(specs: readonly TopicSpec[]): Promise<readonly TopicDifference[]>;
  verifyTopics(specs: readonly TopicSpec[]): Promise<readonly TopicDifference[]>;
  /** How many partitions a topic has. Rejects with StreamError when it does not exist. */
  partitionCount(topic: string): Promise<number>;
  /** Next offset to be written, per partition. */
  endOffsets(topic: string): Promise<ReadonlyMap<number, number>>;
  close(): Promise<void>;
}

export interface StreamLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface KafkaConfig {
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** TLS: authorities, client certificate and key. Asked for each new connection, so that renewed ones need no restart. */
  readonly ssl?: () => SecureContext;
  readonly sasl?: {
    readonly mechanism: 'scram-sha-256' | 'scram-sha-512' | 'plain';
    readonly username: string;
    /** Asked for each new connection. */
    readonly password: () => string;
  };
}

export interface BatchingOptions {
  readonly lingerMs: number;
  readonly batchBytesMax: number;
  readonly batchRecordsMax: number;
  readonly highMarkBytes: number;
  readonly lowMarkBytes: number;
  /** A batch that is not committed by then is refused. */
  readonly deliveryTimeoutMs: number;
  readonly compression?: Compression;
}
export type Compression = 'none' | 'gzip' | 'zstd' | 'lz4';

/** One Kafka cluster. Refuses to be made on an unpatched client. */
export interface Streams {
  producer(options: { readonly log: StreamLog; readonly compression?: Compression }): Producer;
  batchingProducer(options: BatchingOptions & { readonly log: StreamLog }): BatchingProducer;
  processor(options: ProcessorOptions): Processor;
  table(options: TableOptions): Table;
  read(options: ReaderOptions): Promise<void>;
  /**
   * The committed records at exactly these offsets of one partition, in order; those that are gone (retention, compaction) are left
   * out. For a bounded handful: the decoder reads frames again that waited for their format. Rejects with StreamError.
   */
  fetchAt(topic: string, partition: number, offsets: readonly number[]): Promise<readonly InRecord[]>;
  admin(): Admin;
}
