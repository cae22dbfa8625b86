/** What the topics say of a device's settings and of what it speaks. */
import { deviceTypeOf, type ProtocolId } from '@fleetwire/protocols';
import type { Codec, Setting } from '@fleetwire/schemas';
import { partitionOf, type InRecord, type StreamLog, type Streams } from '@fleetwire/streaming';

export interface Topics {
  readonly streams: Streams;
  readonly codec: Codec;
  readonly log: StreamLog;
}

/** The newest record of each key of a compacted topic; of one device only its partition is read. */
async function newest(topic: string, ident: string | null, { streams, log }: Topics): Promise<Map<string, InRecord>> {
  const records = new Map<string, InRecord>();
  const admin = streams.admin();
  const partitions =
    ident === null ? undefined : [partitionOf(ident, await admin.partitionCount(topic).finally(() => admin.close()))];
  const table = streams.table({
    topic,
    ...(partitions !== undefined && { partitions }),
    log,
    onRecord: (record) => {
      const key = record.key?.toString('utf8') ?? '';
      if (record.value === null) records.delete(key);
      else if (ident === null || key === ident || key.startsWith(`${ident}|`)) records.set(key, record);
    },
  });
  try {
    await table.start();
    return records;
  } finally {
    await table.stop();
  }
}

/** Decodes with schemas of other builds too. */
async function decodeAll<T>(
  records: Iterable<InRecord>,
  codec: Codec,
  decode: (value: Buffer) => T,
): Promise<readonly T[]> {
  const values: T[] = [];
  for (const { value } of records) {
    if (value === null) continue;
    const id = codec.writerIdOf(value);
    if (id !== null) await codec.learn(id);
    values.push(decode(value));
  }
  return values;
}

/** Both sides of all settings, of one device or of all. */
export async function readSettings(ident: string | null, topics: Topics): Promise<readonly Setting[]> {
  const records = await newest('device-settings', ident, topics);
  return decodeAll(records.values(), topics.codec, (value) => topics.codec.decode('device-settings', value));
}

/** By its newest session, else by its record in `devices`; null: nothing says it. */
export async function typeOfDevice(ident: string, topics: Topics): Promise<ProtocolId | null> {
  const { codec } = topics;
  const sessions = [...(await newest('device-sessions', ident, topics)).values()].sort((a, b) => b.offset - a.offset);
  const [session] = await decodeAll(sessions.slice(0, 1), codec, (value) => codec.decode('device-sessions', value));
  const known = deviceTypeOf(session?.protocol);
  if (known !== null) return known;
  const records = (await newest('devices', ident, topics)).values();
  const [device] = await decodeAll(records, codec, (value) => codec.decode('devices', value));
  return deviceTypeOf(device?.protocol) ?? deviceTypeOf(device?.type);
}
