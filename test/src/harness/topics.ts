/** Reads topics to their end, for the ledger. */
import { Codec } from '@fleetwire/schemas';
import type { InRecord, Streams } from '@fleetwire/streaming';
import { reportKey, reportKeysOf } from './astra-wire.js';
import type { EnrichedRow } from './ledger.js';

/** Everything that is committed in a topic, in log order of each partition. */
export async function readAll(streams: Streams, topic: string): Promise<InRecord[]> {
  const records: InRecord[] = [];
  await streams.read({
    topics: [topic],
    from: 'beginning',
    untilEnd: true,
    onRecord: (record) => {
      records.push(record);
      return true;
    },
  });
  return records;
}

/** Ledger keys of every report in raw-frames. */
export async function rawKeys(streams: Streams, registryUrl: string): Promise<ReadonlySet<string>> {
  const codec = await Codec.connect({ registryUrl, topics: ['raw-frames'], timeoutMs: 10_000 });
  const keys = new Set<string>();
  for (const record of await readAll(streams, 'raw-frames'))
    for (const key of reportKeysOf(codec.decode('raw-frames', record.value!).frame)) keys.add(key);
  return keys;
}

/** Every record of telemetry-enriched that is committed, in log order. */
export async function enrichedRows(streams: Streams, registryUrl: string): Promise<readonly EnrichedRow[]> {
  const codec = await Codec.connect({ registryUrl, topics: ['telemetry-enriched'], timeoutMs: 10_000 });
  return (await readAll(streams, 'telemetry-enriched')).map((record) => {
    const row = codec.decode('telemetry-enriched', record.value!);
    const time = Math.round(row.timestamp / 1e6);
    return {
      key: reportKey(row.ident, time, row.record_seqnum ?? -1),
      ident: row.ident,
      time,
      messageId: row.message_id,
      revision: row.revision,
    };
  });
}
