/** Values for tests: one of each topic with every field set, made from its schema, and any telemetry value for properties. */
import fc from 'fast-check';
import { SCHEMA_TEXTS, type DraftTypes, type RecordTypes, type Telemetry } from '../records.generated.js';
import { TOPIC_SCHEMAS, type SchemaTopic } from '../topics.js';
import type { AvroField, AvroRecord, AvroType } from '../generate/telemetry-shape.js';

type Named = Map<string, AvroRecord>;
const object = (type: AvroType): { [key: string]: AvroType | undefined } =>
  type as { [key: string]: AvroType | undefined };

function sample(type: AvroType, field: AvroField, named: Named): unknown {
  if (Array.isArray(type)) return sample(type[1] as AvroType, field, named);
  switch (type) {
    case 'string':
      return field.values?.[0] ?? `${field.name} ü`;
    case 'bytes':
      return Buffer.from([0, 255, field.name.length]);
    case 'boolean':
      return true;
    case 'double':
      return -field.name.length / 8;
    case 'int':
      return -field.name.length;
    case 'long':
      return Number.MAX_SAFE_INTEGER - field.name.length;
  }
  if (typeof type === 'string') return recordOf(named.get(type)!, named);
  const { type: kind, items, values, logicalType } = object(type);
  if (kind === 'record') return recordOf(type as unknown as AvroRecord, named);
  if (items !== undefined) return [sample(items, field, named), sample(items, field, named)];
  if (values !== undefined) return { 'a.b': sample(values, field, named), ü: sample(values, field, named) };
  return logicalType === undefined ? null : 1_700_000_000_000_000 + field.name.length;
}
function recordOf(record: AvroRecord, named: Named): Record<string, unknown> {
  named.set(record.name, record);
  return Object.fromEntries(record.fields.map((field) => [field.name, sample(field.type, field, named)]));
}

/** A value of the topic with every field set. */
export function valueOf<T extends SchemaTopic>(topic: T): RecordTypes[T] {
  const schema = JSON.parse(SCHEMA_TEXTS[TOPIC_SCHEMAS[topic]]) as AvroRecord;
  return recordOf(schema, new Map()) as unknown as RecordTypes[T]; // Made from the schema that the type was generated from.
}

/** Up to 52 bits: beyond, the general library rounds negative ones. */
const anyLong = fc.oneof(fc.integer(), fc.integer({ min: -(2 ** 52), max: 2 ** 52 }));

function anyOf(type: AvroType, named: Named): fc.Arbitrary<unknown> {
  if (Array.isArray(type)) return fc.option(anyOf(type[1] as AvroType, named), { nil: null });
  switch (type) {
    case 'string':
      return fc.oneof(fc.string({ maxLength: 80 }), fc.string({ unit: 'grapheme', maxLength: 80 }));
    case 'boolean':
      return fc.boolean();
    case 'double':
      return fc.double();
    case 'int':
      return fc.integer();
    case 'long':
      return anyLong;
    case 'bytes':
      return fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
  }
  if (typeof type === 'string') return anyRecord(named.get(type)!, named);
  const { type: kind, items, values } = object(type);
  if (kind === 'record') return anyRecord(type as unknown as AvroRecord, named);
  if (items !== undefined) return fc.array(anyOf(items, named), { maxLength: 4 });
  if (values !== undefined) return fc.dictionary(fc.string({ maxLength: 60 }), anyOf(values, named), { maxKeys: 5 });
  return anyLong;
}
/** `drafts`: what has a default may be left out. */
function anyRecord(record: AvroRecord, named: Named, drafts = false): fc.Arbitrary<unknown> {
  named.set(record.name, record);
  const fields = Object.fromEntries(record.fields.map((field) => [field.name, anyOf(field.type, named)]));
  if (!drafts) return fc.record(fields);
  const requiredKeys = record.fields.filter((field) => field.default === undefined).map(({ name }) => name);
  return fc.record(fields, { requiredKeys });
}

/** Any value that may be written to the topic. */
export function anyDraftOf<T extends SchemaTopic>(topic: T): fc.Arbitrary<DraftTypes[T]> {
  const schema = JSON.parse(SCHEMA_TEXTS[TOPIC_SCHEMAS[topic]]) as AvroRecord;
  return anyRecord(schema, new Map(), true) as fc.Arbitrary<DraftTypes[T]>; // Made from the schema of the type.
}

/** Any value that the telemetry schema allows. */
export const anyTelemetry = anyRecord(
  JSON.parse(SCHEMA_TEXTS.telemetry) as AvroRecord,
  new Map(),
) as unknown as fc.Arbitrary<Telemetry>;
