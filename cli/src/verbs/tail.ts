/** `fleetwire tail`: a topic as JSON lines. */
import type { Command } from 'commander';
import { endpointsWithRegistry, withEndpointOptions, type EndpointOptions } from '../connect.js';
import { durationOption } from '../duration.js';
import { CliError, EXIT, usage } from '../errors.js';
import { toJson } from '../io.js';
import { choiceOption, integerOption } from '../options.js';

interface Flags extends EndpointOptions {
  readonly ident?: string;
  readonly from: 'beginning' | 'end';
  readonly max?: number;
  readonly idle?: number;
  readonly json?: true;
}

export function register(program: Command): void {
  withEndpointOptions(
    program
      .command('tail')
      .summary('show a topic as JSON')
      .description(
        'Prints the records of a topic, committed ones only. Telemetry is flat with dotted names and times in seconds; other ' +
          'values are as in their schema (times in µs). kafka.key, kafka.partition, kafka.offset and kafka.timestamp (s) say ' +
          'where a record stands. Runs until --max, --idle or Ctrl-C.',
      )
      .argument('<topic>', 'such as telemetry-enriched, events, trips, command-events, dead-letters')
      .option('--ident <ident>', 'only this device')
      .option('--from <where>', 'beginning or end', choiceOption('--from', ['beginning', 'end'] as const), 'end')
      .option('--max <n>', 'end after that many records', integerOption('--max', 1, Number.MAX_SAFE_INTEGER))
      .option('--idle <duration>', 'end after that long without a record, such as 3s', durationOption('--idle'))
      .option('--json', 'one line a record even on a terminal (the default for a pipe or file)'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ fleetwire tail telemetry-enriched
  $ fleetwire tail events --from beginning --idle 3s --json | jq .type
  $ fleetwire tail telemetry --ident 356938035643809 --from beginning --max 10

Exit codes: 0 at least one record; 1 failed; 2 usage; 3 no record.`,
    )
    .action((topic: string, flags: Flags) => tail(topic, flags));
}

async function tail(topic: string, flags: Flags): Promise<void> {
  const { SCHEMA_TOPICS } = await import('@fleetwire/schemas');
  const known = SCHEMA_TOPICS.find((name) => name === topic);
  if (known === undefined)
    throw usage(`topic "${topic}" is not one of ours`, `give one of ${SCHEMA_TOPICS.join(', ')}`);
  const endpoints = endpointsWithRegistry(flags);
  const [{ openCodec, openStreams, withKafka }, { interrupted }, { follow }, { isOf }] = await Promise.all([
    import('../kafka.js'),
    import('../signals.js'),
    import('../tail/follow.js'),
    import('../tail/render.js'),
  ]);
  const codec = await openCodec(endpoints.registry, [known]);
  const streams = openStreams(endpoints);
  const indent = flags.json === true || !process.stdout.isTTY ? undefined : 2;
  let count = 0;
  await withKafka(endpoints, `topic ${topic}`, () =>
    follow(streams, codec, {
      topic: known,
      from: flags.from,
      ...(flags.idle !== undefined && { idleMs: flags.idle }),
      signal: interrupted(),
      onRecord: (rendered) => {
        if (flags.ident !== undefined && !isOf(flags.ident, rendered)) return true;
        // Pipes and files are written synchronously on Linux: a slow reader slows this loop down instead of filling memory.
        process.stdout.write(`${toJson(rendered, indent)}\n`);
        count += 1;
        return flags.max === undefined || count < flags.max;
      },
    }),
  );
  if (count === 0)
    throw new CliError(
      EXIT.nothing,
      `no record of ${topic}${flags.ident === undefined ? '' : ` for ${flags.ident}`}`,
      flags.from === 'end' ? 'look at what is there already with --from beginning' : 'check that the services run',
    );
}
