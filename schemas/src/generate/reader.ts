/**
 * schemas/src/telemetry-reader.generated.ts: reads what this build's Telemetry writers write, field by field, into objects of one
 * fixed shape. Anything else it leaves to the general library.
 */
import type { Catalogue } from '../catalogue/load.js';
import { HEADER } from './report.js';
import { LISTS, MAP_FIELDS, ROOT_FIELDS, type AvroField } from './telemetry-shape.js';

/** Texts that differ from report to report are not worth keeping. */
const UNIQUE_TEXTS = new Set([
  'message_id',
  'ident',
  'peer',
  'driver_id',
  'vehicle_vin',
  'gsm_sim_iccid',
  'driver_message',
]);
const READ = { number: 'c.double()', boolean: 'c.boolean()' } as const;
const textOf = (name: string): string => (UNIQUE_TEXTS.has(name) ? 'c.string()' : 'c.name()');

interface Part {
  readonly name: string;
  /** Value of a field that nothing was read into. */
  readonly initial: string;
  /** Statement that reads it into `v`. */
  readonly read: string;
}

function rootPart({ name, type }: AvroField): Part {
  const text = JSON.stringify(type);
  const inner = text.includes('timestamp-micros') || text.includes('"int"') ? 'c.long()' : textOf(name);
  if (name === 'frame_ref')
    return { name, initial: 'null', read: 'if (c.some()) v.frame_ref = { topic: c.name(), partition: c.long(), offset: c.long(), index: c.long() };' }; // prettier-ignore
  if (text.includes('"array"'))
    return { name, initial: '[]', read: `{ const n = c.count(); if (n > 0) { const list: string[] = []; for (let i = 0; i < n && !c.failed; i++) list.push(c.name()); c.close(); v.${name} = list; } }` }; // prettier-ignore
  if (Array.isArray(type)) return { name, initial: 'null', read: `if (c.some()) v.${name} = ${inner};` };
  const cast = name === 'kind' ? " as Telemetry['kind']" : '';
  return {
    name,
    initial: inner === 'c.long()' ? '0' : name === 'kind' ? "'report'" : "''",
    read: `v.${name} = ${inner}${cast};`,
  };
}

/** Text of telemetry-reader.generated.ts. */
export function readerModule(catalogue: Catalogue): string {
  const roots = ROOT_FIELDS.map(rootPart);
  const hot = catalogue.hot.map(({ field, type }): Part => ({
    name: field,
    initial: 'null',
    read: `if (c.some()) v.${field} = ${type === 'string' ? textOf(field) : READ[type]};`,
  }));
  const lists = LISTS.map(({ field }, index): Part => ({
    name: field,
    initial: 'null',
    read: `if (c.some()) { const { type, skip } = lists[${index}]!; const end = skip(bytes, c.at); if (c.failed || end === DAMAGED) return null; v.${field} = type.decode(bytes, c.at).value as Telemetry['${field}']; c.at = end; }`,
  }));
  const valueRead: Readonly<Record<string, string>> = {
    numbers: 'c.double()',
    strings: 'c.string()',
    flags: 'c.boolean()',
  };
  const maps = MAP_FIELDS.map(({ name }): Part => ({
    name,
    initial: '{}',
    read: `{ const n = c.count(); if (n > 0) { const map: { [key: string]: Telemetry['${name}'][string] } = {}; for (let i = 0; i < n && !c.failed; i++) { const key = c.name(); map[key] = ${valueRead[name]!}; } c.close(); v.${name} = map; } }`,
  }));
  const parts = [...roots, ...hot, ...lists, ...maps];
  return `${HEADER}import type { Type } from 'avsc';
import { Cursor } from './avro-reading.js';
import { DAMAGED, type Skip } from './skim.js';
import type { Telemetry } from './records.generated.js';

/** A value with all its fields, always in the same order: what comes out of the reader. */
class TelemetryValue implements Telemetry {
${parts.map(({ name, initial }) => `  ${name}: Telemetry['${name}'] = ${initial};\n`).join('')}}

/** Reads a whole value from \`at\` to the end of the bytes; null: not what this build writes, ask the general library. */
export function readTelemetry(bytes: Buffer, at: number, lists: readonly { readonly type: Type; readonly skip: Skip }[]): Telemetry | null {
  const c = new Cursor(bytes, at);
  const v = new TelemetryValue();
${parts.map(({ read }) => `  ${read}\n`).join('')}  return c.failed || c.at !== bytes.length ? null : v;
}
`;
}
