/** What the generated files and the hand-written schemas must keep: rules of evolution, shapes, freshness. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadCatalogue } from '../catalogue/load.js';
import { SCHEMA_TEXTS } from '../records.generated.js';
import { SCHEMA_TOPICS, TOPIC_SCHEMAS } from '../topics.js';
import { generateAll } from './all.js';
import { recordsModule } from './records.js';
import type { AvroField, AvroRecord, AvroType } from './telemetry-shape.js';

const ROOT = new URL('../../../', import.meta.url);
const readSchema = (file: string): string => readFileSync(new URL(`schemas/${file}`, ROOT), 'utf8');
const catalogue = loadCatalogue();
const schemas = Object.entries(SCHEMA_TEXTS).map(([name, text]) => [name, JSON.parse(text) as AvroRecord] as const);

/** Every field of a record and of the records in it, with its path. */
function allFields(record: AvroRecord, path = record.name): [string, AvroField][] {
  const inner = (type: AvroType): AvroRecord[] => {
    if (typeof type === 'string') return [];
    if (Array.isArray(type)) return (type as AvroType[]).flatMap(inner);
    const object = type as { [key: string]: AvroType | undefined };
    if (object['type'] === 'record') return [type as unknown as AvroRecord];
    return inner(object['items'] ?? object['values'] ?? 'null');
  };
  return record.fields.flatMap((field) => [
    [`${path}.${field.name}`, field] as [string, AvroField],
    ...inner(field.type).flatMap((child) => allFields(child, `${path}.${field.name}`)),
  ]);
}

describe('generated files', () => {
  it.each([...generateAll(catalogue, readSchema)])('%s is what the catalogue and the schemas give', (file, text) => {
    const url = new URL(file, ROOT);
    expect(existsSync(url)).toBe(true);
    expect(readFileSync(url, 'utf8')).toBe(text);
  });

  it('refuses a record name with two shapes', () => {
    const one: AvroRecord = { type: 'record', name: 'A', namespace: 'n', doc: 'd', fields: [{ name: 'x', type: 'int', doc: 'd' }] }; // prettier-ignore
    const two: AvroRecord = { ...one, fields: [{ name: 'x', type: 'string', doc: 'd' }] };
    expect(() =>
      recordsModule(
        new Map([
          ['command', one],
          ['sms', two],
        ]),
      ),
    ).toThrow('record A has two shapes');
  });
});

describe('every schema', () => {
  it.each(schemas)('%s: what may be null is null by default, and comes first in its union', (_name, record) => {
    for (const [path, { type, default: fallback }] of allFields(record)) {
      if (!Array.isArray(type)) continue;
      expect(type[0], path).toBe('null');
      expect(type, path).toHaveLength(2); // Unions of several types have no mapping in lakes and stream engines.
      expect(fallback, path).toBeNull();
    }
  });

  it.each(schemas)('%s: every field says what it is, in snake_case, and closed lists are texts', (_name, record) => {
    for (const [path, field] of allFields(record)) {
      expect(field.doc.trim(), path).not.toBe('');
      expect(field.name, path).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/);
      expect(JSON.stringify(field.type), path).not.toContain('"enum"');
      if (field.values !== undefined) expect(JSON.stringify(field.type), path).toContain('string');
      if (field.values !== undefined && typeof field.default === 'string')
        expect(field.values, path).toContain(field.default);
    }
  });

  it.each(schemas)(
    '%s: no default is a text of two braces, which the registry takes for no schema at all',
    (_name, record) => {
      for (const [path, field] of allFields(record)) expect(field.default, path).not.toBe('{}');
    },
  );

  it.each(schemas)('%s: times are microseconds', (_name, record) => {
    for (const [path, field] of allFields(record))
      if (/(_at|^timestamp|_time|^at|^since)$/.test(field.name) && field.name !== 'trip_idle_time')
        expect(JSON.stringify(field.type), path).toContain('timestamp-micros');
  });
});

describe('Enriched', () => {
  it('is Telemetry, field by field in the same order, with enrichment at the end', () => {
    const telemetry = (JSON.parse(SCHEMA_TEXTS.telemetry) as AvroRecord).fields;
    const enriched = (JSON.parse(SCHEMA_TEXTS['telemetry-enriched']) as AvroRecord).fields;
    expect(enriched.slice(0, -1)).toEqual(telemetry);
    expect(enriched.at(-1)?.name).toBe('enrichment');
  });
});

describe('topics', () => {
  it('all have a schema, and every schema a topic', () => {
    expect(Object.keys(SCHEMA_TEXTS).toSorted()).toEqual([...new Set(Object.values(TOPIC_SCHEMAS))].toSorted());
    expect(SCHEMA_TOPICS).toHaveLength(23);
  });
});
