/** `fleetwire settings`: what is wanted of devices against what they have. A setting is changed by a command of the catalogue. */
import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { PROTOCOLS, type ProtocolId, type WantedCommand } from '@fleetwire/protocols';
import { endpointsWithRegistry, withEndpointOptions, type EndpointOptions } from '../connect.js';
import { durationOption } from '../duration.js';
import { CliError, EXIT, failed, usage } from '../errors.js';
import { printJson, say } from '../io.js';
import { choiceOption } from '../options.js';
import type { Topics } from '../settings/read.js';
import { userName } from './user.js';

interface GetFlags extends EndpointOptions {
  readonly type?: ProtocolId;
  readonly refresh?: true;
  readonly timeout: number;
}
interface SetFlags extends EndpointOptions {
  readonly type?: ProtocolId;
  readonly confirm?: true;
  readonly expires: number;
  readonly wait?: true;
}

const TIMEOUT_MS = 60_000;
const EXPIRES_MS = 60_000;
/** After its expiry a command that was written may still wait for its answer. */
const ANSWER_MS = 120_000;
/** What the device said reaches the topic a moment after its command has ended. */
const SETTLE_MS = 1_000;

export function register(program: Command): void {
  const settings = program
    .command('settings')
    .summary('settings of devices: wanted and reported')
    .description('Compares what is wanted of devices with what they have, and changes it.');
  const type = ['--type <type>', 'device type (default: by its session, else by its record)', choiceOption('--type', PROTOCOLS)] as const; // prettier-ignore
  withEndpointOptions(settings.command('get'))
    .description('prints both sides of every setting of a device, one JSON line each')
    .argument('<ident>', 'identity of the device')
    .option('--refresh', 'asks the device first, where its type can be asked')
    .option(...type)
    .option('--timeout <duration>', 'with --refresh: wait that long', durationOption('--timeout'), TIMEOUT_MS)
    .addHelpText('after', HELP_GET)
    .action((ident: string, flags: GetFlags) => get(ident, flags));
  withEndpointOptions(settings.command('set'))
    .description('sends the commands that set these settings, and prints their ids')
    .argument('<ident>', 'identity of the device')
    .argument('<name=value...>', 'settings')
    .option(...type)
    .option('--confirm', 'required for what the catalogue calls dangerous')
    .option('--expires <duration>', 'not written to the device after this', durationOption('--expires'), EXPIRES_MS)
    .option('--wait', 'wait for the ends of the commands, and print them')
    .addHelpText('after', HELP_SET)
    .action((ident: string, words: string[], flags: SetFlags) => set(ident, words, flags));
  withEndpointOptions(settings.command('diff'))
    .description('prints the settings that drift or of which nothing was reported, of a device or of all')
    .argument('[ident]', 'identity of the device')
    .addHelpText('after', HELP_DIFF)
    .action((ident: string | undefined, flags: EndpointOptions) => diff(ident ?? null, flags));
}

const HELP_GET = `
Examples:
  $ fleetwire settings get 13800000001
  $ fleetwire settings get 13800000001 --refresh

Exit codes: 0 printed; 1 failed; 2 usage; 3 nothing is wanted or reported.`;
const HELP_SET = `
Examples:
  $ fleetwire settings set 13800000001 0x0029=30 --wait
  $ fleetwire settings set 356938035643809 apn=internet --confirm

Exit codes: 0 written, with --wait all succeeded; 1 failed; 2 usage, or the type has no such setting.`;
const HELP_DIFF = `
Example:
  $ fleetwire settings diff

Exit codes: 0 printed; 1 failed; 2 usage; 3 nothing drifts.`;

async function open(flags: EndpointOptions) {
  const endpoints = endpointsWithRegistry(flags);
  const { openCodec, openStreams, stderrLog, withKafka } = await import('../kafka.js');
  const topics = ['commands', 'command-events', 'device-settings', 'device-sessions', 'devices'] as const;
  const codec = await openCodec(endpoints.registry, topics);
  return { streams: openStreams(endpoints), codec, log: stderrLog, endpoints, withKafka };
}

async function get(ident: string, flags: GetFlags): Promise<void> {
  const world = await open(flags);
  const [{ readSettings }, { compareSettings }, { commandsThatRead }] = await Promise.all([
    import('../settings/read.js'),
    import('../settings/compare.js'),
    import('@fleetwire/protocols'),
  ]);
  await world.withKafka(world.endpoints, 'the settings', async () => {
    if (flags.refresh === true) {
      const type = await typeFor(ident, flags.type, world);
      const reads = commandsThatRead(type);
      if (reads.length === 0) say(`${type} can not be asked for its settings; what it confirmed is shown`);
      else {
        await send(ident, reads, { ...flags, expires: flags.timeout, wait: true, timeoutMs: flags.timeout }, world);
        await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      }
    }
    const rows = compareSettings(await readSettings(ident, world));
    if (rows.length === 0)
      throw new CliError(EXIT.nothing, `no settings of ${ident}`, 'set one with `fleetwire settings set`');
    for (const row of rows) await printJson(row);
  });
}

async function set(ident: string, words: readonly string[], flags: SetFlags): Promise<void> {
  const [{ commandThatSets, problemOfCommand, settingNames }, { parseArguments, SETTING_NAME }] = await Promise.all([
    import('@fleetwire/protocols'),
    import('../command/parse.js'),
  ]);
  const wanted = parseArguments(words, SETTING_NAME);
  const world = await open(flags);
  await world.withKafka(world.endpoints, 'the settings', async () => {
    const type = await typeFor(ident, flags.type, world);
    const commands = Object.entries(wanted).map(([name, value]) => {
      const command = commandThatSets(type, name, value);
      if (command === null)
        throw usage(`${type} has no setting "${name}"`, `use one of ${settingNames(type).join(', ')}`);
      const problem = problemOfCommand(type, command.name, command.args);
      if (problem !== null) throw usage(`${name}: ${problem.field} will not do`, problem.remedy);
      return command;
    });
    const ends = await send(ident, commands, { ...flags, timeoutMs: flags.expires + ANSWER_MS }, world);
    if (flags.wait === true && ends !== commands.length)
      throw failed(`${commands.length - ends} of ${commands.length} commands did not succeed`, 'their events say why');
  });
}

/** Writes commands; with `wait` prints their ends. How many succeeded. */
async function send(
  ident: string,
  commands: readonly WantedCommand[],
  flags: { readonly expires: number; readonly confirm?: true; readonly wait?: true; readonly timeoutMs: number },
  topics: Topics,
): Promise<number> {
  const { fanOut } = await import('../command/fan-out.js');
  const nowUs = Date.now() * 1_000;
  const drafts = commands.map(({ name, args }) => ({
    id: randomUUID(),
    ident,
    name,
    arguments: JSON.stringify(args),
    expires_at: nowUs + flags.expires * 1_000,
    confirm: flags.confirm === true,
    requested_at: nowUs,
    requested_by: `cli:${userName()}`,
  }));
  for (const { id, name } of drafts) say(`${name}: ${id}`);
  const producer = topics.streams.producer({ log: topics.log });
  let succeeded = 0;
  await fanOut({
    ...topics,
    producer,
    commands: drafts,
    wait: flags.wait === true,
    timeoutMs: flags.timeoutMs,
    onEnd: (event) => {
      if (event['state'] === 'succeeded') succeeded += 1;
      const why = [event['detail'], event['cause']].find((one) => typeof one === 'string') ?? '';
      say(`${String(event['name'])}: ${String(event['state'])} ${why}`.trimEnd());
    },
    onProgress: () => undefined,
  }).finally(() => producer.close());
  return succeeded;
}

async function typeFor(ident: string, given: ProtocolId | undefined, topics: Topics): Promise<ProtocolId> {
  if (given !== undefined) return given;
  const { typeOfDevice } = await import('../settings/read.js');
  const type = await typeOfDevice(ident, topics);
  if (type !== null) return type;
  throw usage(`nothing says what ${ident} speaks`, `give --type ${PROTOCOLS.join('|')}`);
}

async function diff(ident: string | null, flags: EndpointOptions): Promise<void> {
  const world = await open(flags);
  const [{ readSettings }, { compareSettings }] = await Promise.all([
    import('../settings/read.js'),
    import('../settings/compare.js'),
  ]);
  const settings = await world.withKafka(world.endpoints, 'the settings', () => readSettings(ident, world));
  const rows = compareSettings(settings).filter(({ status }) => status === 'drift' || status === 'unknown');
  if (rows.length === 0) throw new CliError(EXIT.nothing, 'nothing drifts', 'every device has what is wanted of it');
  for (const row of rows) await printJson(row);
}
