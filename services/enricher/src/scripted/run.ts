/**
 * A task on a partition that is killed now and then: what it wrote last may or may not have been committed, and the next one
 * goes on from the state records alone. What readers of committed records see is kept, as they would keep it.
 */
import { Codec, type Device, type Telemetry } from '@fleetwire/schemas';
import { Metrics } from '@fleetwire/service';
import type { InRecord, OutRecord, StepResult } from '@fleetwire/streaming';
import { GroupBook } from '../devices.js';
import { FenceBook } from '../geofence/book.js';
import { enricherMetrics } from '../metrics.js';
import { DEVICES, EnricherTask, STATE_TOPIC, TELEMETRY } from '../task.js';
import type { ScriptedFleet } from './fleet.js';
import type { Random } from './random.js';

const codec = Codec.local();

/** Chances of a kill before and after the commit of a batch, and of a timer that was wrong. */
export interface Faults {
  readonly random: Random;
  readonly aborted: number;
  readonly killed: number;
  readonly timer: number;
}

/** What a reader keeps of a key: body without what depends on when it was said. */
interface Word {
  readonly revision: number;
  readonly retracted: boolean;
  readonly text: string;
}

/** Records of `events` and `trips` as a reader of the compacted topics ends up with. */
export class LastWords {
  readonly #words = new Map<string, Word>();
  /** Revisions that did not go up. */
  readonly backwards: string[] = [];

  take(key: string, value: { readonly revision: number; readonly retracted: boolean; readonly source?: string }): void {
    // Presence is by the server's clock: it depends on the order of arrival.
    if (value.source === 'server') return;
    const known = this.#words.get(key);
    if (known !== undefined && known.revision >= value.revision)
      this.backwards.push(`${key}: revision ${value.revision} after ${known.revision}`);
    const text = JSON.stringify({ ...value, revision: 0, cause: null, emitted_at: 0 });
    this.#words.set(key, { revision: value.revision, retracted: value.retracted, text });
  }

  /** The last word of each key that is not taken back. */
  finals(): ReadonlyMap<string, string> {
    const known = [...this.#words].filter(([, { retracted }]) => !retracted);
    return new Map(known.map(([key, { text }]) => [key, text] as const).sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

export class TaskRun {
  readonly #groups = new GroupBook();
  readonly #fences = new FenceBook();
  readonly #tables: InRecord[] = [];
  readonly #stored = new Map<string, Buffer>();
  readonly #words = new LastWords();
  /** (message id, revision) by how often they were published as telemetry. */
  readonly published = new Map<string, number>();
  duplicates = 0;
  kills = 0;
  #task: EnricherTask;
  #offset = 0;
  #nowUs = 0;

  /** `onOutput` sees every committed record but those of state. */
  constructor(
    fleet: Pick<ScriptedFleet, 'fences' | 'groups'> & { readonly devices: readonly { readonly device: Device }[] },
    private readonly onOutput?: (out: OutRecord) => void,
  ) {
    for (const fence of fleet.fences) this.#fences.put(fence.id, fence, 0);
    for (const group of fleet.groups) this.#groups.put(group.ident, group);
    this.#tables = fleet.devices.map(({ device }) =>
      this.#record(DEVICES, device.ident, codec.encode(DEVICES, device)),
    );
    this.#task = this.#started();
  }

  deliver(batches: readonly (readonly Telemetry[])[], faults: Faults | null): void {
    for (const batch of batches) {
      const records = batch.map((report) =>
        this.#record(TELEMETRY, report.ident, codec.encode(TELEMETRY, report), report.received_at / 1000),
      );
      if (faults?.random.chance(faults.aborted) === true) {
        // The transaction was not committed: nobody has seen what it wrote.
        this.#task.process(records);
        this.#kill();
      }
      this.#keep(this.#task.process(records));
      this.#nowUs = batch.at(-1)!.received_at;
      if (faults?.random.chance(faults.killed) === true) this.#kill();
      if (faults?.random.chance(faults.timer) === true)
        this.#keep(this.#task.tick(this.#nowUs / 1000 + 3_600_000, true));
    }
  }

  /** Silence for a day: every timer speaks. */
  finish(): void {
    for (let i = 0; i < 10; i++) this.#keep(this.#task.tick(this.#nowUs / 1000 + 86_400_000 + i * 10_000, true));
  }

  finals(): ReadonlyMap<string, string> {
    return this.#words.finals();
  }

  /** Revisions that did not go up. */
  get backwards(): readonly string[] {
    return this.#words.backwards;
  }

  #record(topic: string, key: string, value: Buffer, timestampMs = 0): InRecord {
    // A copy: the codec writes into one buffer after the other.
    return {
      topic,
      partition: 0,
      offset: this.#offset++,
      key: Buffer.from(key),
      value: Buffer.from(value),
      headers: {},
      timestampMs,
    };
  }

  #started(): EnricherTask {
    const metrics = enricherMetrics(new Metrics('enricher', { process: false }));
    const task = new EnricherTask(0, { codec, partitions: 1, groups: this.#groups, fences: this.#fences, metrics });
    for (const record of this.#tables) task.load(record);
    for (const [key, value] of this.#stored) task.load(this.#record(STATE_TOPIC, key, value));
    task.ready();
    return task;
  }

  #kill(): void {
    this.kills++;
    this.#task = this.#started();
  }

  #keep(result: StepResult | null): void {
    if (result === null) return;
    for (const { key, value } of result.state ?? [])
      if (value === null) this.#stored.delete(String(key));
      else this.#stored.set(String(key), Buffer.from(value));
    for (const out of result.outputs) this.#read(out);
  }

  #read(out: OutRecord): void {
    const { topic, key, value } = out;
    this.onOutput?.(out);
    if (topic === 'duplicates') this.duplicates++;
    if (value === null) return;
    if (topic === 'telemetry-enriched') {
      // Its first fields, behind the header of five bytes: message id (length, 32 digits) and revision.
      const name = `${String(key)}/${value.toString('latin1', 6, 38)}/${value[38]! / 2}`;
      this.published.set(name, (this.published.get(name) ?? 0) + 1);
    }
    if (topic === 'events') this.#words.take(`${topic}|${String(key)}`, codec.decode(topic, value));
    if (topic === 'trips') this.#words.take(`${topic}|${String(key)}`, codec.decode(topic, value));
  }
}

/** What differs between two ends of a day, for people; empty: nothing. */
export function differences(want: ReadonlyMap<string, string>, have: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  for (const [key, text] of want) {
    const other = have.get(key);
    if (other === undefined) found.push(`missing ${key}: ${text}`);
    else if (other !== text) found.push(`differs ${key}:\n    want ${text}\n    have ${other}`);
  }
  for (const [key, text] of have) if (!want.has(key)) found.push(`too much ${key}: ${text}`);
  return found;
}
