/** `fleetwire topics`: makes the topics, or says how they differ from what they should be. */
import type { Command } from 'commander';
import type { Admin, TopicDifference, TopicSpec } from '@fleetwire/streaming';
import { endpointsOf, withEndpointOptions, type EndpointOptions } from '../connect.js';
import { failed } from '../errors.js';
import { print, printJson, say } from '../io.js';
import { integerOption } from '../options.js';

interface Flags extends EndpointOptions {
  readonly partitions: number;
  readonly replication: number;
  readonly json?: true;
}

const PARTITIONS_MAX = 1_000;
const REPLICATION_MAX = 9;

export function register(program: Command): void {
  const topics = program
    .command('topics')
    .summary('make or check the Kafka topics')
    .description(
      'Makes the topics that the services need, or checks them. Partition counts of existing topics never change.',
    );
  const common = (command: Command): Command =>
    withEndpointOptions(command)
      .option(
        '--partitions <n>',
        'partitions of every topic that is keyed by ident',
        integerOption('--partitions', 1, PARTITIONS_MAX),
        6,
      )
      .option('--replication <n>', 'replication factor', integerOption('--replication', 1, REPLICATION_MAX), 1)
      .option('--json', 'one JSON object a difference');
  common(topics.command('apply'))
    .description('makes missing topics and sets differing configurations')
    .addHelpText('after', HELP_APPLY)
    .action((flags: Flags) => apply(flags));
  common(topics.command('verify'))
    .description('changes nothing; says what differs')
    .addHelpText('after', HELP_VERIFY)
    .action((flags: Flags) => verify(flags));
}

const HELP_APPLY = `
Examples:
  $ fleetwire topics apply
  $ fleetwire topics apply --brokers kafka-1:9092 --partitions 48 --replication 3

Exit codes: 0 all as wanted; 1 failed, or a partition count differs; 2 usage.`;
const HELP_VERIFY = `
Examples:
  $ fleetwire topics verify
  $ fleetwire topics verify --brokers kafka-1:9092 --partitions 48 --replication 3 --json

Exit codes: 0 all as wanted; 1 something differs, or Kafka is away; 2 usage.`;

async function apply(flags: Flags): Promise<void> {
  const done = await withAdmin(flags, (admin, specs) => admin.applyTopics(specs));
  for (const difference of done) await show(difference, flags.json === true);
  say(done.length === 0 ? 'all topics are as they should be' : `${done.length} difference(s)`);
  const left = done.filter((difference) => difference.what === 'partitions');
  if (left.length > 0)
    throw failed(
      `${left.length} topic(s) have another partition count than wanted`,
      'give --partitions as they have it, or make new topics and move the devices: a key must keep its partition',
    );
}

async function verify(flags: Flags): Promise<void> {
  const differences = await withAdmin(flags, (admin, specs) => admin.verifyTopics(specs));
  for (const difference of differences) await show(difference, flags.json === true);
  if (differences.length > 0) throw failed(`${differences.length} difference(s)`, 'run `fleetwire topics apply`');
  say('all topics are as they should be');
}

async function withAdmin(
  flags: Flags,
  run: (admin: Admin, specs: readonly TopicSpec[]) => Promise<readonly TopicDifference[]>,
): Promise<readonly TopicDifference[]> {
  const endpoints = endpointsOf(flags);
  const [{ openStreams, withKafka }, { topicSpecs }] = await Promise.all([
    import('../kafka.js'),
    import('@fleetwire/streaming'),
  ]);
  const admin = openStreams(endpoints).admin();
  const specs = topicSpecs({ partitions: flags.partitions, replicationFactor: flags.replication });
  return await withKafka(endpoints, 'the topics', () => run(admin, specs)).finally(() => admin.close());
}

async function show(difference: TopicDifference, json: boolean): Promise<void> {
  if (json) {
    await printJson(difference);
    return;
  }
  const { topic, what, key, want, have } = difference;
  await print(`${topic}: ${what}${key === undefined ? '' : ` ${key}`}: have ${have}, want ${want}\n`);
}
