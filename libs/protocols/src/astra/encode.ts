/**
 * Commands to the device: `$` mnemonic, arguments behind commas, CR LF. Each argument is checked before anything is written; an
 * error names the argument and says what would do.
 */
import { reportCorrelation, type Command, type CommandResponse, type Encoded } from '../protocol.js';
import { latin1Bytes } from '../wire/writer.js';
import { CUSTOM_CHARS_MAX, DURATION_MAX, IMMOBILISE_MAX, NAME_CHARS_MAX, OUTPUT_MAX, PORT_MAX } from './commands.js';

type Args = Command['args'];
type ArgError = Extract<Encoded, { kind: 'error' }>;
type Line = string | ArgError;

const APN_MAX = 5;
/** Immobilise only when stationary with ignition off: the mode that cannot stop a moving vehicle. */
const IMMOBILISE_DEFAULT = 3;

const fail = (field: string, remedy: string): ArgError => ({ kind: 'error', field, remedy });
const isError = (value: unknown): value is ArgError =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'error';

/** A whole number, also as decimal text or boolean; undefined when the argument is not given. */
function whole(args: Args, field: string, min: number, max: number): number | undefined | ArgError {
  const given = args[field];
  if (given === undefined || given === null) return undefined;
  const number =
    typeof given === 'boolean'
      ? Number(given)
      : typeof given === 'string' && /^\d+$/.test(given)
        ? Number(given)
        : given;
  if (typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max) return number;
  return fail(field, `give a whole number from ${min} to ${max}`);
}

function requiredWhole(args: Args, field: string, min: number, max: number): number | ArgError {
  return whole(args, field, min, max) ?? fail(field, `is missing: give a whole number from ${min} to ${max}`);
}

/** Printable ASCII that cannot be taken for the end of an argument or the start of a command. */
function word(field: string, text: string): string | ArgError {
  if (text.length < 1 || text.length > NAME_CHARS_MAX) return fail(field, `give 1 to ${NAME_CHARS_MAX} characters`);
  if (!/^[\x20-\x7e]*$/.test(text)) return fail(field, 'use printable ASCII characters only');
  if (/[$,]/.test(text)) return fail(field, 'leave out $ and commas: they separate commands and arguments');
  return text;
}

function text(args: Args, field: string): string | ArgError {
  const given = args[field];
  return typeof given === 'string' ? given : fail(field, 'is missing: give a text');
}

function apn(args: Args): Line {
  const given = text(args, 'name');
  if (isError(given)) return given;
  const names = given.split(',').map((name) => name.trim());
  if (names.length > APN_MAX) return fail('name', `give at most ${APN_MAX} names, the primary one first`);
  for (const name of names) {
    const checked = word('name', name);
    if (isError(checked)) return checked;
    if (name.includes(' ')) return fail('name', 'leave out blanks inside a name');
  }
  return `$APAD,${names.join(',')}`;
}

function apnPassword(args: Args): Line {
  const given = text(args, 'password');
  if (isError(given)) return given;
  if (given === '') return '$APPW,NONE';
  const password = word('password', given);
  return isError(password) ? password : `$APPW,${password}`;
}

/** The three pulse arguments are optional from left to right; their order is doubtful. The output comes before the state. */
function digitalOutput(args: Args): Line {
  const output = requiredWhole(args, 'output', 1, OUTPUT_MAX);
  if (isError(output)) return output;
  const state = requiredWhole(args, 'state', 0, 1);
  if (isError(state)) return state;
  const parts = [output, state];
  let missing: string | null = null;
  for (const field of ['set_time', 'pulse_reps', 'unset_time']) {
    const value = whole(args, field, 0, DURATION_MAX);
    if (isError(value)) return value;
    if (value === undefined) missing ??= field;
    else if (missing !== null) return fail(missing, `is missing: ${field} can only be given together with it`);
    else parts.push(value);
  }
  return `$SDIG,${parts.join(',')}`;
}

function immobilise(args: Args): Line {
  const mode = whole(args, 'mode', 0, IMMOBILISE_MAX) ?? IMMOBILISE_DEFAULT;
  if (isError(mode)) return mode;
  const delay = whole(args, 'delay', 0, DURATION_MAX);
  if (isError(delay)) return delay;
  return delay === undefined ? `$IMOB,${mode}` : `$IMOB,${mode},${delay}`;
}

const HOST = /^(?=.{1,63}$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/;
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;

function serverHost(args: Args): Line {
  const host = text(args, 'host');
  if (isError(host)) return host;
  const looksNumeric = /^[\d.]+$/.test(host);
  if (looksNumeric ? !IPV4.test(host) : !HOST.test(host))
    return fail('host', `give an IPv4 address or a host name of 1 to ${NAME_CHARS_MAX} characters`);
  return `$IPAD,${host}`;
}

function serverPort(args: Args): Line {
  const port = requiredWhole(args, 'port', 1, PORT_MAX);
  return isError(port) ? port : `$PORT,${port}`;
}

function custom(args: Args): Line {
  const given = text(args, 'payload');
  if (isError(given)) return given;
  const line = given.endsWith('\r\n') ? given.slice(0, -2) : given;
  if (!line.startsWith('$')) return fail('payload', 'start it with $');
  if (line.length < 2 || line.length > CUSTOM_CHARS_MAX)
    return fail('payload', `write a command behind the $, of at most ${CUSTOM_CHARS_MAX} characters`);
  if (!/^[\x20-\x7e]*$/.test(line))
    return fail('payload', 'use printable ASCII only; CR LF may stand at the end alone');
  return line;
}

const COMMANDS: Readonly<Record<string, (args: Args) => Line>> = {
  apn,
  apn_password: apnPassword,
  digital_output: digitalOutput,
  immobilise,
  server_host: serverHost,
  server_port: serverPort,
  custom,
};

/** Asks for a report now; it arrives as a report with reason `position_on_demand`. */
const ANSWERED_BY_REPORT: ReadonlySet<string> = new Set(['POLL']);

/** Bytes of a command, or the argument at fault. */
export function encode(command: Command): Encoded {
  const make = Object.hasOwn(COMMANDS, command.name) ? COMMANDS[command.name] : undefined;
  if (make === undefined) return fail('name', `is not known here: use one of ${Object.keys(COMMANDS).join(', ')}`);
  const line = make(command.args);
  if (isError(line)) return line;
  const mnemonic = /^\$([^,]*)/.exec(line)?.[1]?.toUpperCase() ?? '';
  const byReport = ANSWERED_BY_REPORT.has(mnemonic);
  return {
    kind: 'bytes',
    bytes: latin1Bytes(`${line}\r\n`),
    correlation: byReport ? reportCorrelation(mnemonic) : mnemonic,
    answer: byReport ? 'report' : 'response',
  };
}

/** The mnemonic: there is no sequence number, so at most one command of a device may be open. */
export function correlationOf(response: CommandResponse): string {
  return (response.command ?? '').toUpperCase();
}
