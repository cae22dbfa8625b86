/** What can be said of a command before it is queued, and again for the protocol of the connection before it is routed. Pure. */
import {
  commandSpec,
  isDangerous,
  problemOfCommand,
  PROTOCOLS,
  type Args,
  type ProtocolId,
} from '@fleetwire/protocols';
import type { Command } from '@fleetwire/schemas';
import type { Refusal } from './machine.js';
import type { Cause } from './model.js';

export interface ValidateEnv {
  readonly nowUs: number;
  /** What the device speaks; null: not known, so that one type that takes the command is enough. */
  readonly protocol: ProtocolId | null;
  readonly smsGateway: boolean;
  readonly phone: string | null;
}

const ID_CHARS_MAX = 200;
const IDENT = /^[\x21-\x7e]{1,64}$/;
const ARGUMENTS_CHARS_MAX = 200_000;
const SMS_CHARS_MAX = 160;
const SMS_TEXT = /^[\x20-\x7e]+$/;

const no = (cause: Cause, detail: string): Refusal => ({ cause, detail });

/** Why the command is refused, with field and remedy; null: it can be queued. */
export function refusalOf(command: Command, env: ValidateEnv): Refusal | null {
  if (command.id === '' || command.id.length > ID_CHARS_MAX)
    return no('bad_argument', `id: use 1 to ${ID_CHARS_MAX} characters`);
  if (!IDENT.test(command.ident))
    return no('bad_argument', 'ident: use the identity of the device, printable and without blanks');
  if (command.cancel_of !== null) return null;
  if (command.expires_at <= env.nowUs)
    return no('expiry_past', 'expires_at: it is in the past; give a time to come, in µs since 1970');
  const args = argumentsOf(command.arguments);
  if (args === null)
    return no('bad_argument', 'arguments: not a JSON object; write them as {"payload":"$POLL"}, {} for none');
  const condition = refusalOfCondition(command);
  if (condition !== null) return condition;
  if (command.channel === 'sms') return refusalOfSms(command, args, env);
  const types = env.protocol === null ? PROTOCOLS : [env.protocol];
  let first: Refusal | null = null;
  for (const type of types) {
    const refusal = refusalFor(type, command, args);
    if (refusal === null) return null;
    // Of several types the one that knows the name says best what is wrong.
    if (first === null || first.cause === 'unknown_name') first = refusal;
  }
  return first;
}

/** Judged by one type's catalogue. */
export function refusalFor(type: ProtocolId, command: Command, args: Args): Refusal | null {
  const spec = commandSpec(type, command.name);
  const problem = problemOfCommand(type, command.name, args);
  if (problem !== null)
    return no(spec === null ? 'unknown_name' : 'bad_argument', `${problem.field}: ${problem.remedy}`);
  if (spec === null) return null;
  if (isDangerous(spec, args) && !command.confirm)
    return no(
      'confirm_missing',
      `confirm: ${command.name} can stop a vehicle, lose the device or erase data; set it to true`,
    );
  if (command.delivery === 'at_least_once' && !spec.idempotent)
    return no('not_idempotent', `delivery: ${command.name} must not be written twice; use at_most_once`);
  return null;
}

function refusalOfCondition({ condition }: Command): Refusal | null {
  if (condition === null) return null;
  const { max_speed: speed, max_fix_age_s: age } = condition;
  if (speed !== null && !(speed >= 0 && Number.isFinite(speed)))
    return no('bad_argument', 'condition.max_speed: use a speed of 0 or more, km/h');
  if (age !== null && !(age > 0 && Number.isFinite(age)))
    return no('bad_argument', 'condition.max_fix_age_s: use an age above 0, s');
  return null;
}

/** What a text message does is known to nobody here: it takes consent, and no condition. */
function refusalOfSms(command: Command, args: Args, { smsGateway, phone }: ValidateEnv): Refusal | null {
  if (!smsGateway) return no('no_sms_gateway', 'channel: no gateway reads sms-outbox; use channel connection');
  if (phone === null) return no('no_phone', 'channel: devices has no phone of this device; set it, or use connection');
  if (command.name !== 'custom' || smsText(args) === null)
    return no('bad_argument', `arguments: a text message is custom with text, ${SMS_CHARS_MAX} printable characters`);
  if (command.condition !== null) return no('bad_argument', 'condition: nothing can judge it over SMS; leave it out');
  if (command.delivery === 'at_least_once')
    return no('not_idempotent', 'delivery: a text message is sent once; use at_most_once');
  if (!command.confirm) return no('confirm_missing', 'confirm: what a text message does is not known; set it to true');
  return null;
}

/** The text of a message; null: there is none that will do. */
export function smsText(args: Args): string | null {
  const text = args['text'] ?? args['payload'];
  return typeof text === 'string' && text.length <= SMS_CHARS_MAX && SMS_TEXT.test(text) ? text : null;
}

/** Null: not a JSON object. */
export function argumentsOf(json: string): Args | null {
  if (json.length > ARGUMENTS_CHARS_MAX) return null;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return null;
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : null;
}
