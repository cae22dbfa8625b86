/** The dead letter of a whole record: one on which a step failed twice, or that is on a partition where it can not be used. */
import { SchemaError, type Codec, type DeadLetter, type RecordTypes, type SchemaTopic } from '@fleetwire/schemas';
import { partitionOf, type InRecord, type OutRecord } from '@fleetwire/streaming';

/** Longest error text that is kept. */
const ERROR_TEXT_MAX = 1000;

/** Why a whole record is given up: a bug of ours, another client's partitioner, a value that can not be read. */
export const RECORD_FAILURES = ['bug', 'wrong_partition', 'invalid'] as const;

/** What only the caller knows of a record that is given up. */
export interface RecordFailure {
  readonly reason: (typeof RECORD_FAILURES)[number];
  /** The service. */
  readonly stage: DeadLetter['stage'];
  readonly ident: string | null;
  readonly error: string;
  readonly version: string | null;
}

/** A dead letter with the record's bytes and place, keyed by the ident or, unknown, by the record's own key. */
export function recordDeadLetter(codec: Codec, record: InRecord, failure: RecordFailure): OutRecord {
  const letter: DeadLetter = {
    reason: failure.reason,
    stage: failure.stage,
    // The record's own time, so that a repeat after a crash gives the same bytes.
    at: record.timestampMs * 1000,
    bytes: record.value ?? Buffer.alloc(0),
    error: failure.error.slice(0, ERROR_TEXT_MAX),
    path: null,
    start: null,
    end: null,
    ident: failure.ident,
    peer: null,
    protocol: null,
    transport: null,
    received_at: null,
    edge: null,
    listener: null,
    connection: null,
    sequence: null,
    context: {},
    source_topic: record.topic,
    source_partition: record.partition,
    source_offset: record.offset,
    headers: Object.fromEntries(
      Object.entries(record.headers).map(([name, value]) => [name, value?.toString('utf8') ?? '']),
    ),
    decoder_version: failure.version,
    partitioner: failure.reason === 'wrong_partition' ? 'not murmur2' : null,
    suppressed: 0,
  };
  return {
    topic: 'dead-letters',
    key: failure.ident ?? record.key ?? record.topic,
    value: codec.encode('dead-letters', letter),
  };
}

/** Told of each dead letter of a whole record. */
export interface DeadLetterCounts {
  count(reason: RecordFailure['reason']): void;
}

/** For `ProcessorOptions.deadLetter`: a step threw twice on this record. */
export function bugDeadLetter(
  codec: Codec,
  stage: DeadLetter['stage'],
  version: string | null,
  counts?: DeadLetterCounts,
): (record: InRecord, error: unknown) => OutRecord {
  return (record, error) => {
    counts?.count('bug');
    return recordDeadLetter(codec, record, {
      reason: 'bug',
      stage,
      ident: record.key?.toString('utf8') ?? null,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      version,
    });
  };
}

/** Dead letters of refused table records that wait for the next step; more are left out. */
const REFUSED_WAITING_MAX = 100;

/**
 * Refuses table records that can not be used: written by another client with another partitioner (librdkafka's default is not
 * murmur2), or not readable. They are ignored and dead-lettered with the remedy; what stood before under the key stays.
 */
export class RecordGuard {
  readonly #codec: Codec;
  readonly #stage: DeadLetter['stage'];
  readonly #partition: number;
  readonly #partitions: number;
  readonly #counts: DeadLetterCounts | undefined;
  #waiting: OutRecord[] = [];

  constructor(
    codec: Codec,
    stage: DeadLetter['stage'],
    partition: number,
    partitions: number,
    counts?: DeadLetterCounts,
  ) {
    this.#counts = counts;
    this.#codec = codec;
    this.#stage = stage;
    this.#partition = partition;
    this.#partitions = partitions;
  }

  /**
   * Calls `use` with the value of a table record (null: a tombstone) unless `ident` has another partition than the one the
   * record was read from, or the value can not be read.
   */
  read<T extends SchemaTopic>(
    topic: T,
    record: InRecord,
    ident: string,
    use: (value: RecordTypes[T] | null) => void,
  ): void {
    if (partitionOf(ident, this.#partitions) !== this.#partition) {
      const error = 'Set the partitioner of the producer to murmur2 (librdkafka: partitioner=murmur2_random).';
      this.#refuse(record, 'wrong_partition', ident, error);
      return;
    }
    let value: RecordTypes[T] | null;
    try {
      value = record.value === null ? null : this.#codec.decode(topic, record.value);
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error;
      this.#refuse(record, 'invalid', ident, error.message);
      return;
    }
    use(value);
  }

  /** What was refused since the last call; publish it with the next step. */
  takeDeadLetters(): OutRecord[] {
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }

  #refuse(record: InRecord, reason: RecordFailure['reason'], ident: string, error: string): void {
    this.#counts?.count(reason);
    if (this.#waiting.length >= REFUSED_WAITING_MAX) return;
    this.#waiting.push(
      recordDeadLetter(this.#codec, record, { reason, stage: this.#stage, ident, error, version: null }),
    );
  }
}

/** For `Task.prepare`: learns the writers' schemas of a batch. Rejects only while the registry is away. */
export async function learnSchemas(codec: Codec, records: readonly InRecord[]): Promise<void> {
  let last = -1;
  for (const { topic, value } of records) {
    const id = value === null ? null : codec.writerIdOf(value);
    if (id === null || id === last || id === codec.idOf(topic as SchemaTopic)) continue;
    last = id;
    try {
      await codec.learn(id);
    } catch (error) {
      // An id that the registry does not have stays unknown: reading that record fails and dead-letters it.
      if (!(error instanceof SchemaError) || error.retriable) throw error;
    }
  }
}
