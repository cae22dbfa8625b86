/**
 * schemas/src/telemetry-outline.generated.ts: reads of a Telemetry value what the fold of the enricher asks for, and passes over the
 * rest: the value itself goes on as bytes. What this build's writers never write is left to the general library.
 */
import type { Catalogue } from '../catalogue/load.js';
import { HEADER } from './report.js';
import { LISTS, MAP_FIELDS, ROOT_FIELDS, type AvroField } from './telemetry-shape.js';

/** Besides every boolean of the hot parameters, and the flags: any of them may be an alarm. */
const WANTED: ReadonlySet<string> = new Set([
  'revision',
  'kind',
  'ident',
  'tenant',
  'timestamp',
  'received_at',
  'protocol',
  'position_latitude',
  'position_longitude',
  'position_speed',
  'position_direction',
  'position_satellites',
  'position_hdop',
  'position_accuracy',
  'record_seqnum',
  'event_seqnum',
  'vehicle_mileage',
  'gnss_odometer',
  'engine_motorhours',
  'fuel_level',
  'can_fuel_level',
  'total_fuel_consumed',
  'driver_id',
]);
const READ = { string: 'c.string()', number: 'c.double()', boolean: 'c.boolean()' } as const;
const SKIP = { string: 'c.skipText()', number: 'c.at += 8', boolean: 'c.at++' } as const;

interface Part {
  /** Declaration in the class; null: it is passed over. */
  readonly field: string | null;
  readonly read: string;
}

function rootPart({ name, type }: AvroField): Part {
  const text = JSON.stringify(type);
  const wanted = WANTED.has(name);
  if (name === 'message_id')
    return {
      field: '/** The first and second 32 bits of the message id. */\n  id_1 = 0;\n  id_2 = 0;',
      read: 'if (bytes[c.at++] !== 64) return null; v.id_1 = c.word(); v.id_2 = c.word(); c.at += 16;',
    };
  if (name === 'frame_ref')
    return { field: null, read: 'if (c.some()) { c.skipText(); c.long(); c.long(); c.long(); }' };
  if (text.includes('"array"'))
    return {
      field: null,
      read: '{ const n = c.count(); if (n > 0) { for (let i = 0; i < n && !c.failed; i++) c.skipText(); c.close(); } }',
    };
  const isNumber = text.includes('timestamp-micros') || text.includes('"int"');
  const when = Array.isArray(type) ? 'if (c.some()) ' : '';
  if (!wanted) return { field: null, read: `${when}${isNumber ? 'c.long()' : 'c.skipText()'};` };
  const initial = Array.isArray(type) ? 'null' : isNumber ? '0' : name === 'kind' ? "'report'" : "''";
  const read = isNumber ? 'c.long()' : name === 'ident' ? 'c.string()' : 'c.name()';
  return {
    field: `${name}: Telemetry['${name}'] = ${initial};`,
    read: `${when}v.${name} = ${read}${name === 'kind' ? " as Telemetry['kind']" : ''};`,
  };
}

/** Text of telemetry-outline.generated.ts. */
export function outlineModule(catalogue: Catalogue): string {
  const hot = catalogue.hot.map(({ field, type }): Part => {
    const wanted = type === 'boolean' || WANTED.has(field);
    if (!wanted) return { field: null, read: `if (c.some()) ${SKIP[type]};` };
    return { field: `${field}: Telemetry['${field}'] = null;`, read: `if (c.some()) v.${field} = ${READ[type]};` };
  });
  const lists = LISTS.map(({ field }, index): Part => ({
    field: null,
    read: `if (c.some()) { const end = lists[${index}]!.skip(bytes, c.at); if (c.failed || end === DAMAGED) return null; c.at = end; } // ${field}`,
  }));
  const skips: Readonly<Record<string, string>> = { numbers: 'c.at += 8', strings: 'c.skipText()' };
  const maps = MAP_FIELDS.map(({ name }): Part =>
    name === 'flags'
      ? {
          field: "flags: Telemetry['flags'] = NO_FLAGS;",
          read: '{ const n = c.count(); if (n > 0) { const map: { [key: string]: boolean } = {}; for (let i = 0; i < n && !c.failed; i++) { const key = c.name(); map[key] = c.boolean(); } c.close(); v.flags = map; } }',
        }
      : {
          field: null,
          read: `{ const n = c.count(); if (n > 0) { for (let i = 0; i < n && !c.failed; i++) { c.skipText(); ${skips[name]!}; } c.close(); } }`,
        },
  );
  const parts = [...ROOT_FIELDS.map(rootPart), ...hot, ...lists, ...maps];
  const fields = parts.flatMap(({ field }) => (field === null ? [] : [`  ${field}\n`]));
  return `${HEADER}import { Cursor } from './avro-reading.js';
import { DAMAGED, type Skip } from './skim.js';
import type { Telemetry } from './records.generated.js';

const NO_FLAGS: Telemetry['flags'] = {};

/** What a report says that trips, events and fences depend on; as the fields of Telemetry of the same names. */
export class TelemetryOutline {
${fields.join('')}}

/** Walks over a whole value from \`at\` to the end of the bytes; null: not what this build writes, ask the general library. */
export function readOutline(bytes: Buffer, at: number, lists: readonly { readonly skip: Skip }[]): TelemetryOutline | null {
  const c = new Cursor(bytes, at);
  const v = new TelemetryOutline();
${parts.map(({ read }) => `  ${read}\n`).join('')}  return c.failed || c.at !== bytes.length ? null : v;
}
`;
}
