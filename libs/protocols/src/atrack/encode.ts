/**
 * Commands to the device: `AT$CMD[+tag]=[password,]p1,p2,…` CR LF, ASCII, no CRC, no header.
 *
 * `custom` goes out as it is. A text with CR, LF or non-ASCII inside is refused, because it would smuggle a second command.
 */
import { reportCorrelation, type Command, type CommandResponse, type EncodeEnv, type Encoded } from '../protocol.js';
import { latin1Bytes } from '../wire/writer.js';
import { type CommandRow, COMMAND_NAMES, ROWS_BY_NAME } from './commands.js';
import type { AtrackLink } from './link-state.js';

export const COMMAND_BYTES_MAX = 4_096;
const TAG = /^[A-Za-z0-9]{1,5}$/;
const PRINTABLE = /^[\x20-\x7e]+$/;
/** Answers without a tag come in the order of the commands. */
const UNTAGGED = '-';
/** Commands that the device answers with a report. */
const REPORTING: ReadonlySet<string> = new Set(['GPOS', 'GDTC']);

const error = (field: string, remedy: string): Encoded => ({ kind: 'error', field, remedy });

/** See `Protocol.correlationOf`: the tag, which the device echoes. */
export function correlationOf(response: CommandResponse): string {
  return response.tag ?? UNTAGGED;
}

/** See `Protocol.encode`. */
export function encode(command: Command, state: AtrackLink, env: EncodeEnv): Encoded {
  if (env.tag !== undefined && !TAG.test(env.tag)) return error('tag', 'give 1 to 5 letters or digits');
  if (command.name === 'custom') return custom(command.args['text']);
  const row = ROWS_BY_NAME.get(command.name);
  if (row === undefined) return error('name', `unknown command; use one of ${COMMAND_NAMES.join(', ')}`);
  const unsafe = needsConsent(row, command.args);
  if (unsafe !== null) return unsafe;
  const worded = word(row, command.args);
  if (typeof worded !== 'string') return worded;
  const tag = env.tag === undefined ? '' : `+${env.tag}`;
  const key = row.answer === 'report' ? reportCorrelation(row.command) : (env.tag ?? UNTAGGED);
  const encoded = bytesOf(`AT$${row.command}${tag}${worded}`, row.answer, key);
  if (row.name === 'impact_data' && encoded.kind === 'bytes') state.asked = { tag: env.tag ?? null, atMs: env.nowMs };
  return encoded;
}

function custom(text: unknown): Encoded {
  const field = 'args.text';
  if (typeof text !== 'string') return error(field, 'give the command as text, such as AT$INFO=?');
  const line = text.endsWith('\r\n') ? text.slice(0, -2) : text;
  if (!PRINTABLE.test(line)) return error(field, 'give one line of printable ASCII; CR LF is added');
  const match = /^AT\$([A-Z0-9]+)(?:\+([^=\s]+))?/.exec(line);
  const word = match?.[1] ?? '';
  return REPORTING.has(word)
    ? bytesOf(line, 'report', reportCorrelation(word))
    : bytesOf(line, 'response', match?.[2] ?? UNTAGGED);
}

function bytesOf(line: string, answer: 'response' | 'report', correlation: string): Encoded {
  const bytes = latin1Bytes(`${line}\r\n`);
  if (bytes.length > COMMAND_BYTES_MAX) return error('args', `shorten the command to ${COMMAND_BYTES_MAX} bytes`);
  return { kind: 'bytes', bytes, correlation, answer };
}

/** A new custom info makes the device erase its queue and its log of unsent positions: only with open eyes. */
function needsConsent(row: CommandRow, args: Command['args']): Encoded | null {
  if (row.name !== 'form_set' || args['erase_unsent'] === true) return null;
  return error(
    'args.erase_unsent',
    'set it to true: the device erases its unsent positions when its report format changes',
  );
}

/** What stands behind the command's word and tag. */
function word(row: CommandRow, args: Command['args']): string | Encoded {
  const known = new Set([
    ...row.params.map((p) => p.name),
    'password',
    ...(row.name === 'form_set' ? ['erase_unsent'] : []),
  ]);
  for (const name of Object.keys(args)) {
    if (!known.has(name))
      return error(`args.${name}`, `unknown; ${row.name} takes ${[...known].filter(Boolean).join(', ')}`);
  }
  const parts: string[] = [];
  const { password } = args;
  if (password !== undefined) {
    if (typeof password !== 'string' || !PRINTABLE.test(password) || /[",]/.test(password))
      return error('args.password', 'give printable ASCII without quotes and commas');
    parts.push(password);
  }
  const first = parts.length;
  let last = first;
  for (const param of row.params) {
    const value = args[param.name];
    if (value === undefined && param.name !== '') {
      if (param.required) {
        const worded = param.word(undefined);
        return error(`args.${param.name}`, `missing; ${'remedy' in worded ? worded.remedy : 'give it'}`);
      }
      parts.push('');
      continue;
    }
    const worded = param.word(value);
    if ('remedy' in worded) return error(`args.${param.name}`, worded.remedy);
    parts.push(worded.text);
    last = parts.length;
  }
  if (row.form === 'read') return `=${[...parts, '?'].join(',')}`;
  const given = parts.slice(0, last);
  return row.form === 'action' && given.length === 0 ? '' : `=${given.join(',')}`;
}
