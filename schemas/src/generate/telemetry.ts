/** The two generated Avro schemas: Telemetry, and Enriched with the same fields in the same order and `enrichment` at the end. */
import type { Catalogue } from '../catalogue/load.js';
import type { HotField } from '../catalogue/parameter.js';
import { ENRICHMENT, LISTS, MAP_FIELDS, ROOT_FIELDS, type AvroField, type AvroRecord } from './telemetry-shape.js';

const AVRO_OF = { number: 'double', string: 'string', boolean: 'boolean' } as const;

function hotField(hot: HotField): AvroField {
  const { parameter } = hot;
  const unit = parameter.unit === null ? {} : { unit: parameter.unit };
  return {
    name: hot.field,
    type: ['null', AVRO_OF[hot.type]],
    default: null,
    doc: parameter.meaning,
    parameter: hot.name,
    ...unit,
  };
}

function fields(catalogue: Catalogue): AvroField[] {
  const lists = LISTS.map(({ field, parameter, record }): AvroField => ({
    name: field,
    type: ['null', { type: 'array', items: { ...record } }],
    default: null,
    doc: catalogue.find(parameter)?.meaning ?? record.doc,
    parameter,
  }));
  return [...ROOT_FIELDS, ...catalogue.hot.map(hotField), ...lists, ...MAP_FIELDS];
}

/** Schema of the topic `telemetry`. */
export function telemetrySchema(catalogue: Catalogue): AvroRecord {
  return {
    type: 'record',
    name: 'Telemetry',
    namespace: 'fleetwire',
    doc: 'One report of a device. Generated from schemas/parameters. Topic telemetry, key ident.',
    fields: fields(catalogue),
  };
}

/** Schema of the topics `telemetry-enriched` and `device-state`. */
export function enrichedSchema(catalogue: Catalogue): AvroRecord {
  return {
    type: 'record',
    name: 'EnrichedTelemetry',
    namespace: 'fleetwire',
    doc: 'One report with what the enricher knows. Generated from schemas/parameters. Topic telemetry-enriched, key ident.',
    fields: [...fields(catalogue), ENRICHMENT],
  };
}

/** A schema as the text of its file: one field a line, so that a change reads as a change. */
export function schemaText(schema: AvroRecord): string {
  const { fields: rows, ...head } = schema;
  const lines = rows.map((row) => `    ${JSON.stringify(row)}`).join(',\n');
  const start = Object.entries(head).map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)},\n`);
  return `{\n${start.join('')}  "fields": [\n${lines}\n  ]\n}\n`;
}
