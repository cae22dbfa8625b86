/** The typed commands, of wire and catalogue alike: name, the device's word, and its parameters in the order of the wire. Durations are in 0.1 s unless said. */
import { bool, int as whole, oneOf as among, PRINTABLE, text, type ArgSchema } from '../commands/schema.js';
import { spec, type CommandSpec, type SettingLink } from '../commands/spec.js';
import { codesOf } from './plan.js';

/** How one argument is worded, or why it is no good. */
export type Worded = { readonly text: string } | { readonly remedy: string };

export interface Param {
  readonly name: string;
  readonly required: boolean;
  /** As the catalogue has it; `word` may be stricter. */
  readonly schema: ArgSchema;
  readonly word: (value: unknown) => Worded;
}

export interface CommandRow {
  readonly name: string;
  /** Behind `AT$`. */
  readonly command: string;
  /** `write`: AT$CMD=p1,p2; `read`: AT$CMD=?; `action`: AT$CMD, parameters only when given. */
  readonly form: 'write' | 'read' | 'action';
  readonly params: readonly Param[];
  /** What the device answers with. */
  readonly answer: 'response' | 'report';
}

const U32_MAX = 4_294_967_295;
const TEXT_MAX = 500;
const CODES_MAX = 100;

/** A whole number from `low` to `high`. */
function int(name: string, low: number, high: number, unit = '', required = true): Param {
  const remedy = `give a whole number from ${low} to ${high}${unit === '' ? '' : ` (${unit})`}`;
  const word = (value: unknown): Worded =>
    typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high
      ? { text: String(value) }
      : { remedy };
  return { name, required, word, schema: whole(low, high, unit) };
}
const count = (name: string, unit = '', required = true): Param => int(name, 0, U32_MAX, unit, required);
function oneOf(name: string, values: readonly number[], required = true): Param {
  const remedy = `give one of ${values.join(', ')}`;
  const word = (value: unknown): Worded => (values.includes(value as number) ? { text: String(value) } : { remedy });
  return { name, required, word, schema: among(...values) };
}
function flag(name: string, required = true): Param {
  const word = (value: unknown): Worded =>
    typeof value === 'boolean' ? { text: value ? '1' : '0' } : { remedy: 'give true or false' };
  return { name, required, word, schema: bool() };
}
const PLAIN = /^[\x20-\x7e]*$/;
/** Printable ASCII in quotes. */
function quoted(name: string, max = TEXT_MAX, required = true): Param {
  const remedy = `give printable ASCII without quotes, at most ${max} characters`;
  const word = (value: unknown): Worded =>
    typeof value === 'string' && PLAIN.test(value) && !value.includes('"') && value.length <= max
      ? { text: `"${value}"` }
      : { remedy };
  return { name, required, word, schema: text(0, max, '^[ !#-~]*$', 'printable ASCII without quotes') };
}
/** A list of field codes as `"%SA%MV"`. */
function codes(name: string): Param {
  const remedy = 'give a list of field codes such as ["SA", "MV"]';
  const word = (value: unknown): Worded => {
    if (!Array.isArray(value) || !value.every((code): code is string => typeof code === 'string')) return { remedy };
    const form = value.map((code) => `%${code}`).join('');
    return codesOf(form)?.length === value.length ? { text: `"${form}"` } : { remedy };
  };
  const schema: ArgSchema = {
    type: 'array',
    items: text(2, 4, '^[A-Z]{2}[0-9]{0,2}$'),
    maxItems: CODES_MAX,
    description: 'field codes such as ["SA", "MV"]',
  };
  return { name, required: true, word, schema };
}
/** A list whose members are worded by `member`, joined by commas. */
function list(name: string, member: Param, max: number, required = true): Param {
  const word = (value: unknown): Worded => {
    if (!Array.isArray(value) || value.length > max) return { remedy: `give a list of at most ${max}` };
    const texts: string[] = [];
    for (const one of value) {
      const worded = member.word(one);
      if ('remedy' in worded) return { remedy: `each member: ${worded.remedy}` };
      texts.push(worded.text);
    }
    return { text: texts.join(',') };
  };
  return { name, required, word, schema: { type: 'array', items: member.schema, maxItems: max } };
}
/** A text of digits or other plain characters, without quotes around it. */
function bare(name: string, pattern: RegExp, remedy: string, required = true): Param {
  const word = (value: unknown): Worded =>
    typeof value === 'string' && pattern.test(value) ? { text: value } : { remedy };
  return { name, required, word, schema: text(1, TEXT_MAX, pattern.source, remedy) };
}
/** A time as `"YYMMDDhhmmss"`. */
function stamp(name: string): Param {
  const word = (value: unknown): Worded =>
    typeof value === 'string' && /^[0-9]{12}$/.test(value)
      ? { text: `"${value}"` }
      : { remedy: 'give YYMMDDhhmmss, UTC' };
  return { name, required: true, word, schema: text(12, 12, '^[0-9]{12}$', 'YYMMDDhhmmss, UTC') };
}
/** A place of the wire that is always the same. */
const fixed = (words: string): Param => ({ name: '', required: false, schema: among(), word: () => ({ text: words }) });

const PREFIX = /^(?:[!-#%-+\--~]{2}|0x[0-9a-fA-F]{4})$/;
const read = (name: string, command: string): CommandRow => ({
  name,
  command,
  form: 'read',
  params: [],
  answer: 'response',
});
const write = (name: string, command: string, ...params: readonly Param[]): CommandRow => ({
  name,
  command,
  form: 'write',
  params,
  answer: 'response',
});

const harsh = [
  oneOf('source', [1, 2]),
  int('threshold', 0, 65_535, 'mg'),
  int('duration', 0, 65_535, '0.1 s'),
] as const;
const tracking = [
  int('mode', 0, 1023, 'bits: 0 time, 1 distance, 2 ignition, 3 heading, 4 minimum speed, 5 engine, 6 motion'),
  int('time', 0, 65_535, 's', false),
  int('distance', 0, 65_535, '10 m', false),
  int('heading', 0, 360, 'deg', false),
  int('min_speed', 0, 65_535, 'km/h', false),
  int('times', 0, 65_535, '0 for ever', false),
  int('destination', 0, 255, 'bits: 0 SMS, 1 GPRS, 2 USSD, 3 serial, 4 Bluetooth', false),
  int('schedule', 0, 255, '', false),
  int('ignition_off_time', 0, 65_535, 's', false),
  int('collect', 0, 255, 'positions in one frame', false),
] as const;
const queryDestination = int('destination', 0, 255, 'bits; bit 7: neighbour cells', false);

export const COMMAND_ROWS: readonly CommandRow[] = [
  read('info', 'INFO'),
  read('form_query', 'FORM'),
  read('j1939_query', 'FMSC'),
  read('j1708_query', '1708'),
  {
    name: 'position_query',
    command: 'GPOS',
    form: 'action',
    params: [queryDestination, int('format', 0, 9, '', false)],
    answer: 'report',
  },
  { name: 'impact_data', command: 'GDAT', form: 'action', params: [], answer: 'response' },
  { name: 'trouble_codes', command: 'GDTC', form: 'write', params: [flag('pending')], answer: 'report' },
  write('unit_id_set', 'UNID', bare('id', /^[0-9]{1,20}$/, 'give 1 to 20 digits; "0" is the IMEI')),
  write(
    'form_set',
    'FORM',
    flag('binary'),
    bare('prefix', PREFIX, 'give two printable characters without $ and comma, or 0x and four hex digits'),
    flag('calendar_times'),
    codes('fields'),
  ),
  write('j1939_set', 'FMSC', flag('on'), codes('fields')),
  write('j1708_set', '1708', codes('fields')),
  write(
    'output_set',
    'OUTC',
    oneOf('output', [1, 2, 3, 9, 10]),
    flag('on'),
    int('duration', 0, 65_535, '0.1 s; 0 for good', false),
    int('opposite_duration', 0, 65_535, '0.1 s', false),
    int('repeats', 0, 255, 'additional; 255 for ever', false),
  ),
  write(
    'server_set',
    'GPRS',
    flag('on'),
    quoted('apn', 64),
    quoted('user', 64),
    quoted('password_apn', 64),
    quoted('host', 64),
    int('port', 1, 65_535),
    flag('udp'),
    int('retry', 0, 255, '', false),
    int('timeout', 2, 255, 's', false),
    int('keep_alive', 0, 65_535, 'minutes for TCP, seconds for UDP; 0 off', false),
    flag('report_ack', false),
    quoted('host_2', 64, false),
    int('local_port', 0, 65_535, '', false),
  ),
  write('tracking_set', 'TRAC', ...tracking),
  write('tracking_action_set', 'TRAX', int('index', 1, 10), ...tracking),
  write(
    'daily_report_set',
    'STRA',
    flag('on'),
    ...[1, 2, 3].map((n) => int(`minute_${n}`, 0, 1439, 'minutes after midnight UTC', n === 1)),
    int('schedule', 0, 255, '', false),
  ),
  write(
    'report_set',
    'REPT',
    int('id', 101, 164),
    flag('on'),
    codes('events'),
    quoted('states', 64),
    int('schedule', 0, 255, '', false),
    int('action', 0, 255, '', false),
    quoted('text', 100, false),
  ),
  write(
    'action_set',
    'RACT',
    int('index', 0, 255),
    int('action', 0, 15, 'bits: 0 log, 1 report, 2 output, 3 tracking'),
    int('destination', 0, 255, '', false),
    int('output', 0, 255, '', false),
    flag('state', false),
    int('duration', 0, 65_535, '0.1 s', false),
    int('opposite_duration', 0, 65_535, '0.1 s', false),
    int('repeats', 0, 255, '', false),
    int('track', 0, 255, '', false),
  ),
  write('input_filter_set', 'INPT', int('input', 0, 7), int('debounce', 0, 65_535, '0.1 s')),
  write(
    'speeding_set',
    'SPED',
    int('on_speed', 0, 65_535, 'km/h'),
    int('on_time', 0, 65_535, 's'),
    int('off_speed', 0, 65_535, 'km/h'),
    int('off_time', 0, 65_535, 's'),
  ),
  ...(['IDLE', 'VTOW'] as const).map((command) =>
    write(
      command === 'IDLE' ? 'idling_set' : 'towing_set',
      command,
      int('condition', 0, 255),
      int('speed', 0, 65_535, 'km/h'),
      int('time', 0, 65_535, 'min'),
    ),
  ),
  write('motion_set', 'MOTD', int('threshold', 0, 65_535, 'mg'), int('time', 0, 65_535, 's')),
  write('impact_set', 'IMPD', int('threshold', 600, 16_000, 'mg'), int('time', 0, 65_535, 's')),
  write('harsh_acceleration_set', 'HACE', ...harsh),
  write('harsh_braking_set', 'HBKE', ...harsh),
  write('harsh_cornering_set', 'HCOR', ...harsh),
  write('power_low_set', 'PLOW', int('voltage', 0, 65_535, '0.1 V'), int('time', 0, 65_535, 's')),
  write('power_lost_set', 'PLOS', int('time', 0, 65_535, 's')),
  write(
    'geofence_set',
    'GFEN',
    int('index', 0, 255),
    oneOf('shape', [0, 1, 2, 3]),
    count('size', 'radius in m, or number of points', false),
    list('coordinates', int('coordinate', -180_000_000, 180_000_000, '1e-6 deg, longitude first'), 256, false),
  ),
  write(
    'antenna_events_set',
    'GPSS',
    int('disconnected_time', 0, 65_535, 's'),
    int('short_time', 0, 65_535, 's'),
    int('no_reception_time', 0, 65_535, 'min'),
    int('hdop_filter', 0, 990, '0.1', false),
  ),
  write(
    'drivers_set',
    'DVID',
    int('action', 0, 255),
    int('output', 0, 255),
    int('delay', 0, 65_535, 's'),
    list('ids', quoted('id', 16), 100),
  ),
  write(
    'odometer_set',
    'ODOM',
    oneOf('source', [0, 1, 2]),
    count('value', '0.1 km', false),
    int('option', 0, 255, '', false),
    int('reset', 0, 255, '', false),
  ),
  write(
    'sleep_set',
    'PMGR',
    int('mode', 0, 255),
    int('detect', 0, 255, '', false),
    int('control', 0, 255, '', false),
    ...['a', 'b', 'c'].map((n) => int(`minutes_${n}`, 0, 65_535, 'min', false)),
  ),
  write('log_download', 'DLOG', stamp('from'), stamp('to'), int('id', 0, 255, '', false)),
  write('terminal_text', 'SMSG', int('port', 0, 255), int('format', 0, 9), quoted('text')),
  write('forward_text', 'FORW', oneOf('channel', [1, 2]), quoted('number', 32), quoted('text', 160)),
  write('tyres_set', 'BCST', fixed('1'), fixed(''), fixed('1'), list('sensors', quoted('sensor', 6), 64)),
  write('password_set', 'PASS', quoted('new_password', 16)),
  write(
    'restart',
    'REST',
    int('action', 0, 255, 'bits: 0 reboot, 1 clear queue, 2 factory, 3 clear log, 7 calibrate'),
    int('keep', 0, 255, 'bits', false),
  ),
];

export const ROWS_BY_NAME: ReadonlyMap<string, CommandRow> = new Map(COMMAND_ROWS.map((row) => [row.name, row]));
/** Every name that `encode` takes. */
export const COMMAND_NAMES: readonly string[] = ['custom', ...COMMAND_ROWS.map((row) => row.name)];

/** Custom text of a command line, CR LF included. */
const CUSTOM_MAX = 4_096;
/** Outputs may be wired to an immobiliser; the others lose the device, its data, or its reports. */
const DANGEROUS: ReadonlySet<string> = new Set(['OUTC', 'GPRS', 'FORM', 'UNID', 'PASS', 'REST', 'RACT']);
const LEAVING: ReadonlySet<string> = new Set(['GPRS', 'UNID', 'REST']);
/** Reads harm nothing, whatever they read. */
const READS = /=([^"]*,)?\?\s*$/;
/** A second write would switch, send, erase or restart again. */
const ONCE: ReadonlySet<string> = new Set([
  ...['FORM', 'OUTC', 'GPRS', 'ODOM', 'DVID', 'DLOG', 'SMSG', 'FORW', 'PASS', 'REST', 'GDAT', 'UNID'],
]);
/** What sets no lasting value, or a secret. */
const NO_SETTING: ReadonlySet<string> = new Set(['OUTC', 'ODOM', 'DVID', 'PASS', 'UNID']);
const READ_BACK: Readonly<Record<string, SettingLink>> = {
  form_set: {
    name: 'form',
    without: ['password', 'prefix', 'calendar_times', 'erase_unsent'],
    read: { name: 'form_query', args: {} },
  },
  j1939_set: {
    name: 'j1939_fields',
    argument: 'fields',
    fixed: { on: true },
    read: { name: 'j1939_query', args: {} },
  },
  j1708_set: { name: 'j1708_fields', argument: 'fields', read: { name: 'j1708_query', args: {} } },
};
const RETRY = { waitsS: [30, 30, 30] } as const;

function settingOf(row: CommandRow): SettingLink | null {
  const known = READ_BACK[row.name];
  if (known !== undefined) return known;
  if (!row.name.endsWith('_set') || NO_SETTING.has(row.command)) return null;
  const name = row.name.slice(0, -'_set'.length);
  const numbered = row.params.find((param) => ['index', 'id', 'input'].includes(param.name));
  return {
    name,
    without: ['password', 'password_apn'],
    ...(numbered !== undefined && { index: numbered.name }),
  };
}

const PASSWORD = text(1, 64, '^[ !#-+\\--~]+$', 'command password of the device, when it has one');

function specOf(row: CommandRow): CommandSpec {
  const named = row.params.filter((param) => param.name !== '');
  const properties = Object.fromEntries(
    named.map((param) => [param.required ? param.name : `${param.name}?`, param.schema] as const),
  );
  const idempotent = !ONCE.has(row.command) || row.form === 'read';
  return spec(
    row.name,
    `${row.form === 'read' ? 'Reads' : 'Sends'} AT$${row.command}.`,
    {
      ...properties,
      ...(row.name === 'form_set' && { erase_unsent: among(true) }),
      'password?': PASSWORD,
    },
    {
      answer: row.answer,
      idempotent,
      dangerous: row.form !== 'read' && DANGEROUS.has(row.command),
      leaves: LEAVING.has(row.command),
      retry: idempotent ? RETRY : null,
      setting: row.form === 'write' ? settingOf(row) : null,
    },
  );
}

/** The command's word, of a custom text that does not only read. */
function wordOf(given: unknown): string {
  if (typeof given !== 'string' || READS.test(given)) return '';
  return /^AT\$([A-Z0-9]+)/.exec(given)?.[1] ?? '';
}

export const COMMAND_SPECS: readonly CommandSpec[] = [
  ...COMMAND_ROWS.map(specOf),
  spec(
    'custom',
    'Sends a command as it stands, such as AT$INFO=?; CR LF is added.',
    { text: text(1, CUSTOM_MAX, `${PRINTABLE.slice(0, -2)}+(\\r\\n)?$`, 'one line of printable ASCII') },
    {
      dangerous: (args) => DANGEROUS.has(wordOf(args['text'])),
      leaves: (args) => LEAVING.has(wordOf(args['text'])),
    },
  ),
];
