import type { CompressionTypes, Kafka, Producer as ClientProducer } from 'kafkajs';
import { withDeadline } from './deadline.js';
import { errorFields, StreamError } from './errors.js';
import type { Placed, StreamLog } from './ports.js';
import { byTopic, choosePartition, type OutMessage, placeAll } from './records.js';

/** How long a broker may take to have a batch on its in-sync replicas before it answers with a time-out. */
export const ACK_TIMEOUT_MS = 10_000;
/** Pauses between attempts at a send. */
export const SEND_RETRY = { initialRetryTime: 50, maxRetryTime: 1_000, retries: Number.MAX_SAFE_INTEGER } as const;
/** A producer id is given up well before a partition's sequence numbers (2^31) could run out. */
export const RECORDS_PER_PRODUCER_ID_MAX = 1_000_000_000;

/** What choosing a partition needs; shared by all producers of this library. */
export const createPartitioner =
  () =>
  ({
    partitionMetadata,
    message,
  }: {
    partitionMetadata: readonly unknown[];
    message: Parameters<typeof choosePartition>[0];
  }) =>
    choosePartition(message, partitionMetadata.length);

/**
 * Idempotent sending, one send at a time, under one producer id until something goes wrong.
 *
 * - `send` resolves only when every record is committed (`acks=all`), with its place.
 * - After a rejected or overdue send the producer id is given up: what was sent may stand in the log, and its sequence
 *   numbers are not known. The next send takes a new id. Downstream drops repeats.
 * - Calls must not overlap: the owner queues.
 */
export class Sender {
  private producer: ClientProducer | null = null;
  private recordsSent = 0;

  constructor(
    private readonly client: Kafka,
    private readonly compression: CompressionTypes,
    private readonly log: StreamLog,
  ) {}

  /** @throws StreamError `send_rejected` */
  async send(messages: readonly OutMessage[], timeoutMs: number): Promise<Placed[]> {
    try {
      return await withDeadline(this.attempt(messages), timeoutMs, 'a send');
    } catch (cause) {
      this.discard();
      this.log.warn(
        { records: messages.length, ...errorFields(cause) },
        'a send was rejected, the producer id is given up',
      );
      if (cause instanceof StreamError) throw cause;
      throw new StreamError('send_rejected', `The records were not committed: ${errorFields(cause).error.message}`, {
        retriable: true,
        cause,
      });
    }
  }

  private async attempt(messages: readonly OutMessage[]): Promise<Placed[]> {
    if (this.recordsSent + messages.length > RECORDS_PER_PRODUCER_ID_MAX) this.discard();
    const producer = (this.producer ??= this.create());
    await producer.connect(); // at once when connected already
    this.recordsSent += messages.length;
    const answers = await producer.sendBatch({
      acks: -1,
      timeout: ACK_TIMEOUT_MS,
      compression: this.compression,
      topicMessages: byTopic(messages),
    });
    const placed = placeAll(messages, answers);
    if (placed === null) {
      throw new StreamError('send_rejected', 'The broker did not acknowledge every partition that was written to', {
        retriable: true,
      });
    }
    return placed;
  }

  private create(): ClientProducer {
    this.recordsSent = 0;
    return this.client.producer({ idempotent: true, maxInFlightRequests: 1, createPartitioner, retry: SEND_RETRY });
  }

  private discard(): void {
    const producer = this.producer;
    this.producer = null;
    // Not waited for: it ends its retries at once, but waits for requests under way.
    producer?.disconnect().catch(() => undefined);
  }

  async close(): Promise<void> {
    const producer = this.producer;
    this.producer = null;
    await producer?.disconnect().catch(() => undefined);
  }
}
