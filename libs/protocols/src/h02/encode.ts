/** Words commands: `*<vendor>,<ident>,<CMD>,<HHMMSS>[,<param>…]#`. HHMMSS comes back in the V4 that confirms the command. */
import type { Command, CommandResponse, EncodeEnv, Encoded } from '../protocol.js';
import { two } from '../wire/calendar.js';
import { latin1Bytes } from '../wire/writer.js';
import { CUSTOM_CHARACTERS_MAX, INTERVAL_MIN_S, KNOTS_MAX, U16_MAX } from './commands.js';
import { VENDOR_DEFAULT, type H02Link } from './state.js';

type Args = Command['args'];
type Fault = Extract<Encoded, { kind: 'error' }>;
/** What stands behind the time, or why the arguments will not do. */
interface Worded {
  readonly code: string;
  readonly params: readonly (string | number)[];
  readonly answer: 'response' | 'report' | 'none';
}

const fault = (field: string, remedy: string): Fault => ({ kind: 'error', field, remedy });
const isFault = (x: Worded | number | string | Fault): x is Fault => typeof x === 'object' && 'kind' in x;

function whole(args: Args, name: string, low: number, high: number, unit: string): number | Fault {
  const value = args[name];
  if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) return value;
  return fault(`args.${name}`, `use a whole number from ${low} to ${high} (${unit})`);
}
const fixed =
  (code: string, params: readonly (string | number)[], answer: Worded['answer'] = 'response') =>
  (): Worded => ({ code, params, answer });

/** By the catalogue's names. `engine_stop` and `engine_resume` switch a relay: they are never sent but on request. */
const COMMANDS: Readonly<Record<string, (args: Args) => Worded | Fault>> = {
  interval(args) {
    const seconds = whole(args, 'cycle_time', INTERVAL_MIN_S, U16_MAX, 's');
    if (isFault(seconds)) return seconds;
    const form = args['form'] ?? 'S17';
    if (form === 'S17') return { code: 'S17', params: [seconds], answer: 'response' };
    if (form === 'D1') return { code: 'D1', params: [seconds, 1], answer: 'response' };
    return fault('args.form', 'use S17, or D1 for newer firmware that does not confirm S17');
  },
  position_periodic(args) {
    const seconds = whole(args, 'seconds', 1, U16_MAX, 's');
    if (isFault(seconds)) return seconds;
    if (args['count'] === undefined) return { code: 'S71', params: [22, seconds], answer: 'response' };
    const count = whole(args, 'count', 0, U16_MAX, 'reports; 0 or 1: a single one');
    return isFault(count) ? count : { code: 'D1', params: [seconds, count], answer: 'report' };
  },
  mileage_query: fixed('S32', [1]),
  engine_stop: fixed('S20', [1, 1]),
  engine_resume: fixed('S20', [1, 0]),
  arm: fixed('SCF', [0, 0]),
  disarm: fixed('SCF', [1, 1]),
  speed_limit(args) {
    const max = whole(args, 'max', 0, KNOTS_MAX, 'knots');
    if (isFault(max)) return max;
    const min = whole(args, 'min', 0, KNOTS_MAX, 'knots');
    if (isFault(min)) return min;
    if (min > max) return fault('args.min', 'use a value that is not above max');
    const condition = whole(args, 'condition', 0, 2, '0 only reads, 1 needs a valid fix, 2 always');
    if (isFault(condition)) return condition;
    const seconds = whole(args, 'seconds', 0, U16_MAX, 's');
    return isFault(seconds) ? seconds : { code: 'S14', params: [max, min, condition, seconds], answer: 'response' };
  },
  master_number(args) {
    const number = args['number'];
    if (typeof number !== 'string' || !/^\+?\d{3,20}$/.test(number))
      return fault('args.number', 'use a telephone number of 3 to 20 digits, with or without + in front');
    return { code: 'S71', params: ['01', number], answer: 'response' };
  },
  clear_alarms: fixed('R7', [], 'none'),
  cold_start: fixed('R1', [], 'none'),
};

/** Names that `encode` knows. */
export const COMMAND_NAMES: readonly string[] = [...Object.keys(COMMANDS), 'custom'];

export function encode(command: Command, state: H02Link, env: EncodeEnv): Encoded {
  const ident = state.ident;
  if (ident === null) return fault('ident', 'wait until the device has sent a frame: it says whose connection this is');
  const vendor = state.vendorCode ?? VENDOR_DEFAULT;
  if (command.name === 'custom') return custom(command.args['payload'], vendor, ident);
  const word = COMMANDS[command.name];
  if (word === undefined) return fault('name', `use one of ${COMMAND_NAMES.join(', ')}`);
  const worded = word(command.args);
  if (isFault(worded)) return worded;
  const time = commandTime(state, env.nowMs);
  const bytes = latin1Bytes(`*${[vendor, ident, worded.code, time, ...worded.params].join(',')}#`);
  // Where reports are the answer, newer firmware confirms as well.
  const correlation = worded.answer === 'none' ? null : `${worded.code}:${time}`;
  return { kind: 'bytes', bytes, correlation, answer: worded.answer };
}

/** The text between identifier and `#`, as the user wrote it. It is done when written; what the device says later is telemetry. */
function custom(payload: unknown, vendor: string, ident: string): Encoded {
  const good = typeof payload === 'string' && /^[\x20-\x7e]+$/.test(payload) && !/[#*]/.test(payload);
  if (!good || payload.length > CUSTOM_CHARACTERS_MAX)
    return fault('args.payload', `use 1 to ${CUSTOM_CHARACTERS_MAX} printable ASCII characters without # and *`);
  return { kind: 'bytes', bytes: latin1Bytes(`*${vendor},${ident},${payload}#`), correlation: null, answer: 'none' };
}

/** Server time as HHMMSS; a second is given out once, so that two commands never share one. */
function commandTime(state: H02Link, nowMs: number): string {
  const second = Math.max(Math.floor(nowMs / 1000), state.commandSecond + 1);
  state.commandSecond = second;
  const day = second % 86_400;
  return `${two(Math.floor(day / 3600))}${two(Math.floor(day / 60) % 60)}${two(day % 60)}`;
}

/** Command and echoed time; an answer without a time matches only by its command. */
export function correlationOf(response: CommandResponse): string {
  return `${response.command ?? ''}:${response.tag ?? ''}`;
}
