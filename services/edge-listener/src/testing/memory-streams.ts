/** Kafka in memory, for tests: logs by topic, a broker that can be away or refuse, tables that are told of what is committed. */
import { partitionOf } from '@fleetwire/streaming';
import type {
  BatchingOptions,
  BatchingProducer,
  Delivery,
  InRecord,
  OutRecord,
  Placed,
  Producer,
  Streams,
  Table,
  TableOptions,
} from '@fleetwire/streaming';

export const TEST_PARTITIONS = 4;

export class MemoryStreams implements Pick<Streams, 'producer' | 'batchingProducer' | 'table'> {
  readonly records: InRecord[] = [];
  /** `away`: nothing settles until it is up again. `refusing`: every send is refused. */
  #broker: 'up' | 'away' | 'refusing' = 'up';
  readonly #ends = new Map<string, number>();
  readonly #tables = new Set<MemoryTable>();
  readonly #waiting: (() => void)[] = [];
  readonly #watchers = new Set<() => void>();

  set broker(state: 'up' | 'away' | 'refusing') {
    this.#broker = state;
    if (state !== 'away') for (const settle of this.#waiting.splice(0)) settle();
  }

  of(topic: string): readonly InRecord[] {
    return this.records.filter((record) => record.topic === topic);
  }

  /** Resolves when `ready` holds, looked at after every commit. */
  until(ready: () => boolean): Promise<void> {
    if (ready()) return Promise.resolve();
    return new Promise((resolve) => {
      const look = (): void => {
        if (!ready()) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
    });
  }

  producer(): Producer {
    return { send: (records) => this.send(records), close: () => Promise.resolve() };
  }
  batchingProducer(options: BatchingOptions): BatchingProducer {
    return new MemoryBatching(this, options);
  }
  table(options: TableOptions): Table {
    const table = new MemoryTable(this, options);
    this.#tables.add(table);
    return table;
  }

  /** Settles as the broker is: at once, never yet, or with a refusal. */
  async send(records: readonly OutRecord[]): Promise<readonly Placed[]> {
    await Promise.resolve();
    if (this.#broker === 'away') await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#broker === 'refusing') throw new Error('refused');
    const placed = records.map((record) => this.write(record));
    for (const look of [...this.#watchers]) look();
    return placed;
  }

  /** As another client would write it. */
  write(record: OutRecord): Placed {
    const key = record.key === null ? null : Buffer.from(record.key);
    const partition =
      record.partition ?? partitionOf(record.partitionKey ?? record.key?.toString() ?? '', TEST_PARTITIONS);
    const log = `${record.topic}-${partition}`;
    const offset = this.#ends.get(log) ?? 0;
    this.#ends.set(log, offset + 1);
    const headers = Object.fromEntries(Object.entries(record.headers ?? {}).map(([name, v]) => [name, Buffer.from(v)]));
    const placed = { topic: record.topic, partition, offset };
    const read = { ...placed, key, value: record.value, headers, timestampMs: record.timestampMs ?? Date.now() };
    this.records.push(read);
    for (const table of this.#tables) table.see(read);
    return placed;
  }
}

class MemoryTable implements Table {
  readonly #streams: MemoryStreams;
  readonly #options: TableOptions;
  #started = false;
  constructor(streams: MemoryStreams, options: TableOptions) {
    this.#streams = streams;
    this.#options = options;
  }
  start(): Promise<void> {
    this.#started = true;
    if (this.#options.from !== 'end') for (const record of this.#streams.of(this.#options.topic)) this.see(record);
    return Promise.resolve();
  }
  see(record: InRecord): void {
    const { topic, partitions, onRecord } = this.#options;
    if (this.#started && record.topic === topic && (partitions?.includes(record.partition) ?? true)) onRecord(record);
  }
  stop(): Promise<void> {
    this.#started = false;
    return Promise.resolve();
  }
  silenceMs(): number {
    return 0;
  }
}

/** Sends each turn's records together, one send at a time, as the real one does after its linger. */
class MemoryBatching implements BatchingProducer {
  readonly #streams: MemoryStreams;
  readonly #options: BatchingOptions;
  readonly #listeners: ((pressed: boolean) => void)[] = [];
  #queue: { record: OutRecord; resolve: (placed: Placed) => void; reject: (error: unknown) => void; bytes: number }[] =
    [];
  #running: Promise<void> | null = null;
  bytesPending = 0;
  pressed = false;

  constructor(streams: MemoryStreams, options: BatchingOptions) {
    this.#streams = streams;
    this.#options = options;
  }
  append(record: OutRecord): Promise<Placed> {
    return new Promise((resolve, reject) => {
      const bytes = record.value?.length ?? 0;
      this.#queue.push({ record, resolve, reject, bytes });
      this.#account(bytes);
      this.#running ??= this.#run().finally(() => (this.#running = null));
    });
  }
  enqueue(record: OutRecord, delivery: Delivery): void {
    this.append(record).then(
      (placed) => delivery.committed(placed),
      (error: unknown) => delivery.failed(error),
    );
  }
  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      const batch = this.#queue;
      this.#queue = [];
      try {
        const placed = await this.#streams.send(batch.map(({ record }) => record));
        batch.forEach(({ resolve }, i) => resolve(placed[i]!));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
      for (const { bytes } of batch) this.#account(-bytes);
    }
  }
  #account(bytes: number): void {
    this.bytesPending += bytes;
    const { highMarkBytes, lowMarkBytes } = this.#options;
    const pressed = this.pressed ? this.bytesPending > lowMarkBytes : this.bytesPending >= highMarkBytes;
    if (pressed === this.pressed) return;
    this.pressed = pressed;
    for (const listener of this.#listeners) listener(pressed);
  }
  onPressure(listener: (pressed: boolean) => void): void {
    this.#listeners.push(listener);
  }
  async flush(): Promise<boolean> {
    await this.#running;
    return true;
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}
