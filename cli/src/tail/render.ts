/** A record of any topic as one JSON object. */
import {
  MalformedValue,
  toFlat,
  type Codec,
  type EnrichedTelemetry,
  type SchemaTopic,
  type Telemetry,
} from '@fleetwire/schemas';
import type { InRecord } from '@fleetwire/streaming';

/** Topics whose values are shown flat, with dotted names and times in seconds. */
const FLAT_TOPICS: ReadonlySet<string> = new Set([
  'telemetry',
  'telemetry-enriched',
  'telemetry-replay',
  'device-state',
] satisfies readonly SchemaTopic[]);

/** Where the record stands. No field of a value and no parameter begins with `kafka.`, so nothing collides. */
function placeOf(record: InRecord): Record<string, unknown> {
  return {
    'kafka.partition': record.partition,
    'kafka.offset': record.offset,
    'kafka.timestamp': record.timestampMs / 1_000,
    'kafka.key': record.key === null ? null : record.key.toString('utf8'),
  };
}

/**
 * The value's fields, then where the record stands. A tombstone has no fields but `kafka.tombstone`; a value that is no Avro of its
 * topic is shown as hex under `kafka.value.hex` with the reason. Throws UnknownSchema: learn it and try again.
 */
export function renderRecord(codec: Codec, topic: SchemaTopic, record: InRecord): Record<string, unknown> {
  const place = placeOf(record);
  if (record.value === null) return { ...place, 'kafka.tombstone': true };
  try {
    const value = codec.decode(topic, record.value);
    // The set above holds exactly the topics with these values.
    const shown = FLAT_TOPICS.has(topic) ? toFlat(value as Telemetry | EnrichedTelemetry) : value;
    return { ...shown, ...place };
  } catch (error) {
    if (!(error instanceof MalformedValue)) throw error;
    return { ...place, 'kafka.value.hex': record.value.toString('hex'), 'kafka.value.error': error.message };
  }
}

/** Is the record of this device? By the value's ident, else by the key, whose first part it is. */
export function isOf(ident: string, rendered: Readonly<Record<string, unknown>>): boolean {
  const own = rendered['ident'];
  if (typeof own === 'string') return own === ident;
  const key = rendered['kafka.key'];
  return (
    typeof key === 'string' && (key === ident || (key.startsWith(ident) && !/[0-9A-Za-z]/.test(key[ident.length]!)))
  );
}
