/**
 * Walks over Avro bytes without reading values, to see whether they can be a value at all. The general library believes the counts
 * of lists and maps: a damaged one of 2^40 would keep it busy, and take memory, far beyond the end of the bytes. So what it reads
 * is walked over first; the walk ends at the end of the bytes at the latest.
 */

/** Position after a value that begins at `at`, or DAMAGED. */
export type Skip = (bytes: Buffer, at: number) => number;
export const DAMAGED = -1;

interface SchemaObject {
  readonly type: unknown;
  readonly name?: string;
  readonly namespace?: string;
  readonly fields?: readonly { readonly type: unknown }[];
  readonly items?: unknown;
  readonly values?: unknown;
  readonly size?: number;
}

/** Groups of a 64-bit integer. */
const LONG_GROUPS = 10;
/** What the last `skipLong` read; exact where it is used: a length or count beyond the bytes is damage in any case. */
let long = 0;

const skipLong: Skip = (bytes, at) => {
  let byte = bytes[at];
  if (byte === undefined) return DAMAGED;
  const negative = (byte & 1) === 1;
  let value = (byte & 0x7f) >>> 1;
  let scale = 64;
  for (let group = 1; byte >= 0x80; group++) {
    byte = bytes[at + group];
    if (byte === undefined || group === LONG_GROUPS) return DAMAGED;
    value += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte < 0x80) at += group;
  }
  long = negative ? -value - 1 : value;
  return at + 1;
};

const fixed =
  (size: number): Skip =>
  (bytes, at) =>
    at + size > bytes.length ? DAMAGED : at + size;

const skipBytes: Skip = (bytes, at) => {
  const from = skipLong(bytes, at);
  return from === DAMAGED || long < 0 || from + long > bytes.length ? DAMAGED : from + long;
};

const PRIMITIVES: Readonly<Record<string, Skip>> = {
  null: (_bytes, at) => at,
  boolean: fixed(1),
  int: skipLong,
  long: skipLong,
  enum: skipLong,
  float: fixed(4),
  double: fixed(8),
  bytes: skipBytes,
  string: skipBytes,
};

/** Blocks of entries, each a count and perhaps a size in front, until a block of none. */
const blocks =
  (entry: Skip): Skip =>
  (bytes, at) => {
    for (;;) {
      at = skipLong(bytes, at);
      if (at === DAMAGED || long === 0) return at;
      let count = long;
      if (count < 0) {
        count = -count;
        at = skipLong(bytes, at);
        if (at === DAMAGED) return DAMAGED;
      }
      // Even entries without bytes of their own have a bound.
      if (count > bytes.length) return DAMAGED;
      for (; count > 0; count--) {
        at = entry(bytes, at);
        if (at === DAMAGED) return DAMAGED;
      }
    }
  };

function record(fields: readonly Skip[]): Skip {
  return (bytes, at) => {
    for (const field of fields) {
      at = field(bytes, at);
      if (at === DAMAGED) return DAMAGED;
    }
    return at;
  };
}

function union(branches: readonly Skip[]): Skip {
  return (bytes, at) => {
    const from = skipLong(bytes, at);
    const branch = from === DAMAGED ? undefined : branches[long];
    return branch === undefined ? DAMAGED : branch(bytes, from);
  };
}

function build(schema: unknown, named: Map<string, Skip>, namespace: string): Skip {
  if (Array.isArray(schema)) return union(schema.map((branch) => build(branch, named, namespace)));
  if (typeof schema === 'string') {
    const known = named.get(schema) ?? named.get(`${namespace}.${schema}`) ?? PRIMITIVES[schema];
    if (known === undefined) throw new Error(`no Avro type ${schema}`);
    return known;
  }
  const { type, name, namespace: said = namespace, fields, items, values, size } = schema as SchemaObject;
  const own = name?.includes('.') === true ? name.slice(0, name.lastIndexOf('.')) : said;
  const define = (skip: Skip): Skip => {
    if (name !== undefined) named.set(name.includes('.') || own === '' ? name : `${own}.${name}`, skip);
    return skip;
  };
  if (fields !== undefined) {
    const skips: Skip[] = [];
    const skip = define(record(skips)); // Before its fields: a record may hold itself.
    for (const field of fields) skips.push(build(field.type, named, own));
    return skip;
  }
  if (items !== undefined) return blocks(build(items, named, own));
  if (values !== undefined) {
    const value = build(values, named, own);
    return blocks((bytes, at) => {
      const from = skipBytes(bytes, at);
      return from === DAMAGED ? DAMAGED : value(bytes, from);
    });
  }
  if (size !== undefined) return define(fixed(size));
  return define(build(type, named, own));
}

/** The walk of a schema (as parsed JSON). Throws when it names a type that is not there. */
export function skipOf(schema: unknown): Skip {
  return build(schema, new Map(), '');
}
