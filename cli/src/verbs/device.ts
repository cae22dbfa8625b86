/** `fleetwire device`: the records of the compacted topic `devices`. */
import type { Command } from 'commander';
import type { Device } from '@fleetwire/schemas';
import { endpointsWithRegistry, withEndpointOptions, type EndpointOptions } from '../connect.js';
import { CliError, EXIT, failed, usage } from '../errors.js';
import { print, printJson, say, textOf } from '../io.js';
import { choiceOption } from '../options.js';
import { writeTable } from '../table-writer.js';

interface PutFlags extends EndpointOptions {
  readonly format?: 'json' | 'csv';
}
interface ListFlags extends EndpointOptions {
  readonly format: 'json' | 'csv';
  readonly group?: string;
  readonly type?: string;
}

const INPUT_BYTES_MAX = 64 * 1024 * 1024;
/** Records in one produce request: far below the broker's limit of bytes. */
const SEND_RECORDS = 500;

export function register(program: Command): void {
  const device = program
    .command('device')
    .summary('write and read the device table')
    .description(
      'Writes and reads device records: name, type, labels, group, admission, thresholds, decoder settings …',
    );
  withEndpointOptions(device.command('put'))
    .description(
      'writes records; each replaces the whole record of its ident. Nothing is written when any record is wrong',
    )
    .argument('[file]', 'JSON (an array, or objects one after the other) or CSV; absent or -: stdin')
    .option(
      '--format <format>',
      'json or csv (default: by the name, else json)',
      choiceOption('--format', ['json', 'csv'] as const),
    )
    .addHelpText('after', HELP_PUT)
    .action((file: string | undefined, flags: PutFlags) => put(file ?? '-', flags));
  withEndpointOptions(device.command('get'))
    .description('prints the record of a device, in the form that put reads')
    .argument('<ident>', 'identity of the device')
    .addHelpText('after', HELP_GET)
    .action((ident: string, flags: EndpointOptions) => get(ident, flags));
  withEndpointOptions(device.command('list'))
    .description('prints all records, in the form that put reads')
    .option(
      '--format <format>',
      'json (one object a line) or csv',
      choiceOption('--format', ['json', 'csv'] as const),
      'json',
    )
    .option('--group <group>', 'only devices of this group')
    .option('--type <type>', 'only devices of this type')
    .addHelpText('after', HELP_LIST)
    .action((flags: ListFlags) => list(flags));
  withEndpointOptions(device.command('delete'))
    .description('removes records; the devices then have the default admission and no settings')
    .argument('<ident...>', 'identities')
    .addHelpText('after', HELP_DELETE)
    .action((idents: string[], flags: EndpointOptions) => remove(idents, flags));
}

const HELP_PUT = `
Examples:
  $ echo '{"ident": "356938035643809", "name": "Van 12", "group": "north", "labels": {"colour": "red"}}' | fleetwire device put
  $ fleetwire device put fleet.csv

A CSV begins with a line of column names: ident, name, type, group, … ; maps as label.X, threshold.X, decoder.X; aliases
separated by |. An empty cell leaves the default.

Exit codes: 0 written; 1 failed; 2 usage, or a record is wrong (stderr has its line).`;
const HELP_GET = `
Example:
  $ fleetwire device get 356938035643809

Exit codes: 0 printed; 1 failed; 2 usage; 3 there is no record of this device.`;
const HELP_LIST = `
Examples:
  $ fleetwire device list --group north
  $ fleetwire device list --format csv > fleet.csv

Exit codes: 0 printed; 1 failed; 2 usage; 3 there is none.`;
const HELP_DELETE = `
Example:
  $ fleetwire device delete 356938035643809

Exit codes: 0 written; 1 failed; 2 usage.`;

async function put(file: string, flags: PutFlags): Promise<void> {
  const endpoints = endpointsWithRegistry(flags);
  const { parseDevicesCsv, parseDevicesJson } = await import('../devices/parse.js');
  const text = await readInput(file);
  const csv = flags.format === 'csv' || (flags.format === undefined && file.toLowerCase().endsWith('.csv'));
  const { devices, problems } = csv ? parseDevicesCsv(text) : parseDevicesJson(text);
  if (problems.length > 0) {
    for (const problem of problems) say(`${file === '-' ? 'stdin' : file}: ${problem}`);
    throw usage(`${problems.length} problem(s); nothing was written`, 'mend the lines named above and run it again');
  }
  if (devices.length === 0) throw usage('no records in the input', 'give JSON objects, or a CSV with a header');
  const now = Date.now() * 1_000;
  await writeTable(
    endpoints,
    'devices',
    devices.map((device) => ({ key: device.ident, value: { ...device, updated_at: now, updated_by: 'cli' } })),
    SEND_RECORDS,
  );
  say(`${devices.length} record(s) written`);
}

async function remove(idents: readonly string[], flags: EndpointOptions): Promise<void> {
  await writeTable(
    endpointsWithRegistry(flags),
    'devices',
    idents.map((ident) => ({ key: ident, value: null })),
    SEND_RECORDS,
  );
  say(`${idents.length} record(s) removed`);
}

async function get(ident: string, flags: EndpointOptions): Promise<void> {
  const device = (await readAll(flags)).get(ident);
  if (device === undefined)
    throw new CliError(EXIT.nothing, `no record of ${ident}`, 'list what there is with `fleetwire device list`');
  await printJson(shown(device));
}

async function list(flags: ListFlags): Promise<void> {
  const all = [...(await readAll(flags)).values()]
    .filter((device) => flags.group === undefined || device.group === flags.group)
    .filter((device) => flags.type === undefined || device.type === flags.type)
    .sort((a, b) => (a.ident < b.ident ? -1 : 1));
  if (all.length === 0) throw new CliError(EXIT.nothing, 'no records', 'write some with `fleetwire device put`');
  if (flags.format === 'json') {
    for (const device of all) await printJson(shown(device));
    return;
  }
  const [{ FIELD_NAMES }, { csvLine }] = await Promise.all([
    import('../devices/fields.js'),
    import('../devices/csv.js'),
  ]);
  await print(csvLine(FIELD_NAMES));
  for (const device of all) {
    const record: Readonly<Record<string, unknown>> = { ...device };
    await print(csvLine(FIELD_NAMES.map((name) => cellOf(record[name]))));
  }
}

/** The newest record of every device, by reading the compacted topic to its end. */
async function readAll(flags: EndpointOptions): Promise<ReadonlyMap<string, Device>> {
  const endpoints = endpointsWithRegistry(flags);
  const [{ openCodec, openStreams, stderrLog, withKafka }, { UnknownSchema }] = await Promise.all([
    import('../kafka.js'),
    import('@fleetwire/schemas'),
  ]);
  const codec = await openCodec(endpoints.registry, ['devices']);
  const values = new Map<string, Buffer>();
  await withKafka(endpoints, 'topic devices', async () => {
    const table = openStreams(endpoints).table({
      topic: 'devices',
      log: stderrLog,
      onRecord: ({ key, value }) => {
        if (key === null) return;
        if (value === null) values.delete(key.toString());
        else values.set(key.toString(), value);
      },
    });
    await table.start().finally(() => table.stop());
  });
  const devices = new Map<string, Device>();
  for (const [ident, value] of values) {
    try {
      devices.set(ident, codec.decode('devices', value));
    } catch (error) {
      if (!(error instanceof UnknownSchema))
        throw failed(`the record of ${ident} is not readable`, 'put it again', error);
      await codec.learn(error.schemaId);
      devices.set(ident, codec.decode('devices', value));
    }
  }
  return devices;
}

/** A record as users write it: decoder settings as an object, not as text in text; what is unset left out. */
function shown(device: Device): Record<string, unknown> {
  const entries = Object.entries({ ...device, decoder: device.decoder === null ? null : parsed(device.decoder) });
  return Object.fromEntries(entries.filter(([, value]) => value !== null && !isEmpty(value)));
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function cellOf(value: unknown): string {
  if (value === null || value === undefined || isEmpty(value)) return '';
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join('|');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

async function readInput(file: string): Promise<string> {
  if (file === '-') return await textOf(process.stdin, INPUT_BYTES_MAX);
  const { createReadStream } = await import('node:fs');
  try {
    return await textOf(createReadStream(file), INPUT_BYTES_MAX);
  } catch (error) {
    throw usage(
      `${file} can not be read: ${error instanceof Error ? error.message : String(error)}`,
      'give a file, or - for stdin',
    );
  }
}
