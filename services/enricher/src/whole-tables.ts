/** Tables that each process reads whole: geofences, and the groups among the devices. */
import { UnknownSchema, type Codec, type RecordTypes } from '@fleetwire/schemas';
import type { Part } from '@fleetwire/service';
import type { InRecord, StreamLog, Streams } from '@fleetwire/streaming';
import { GROUP_PREFIX, type GroupBook } from './devices.js';
import type { FenceBook } from './geofence/book.js';
import type { EnricherMetrics } from './metrics.js';

export const GEOFENCES = 'geofences';
const DEVICES = 'devices';

interface Whole {
  readonly streams: Streams;
  readonly codec: Codec;
  readonly log: StreamLog;
  readonly metrics: EnricherMetrics;
}

export function fencesPart(whole: Whole, fences: FenceBook): Part {
  const { metrics, log } = whole;
  return tablePart(
    whole,
    GEOFENCES,
    () => true,
    (id, geofence, record) => {
      const problem = fences.put(id, geofence, record.timestampMs * 1000);
      metrics.fences(fences.size);
      if (problem === null) return;
      metrics.fenceRefused();
      log.warn(
        { geofence: id, reason: problem, topic: GEOFENCES, offset: record.offset },
        'a geofence can not be used',
      );
    },
  );
}

export function groupsPart(whole: Whole, groups: GroupBook): Part {
  const isGroup = (key: string): boolean => key.startsWith(GROUP_PREFIX);
  return tablePart(whole, DEVICES, isGroup, (ident, group) => void groups.put(ident, group));
}

/** Reads a topic from its beginning to its end, and on. Values of a schema that is not known yet are read when it is learnt. */
function tablePart<T extends typeof GEOFENCES | typeof DEVICES>(
  { streams, codec, log }: Whole,
  topic: T,
  wanted: (key: string) => boolean,
  use: (key: string, value: RecordTypes[T] | null, record: InRecord) => void,
): Part {
  /** Order is kept: what comes behind a value that waits for its schema waits too. */
  let learning: Promise<void> = Promise.resolve();
  let waiting = 0;
  const take = (record: InRecord): void => {
    const key = record.key?.toString('utf8') ?? '';
    try {
      use(key, record.value === null ? null : codec.decode(topic, record.value), record);
    } catch (error) {
      if (error instanceof UnknownSchema) throw error;
      log.error({ error, topic, partition: record.partition, offset: record.offset }, 'a table record can not be read');
    }
  };
  const learnAndTake = async (record: InRecord, schemaId: number): Promise<void> => {
    try {
      await codec.learn(schemaId);
      take(record);
    } catch (error) {
      log.error({ error, topic, partition: record.partition, offset: record.offset }, 'a table record can not be read');
    }
  };
  const later = (record: InRecord): void => {
    waiting++;
    learning = learning.then(async () => {
      const id = record.value === null ? null : codec.writerIdOf(record.value);
      if (id === null) take(record);
      else await learnAndTake(record, id);
      waiting--;
    });
  };
  const table = streams.table({
    topic,
    onRecord: (record) => {
      if (!wanted(record.key?.toString('utf8') ?? '')) return;
      if (waiting > 0) {
        later(record);
        return;
      }
      try {
        take(record);
      } catch (error) {
        if (!(error instanceof UnknownSchema)) throw error;
        later(record);
      }
    },
    log,
  });
  return {
    name: topic === DEVICES ? 'groups' : topic,
    start: async () => {
      await table.start();
      await learning;
    },
    stop: () => table.stop(),
  };
}
