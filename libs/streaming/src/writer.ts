import { StreamError } from './errors.js';
import type { OutRecord } from './ports.js';
import type { PlainProducer } from './producer.js';
import { OutMessage } from './records.js';
import type { Barrier, CommitOffset, TransactionalWriter } from './transaction.js';

/** What a step wants written. */
export interface Writes {
  readonly outputs: readonly OutRecord[];
  readonly state: readonly OutRecord[];
}

/** How a partition's owner writes and commits: the one difference between the two guarantees. */
export interface StepWriter {
  open(): Promise<void>;
  barrier(topic: string): Promise<Barrier>;
  commit(writes: Writes, offsets: readonly CommitOffset[]): Promise<void>;
  readonly worn: boolean;
  close(): void;
}

/** Outputs, state and offsets in one transaction. */
export class ExactlyOnceWriter implements StepWriter {
  constructor(
    private readonly transactions: TransactionalWriter,
    private readonly partition: number,
  ) {}
  open(): Promise<void> {
    return this.transactions.open();
  }
  barrier(topic: string): Promise<Barrier> {
    return this.transactions.barrier(topic);
  }
  commit({ outputs, state }: Writes, offsets: readonly CommitOffset[]): Promise<void> {
    const nowMs = Date.now();
    const messages = outputs.map((record) => new OutMessage(record, nowMs));
    // State is read back by partition: it must not depend on what a key hashes to.
    for (const record of state) messages.push(new OutMessage(record, nowMs, this.partition));
    return this.transactions.commit(messages, offsets);
  }
  get worn(): boolean {
    return this.transactions.worn;
  }
  close(): void {
    this.transactions.close();
  }
}

/** Outputs first, by a producer that all partitions share; offsets are noted then, and committed from time to time. */
export class AtLeastOnceWriter implements StepWriter {
  readonly worn = false;
  constructor(
    private readonly producer: PlainProducer,
    private readonly note: (offset: CommitOffset) => void,
  ) {}
  open(): Promise<void> {
    return Promise.resolve();
  }
  barrier(): Promise<Barrier> {
    return Promise.reject(new Error('A state topic needs exactly_once'));
  }
  async commit({ outputs, state }: Writes, offsets: readonly CommitOffset[]): Promise<void> {
    if (state.length > 0)
      throw new StreamError('bad_options', 'A step gave state, which needs exactly_once and a state topic');
    await this.producer.send(outputs);
    for (const offset of offsets) this.note(offset);
  }
  close(): void {
    // The producer belongs to the processor.
  }
}
