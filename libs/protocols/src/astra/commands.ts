/** Astra's commands as the catalogue has them. `encode.ts` words them; bounds stand here alone. */
import { bool, int, PRINTABLE, text } from '../commands/schema.js';
import { spec, type Args, type CommandSpec } from '../commands/spec.js';

/** Limits of the device are not documented; these keep a command inside what every source shows. */
export const NAME_CHARS_MAX = 63;
export const CUSTOM_CHARS_MAX = 1024;
export const OUTPUT_MAX = 8;
export const PORT_MAX = 65_535;
export const IMMOBILISE_MAX = 4;
export const DURATION_MAX = 2 ** 31 - 1;
const APN_TEXT_MAX = 400;

/** Custom commands that stop a vehicle, switch an output, or lead the device elsewhere. */
const DANGEROUS: ReadonlySet<string> = new Set([
  'IMOB',
  'IMOS',
  'SDIG',
  'CDIG',
  'IPAD',
  'PORT',
  'APAD',
  'APUN',
  'APPW',
  'MODE',
  'PROT',
]);
/** After these the device may come back under its new settings without a word. */
const LEAVING: ReadonlySet<string> = new Set(['IPAD', 'PORT', 'APAD', 'APUN', 'APPW', 'MODE', 'PROT']);

/** The mnemonics of a payload, which may hold several commands. */
function mnemonics({ payload }: Args): readonly string[] {
  if (typeof payload !== 'string') return [];
  return payload.split('$').map((part) => (/^[A-Za-z0-9]*/.exec(part)?.[0] ?? '').toUpperCase());
}

const RETRY = { waitsS: [60, 60, 60] } as const;
const NO_SEPARATORS = '^[\\x20-\\x23\\x25-\\x2b\\x2d-\\x7e]*$';
const pulse = int(0, DURATION_MAX, 'ms; of pulse_reps a count');

export const COMMAND_SPECS: readonly CommandSpec[] = [
  spec(
    'apn',
    'Sets the access point names: the primary one, then up to four fallbacks, separated by commas.',
    { name: text(1, APN_TEXT_MAX, PRINTABLE, 'no $; NONE clears a fallback') },
    {
      idempotent: true,
      dangerous: true,
      leaves: true,
      retry: RETRY,
      setting: { name: 'apn', argument: 'name' },
    },
  ),
  spec(
    'apn_password',
    'Sets the password of the access point; an empty text clears it.',
    { password: text(0, NAME_CHARS_MAX, NO_SEPARATORS, 'no $ and no comma') },
    { idempotent: true, dangerous: true, leaves: true, retry: RETRY },
  ),
  spec(
    'digital_output',
    'Switches an output, or pulses it.',
    {
      output: int(1, OUTPUT_MAX),
      state: { anyOf: [int(0, 1), bool()], description: 'on or off' },
      'set_time?': pulse,
      'pulse_reps?': pulse,
      'unset_time?': pulse,
    },
    { dangerous: true },
  ),
  spec(
    'immobilise',
    'Immobilises the vehicle: 0 clears, 1 with ignition off, 2 when stationary, 3 both (the default), 4 at once and also in motion.',
    { 'mode?': int(0, IMMOBILISE_MAX), 'delay?': int(0, DURATION_MAX, 's, after the condition is met') },
    { dangerous: true },
  ),
  spec(
    'server_host',
    'Sets the address of the server.',
    { host: text(1, NAME_CHARS_MAX, '^[A-Za-z0-9.-]+$', 'IPv4 address or host name') },
    {
      idempotent: true,
      dangerous: true,
      leaves: true,
      retry: RETRY,
      setting: { name: 'server_host', argument: 'host' },
    },
  ),
  spec(
    'server_port',
    'Sets the port of the server.',
    { port: int(1, PORT_MAX) },
    {
      idempotent: true,
      dangerous: true,
      leaves: true,
      retry: RETRY,
      setting: { name: 'server_port', argument: 'port' },
    },
  ),
  spec(
    'custom',
    'Sends a command as it stands, such as $POLL (report now), $IMEI, $TEST,1 or $JSEC,30.',
    { payload: text(2, CUSTOM_CHARS_MAX, '^\\$[\\x20-\\x7e]+(\\r\\n)?$', 'one line that starts with $') },
    {
      dangerous: (args) => mnemonics(args).some((name) => DANGEROUS.has(name)),
      leaves: (args) => mnemonics(args).some((name) => LEAVING.has(name)),
    },
  ),
];
