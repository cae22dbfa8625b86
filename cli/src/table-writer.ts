/** Writing to the compacted tables that users keep: `devices` and `geofences`. */
import type { DraftTypes } from '@fleetwire/schemas';
import type { endpointsWithRegistry } from './connect.js';

/** A record of a table; null: its tombstone. */
export interface TableRecord<T extends 'devices' | 'geofences'> {
  readonly key: string;
  readonly value: DraftTypes[T] | null;
}

/** Writes all, in requests of `sendRecords`. Rejects with CliError when Kafka or the registry does not take them. */
export async function writeTable<T extends 'devices' | 'geofences'>(
  endpoints: ReturnType<typeof endpointsWithRegistry>,
  topic: T,
  records: readonly TableRecord<T>[],
  sendRecords: number,
): Promise<void> {
  const { openCodec, openStreams, stderrLog, withKafka } = await import('./kafka.js');
  const codec = await openCodec(endpoints.registry, [topic]);
  const producer = openStreams(endpoints).producer({ log: stderrLog });
  await withKafka(endpoints, `topic ${topic}`, async () => {
    for (let from = 0; from < records.length; from += sendRecords)
      await producer.send(
        records
          .slice(from, from + sendRecords)
          .map(({ key, value }) => ({ topic, key, value: value === null ? null : codec.encode(topic, value) })),
      );
  }).finally(() => producer.close());
}
