/**
 * Commands as JSON text, for clients that cannot word Avro: Kafka's own console producer, kcat, a shell. The fields are those of the Avro
 * record; `arguments` may be an object and times may be ISO texts. A value in Confluent's Avro framing begins with a zero byte, JSON with `{`.
 */
import type { Command } from '@fleetwire/schemas';

const BRACE = 0x7b;
export const isJson = (value: Buffer): boolean => value[0] === BRACE;

/** `error` names the field and says what would do. */
export type JsonCommand = { readonly command: Command } | { readonly error: string };

type Fields = Readonly<Record<string, unknown>>;
/** Carries the message out of the reading of a field. */
class Fault extends Error {}

const NAMES: ReadonlySet<string> = new Set([
  ...['id', 'ident', 'name', 'arguments', 'expires_at', 'delivery', 'condition', 'priority', 'confirm', 'channel'],
  ...['cancel_of', 'requested_at', 'requested_by', 'tenant'],
]);
const CONDITIONS: ReadonlySet<string> = new Set(['max_speed', 'ignition_off', 'max_fix_age_s']);

const REQUESTED_BY = 'json';

/** `timestampMs`: of the record, for what the text leaves out. */
export function commandOfJson(value: Buffer, timestampMs: number): JsonCommand {
  let fields: unknown;
  try {
    fields = JSON.parse(value.toString('utf8'));
  } catch (error) {
    return { error: `the value is no JSON object: ${error instanceof Error ? error.message : String(error)}` };
  }
  try {
    return { command: commandOf(fields as Fields, timestampMs) };
  } catch (error) {
    if (error instanceof Fault) return { error: error.message };
    throw error;
  }
}

function commandOf(fields: Fields, timestampMs: number): Command {
  refuseUnknown(fields, NAMES, '');
  const cancelOf = text(fields, 'cancel_of', null);
  return {
    id: text(fields, 'id'),
    ident: text(fields, 'ident'),
    name: text(fields, 'name', cancelOf === null ? undefined : 'cancel'),
    arguments: argumentsOf(fields['arguments']),
    expires_at: time(fields, 'expires_at'),
    delivery: oneOf(fields, 'delivery', ['at_most_once', 'at_least_once']),
    condition: conditionOf(fields['condition']),
    priority: typed(fields, 'priority', 0, 'a whole number', Number.isInteger),
    confirm: typed(fields, 'confirm', false, 'true or false', isBoolean),
    channel: oneOf(fields, 'channel', ['connection', 'sms']),
    cancel_of: cancelOf,
    requested_at: time(fields, 'requested_at', timestampMs * 1000),
    requested_by: text(fields, 'requested_by', REQUESTED_BY),
    tenant: text(fields, 'tenant', null),
  };
}

function refuseUnknown(fields: Fields, known: ReadonlySet<string>, prefix: string): void {
  for (const name of Object.keys(fields))
    if (!known.has(name)) throw new Fault(`${prefix}${name}: unknown; use ${[...known].join(', ')}`);
}

const isBoolean = (value: unknown): boolean => typeof value === 'boolean';
const isString = (value: unknown): boolean => typeof value === 'string';
const isNumber = (value: unknown): boolean => Number.isFinite(value);

/** The value of a field; `absent` stands for one that is missing or null, and without it the field is required. */
function typed<T>(
  fields: Fields,
  name: string,
  absent: T | undefined,
  wanted: string,
  is: (value: unknown) => boolean,
): T {
  const value = fields[name];
  if (value === undefined || value === null) {
    if (absent === undefined) throw new Fault(`${name}: it is missing; give ${wanted}`);
    return absent;
  }
  if (!is(value)) throw new Fault(`${name}: use ${wanted}`);
  return value as T;
}

function text(fields: Fields, name: string): string;
function text<T extends string | null | undefined>(
  fields: Fields,
  name: string,
  absent: T,
): T extends null ? string | null : string;
function text(fields: Fields, name: string, absent?: string | null): string | null {
  return typed<string | null>(fields, name, absent, 'a text', isString);
}

function oneOf<T extends string>(fields: Fields, name: string, values: readonly [T, ...T[]]): T {
  const is = (value: unknown): boolean => values.some((one) => one === value);
  return typed<T>(fields, name, values[0], `one of ${values.join(', ')}`, is);
}

/** µs since 1970, or an ISO time. */
function time(fields: Fields, name: string, absent?: number): number {
  const is = (value: unknown): boolean =>
    Number.isSafeInteger(value) || (typeof value === 'string' && !Number.isNaN(Date.parse(value)));
  const wanted = 'µs since 1970, or an ISO time such as 2027-01-15T08:00:00Z';
  const value = typed<number | string>(fields, name, absent, wanted, is);
  return typeof value === 'number' ? value : Date.parse(value) * 1000;
}

/** The record holds JSON text; a client may as well write the object itself. What is in it is judged with the command. */
function argumentsOf(value: unknown): string {
  if (value === undefined || value === null) return '{}';
  if (typeof value === 'string') return value;
  if (typeof value === 'object') return JSON.stringify(value);
  throw new Fault('arguments: use an object such as {"payload":"$POLL"}, or the same as a text');
}

function conditionOf(value: unknown): Command['condition'] {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'object' || Array.isArray(value))
    throw new Fault('condition: use an object with max_speed, ignition_off, max_fix_age_s');
  const fields = value as Fields;
  refuseUnknown(fields, CONDITIONS, 'condition.');
  return {
    max_speed: typed<number | null>(fields, 'max_speed', null, 'km/h', isNumber),
    ignition_off: typed<boolean | null>(fields, 'ignition_off', null, 'true or false', isBoolean),
    max_fix_age_s: typed<number | null>(fields, 'max_fix_age_s', null, 'seconds', isNumber),
  };
}
