/** `fleetwire commands`: what each device type can be told. Needs no Kafka. */
import type { Command } from 'commander';
import { PROTOCOLS, type ProtocolId } from '@fleetwire/protocols';
import { print, printJson } from '../io.js';
import { choiceOption } from '../options.js';

interface ListFlags {
  readonly type?: ProtocolId;
  readonly format: 'text' | 'json' | 'markdown';
}

export function register(program: Command): void {
  const commands = program
    .command('commands')
    .summary('the catalogue of commands')
    .description('What each device type can be told: names, arguments, what is dangerous.');
  commands
    .command('list')
    .description('prints the commands of every type, or of one')
    .option('--type <type>', 'only this device type', choiceOption('--type', PROTOCOLS))
    .option(
      '--format <format>',
      'text; json: one object a line with a JSON Schema of the arguments; markdown: the reference page',
      choiceOption('--format', ['text', 'json', 'markdown'] as const),
      'text',
    )
    .addHelpText('after', HELP)
    .action((flags: ListFlags) => list(flags));
}

const HELP = `
Examples:
  $ fleetwire commands list --type h02
  $ fleetwire commands list --format json

Exit codes: 0 printed; 2 usage.`;

async function list({ type, format }: ListFlags): Promise<void> {
  const { commandsPage, publishedCommands } = await import('@fleetwire/protocols');
  const commands = publishedCommands(type === undefined ? PROTOCOLS : [type]);
  if (format === 'markdown') return print(commandsPage());
  if (format === 'json') {
    for (const command of commands) await printJson(command);
    return;
  }
  for (const command of commands) {
    const { properties, required } = command.arguments;
    const args = Object.keys(properties).map((name) => (required.includes(name) ? name : `[${name}]`));
    const notes = [
      command.dangerous === 'always' ? 'needs --confirm' : '',
      command.dangerous === 'by_arguments' ? 'may need --confirm' : '',
      command.idempotent ? 'idempotent' : '',
    ].filter((note) => note !== '');
    await print(
      `${command.type}\t${[command.name, ...args].join(' ')}\t${command.summary}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}\n`,
    );
  }
}
