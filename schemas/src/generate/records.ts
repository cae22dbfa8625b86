/** schemas/src/records.generated.ts: a TypeScript type for every Avro record, and the schemas as text. */
import { TOPIC_SCHEMAS, type SchemaName } from '../topics.js';
import { HEADER } from './report.js';
import type { AvroField, AvroRecord, AvroType } from './telemetry-shape.js';

const PRIMITIVES: Readonly<Record<string, string>> = {
  string: 'string',
  double: 'number',
  float: 'number',
  int: 'number',
  long: 'number',
  boolean: 'boolean',
  bytes: 'Buffer',
  null: 'null',
};

const isRecord = (type: AvroType): type is AvroType & AvroRecord =>
  typeof type === 'object' && !Array.isArray(type) && 'type' in type && type['type'] === 'record';

/** TypeScript type of an Avro type; records on the way are handed to `define`. Throws on what the schemas here never use. */
function typeText(type: AvroType, define: (record: AvroRecord) => void): string {
  if (typeof type === 'string') return PRIMITIVES[type] ?? type;
  if (isRecord(type)) {
    define(type);
    return type.name;
  }
  if (Array.isArray(type)) return type.map((branch: AvroType) => typeText(branch, define)).join(' | ');
  const { type: kind, items, values } = type as { type: string; items?: AvroType; values?: AvroType };
  if (kind === 'array' && items !== undefined) return `readonly (${typeText(items, define)})[]`;
  if (kind === 'map' && values !== undefined) return `Readonly<Record<string, ${typeText(values, define)}>>`;
  if (kind in PRIMITIVES) return PRIMITIVES[kind]!;
  throw new Error(`no TypeScript type for Avro ${JSON.stringify(type)}`);
}

function fieldText(field: AvroField, define: (record: AvroRecord) => void): string {
  const values = field.values?.map((value) => `'${value}'`).join(' | ');
  const time = JSON.stringify(field.type).includes('timestamp-micros') ? ' µs since 1970.' : '';
  const unit = field.unit === undefined ? '' : ` Unit: ${field.unit}.`;
  const plain = typeText(field.type, define).replace(/^null \| (.*)$/, '$1 | null');
  const type =
    values === undefined ? plain : plain.endsWith('null') || plain.startsWith('null') ? `${values} | null` : values;
  return `  /** ${field.doc.replaceAll('*/', '* /')}${unit}${time} */\n  ${field.name}: ${type};\n`;
}

/** Text of records.generated.ts. Throws when two schemas give one record name two shapes. */
export function recordsModule(schemas: ReadonlyMap<SchemaName, AvroRecord>): string {
  const texts = new Map<string, string>();
  const drafts: string[] = [];
  const define = (record: AvroRecord): void => {
    const body = record.fields.map((field) => fieldText(field, define)).join('');
    const text = `/** ${record.doc} */\nexport interface ${record.name} {\n${body}}\n`;
    const other = texts.get(record.name);
    // The topic's own record says which topic it is for; embedded copies do not, and their fields are what counts.
    if (other !== undefined && other.slice(other.indexOf('{')) !== text.slice(text.indexOf('{')))
      throw new Error(`record ${record.name} has two shapes: give one of them another name`);
    if (other === undefined || record.namespace !== undefined) texts.set(record.name, text);
  };
  for (const record of schemas.values()) {
    define(record);
    const optional = record.fields.filter((field) => field.default !== undefined).map((field) => `'${field.name}'`);
    drafts.push(
      `/** ${record.name} as it may be written: what has a default may be left out. */\n` +
        `export type ${record.name}Draft = Draft<${record.name}, ${optional.length === 0 ? 'never' : optional.join(' | ')}>;\n`,
    );
  }
  const nameOf = (schema: SchemaName): string => schemas.get(schema)!.name;
  const rows = (suffix: string): string =>
    Object.entries(TOPIC_SCHEMAS)
      .map(([topic, schema]) => `  '${topic}': ${nameOf(schema)}${suffix};\n`)
      .join('');
  const sources = [...schemas].map(([name, record]) => `  '${name}': ${JSON.stringify(JSON.stringify(record))},\n`);
  return `${HEADER}
/** What has a default may be left out when it is written; read values are always whole. */
export type Draft<T, Optional extends keyof T> = Omit<T, Optional> & Partial<Pick<T, Optional>>;

${[...texts.values()].join('\n')}
${drafts.join('')}
/** Value of each topic, as read. */
export interface RecordTypes {
${rows('')}}
/** Value of each topic, as it may be written. */
export interface DraftTypes {
${rows('Draft')}}

/** Avro schemas as they are registered, by file name. */
export const SCHEMA_TEXTS = {
${sources.join('')}} as const;
`;
}
