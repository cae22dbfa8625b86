import { StreamError } from './errors.js';
import type { OutRecord, Placed, Producer } from './ports.js';
import { chunkByBytes, OutMessage, recordBytes } from './records.js';
import type { Sender } from './sender.js';
import { SEND_BYTES_MAX } from './topics.js';

/** Sends that wait while one is under way leave together, up to this many records. */
const SEND_RECORDS_MAX = 5_000;
/** A send that is not committed by then is rejected: nothing waits for ever. */
const DELIVERY_TIMEOUT_MS = 120_000;

interface Waiting {
  readonly records: readonly OutRecord[];
  readonly bytes: number;
  readonly resolve: (placed: readonly Placed[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The plain producer. Calls are sent in the order in which they were made; those that wait for one another leave as one request a leader,
 * which is where the throughput comes from, and share its fate.
 */
export class PlainProducer implements Producer {
  private readonly waiting: Waiting[] = [];
  private running: Promise<void> | null = null;
  private closed = false;

  constructor(private readonly sender: Sender) {}

  send(records: readonly OutRecord[]): Promise<readonly Placed[]> {
    if (this.closed) return Promise.reject(new StreamError('closed', 'The producer is closed'));
    if (records.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      let bytes = 0;
      for (const record of records) bytes += recordBytes(record);
      this.waiting.push({ records, bytes, resolve, reject });
      this.wake();
    });
  }

  private wake(): void {
    if (this.running !== null || this.waiting.length === 0) return;
    this.running = this.run().finally(() => {
      this.running = null;
      this.wake(); // for a call made between the last look and this
    });
  }

  private async run(): Promise<void> {
    // One turn of the loop later, so that the calls that one answer of a broker leads to, of all its partitions, leave together.
    await new Promise((resolve) => setImmediate(resolve));
    for (let group = this.take(); group.length > 0; group = this.take()) {
      try {
        const placed = await this.deliver(group.flatMap(({ records }) => records));
        let at = 0;
        for (const { records, resolve } of group) resolve(placed.slice(at, (at += records.length)));
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
  }

  private take(): Waiting[] {
    const group: Waiting[] = [];
    let records = 0;
    let bytes = 0;
    for (let head = this.waiting[0]; head !== undefined; head = this.waiting[0]) {
      if (group.length > 0 && (records + head.records.length > SEND_RECORDS_MAX || bytes + head.bytes > SEND_BYTES_MAX))
        break;
      records += head.records.length;
      bytes += head.bytes;
      group.push(head);
      this.waiting.shift();
    }
    return group;
  }

  /** What is too long for one request goes in several, one after the other. */
  private async deliver(records: readonly OutRecord[]): Promise<Placed[]> {
    const nowMs = Date.now();
    const placed: Placed[] = [];
    for (const chunk of chunkByBytes(records, SEND_BYTES_MAX, recordBytes)) {
      const messages = chunk.map((record) => new OutMessage(record, nowMs));
      for (const place of await this.sender.send(messages, DELIVERY_TIMEOUT_MS)) placed.push(place);
    }
    return placed;
  }

  async close(): Promise<void> {
    this.closed = true;
    while (this.running !== null) await this.running;
    await this.sender.close();
  }
}
