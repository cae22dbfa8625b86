/** What can be said of a command before it is queued. Arguments are judged where they are worded: the connection knows the dialect. */
import type { Command } from '@fleetwire/schemas';
import type { Cause } from './model.js';

/** Why the command is refused, with the remedy; null: it can be queued. */
export function refusalOf(
  command: Command,
  nowUs: number,
  smsGateway: boolean,
): { readonly cause: Cause; readonly detail: string } | null {
  if (command.expires_at <= nowUs)
    return { cause: 'expiry_past', detail: 'expires_at: it is in the past; give a time to come, in µs since 1970' };
  if (command.channel === 'sms' && !smsGateway)
    return { cause: 'no_sms_gateway', detail: 'channel: no gateway reads sms-outbox; use channel connection' };
  if (!isObject(command.arguments))
    return { cause: 'bad_argument', detail: 'arguments: not a JSON object; write them as {"payload":"$POLL"}' };
  return null;
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
