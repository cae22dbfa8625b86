/** `fleetwire command`: asks for a command, and waits for its end if told to. */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import type { CommandDraft } from '@fleetwire/schemas';
import type { Terminal } from '../command/parse.js';
import { endpointsWithRegistry, withEndpointOptions, type EndpointOptions } from '../connect.js';
import { durationOption, formatDuration } from '../duration.js';
import { CliError, EXIT, failed, usage } from '../errors.js';
import { print, printJson, say, textOf, toJson } from '../io.js';
import { choiceOption, integerOption } from '../options.js';
import { userName } from './user.js';

interface Flags extends EndpointOptions {
  readonly expires?: number;
  readonly wait?: true;
  readonly timeout?: number;
  readonly id?: string;
  readonly confirm?: true;
  readonly delivery: 'at_most_once' | 'at_least_once';
  readonly condition: readonly string[];
  readonly priority: number;
  readonly channel: 'connection' | 'sms';
  readonly cancel?: string;
  readonly idents?: string;
}

/** After its expiry a command that was written may still wait for its answer; the dispatcher ends it within this. */
const ANSWER_MS = 120_000;
/** A million devices. */
const IDENTS_BYTES_MAX = 64 * 1024 * 1024;

export function register(program: Command): void {
  withEndpointOptions(
    program
      .command('command')
      .summary('send a command to a device, or to many')
      .description(
        'Writes a command and prints its id. With --wait prints each of its events as a JSON line and ends with the last. ' +
          'Values are JSON (3, true, "text", {"a": 1}), else text as it stands.',
      )
      .argument('[ident]', 'identity of the device; with --idents the NAME stands here')
      .argument('[name]', 'name in the catalogue of the device’s type (see `fleetwire commands list`), or custom')
      .argument('[key=value...]', 'arguments')
      .option(
        '--expires <duration>',
        'not written to the device after this (default: as the catalogue says, 60s for what is dangerous, else 10m)',
        durationOption('--expires'),
      )
      .option('--wait', 'follow the command to its end')
      .option(
        '--timeout <duration>',
        `with --wait: give up after this (default: --expires and ${ANSWER_MS / 1_000}s)`,
        durationOption('--timeout'),
      )
      .option('--id <id>', 'idempotency key; a second command with it is dropped (default: a new UUID)')
      .option('--confirm', 'required for commands that the catalogue calls dangerous')
      .option(
        '--delivery <d>',
        'at_most_once, or at_least_once for idempotent commands',
        choiceOption('--delivery', ['at_most_once', 'at_least_once'] as const),
        'at_most_once',
      )
      .option(
        '--condition <c>',
        'max_speed=KMH, ignition_off, max_fix_age=60s; repeatable',
        (text: string, all: readonly string[]) => [...all, text],
        [],
      )
      .option('--priority <n>', 'higher goes first', integerOption('--priority', -1_000, 1_000), 0)
      .option(
        '--channel <c>',
        'connection or sms',
        choiceOption('--channel', ['connection', 'sms'] as const),
        'connection',
      )
      .option('--cancel <id>', 'cancel this command of the device; no NAME then')
      .option('--idents <file>', 'for each device of this file, one identity a line; - is stdin'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ fleetwire command 356938035643809 custom payload='$POLL' --wait
  $ fleetwire command 356938035643809 immobilise mode=3 --confirm --condition ignition_off,max_fix_age=60s --expires 10m
  $ fleetwire command 9171701065 interval cycle_time=60 --wait
  $ fleetwire command --idents north.txt interval cycle_time=60 --wait
  $ fleetwire command 356938035643809 --cancel 6f1c1f0e-0c3c-4f3e-9a77-1d1c1a0f9a10

Exit codes: 0 written; with --wait succeeded (or written, where no answer exists), for --cancel cancelled;
1 failed, refused, expired or unconfirmed; 2 usage; 3 no terminal event in time.`,
    )
    .action((ident: string | undefined, name: string | undefined, words: string[], flags: Flags) => {
      if (flags.idents !== undefined)
        return commandMany(flags.idents, ident, name === undefined ? words : [name, ...words], flags);
      if (ident === undefined)
        throw usage('no IDENT: which device?', 'give its identity, or a file of them with --idents');
      return command(ident, name, words, flags);
    });
}

/** A fan-out: ids are made of one key and the ident, so that a run that is repeated with --id repeats nothing. */
async function commandMany(
  file: string,
  name: string | undefined,
  words: readonly string[],
  flags: Flags,
): Promise<void> {
  if (flags.cancel !== undefined)
    throw usage('--cancel is for one device', 'write `fleetwire command IDENT --cancel ID`');
  const [
    { commandOf, expiresMsOf, isSuccess },
    { fanOut, identsOf },
    { openCodec, openStreams, stderrLog, withKafka },
  ] = await Promise.all([import('../command/parse.js'), import('../command/fan-out.js'), import('../kafka.js')]);
  const input = file === '-' ? process.stdin : createReadStream(file);
  const idents = identsOf(
    await textOf(input, IDENTS_BYTES_MAX).catch((error: unknown) => {
      throw failed(`${file} cannot be read`, 'give a file with one identity a line, or - for stdin', error);
    }),
  );
  if (idents.length === 0) throw usage(`${file} has no identities`, 'write one a line');
  const key = flags.id ?? randomUUID();
  const expiresMs = flags.expires ?? expiresMsOf(name, words, flags.channel);
  const nowMs = Date.now();
  const commands = idents.map((ident) =>
    commandOf({
      ...requestOf(flags, ident, name, words),
      expiresMs,
      id: `${key}:${ident}`,
      nowMs,
      cancelOf: undefined,
    }),
  );
  const endpoints = endpointsWithRegistry(flags);
  const codec = await openCodec(endpoints.registry, ['commands', 'command-events']);
  const streams = openStreams(endpoints);
  const producer = streams.producer({ log: stderrLog });
  let good = 0;
  const summary = await withKafka(endpoints, 'the commands', () =>
    fanOut({
      streams,
      codec,
      producer,
      log: stderrLog,
      commands,
      wait: flags.wait === true,
      timeoutMs: flags.timeout ?? expiresMs + ANSWER_MS,
      onEnd: (event) => {
        const cause = typeof event['cause'] === 'string' ? event['cause'] : null;
        if (isSuccess({ state: String(event['state']), cause }, false)) good += 1;
        process.stdout.write(`${toJson(event)}\n`);
      },
      onProgress: say,
    }),
  ).finally(() => producer.close());
  await printJson({ id: key, ...summary });
  if (flags.wait !== true || good === commands.length) return;
  if (summary.open > 0)
    throw new CliError(EXIT.nothing, `${summary.open} commands have no end yet`, 'see `fleetwire tail command-events`');
  throw failed(`${commands.length - good} of ${commands.length} commands were not carried out`, 'their events say why');
}

/** What is the same for one device and for many. */
function requestOf(flags: Flags, ident: string, name: string | undefined, words: readonly string[]) {
  return {
    ident,
    name,
    words,
    delivery: flags.delivery,
    condition: flags.condition,
    priority: flags.priority,
    confirm: flags.confirm === true,
    channel: flags.channel,
    requestedBy: `cli:${userName()}`,
  };
}

async function command(ident: string, name: string | undefined, words: readonly string[], flags: Flags): Promise<void> {
  const [{ commandOf, expiresMsOf, isSuccess }, { openCodec, openStreams, stderrLog, withKafka }] = await Promise.all([
    import('../command/parse.js'),
    import('../kafka.js'),
  ]);
  const expiresMs = flags.expires ?? expiresMsOf(name, words, flags.channel);
  const record = commandOf({
    ...requestOf(flags, ident, name, words),
    expiresMs,
    id: flags.id ?? randomUUID(),
    nowMs: Date.now(),
    cancelOf: flags.cancel,
  });
  const endpoints = endpointsWithRegistry(flags);
  const codec = await openCodec(
    endpoints.registry,
    flags.wait === true ? ['commands', 'command-events'] : ['commands'],
  );
  const streams = openStreams(endpoints);
  const write = async (): Promise<void> => {
    const producer = streams.producer({ log: stderrLog });
    await producer
      .send([{ topic: 'commands', key: ident, value: codec.encode('commands', record) }])
      .finally(() => producer.close());
    await print(`${record.id}\n`);
  };
  if (flags.wait !== true) {
    await withKafka(endpoints, 'topic commands', write);
    return;
  }
  const { watch } = await import('../command/watch.js');
  const limitMs = flags.timeout ?? expiresMs + ANSWER_MS;
  const terminal = await withKafka(endpoints, 'the command', () =>
    watch({
      streams,
      codec,
      log: stderrLog,
      ident,
      // A cancelled command ends with an event of its own.
      id: flags.cancel ?? record.id,
      start: write,
      timeoutMs: limitMs,
      onEvent: (event) => process.stdout.write(`${toJson(event)}\n`),
    }),
  );
  finish(record, terminal, limitMs, isSuccess);
}

function finish(
  record: CommandDraft,
  terminal: Terminal | null,
  limitMs: number,
  isSuccess: (terminal: Terminal, cancelling: boolean) => boolean,
): void {
  if (terminal === null)
    throw new CliError(
      EXIT.nothing,
      `no end of command ${record.id} within ${formatDuration(limitMs)}`,
      'check that the dispatcher runs; see `fleetwire tail command-events --from beginning`',
    );
  if (isSuccess(terminal, typeof record.cancel_of === 'string')) return;
  const cause = terminal.cause === null ? '' : ` (${terminal.cause})`;
  throw failed(`command ${record.id} ended ${terminal.state}${cause}`, 'its events above say why');
}
