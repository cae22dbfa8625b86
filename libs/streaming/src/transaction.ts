import { randomUUID } from 'node:crypto';
import type { CompressionTypes, Kafka, Producer as ClientProducer, Transaction } from 'kafkajs';
import { withDeadline } from './deadline.js';
import { errorFields, isFenced, StreamError } from './errors.js';
import { byTopic, chunkByBytes, OutMessage, recordBytes } from './records.js';
import { ACK_TIMEOUT_MS, createPartitioner, RECORDS_PER_PRODUCER_ID_MAX } from './sender.js';
import { placeAll } from './records.js';
import { SEND_BYTES_MAX } from './topics.js';

/** The broker aborts a transaction that is open for longer: a dead owner holds `read_committed` readers up to so long. */
const TRANSACTION_TIMEOUT_MS = 15_000;
/** After this the transaction cannot end well any more, and its partition begins again. */
const STEP_DEADLINE_MS = 20_000;
/** For the first connection and the fencing, which waits while an older transaction of the same id ends. */
const OPEN_DEADLINE_MS = 30_000;
/** A broker answers CONCURRENT_TRANSACTIONS right after each commit: pauses are short, or each transaction takes 300 ms. */
const RETRY = { initialRetryTime: 5, maxRetryTime: 500, retries: 60 } as const;
/** Requests of one transaction under way on a connection: of writes there is only one at a time, whatever this is. */
const IN_FLIGHT_MAX = 4;

/** Key of the records that mark the end of a restore. No state of a service may use it. */
export const BARRIER_KEY = '__barrier__';

export interface Barrier {
  readonly id: string;
  readonly offset: number;
}
export interface CommitOffset {
  readonly topic: string;
  readonly offset: number;
}

/**
 * Writes of one partition's owner, a transaction each. The transactional id belongs to the partition (`group-topic-partition`), because the client cannot
 * have offsets fenced by the group's generation: opening fences whoever had it before and ends their transaction.
 * After any error the writer is used up: what became of the transaction is learnt from the committed offset.
 */
export class TransactionalWriter {
  private readonly producer: ClientProducer;
  private recordsSent = 0;

  constructor(
    client: Kafka,
    private readonly group: string,
    topic: string,
    private readonly partition: number,
    private readonly compression: CompressionTypes,
  ) {
    this.producer = client.producer({
      transactionalId: `${group}-${topic}-${partition}`,
      idempotent: true,
      maxInFlightRequests: IN_FLIGHT_MAX,
      transactionTimeout: TRANSACTION_TIMEOUT_MS,
      createPartitioner,
      retry: RETRY,
    });
  }

  /** True when the producer id should be given up before a partition's sequence numbers run out. */
  get worn(): boolean {
    return this.recordsSent > RECORDS_PER_PRODUCER_ID_MAX;
  }

  /** Fences former owners: from here on nothing of theirs can be committed, and the group's offsets are final. */
  async open(): Promise<void> {
    await this.guarded(OPEN_DEADLINE_MS, 'opening the transactional producer', async () => {
      await this.producer.connect();
      const transaction = await this.producer.transaction();
      await transaction.commit();
    });
  }

  /** Marks the end of what former owners wrote to a topic of this partition. */
  async barrier(topic: string): Promise<Barrier> {
    const id = randomUUID();
    const message = new OutMessage(
      { topic, partition: this.partition, key: BARRIER_KEY, value: Buffer.from(id) },
      Date.now(),
    );
    let offset = -1;
    await this.guarded(OPEN_DEADLINE_MS, 'writing the barrier', async () => {
      const transaction = await this.producer.transaction();
      const placed = await this.write(transaction, [message]);
      await transaction.commit();
      offset = placed[0]!;
    });
    return { id, offset };
  }

  /** @throws StreamError `fenced` or `transaction_failed` */
  async commit(messages: readonly OutMessage[], offsets: readonly CommitOffset[]): Promise<void> {
    await this.guarded(STEP_DEADLINE_MS, 'a transaction', async () => {
      const transaction = await this.producer.transaction();
      const topics = offsets.map(({ topic, offset }) => ({
        topic,
        partitions: [{ partition: this.partition, offset: String(offset) }],
      }));
      // Side by side: neither needs the other, and the commit follows only when both are done.
      const steps = await Promise.allSettled([
        this.write(transaction, messages),
        transaction.sendOffsets({ consumerGroupId: this.group, topics }),
      ]);
      for (const step of steps) if (step.status === 'rejected') throw step.reason;
      await transaction.commit();
    });
  }

  private async write(transaction: Transaction, messages: readonly OutMessage[]): Promise<number[]> {
    const offsets: number[] = [];
    this.recordsSent += messages.length;
    for (const chunk of chunkByBytes(messages, SEND_BYTES_MAX, recordBytes)) {
      const answers = await transaction.sendBatch({
        acks: -1,
        timeout: ACK_TIMEOUT_MS,
        compression: this.compression,
        topicMessages: byTopic(chunk),
      });
      const placed = placeAll(chunk, answers);
      if (placed === null) throw new Error('The broker did not acknowledge every partition that was written to');
      for (const { offset } of placed) offsets.push(offset);
    }
    return offsets;
  }

  private async guarded(deadlineMs: number, what: string, work: () => Promise<void>): Promise<void> {
    try {
      await withDeadline(work(), deadlineMs, what);
    } catch (cause) {
      this.close();
      const message = `${what} of partition ${this.partition} failed: ${errorFields(cause).error.message}`;
      throw new StreamError(isFenced(cause) ? 'fenced' : 'transaction_failed', message, { retriable: true, cause });
    }
  }

  /** Ends retries at once. An open transaction is ended by whoever opens the id next, or by its time-out. */
  close(): void {
    this.producer.disconnect().catch(() => undefined);
  }
}
