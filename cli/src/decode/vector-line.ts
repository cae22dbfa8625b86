/** Reads one line of `decode --jsonl`: a vector, checked as far as the run needs it. */
import { PROTOCOLS, type Vector } from '@fleetwire/protocols';

export type VectorLine =
  | { readonly kind: 'vector'; readonly vector: Vector }
  | { readonly kind: 'bad'; readonly id: string; readonly error: string };

const KINDS = ['decode', 'framing', 'encode'] as const;
const TRANSPORTS = ['tcp', 'udp'] as const;

/** The vector of a line, or the field at fault with what would do. `number` counts from 1. */
export function parseVectorLine(line: string, number: number): VectorLine {
  const at = `line ${number}`;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { kind: 'bad', id: at, error: `${at}: not JSON; write one object a line` };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { kind: 'bad', id: at, error: `${at}: not an object; write one object a line` };
  const record = value as Readonly<Record<string, unknown>>;
  const id = typeof record['id'] === 'string' ? record['id'] : at;
  const problem =
    oneOf(record, 'protocol', PROTOCOLS) ??
    oneOf(record, 'transport', TRANSPORTS) ??
    oneOf(record, 'kind', KINDS) ??
    (typeof record['id'] === 'string' ? null : 'id: missing; give a text') ??
    (typeof record['now'] === 'string' ? null : 'now: missing; write it as 2027-01-01T00:00:00Z') ??
    textList(record, 'chunks') ??
    commandProblem(record);
  if (problem !== null) return { kind: 'bad', id, error: `${at}: ${problem}` };
  return { kind: 'vector', vector: value as Vector };
}

function oneOf(record: Readonly<Record<string, unknown>>, field: string, choices: readonly string[]): string | null {
  const value = record[field];
  return typeof value === 'string' && choices.includes(value) ? null : `${field}: give one of ${choices.join(', ')}`;
}

function textList(record: Readonly<Record<string, unknown>>, field: string): string | null {
  const value = record[field];
  if (value === undefined) return null;
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
    ? null
    : `${field}: give a list of hex texts`;
}

function commandProblem(record: Readonly<Record<string, unknown>>): string | null {
  const command = record['command'];
  if (command === undefined) return null;
  const good =
    typeof command === 'object' &&
    command !== null &&
    'name' in command &&
    typeof command.name === 'string' &&
    'args' in command &&
    typeof command.args === 'object' &&
    command.args !== null;
  return good ? null : 'command: give {"name": …, "args": {…}}';
}
