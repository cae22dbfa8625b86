/**
 * Sessions, leases and command reports: few records, in order, one send at a time. What comes while a send is under way goes with
 * the next one.
 *
 * `write` settles when its record is committed or refused. `keep` is for records of which only the newest of a key matters
 * (sessions): it is sent again until it is committed or replaced, so the queue is bounded by the number of keys.
 */
import type { OutRecord, Producer, StreamLog } from '@fleetwire/streaming';
import type { Count } from '@fleetwire/service';

const SEND_RECORDS_MAX = 500;
/** Reports and leases that wait; more are refused at once, which their callers take for a failed commit. */
export const WRITES_MAX = 10_000;
/** Pause after a refused send. */
const RETRY_MS = 1_000;

interface Write {
  readonly record: OutRecord;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class ControlWriter {
  readonly #producer: Pick<Producer, 'send' | 'close'>;
  readonly #log: StreamLog;
  readonly #errors: Count;
  readonly #writes: Write[] = [];
  readonly #kept = new Map<string, { readonly record: OutRecord; readonly onSend: (() => void) | undefined }>();
  #running: Promise<void> | null = null;
  #closed = false;
  #wake: (() => void) | null = null;

  constructor(producer: Pick<Producer, 'send' | 'close'>, log: StreamLog, errors: Count) {
    this.#producer = producer;
    this.#log = log;
    this.#errors = errors;
  }

  /** Records that wait or are under way. */
  get waiting(): number {
    return this.#writes.length + this.#kept.size;
  }

  write(record: OutRecord): Promise<void> {
    if (this.#closed || this.#writes.length >= WRITES_MAX)
      return Promise.reject(new Error(this.#closed ? 'the writer is closed' : `${WRITES_MAX} records wait already`));
    return new Promise((resolve, reject) => {
      this.#writes.push({ record, resolve, reject });
      this.#run();
    });
  }

  /** `onSend` is called each time the record is about to be sent: from then on it may be in the log. */
  keep(key: string, record: OutRecord, onSend?: () => void): void {
    if (this.#closed) return;
    this.#kept.delete(key);
    this.#kept.set(key, { record, onSend });
    this.#run();
  }

  /** Waits until nothing waits. False: the time passed before. */
  async flush(timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    while (this.#running !== null && performance.now() < deadline) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, deadline - performance.now())));
      await Promise.race([this.#running, late]);
      clearTimeout(timer);
    }
    return this.#running === null;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#kept.clear();
    for (const write of this.#writes.splice(0)) write.reject(new Error('the writer is closed'));
    this.#wake?.();
    await this.#running;
    await this.#producer.close();
  }

  #run(): void {
    this.#running ??= this.#drain().finally(() => (this.#running = null));
  }

  async #drain(): Promise<void> {
    // Lets all that is said in one turn of the loop go in one send.
    await Promise.resolve();
    while (this.waiting > 0 && !this.#closed) {
      const writes = this.#writes.splice(0, SEND_RECORDS_MAX);
      const kept = [...this.#kept].slice(0, SEND_RECORDS_MAX - writes.length);
      for (const [key, { onSend }] of kept) {
        this.#kept.delete(key);
        onSend?.();
      }
      const records = [...writes.map(({ record }) => record), ...kept.map(([, { record }]) => record)];
      try {
        await this.#producer.send(records);
        for (const write of writes) write.resolve();
      } catch (error) {
        this.#errors.inc(records.length);
        this.#log.warn({ error, records: records.length }, 'Sessions or reports were not committed.');
        for (const write of writes) write.reject(error);
        for (const [key, one] of kept) if (!this.#kept.has(key) && !this.isClosed) this.#kept.set(key, one);
        await this.#pause();
      }
    }
  }

  private get isClosed(): boolean {
    return this.#closed;
  }

  #pause(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), RETRY_MS);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = null;
        resolve();
      };
    });
  }
}
