/**
 * schemas/src/record-writers.generated.ts: a function for each hand-written record, and for the enrichment, that writes a value
 * field by field in the order of its schema. The bytes are those that the general Avro library writes (a property test holds the two
 * together); the cost is a fraction, since no union is looked through and room is asked for once.
 */
import type { SchemaName } from '../topics.js';
import { HEADER } from './report.js';
import type { AvroRecord, AvroType } from './telemetry-shape.js';

/** Most bytes of a plain value without the letters of a text; see LONG_BYTES_MAX. */
const ROOM: Readonly<Record<string, number>> = { string: 10, bytes: 10, long: 10, int: 5, double: 8, boolean: 1 };
const CHECK: Readonly<Record<string, string>> = {
  string: "typeof x !== 'string'",
  long: "typeof x !== 'number'",
  int: '(x | 0) !== x',
  double: "typeof x !== 'number'",
  boolean: "typeof x !== 'boolean'",
  bytes: '!(x instanceof Uint8Array)',
};

interface Typed {
  readonly type: string;
  readonly name?: string;
  readonly items?: AvroType;
  readonly values?: AvroType;
}
const isUnion = (type: AvroType): type is readonly AvroType[] => Array.isArray(type);

/** Writes one module's functions; records are defined where they first come. */
class Writers {
  readonly functions = new Map<string, string>();

  define(record: AvroRecord): void {
    if (this.functions.has(record.name)) return;
    this.functions.set(record.name, '');
    const body = record.fields.map(({ name, type, default: fallback }) => {
      const given = `v.${name}`;
      const whole =
        fallback === undefined || fallback === null
          ? given
          : `${given} === undefined ? ${this.#fallback(fallback)} : ${given}`;
      return `  { const x = ${whole}; ${this.#put(type, name)} }\n`;
    });
    const room = record.fields.reduce((sum, { type }) => sum + this.#room(type), 0);
    const text = body.join('');
    const needsView = text.includes('view');
    this.functions.set(
      record.name,
      `export function write${record.name}(v: ${record.namespace === undefined ? record.name : `${record.name}Draft`}, bytes: Buffer, ${needsView ? 'view' : '_view'}: DataView, at: number): number {\n` +
        `  const room = ${room};\n  if (bytes.length - at < room) return bytes.length - at - room;\n  let p = at;\n${text}  return p;\n}\n`,
    );
  }

  #fallback(value: unknown): string {
    if (Array.isArray(value)) return 'NO_LIST';
    return typeof value === 'object' ? 'NO_MAP' : JSON.stringify(value);
  }

  /** Bytes that a value takes at most, without what its parts ask for themselves. */
  #room(given: AvroType): number {
    if (isUnion(given)) return 1 + this.#room(given[1]!);
    if (typeof given === 'string') return ROOM[given] ?? 0;
    const { type } = given as unknown as Typed;
    return type === 'array' || type === 'map' ? 11 : (ROOM[type] ?? 0);
  }

  /** Statement that writes `x`. */
  #put(given: AvroType, name: string): string {
    if (isUnion(given)) {
      const [first, inner] = given;
      if (first !== 'null' || inner === undefined || given.length !== 2)
        throw new Error(`${name}: no union but of null and one type`);
      return `if (x == null) bytes[p++] = 0; else { bytes[p++] = 2; ${this.#put(inner, name)} }`;
    }
    if (typeof given === 'string') return this.#plain(given, name);
    const { type, items, values } = given as unknown as Typed;
    if (type === 'record') {
      const record = given as unknown as AvroRecord;
      this.define(record);
      return this.#plain(record.name, name);
    }
    if (items !== undefined)
      return `if (!isList(x)) refuse('${name}', x, 'list'); if (x.length > 0) { p = putLong(bytes, p, x.length); for (const item of x) { const x = item; ${this.#checkRoom(this.#room(items))}${this.#put(items, name)} } ${this.#checkRoom(0)}} bytes[p++] = 0;`;
    if (values !== undefined)
      return `const keys = Object.keys(x); if (keys.length > 0) { p = putLong(bytes, p, keys.length); for (const key of keys) { ${this.#checkRoom(10 + this.#room(values), 'key.length * UTF8_BYTES_MAX')}p = putString(bytes, p, key); const value = x[key]; { const x = value; ${this.#put(values, name)} } } ${this.#checkRoom(0)}} bytes[p++] = 0;`;
    return this.#plain(type, name);
  }

  /** What is left must hold all plain values of the record, and `bytes` and `more` besides. */
  #checkRoom(bytes: number, more = '0'): string {
    return `{ const left = bytes.length - p - room - ${bytes} - ${more}; if (left < 0) return left; } `;
  }

  #plain(type: string, name: string): string {
    const check = CHECK[type];
    if (check === undefined) return `p = write${type}(x, bytes, view, p); if (p < 0) return p; ${this.#checkRoom(0)}`;
    const checked = `if (${check}) refuse('${name}', x, '${type}'); `;
    switch (type) {
      case 'string':
        return `${checked}${this.#checkRoom(ROOM['string']!, 'x.length * UTF8_BYTES_MAX')}p = putString(bytes, p, x);`;
      case 'bytes':
        return `${checked}${this.#checkRoom(ROOM['bytes']!, 'x.length')}p = putLong(bytes, p, x.length); bytes.set(x, p); p += x.length;`;
      case 'double':
        return `${checked}view.setFloat64(p, x, true); p += 8;`;
      case 'boolean':
        return `${checked}bytes[p++] = x ? 1 : 0;`;
      default:
        return `${checked}p = putLong(bytes, p, x);`;
    }
  }
}

/** Text of record-writers.generated.ts. */
export function recordWritersModule(schemas: ReadonlyMap<SchemaName, AvroRecord>): string {
  const writers = new Writers();
  const names: string[] = [];
  for (const [name, record] of schemas) {
    if (name === 'telemetry') continue;
    if (name === 'telemetry-enriched') {
      const enrichment = record.fields.find((field) => field.name === 'enrichment');
      writers.define((enrichment!.type as readonly AvroType[])[1] as unknown as AvroRecord);
      continue;
    }
    writers.define(record);
    names.push(`  '${name}': write${record.name},\n`);
  }
  const functions = [...writers.functions.values()];
  const used = [...new Set(functions.join('').match(/\b[A-Z]\w+(?=, bytes: Buffer)/g))].sort();
  return `${HEADER}import { UTF8_BYTES_MAX, isList, putLong, putString, refuse } from './avro-bytes.js';
import type { ${used.join(', ')} } from './records.generated.js';

const NO_LIST: readonly never[] = [];
const NO_MAP: Readonly<Record<string, never>> = {};

// Each writes \`v\` at \`at\`: the new position, or a negative number (about the missing bytes) when there may be too little room.
// \`view\` is over the same memory as \`bytes\`. Throws TypeError when a value has the wrong type.
${functions.join('')}
/** By schema. */
export const RECORD_WRITERS = {
${names.join('')}} as const;
`;
}
