/** H02's commands as the catalogue has them. `encode.ts` words them; bounds stand here alone. */
import { int, oneOf, text } from '../commands/schema.js';
import { spec, type Args, type CommandSpec } from '../commands/spec.js';

export const CUSTOM_CHARACTERS_MAX = 200;
/** Bounds of S17, the vendor's; D1 is kept to them. */
export const INTERVAL_MIN_S = 30;
export const U16_MAX = 65_535;
export const KNOTS_MAX = 999;

const RETRY = { waitsS: [60, 60] } as const;
/** Relay, server, access point, other vendors' passwords and restarts. */
const DANGEROUS: ReadonlySet<string> = new Set(['S20', 'S23', 'S24', 'S1']);
const LEAVING: ReadonlySet<string> = new Set(['S23', 'S24', 'R1']);
const codeOf = ({ payload }: Args): string =>
  typeof payload === 'string' ? (payload.split(',')[0] ?? '').trim().toUpperCase() : '';

export const COMMAND_SPECS: readonly CommandSpec[] = [
  spec(
    'interval',
    'Sets the interval of periodic reports. Asked for at least once, it is sent as S17, then as D1 for newer firmware.',
    { cycle_time: int(INTERVAL_MIN_S, U16_MAX, 's'), 'form?': oneOf('S17', 'D1') },
    {
      idempotent: true,
      retry: {
        waitsS: [60, 60],
        argumentsOf: (args, write) => (write > 1 && args['form'] === undefined ? { ...args, form: 'D1' } : args),
      },
      setting: { name: 'interval', argument: 'cycle_time' },
    },
  ),
  spec('position_periodic', 'Asks for reports at an interval: so many of them with count, else until further notice.', {
    seconds: int(1, U16_MAX, 's'),
    'count?': int(0, U16_MAX, '0 or 1: a single report'),
  }),
  spec('mileage_query', 'Asks for the mileage.', {}, { idempotent: true, retry: RETRY }),
  spec('engine_stop', 'Cuts the fuel or engine relay.', {}, { dangerous: true }),
  spec('engine_resume', 'Restores the fuel or engine relay.', {}, { dangerous: true }),
  spec('arm', 'Arms the alarm.', {}, { idempotent: true, retry: RETRY }),
  spec('disarm', 'Disarms the alarm.', {}, { idempotent: true, retry: RETRY }),
  spec(
    'speed_limit',
    'Sets the speed window; min must not be above max.',
    {
      max: int(0, KNOTS_MAX, 'knots'),
      min: int(0, KNOTS_MAX, 'knots'),
      condition: int(0, 2, '0 only reads, 1 needs a valid fix, 2 always'),
      seconds: int(0, U16_MAX, 's'),
    },
    { idempotent: true, retry: RETRY, setting: { name: 'speed_limit' } },
  ),
  spec(
    'master_number',
    'Sets the master telephone number.',
    { number: text(3, 21, '^\\+?[0-9]{3,20}$', 'digits, with or without + in front') },
    { idempotent: true, retry: RETRY, setting: { name: 'master_number', argument: 'number' } },
  ),
  spec('clear_alarms', 'Clears latched alarms.', {}, { answer: 'none', idempotent: true }),
  spec('cold_start', 'Restarts the device.', {}, { answer: 'none', leaves: true }),
  spec(
    'custom',
    'Sends what stands between identifier and #, such as S32,000000,1. It is done when written; an answer is telemetry.',
    { payload: text(1, CUSTOM_CHARACTERS_MAX, '^[ !"$-)+-~]+$', 'printable ASCII without # and *') },
    {
      answer: 'none',
      dangerous: (args) => DANGEROUS.has(codeOf(args)),
      leaves: (args) => LEAVING.has(codeOf(args)),
    },
  ),
];
