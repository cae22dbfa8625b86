/** What the command line says of a command, as the record that is written. Pure. */
import { commandSpec, expiresS, isDangerous, PROTOCOLS } from '@fleetwire/protocols';
import type { CommandCondition, CommandDraft } from '@fleetwire/schemas';
import { parseDuration } from '../duration.js';
import { usage } from '../errors.js';

const NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
/** Settings may be named by a number: `0x0029`. */
export const SETTING_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

/**
 * `key=value` words as arguments. A value is a JSON number, true, false, null, quoted text, object or list; anything else is text as
 * it stands. A number that JavaScript would change (a long identity, a leading zero) stays text.
 */
export function parseArguments(words: readonly string[], names: RegExp = NAME): Record<string, unknown> {
  const args: Record<string, unknown> = {};
  for (const word of words) {
    const at = word.indexOf('=');
    const key = word.slice(0, at);
    if (at <= 0 || !names.test(key))
      throw usage(`"${word}" is not key=value`, 'write arguments as mode=3 delay=30 or payload="$POLL"');
    if (Object.hasOwn(args, key)) throw usage(`argument "${key}" is given twice`, 'give each argument once');
    args[key] = parseValue(word.slice(at + 1));
  }
  return args;
}

export function parseValue(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text;
  }
  if (typeof value === 'number' && (!Number.isFinite(value) || (/^-?\d+$/.test(text) && !Number.isSafeInteger(value))))
    return text;
  return value;
}

/** `max_speed=5`, `ignition_off`, `max_fix_age=60s`, together or separated by commas; null: no condition. */
export function parseCondition(parts: readonly string[]): CommandCondition | null {
  const condition: CommandCondition = { max_speed: null, ignition_off: null, max_fix_age_s: null };
  const words = parts.flatMap((part) => part.split(',')).map((word) => word.trim());
  for (const word of words) {
    const [name = '', value] = word.split('=', 2);
    if (name === 'ignition_off' && (value === undefined || value === 'true')) condition.ignition_off = true;
    else if (name === 'max_speed' && value !== undefined && isCount(value)) condition.max_speed = Number(value);
    else if (name === 'max_fix_age' && value !== undefined && parseDuration(value) !== null)
      condition.max_fix_age_s = parseDuration(value)! / 1_000;
    else throw usage(`--condition: "${word}" is not known`, 'give max_speed=KMH, ignition_off or max_fix_age=60s');
  }
  return words.length === 0 ? null : condition;
}

function isCount(text: string): boolean {
  return /^\d+(\.\d+)?$/.test(text);
}

export interface CommandRequest {
  readonly id: string;
  readonly ident: string;
  /** Undefined only with `cancelOf`. */
  readonly name: string | undefined;
  readonly words: readonly string[];
  readonly nowMs: number;
  readonly expiresMs: number;
  readonly delivery: 'at_most_once' | 'at_least_once';
  readonly condition: readonly string[];
  readonly priority: number;
  readonly confirm: boolean;
  readonly channel: 'connection' | 'sms';
  readonly cancelOf: string | undefined;
  readonly requestedBy: string;
}

/** What a command is offered that names no expiry: what may be dangerous on some type of device must not fire long after it was wanted. */
export function expiresMsOf(
  name: string | undefined,
  words: readonly string[],
  channel: CommandRequest['channel'],
): number {
  const specs = PROTOCOLS.flatMap((type) => commandSpec(type, name ?? '') ?? []);
  if (specs.length === 0 || channel === 'sms') return CAREFUL_MS;
  const args = parseArguments(words);
  const careful = specs.some((spec) => isDangerous(spec, args));
  return careful ? CAREFUL_MS : Math.max(...specs.map((spec) => expiresS({ ...spec, dangerous: false }) * 1_000));
}
const CAREFUL_MS = 60_000;

/** The record for topic `commands`. Throws a usage error that names the part at fault. */
export function commandOf(request: CommandRequest): CommandDraft {
  const { name, cancelOf, words } = request;
  if (cancelOf !== undefined && (name !== undefined || words.length > 0))
    throw usage('--cancel takes no NAME and no arguments', 'write `fleetwire command IDENT --cancel ID`');
  if (cancelOf === undefined && name === undefined)
    throw usage('no NAME: which command?', 'give its name in the catalogue of the device’s type, or custom');
  if (name !== undefined && name.includes('='))
    throw usage(
      `"${name}" stands where the NAME of the command belongs`,
      'write `fleetwire command IDENT NAME key=value…`',
    );
  return {
    id: request.id,
    ident: request.ident,
    name: name ?? 'cancel',
    arguments: JSON.stringify(parseArguments(words)),
    expires_at: (request.nowMs + request.expiresMs) * 1_000,
    delivery: request.delivery,
    condition: parseCondition(request.condition),
    priority: request.priority,
    confirm: request.confirm,
    channel: request.channel,
    cancel_of: cancelOf ?? null,
    requested_at: request.nowMs * 1_000,
    requested_by: request.requestedBy,
  };
}

export interface Terminal {
  readonly state: string;
  readonly cause: string | null;
}

/** Did the terminal event mean that what was asked for is done? A command without an answer by definition is done when written. */
export function isSuccess(terminal: Terminal, cancelling: boolean): boolean {
  if (cancelling) return terminal.state === 'cancelled';
  return terminal.state === 'succeeded' || (terminal.state === 'unconfirmed' && terminal.cause === 'no_reply_defined');
}
