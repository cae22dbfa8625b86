/**
 * Sends routed commands to the inboxes of edges after the transaction that routed them is committed, and again every second until
 * a report comes; edges drop repeats by (command id, attempt). A plain idempotent producer: a transaction that is open would stall
 * every reader of an inbox.
 */
import type { Codec, RoutedCommand } from '@fleetwire/schemas';
import type { OutRecord, Producer, StreamLog } from '@fleetwire/streaming';

export const RESEND_MS = 1000;
/** Records of one send; the rest goes with the next. */
const SEND_RECORDS_MAX = 500;
/** Records that wait for a broker; beyond it the oldest is dropped, because it is sent again anyway. */
const WAITING_MAX = 50_000;

export class Outbox {
  readonly #codec: Codec;
  readonly #producer: Producer;
  readonly #log: StreamLog;
  readonly #waiting = new Map<string, OutRecord>();
  #sending: Promise<void> | null = null;
  #closed = false;

  constructor(codec: Codec, producer: Producer, log: StreamLog) {
    this.#codec = codec;
    this.#producer = producer;
    this.#log = log;
  }

  /** Takes a routed command; returns at once. */
  send(routed: RoutedCommand): void {
    this.#take(`${routed.command.id}|${routed.attempt}`, {
      topic: 'edge-commands',
      key: routed.command.ident,
      partition: routed.inbox,
      value: this.#codec.encode('edge-commands', routed),
    });
  }

  /** Ends the session that an edge left behind when it died. */
  endSession(ident: string, bootId: string): void {
    const key = `${ident}|${bootId}`;
    this.#take(key, { topic: 'device-sessions', key, partitionKey: ident, value: null });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#sending;
    await this.#producer.close();
  }

  #take(key: string, record: OutRecord): void {
    this.#waiting.set(key, record);
    if (this.#waiting.size > WAITING_MAX) this.#waiting.delete(this.#waiting.keys().next().value!);
    this.#sending ??= this.#drain().finally(() => {
      this.#sending = null;
    });
  }

  async #drain(): Promise<void> {
    while (this.#waiting.size > 0 && !this.#closed) {
      const batch = [...this.#waiting].slice(0, SEND_RECORDS_MAX);
      for (const [key] of batch) this.#waiting.delete(key);
      try {
        await this.#producer.send(batch.map(([, record]) => record));
      } catch (error) {
        // Nothing is lost: what is still routed is sent again within RESEND_MS.
        this.#log.warn({ error, records: batch.length }, 'routed commands could not be sent and are sent again');
        return;
      }
    }
  }
}
