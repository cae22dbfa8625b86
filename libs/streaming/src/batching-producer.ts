import { StreamError } from './errors.js';
import type { BatchingOptions, BatchingProducer, Delivery, OutRecord, Placed } from './ports.js';
import { OutMessage, recordBytes } from './records.js';
import type { Sender } from './sender.js';
import { SEND_BYTES_MAX } from './topics.js';

interface Waiting {
  readonly record: OutRecord;
  readonly bytes: number;
  readonly delivery: Delivery;
}

/**
 * The edge's producer.
 *
 * 1. `append` resolves only when the record is committed with `acks=all`.
 * 2. Records are sent in the order of `append`: one batch is in flight at a time.
 * 3. A batch that is refused or overdue rejects all its records, whatever the broker has of them; a new producer id is taken for the next.
 * 4. A batch leaves when it is full, or `lingerMs` after its first record, or as soon as the one before it is settled if that is later.
 * 5. What waits is counted in `bytesPending`; from `highMarkBytes` on `pressed` is true until it is down to `lowMarkBytes`. It is
 *    the caller who stops: nothing is dropped here.
 */
export class LingeringProducer implements BatchingProducer {
  private readonly waiting: Waiting[] = [];
  private waitingBytes = 0;
  private pending = 0;
  private isPressed = false;
  private timer: NodeJS.Timeout | null = null;
  private inFlight = false;
  /** What waits leaves as soon as nothing is in flight: its linger has passed, or it filled a batch. */
  private due = false;
  private closed = false;
  private readonly pressureListeners: ((pressed: boolean) => void)[] = [];
  private idleListeners: (() => void)[] = [];

  constructor(
    private readonly sender: Pick<Sender, 'send' | 'close'>,
    private readonly options: BatchingOptions,
  ) {
    if (options.batchBytesMax > SEND_BYTES_MAX) {
      throw new StreamError(
        'bad_options',
        `batchBytesMax ${options.batchBytesMax} must not be above ${SEND_BYTES_MAX}: a batch must fit in one record batch of a topic`,
      );
    }
    if (options.lowMarkBytes >= options.highMarkBytes) {
      throw new StreamError(
        'bad_options',
        `lowMarkBytes ${options.lowMarkBytes} must be below highMarkBytes ${options.highMarkBytes}`,
      );
    }
  }

  get bytesPending(): number {
    return this.pending;
  }
  get pressed(): boolean {
    return this.isPressed;
  }
  onPressure(listener: (pressed: boolean) => void): void {
    this.pressureListeners.push(listener);
  }

  append(record: OutRecord): Promise<Placed> {
    return new Promise((resolve, reject) => this.enqueue(record, { committed: resolve, failed: reject }));
  }

  enqueue(record: OutRecord, delivery: Delivery): void {
    if (this.closed) {
      delivery.failed(new StreamError('closed', 'The producer is closed'));
      return;
    }
    const bytes = recordBytes(record);
    this.waiting.push({ record, bytes, delivery });
    this.waitingBytes += bytes;
    this.account(bytes);
    if (this.full()) this.flushNow();
    else if (!this.due) this.timer ??= setTimeout(() => this.flushNow(), this.options.lingerMs);
  }

  private full(): boolean {
    return this.waiting.length >= this.options.batchRecordsMax || this.waitingBytes >= this.options.batchBytesMax;
  }

  private account(bytes: number): void {
    this.pending += bytes;
    const pressed = this.isPressed
      ? this.pending > this.options.lowMarkBytes
      : this.pending >= this.options.highMarkBytes;
    if (pressed === this.isPressed) return;
    this.isPressed = pressed;
    for (const listener of this.pressureListeners) listener(pressed);
  }

  private flushNow(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.inFlight) {
      this.due = true;
      return;
    }
    if (this.waiting.length === 0) {
      for (const listener of this.idleListeners.splice(0)) listener();
      return;
    }
    const batch = this.take();
    this.due = this.waiting.length > 0;
    this.inFlight = true;
    void this.deliver(batch).finally(() => {
      this.inFlight = false;
      // What came while it was under way lingers too: sent at once, a batch would be as small as the answer is quick.
      if (this.due || this.waiting.length === 0) this.flushNow();
    });
  }

  private take(): Waiting[] {
    let count = 0;
    let bytes = 0;
    for (const { bytes: more } of this.waiting) {
      if (count >= this.options.batchRecordsMax || (count > 0 && bytes + more > this.options.batchBytesMax)) break;
      count++;
      bytes += more;
    }
    this.waitingBytes -= bytes;
    return this.waiting.splice(0, count);
  }

  private async deliver(batch: readonly Waiting[]): Promise<void> {
    let bytes = 0;
    for (const waiting of batch) bytes += waiting.bytes;
    const nowMs = Date.now();
    const messages = batch.map(({ record }) => new OutMessage(record, nowMs));
    const outcome = await this.sender.send(messages, this.options.deliveryTimeoutMs).then(
      (placed) => ({ placed }),
      (error: unknown) => ({ placed: null, error }),
    );
    this.account(-bytes);
    if (outcome.placed === null) for (const { delivery } of batch) delivery.failed(outcome.error);
    else for (const [i, { delivery }] of batch.entries()) delivery.committed(outcome.placed[i]!);
  }

  flush(timeoutMs: number): Promise<boolean> {
    if (this.pending === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs);
      this.idleListeners.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
      this.flushNow();
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const closed = new StreamError('closed', 'The producer was closed while the record waited');
    const left = this.waiting.splice(0);
    this.waitingBytes = 0;
    for (const { bytes, delivery } of left) {
      delivery.failed(closed);
      this.account(-bytes);
    }
    await this.sender.close();
  }
}
