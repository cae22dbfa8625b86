/** JT808's commands as the catalogue has them. `encode.ts` words them; bounds stand here alone. */
import { int, PRINTABLE, text, type ArgSchema } from '../commands/schema.js';
import { spec, type Args, type CommandSpec } from '../commands/spec.js';
import { parameterName } from './parameters.js';

export const U8_MAX = 0xff;
export const U16_MAX = 0xffff;
export const U32_MAX = 0xffff_ffff;
/** Bounds of the reporting interval, as for H02. */
export const INTERVAL_MIN_S = 30;
export const INTERVAL_PARAMETER = 0x0029;
export const TEXT_BYTES_MAX = 1024;
export const CUSTOM_CHARACTERS_MAX = 200;
export const CONTROLS_MAX = 7;
const TRANSPARENT_CHARACTERS_MAX = U16_MAX;
const PARAMETER_TEXT_MAX = 255;
const CONTROL_TEXT_MAX = 1022;

/** Waits of the vendor: T = 10 s, then each is the one before times the number of the attempt plus one. */
const RETRY = { waitsS: [10, 20, 60] } as const;

/** A whole number, also as hex text such as "0x04". */
function number(low: number, high: number, description: string): ArgSchema {
  return { anyOf: [int(low, high), text(3, 10, '^0[xX][0-9a-fA-F]{1,8}$')], description };
}
const PARAMETER_ID = '^0[xX][0-9a-fA-F]{1,8}$';

/** Access point, user, password, server and their backups, ports: 0x0010 to 0x001D, and what follows them in newer editions. */
const LINK_FIRST = 0x0010;
const LINK_LAST = 0x0026;
function leadsElsewhere({ parameters }: Args): boolean {
  if (typeof parameters !== 'object' || parameters === null) return false;
  return Object.keys(parameters).some((id) => {
    const value = Number(id);
    // 0x0020 to 0x0022 are the reporting strategy.
    return value >= LINK_FIRST && value <= LINK_LAST && !(value >= 0x0020 && value <= 0x0022);
  });
}

/** H02's words for relay, server and access point, which these terminals may take as text too. */
const RELAY_OR_SERVER = /^\s*S(20|23|24)\b/i;

export const COMMAND_SPECS: readonly CommandSpec[] = [
  spec(
    'set_parameters',
    'Sets terminal parameters by their id, such as {"0x0029": 30}.',
    {
      parameters: {
        type: 'object',
        propertyNames: { pattern: PARAMETER_ID },
        additionalProperties: { anyOf: [int(0, U32_MAX), text(0, 2 * PARAMETER_TEXT_MAX)] },
        minProperties: 1,
        maxProperties: U8_MAX,
        description: 'id as hex → whole number or text, as the parameter has it',
      },
    },
    {
      idempotent: true,
      dangerous: leadsElsewhere,
      leaves: leadsElsewhere,
      retry: RETRY,
      setting: { name: '', each: 'parameters', read: { name: 'query_parameters', args: {} } },
    },
  ),
  spec(
    'interval',
    'Sets the interval of periodic reports: parameter 0x0029.',
    { cycle_time: number(INTERVAL_MIN_S, U16_MAX, 's') },
    {
      idempotent: true,
      retry: RETRY,
      setting: {
        name: parameterName(INTERVAL_PARAMETER),
        argument: 'cycle_time',
        read: { name: 'query_parameters', args: { ids: [parameterName(INTERVAL_PARAMETER)] } },
      },
    },
  ),
  spec(
    'query_parameters',
    'Asks for parameters by their ids, or for all.',
    { 'ids?': { type: 'array', items: number(0, U32_MAX, 'id'), minItems: 1, maxItems: U8_MAX } },
    { idempotent: true, retry: RETRY },
  ),
  spec('query_attributes', 'Asks what the terminal is.', {}, { idempotent: true, retry: RETRY }),
  spec('location_query', 'Asks for a report now.', {}, { idempotent: true, retry: RETRY }),
  spec(
    'terminal_control',
    'Controls the terminal: 1 upgrade, 2 other server, 3 off, 4 reset, 5 factory settings, 6 and 7 close the links.',
    {
      command: number(1, CONTROLS_MAX, '1 upgrade, 2 server, 3 off, 4 reset, 5 factory, 6 and 7 links'),
      'parameters?': text(1, CONTROL_TEXT_MAX, undefined, 'of 1 and 2 only, separated by ;'),
    },
    { dangerous: true, leaves: true },
  ),
  spec('text', 'Sends a text.', {
    flag: number(0, U8_MAX, 'bits of the edition'),
    text: text(1, TEXT_BYTES_MAX),
    'textType?': number(1, 2, '1 notice, 2 service'),
  }),
  spec(
    'temporary_tracking',
    'Asks for reports at another interval for a time; interval 0 stops it.',
    { interval: number(0, U16_MAX, 's; 0 stops'), 'duration?': number(1, U32_MAX, 's; required unless it stops') },
    { idempotent: true, retry: RETRY },
  ),
  spec(
    'confirm_alarm',
    'Confirms alarms.',
    {
      replySerial: number(0, U16_MAX, 'serial of the alarm message; 0 for all'),
      alarmBits: number(0, U32_MAX, 'bits 0, 3, 20, 21, 22, 27, 28 of the alarm word'),
    },
    { idempotent: true, retry: RETRY },
  ),
  spec('transparent', 'Sends bytes to what is attached: hex as data, or text.', {
    transparentType: number(0, U8_MAX, 'channel'),
    'text?': text(1, TRANSPARENT_CHARACTERS_MAX),
    'data?': text(2, 2 * TRANSPARENT_CHARACTERS_MAX, '^([0-9a-fA-F]{2})+$', 'hex; instead of text'),
  }),
  spec(
    'custom',
    'Sends one line to the terminal as a text message.',
    { payload: text(1, CUSTOM_CHARACTERS_MAX, PRINTABLE, 'printable ASCII') },
    { dangerous: ({ payload }) => typeof payload === 'string' && RELAY_OR_SERVER.test(payload) },
  ),
];
