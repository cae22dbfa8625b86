/** What the streaming tests share: topics of their own on the common broker, and a counting task. */
import { randomUUID } from 'node:crypto';
import {
  connect,
  type InRecord,
  type OutRecord,
  type ProcessorOptions,
  type StreamLog,
  type Streams,
  type Task,
} from '@fleetwire/streaming';
import { inject } from 'vitest';
import '../../setup/provided.js';

export const PARTITIONS = 4;

export interface LogLine {
  readonly level: keyof StreamLog;
  readonly message: string;
  readonly fields: object;
}

/** Topics `in`, `out`, `table`, `state` under a prefix of their own. */
export interface World {
  readonly streams: Streams;
  readonly log: StreamLog;
  readonly lines: LogLine[];
  topic(name: 'in' | 'in-2' | 'out' | 'table' | 'state'): string;
  /** Everything committed in a topic, in log order of each partition. */
  readAll(topic: string): Promise<InRecord[]>;
}

export async function makeWorld(): Promise<World> {
  const prefix = `s${randomUUID().slice(0, 8)}`;
  const streams = connect({ brokers: inject('brokers'), clientId: 'streaming-test' });
  const lines: LogLine[] = [];
  const note =
    (level: keyof StreamLog) =>
    (fields: object, message: string): void =>
      void lines.push({ level, message, fields });
  const topic: World['topic'] = (name) => `${prefix}-${name}`;
  const admin = streams.admin();
  const compacted = { 'cleanup.policy': 'compact' };
  await admin.applyTopics(
    (['in', 'in-2', 'out', 'table', 'state'] as const).map((name) => ({
      name: topic(name),
      partitions: PARTITIONS,
      replicationFactor: 1,
      config: name === 'table' || name === 'state' ? compacted : {},
    })),
  );
  await admin.close();
  return {
    streams,
    lines,
    topic,
    log: { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') },
    async readAll(name) {
      const records: InRecord[] = [];
      await streams.read({
        topics: [name],
        from: 'beginning',
        untilEnd: true,
        onRecord: (record) => {
          records.push(record);
          return true;
        },
      });
      return records;
    },
  };
}

/** `value,count`: the record's value and how many records its key has had, by the task's state. */
export function countingTask(
  world: World,
  hooks: {
    readonly poison?: string;
    readonly stateless?: boolean;
    readonly onBatch?: (records: readonly InRecord[]) => void;
  } = {},
): Task {
  const counts = new Map<string, number>();
  return {
    load(record) {
      if (record.topic === world.topic('state')) counts.set(text(record.key), Number(text(record.value)));
    },
    process(records) {
      hooks.onBatch?.(records);
      const outputs: OutRecord[] = [];
      const changed = new Set<string>();
      for (const { key, value } of records) {
        if (text(value) === hooks.poison) throw new Error('poison');
        const name = text(key);
        counts.set(name, (counts.get(name) ?? 0) + 1);
        changed.add(name);
        outputs.push({
          topic: world.topic('out'),
          key: name,
          value: Buffer.from(`${text(value)},${counts.get(name)}`),
        });
      }
      const state = [...changed].map((name) => ({
        topic: world.topic('state'),
        key: name,
        value: Buffer.from(String(counts.get(name))),
      }));
      return hooks.stateless === true ? { outputs } : { outputs, state };
    },
  };
}

export function countingOptions(world: World, changes: Partial<ProcessorOptions> = {}): ProcessorOptions {
  return {
    group: world.topic('in'),
    inputs: [world.topic('in')],
    tables: [world.topic('table')],
    guarantee: 'exactly_once',
    ...(changes.guarantee === 'at_least_once' ? {} : { state: world.topic('state') }),
    batchRecordsMax: 50,
    createTask: () => countingTask(world),
    deadLetter: (record, error) => ({
      topic: world.topic('out'),
      key: record.key,
      value: Buffer.from(`dead ${text(record.value)}: ${error instanceof Error ? error.message : ''}`),
    }),
    log: world.log,
    ...changes,
  };
}

export const text = (bytes: Buffer | null): string => bytes?.toString() ?? '';
export const texts = (records: readonly InRecord[]): string[] => records.map(({ value }) => text(value));

/** Records `from` to `to` (exclusive): key `d<n % 10>`, value n. */
export const numbered = (topic: string, from: number, to: number): OutRecord[] =>
  Array.from({ length: to - from }, (_, i) => ({
    topic,
    key: `d${(from + i) % 10}`,
    value: Buffer.from(String(from + i)),
  }));
