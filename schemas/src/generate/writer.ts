/**
 * schemas/src/telemetry-writer.generated.ts: writes a Telemetry value field by field, in the order of the schema. The bytes are
 * those that the general Avro library writes (a property test holds the two together); the cost is about a third, since every
 * field's type is known here and room is asked for once.
 */
import type { Catalogue } from '../catalogue/load.js';
import { HEADER } from './report.js';
import { LISTS, ROOT_FIELDS, type AvroField } from './telemetry-shape.js';

type Plain = 'string' | 'long' | 'double' | 'boolean';

const CHECK: Readonly<Record<Plain, string>> = {
  string: 'string',
  long: 'number',
  double: 'number',
  boolean: 'boolean',
};

function put(type: Plain, value: string): string {
  switch (type) {
    case 'string':
      return `p = putString(bytes, p, ${value});`;
    case 'long':
      return `p = putLong(bytes, p, ${value});`;
    case 'double':
      return `view.setFloat64(p, ${value}, true); p += 8;`;
    case 'boolean':
      return `bytes[p++] = ${value} ? 1 : 0;`;
  }
}

const checked = (name: string, type: Plain): string =>
  `if (typeof x !== '${CHECK[type]}') refuse('${name}', x, '${CHECK[type]}');`;

/** `x` is a constant in a block of its own: a nullable field of a plain type. */
const nullable = (name: string, type: Plain): string =>
  `  { const x = v.${name}; if (x == null) bytes[p++] = 0; else { ${checked(name, type)} bytes[p++] = 2; ${put(type, 'x')} } }\n`;
const required = (name: string, type: Plain, fallback?: string): string =>
  `  { const x = v.${name}${fallback === undefined ? '' : ` ?? ${fallback}`}; ${checked(name, type)} ${put(type, 'x')} }\n`;

/** How each root field is written; a new root field fails here until it says so. */
function rootField(field: AvroField): string {
  const { name, type } = field;
  const inner = Array.isArray(type) ? (type[1] as AvroField['type']) : type;
  const kind = typeof inner === 'string' ? inner : (inner as { logicalType?: string; type: string }).logicalType;
  const plain: Plain | undefined =
    kind === 'timestamp-micros' || kind === 'int' ? 'long' : kind === 'string' ? 'string' : undefined;
  if (name === 'message_id')
    return `  if (v instanceof Report) { bytes[p++] = 64; p = putHex(bytes, p, v.id_1); p = putHex(bytes, p, v.id_2); p = putHex(bytes, p, v.id_3); p = putHex(bytes, p, v.id_4); }\n  else ${required(name, 'string').trimStart()}`;
  if (name === 'frame_ref')
    return `  if (v.frame_ref == null) bytes[p++] = 0;\n  else { const { topic, partition, offset, index } = v.frame_ref; bytes[p++] = 2; p = putString(bytes, p, topic); p = putLong(bytes, p, partition); p = putLong(bytes, p, offset); p = putLong(bytes, p, index); }\n`;
  if (name === 'quality' || name === 'report_reasons')
    return `  { const list = v.${name}; if (list !== undefined && list.length > 0) { p = putLong(bytes, p, list.length); for (const x of list) { ${checked(name, 'string')} p = putString(bytes, p, x); } } bytes[p++] = 0; }\n`;
  if (plain === undefined) throw new Error(`root field ${name}: say in generate/writer.ts how it is written`);
  if (Array.isArray(type)) return nullable(name, plain);
  return required(name, plain, field.default === undefined ? undefined : JSON.stringify(field.default));
}

const mapField = (name: string, type: Plain): string =>
  `  { const map = v.${name}; if (map !== undefined && map !== NO_MAP) { const keys = Object.keys(map); if (keys.length > 0) { p = putLong(bytes, p, keys.length); for (const key of keys) { const x = map[key]; ${checked(name, type)} p = putString(bytes, p, key); ${put(type, 'x')} } } } bytes[p++] = 0; }\n`;

/** Text of telemetry-writer.generated.ts. */
export function writerModule(catalogue: Catalogue): string {
  const avro = { number: 'double', string: 'string', boolean: 'boolean' } as const;
  const rootTexts = ROOT_FIELDS.filter(({ type }) => JSON.stringify(type).includes('string') && !JSON.stringify(type).includes('array')); // prettier-ignore
  const texts = [
    ...rootTexts.filter(({ name }) => name !== 'message_id' && name !== 'frame_ref').map(({ name }) => name),
    ...catalogue.hot.filter(({ type }) => type === 'string').map(({ field }) => field),
  ];
  const lists = LISTS.map(
    ({ field }, index) =>
      `  { const x = v.${field}; if (x == null) bytes[p++] = 0; else { bytes[p++] = 2; const end = lists[${index}]!.type.encode(x, bytes, p); if (end < 0) return end - TAIL_ROOM; p = end; } }\n`,
  );
  return `${HEADER}import type { Type } from 'avsc';
import { NO_MAP, Report } from '@fleetwire/protocols';
import { LONG_BYTES_MAX, UTF8_BYTES_MAX, putHex, putLong, putString, refuse } from './avro-bytes.js';
import type { TelemetryDraft } from './records.generated.js';

/** Typed arrays are written by the general library: they are rare, and long when they come. In the order of the schema. */
export const LIST_FIELD_NAMES = [${LISTS.map(({ field }) => `'${field}'`).join(', ')}] as const;

/** What everything but texts, lists and maps can need at most. */
const FIXED_ROOM = ${(catalogue.hot.length + ROOT_FIELDS.length + LISTS.length + 3) * 11 + 64 + 64};
const TAIL_ROOM = ${LISTS.length * 4 + 3 * 11};

function textRoom(text: string | null | undefined): number {
  return text == null ? 0 : text.length * UTF8_BYTES_MAX + LONG_BYTES_MAX;
}
function mapsRoom(v: TelemetryDraft): number {
  let room = TAIL_ROOM;
  if (v.numbers !== undefined && v.numbers !== NO_MAP) for (const key in v.numbers) room += textRoom(key) + 8;
  if (v.flags !== undefined && v.flags !== NO_MAP) for (const key in v.flags) room += textRoom(key) + 1;
  if (v.strings !== undefined && v.strings !== NO_MAP) for (const key in v.strings) room += textRoom(key) + textRoom(v.strings[key]);
  return room;
}
function headRoom(v: TelemetryDraft): number {
  let room = FIXED_ROOM + textRoom(v.frame_ref?.topic);
  if (!(v instanceof Report)) room += textRoom(v.message_id);
${texts.map((name) => `  room += textRoom(v.${name});\n`).join('')}  if (v.quality !== undefined) for (const text of v.quality) room += textRoom(text);
  if (v.report_reasons !== undefined) for (const text of v.report_reasons) room += textRoom(text);
  return room;
}

/**
 * Writes a value at \`at\`: the new position, or a negative number (about the missing bytes) when there may be too little room.
 * \`view\` is over the same memory as \`bytes\`. Throws TypeError naming the field when a value has the wrong type.
 */
export function writeTelemetry(v: TelemetryDraft | Report, bytes: Buffer, view: DataView, at: number, lists: readonly { readonly type: Type }[]): number {
  const room = bytes.length - at - headRoom(v);
  if (room < 0) return room;
  let p = at;
${ROOT_FIELDS.map(rootField).join('')}${catalogue.hot.map((hot) => nullable(hot.field, avro[hot.type])).join('')}${lists.join('')}  const left = bytes.length - p - mapsRoom(v);
  if (left < 0) return left;
${mapField('numbers', 'double')}${mapField('strings', 'string')}${mapField('flags', 'boolean')}  return p;
}
`;
}
