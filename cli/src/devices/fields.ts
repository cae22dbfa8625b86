/** What a device record may say, and how each field is read from JSON and from a CSV cell. */
import { PROTOCOLS, parseDeviceSettings } from '@fleetwire/protocols';
import type { Device, DeviceDraft } from '@fleetwire/schemas';

export type FieldResult = { readonly value: unknown } | { readonly problem: string };
type Check = (value: unknown) => FieldResult;

export interface Field {
  readonly check: Check;
  /** A CSV cell as the JSON value that `check` reads. */
  readonly fromCell: (cell: string) => unknown;
}

export const IDENT_CHARS_MAX = 64;
const LIST_SEPARATOR = '|';

const good = (value: unknown): FieldResult => ({ value });
const bad = (problem: string): FieldResult => ({ problem });
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null ? good(null) : check(value);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const text: Field = {
  check: orNull((value) => (typeof value === 'string' ? good(value) : bad('give a text'))),
  fromCell: (cell) => cell,
};
const integer: Field = {
  check: orNull((value) => (Number.isSafeInteger(value) ? good(value) : bad('give a whole number'))),
  fromCell: (cell) => (/^-?\d+$/.test(cell) ? Number(cell) : cell),
};
function oneOf(choices: readonly string[], nullable: boolean): Field {
  const check: Check = (value) =>
    typeof value === 'string' && choices.includes(value) ? good(value) : bad(`give one of ${choices.join(', ')}`);
  return { check: nullable ? orNull(check) : check, fromCell: (cell) => cell };
}
function jsonCell(cell: string): unknown {
  try {
    return JSON.parse(cell);
  } catch {
    return cell;
  }
}

const ident: Field = {
  check: (value) =>
    typeof value === 'string' && value.length <= IDENT_CHARS_MAX && /^[\x21-\x7e]+$/.test(value)
      ? good(value)
      : bad(`give 1 to ${IDENT_CHARS_MAX} printable characters without blanks, as text (quote it in JSON)`),
  fromCell: (cell) => cell,
};
const aliases: Field = {
  check: (value) =>
    Array.isArray(value) && value.every((item) => !('problem' in ident.check(item)))
      ? good(value)
      : bad('give a list of identities, as text'),
  fromCell: (cell) => cell.split(LIST_SEPARATOR).map((part) => part.trim()),
};
const labels: Field = {
  check: (value) =>
    isRecord(value) && Object.values(value).every((item) => typeof item === 'string')
      ? good(value)
      : bad('give an object of texts, such as {"colour": "red"}'),
  fromCell: jsonCell,
};
const thresholds: Field = {
  check: (value) =>
    isRecord(value) && Object.values(value).every((item) => typeof item === 'number' && Number.isFinite(item))
      ? good(value)
      : bad('give an object of numbers, such as {"speed_limit": 90}'),
  fromCell: jsonCell,
};
const limits: Field = {
  check: orNull((value) => {
    if (!isRecord(value)) return bad('give an object, such as {"frames_per_minute": 120}');
    const unknown = Object.keys(value).find((key) => !['frames_per_minute', 'bytes_per_minute'].includes(key));
    if (unknown !== undefined) return bad(`"${unknown}" is unknown; known are frames_per_minute, bytes_per_minute`);
    const wrong = Object.entries(value).find(
      ([, count]) => count !== null && !(Number.isSafeInteger(count) && Number(count) > 0),
    );
    if (wrong !== undefined) return bad(`${wrong[0]}: give a whole number above 0, or null`);
    return good({ frames_per_minute: null, bytes_per_minute: null, ...value });
  }),
  fromCell: jsonCell,
};
const decoder: Field = {
  check: orNull((value) => {
    const json = typeof value === 'string' ? value : JSON.stringify(value);
    const { problems } = parseDeviceSettings(json);
    const first = problems[0];
    return first === undefined ? good(json) : bad(`${first.field}: ${first.remedy}`);
  }),
  fromCell: (cell) => cell,
};
const inputs: Field = {
  check: (value) => {
    if (!Array.isArray(value)) return bad('give a list, such as [{"input": "din.1", "event": "sos"}]');
    const mapped: unknown[] = [];
    for (const item of value) {
      if (!isRecord(item) || typeof item['input'] !== 'string')
        return bad('each mapping names its "input", such as din.1');
      const known = ['input', 'parameter', 'event', 'inverted', 'factor', 'offset'];
      const unknown = Object.keys(item).find((key) => !known.includes(key));
      if (unknown !== undefined) return bad(`"${unknown}" is unknown; known are ${known.join(', ')}`);
      mapped.push({ parameter: null, event: null, inverted: false, factor: null, offset: null, ...item });
    }
    return good(mapped);
  },
  fromCell: jsonCell,
};

/** Every field that a user may set, in the order in which CSV lists them. */
export const FIELDS: Readonly<Record<Exclude<keyof Device, 'updated_at' | 'updated_by'>, Field>> = {
  ident,
  kind: oneOf(['device', 'group'], false),
  id: integer,
  name: text,
  type: text,
  type_id: integer,
  protocol_id: integer,
  protocol: oneOf(PROTOCOLS, true),
  tenant: text,
  group: text,
  labels,
  aliases,
  admission: oneOf(['default', 'allowed', 'blocked'], false),
  limits,
  thresholds,
  decoder,
  inputs,
  privacy: oneOf(['show', 'hide'], false),
  phone: text,
};
export const FIELD_NAMES: readonly string[] = Object.keys(FIELDS);

/** Set by the writer, so that what `device get` prints can be put again. */
const WRITER_FIELDS: ReadonlySet<string> = new Set(['updated_at', 'updated_by']);

export function fieldOf(name: string): Field | undefined {
  return Object.hasOwn(FIELDS, name) ? FIELDS[name as keyof typeof FIELDS] : undefined;
}

/** A checked record, or what is wrong with it, field by field. */
export function checkDevice(value: unknown): {
  readonly device: DeviceDraft | null;
  readonly problems: readonly string[];
} {
  if (!isRecord(value)) return { device: null, problems: ['not an object; give {"ident": "…", …}'] };
  const problems: string[] = [];
  const record: Record<string, unknown> = {};
  for (const [name, raw] of Object.entries(value)) {
    if (WRITER_FIELDS.has(name)) continue;
    const field = fieldOf(name);
    const result = field?.check(raw) ?? bad(`unknown; known are ${FIELD_NAMES.join(', ')}`);
    if ('problem' in result) problems.push(`${name}: ${result.problem}`);
    else record[name] = result.value;
  }
  if (value['ident'] === undefined) problems.push('ident: missing; every record names its device');
  const isGroup = record['kind'] === 'group';
  if (typeof record['ident'] === 'string' && isGroup !== record['ident'].startsWith('group:'))
    problems.push('ident: a group, and only a group, has the ident group:NAME and the kind group');
  // Every key has passed its own check above, and `ident`, the only one without a default, is there.
  return problems.length > 0 ? { device: null, problems } : { device: record as unknown as DeviceDraft, problems };
}
