/** The command's table of verbs. Only the verb that is asked for is loaded: start-up stays short. */
import { Command, CommanderError } from 'commander';
import { CliError, EXIT, messageOf, type ExitCode } from './errors.js';
import { say } from './io.js';

type Register = (program: Command) => void;

/** In the order in which help lists them. */
const VERBS: readonly { readonly name: string; readonly load: () => Promise<Register> }[] = [
  { name: 'up', load: async () => (await import('./up/index.js')).registerUp },
  { name: 'simulate', load: async () => (await import('./verbs/simulate.js')).register },
  { name: 'tail', load: async () => (await import('./verbs/tail.js')).register },
  { name: 'command', load: async () => (await import('./verbs/command.js')).register },
  { name: 'commands', load: async () => (await import('./verbs/commands.js')).register },
  { name: 'settings', load: async () => (await import('./verbs/settings.js')).register },
  { name: 'device', load: async () => (await import('./verbs/device.js')).register },
  { name: 'geofence', load: async () => (await import('./verbs/geofence.js')).register },
  { name: 'track', load: async () => (await import('./verbs/track.js')).register },
  { name: 'decode', load: async () => (await import('./verbs/decode.js')).register },
  { name: 'topics', load: async () => (await import('./verbs/topics.js')).register },
  { name: 'schemas', load: async () => (await import('./verbs/schemas.js')).register },
];

/** Names of all verbs, for help and its test. */
export const VERB_NAMES: readonly string[] = VERBS.map((verb) => verb.name);

/** Builds the program: one verb when it is known which, else all of them, for help. */
export async function buildProgram(verb: string | undefined): Promise<Command> {
  const program = new Command('fleetwire')
    .description('Telematics pipeline on Kafka: run it, feed it, watch it, command devices.')
    .version('0.1.0')
    .showHelpAfterError('(see `fleetwire help VERB`)')
    .enablePositionalOptions()
    .exitOverride()
    .addHelpText('after', '\nExit codes: 0 done; 1 failed; 2 wrong usage; 3 nothing found, or a time-out.');
  const asked = VERBS.find(({ name }) => name === verb);
  const registers = await Promise.all((asked === undefined ? VERBS : [asked]).map(({ load }) => load()));
  for (const register of registers) register(program);
  for (const command of allCommands(program)) command.exitOverride().showHelpAfterError('(see --help)');
  return program;
}

/** Runs one command line (without node and script). Resolves with the exit code; errors are on stderr. */
export async function run(argv: readonly string[]): Promise<ExitCode> {
  try {
    const program = await buildProgram(argv[0]);
    await program.parseAsync(argv, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    return report(error);
  }
}

function report(error: unknown): ExitCode {
  if (error instanceof CommanderError) {
    // Help and version have been printed and are no errors; usage errors have been printed by commander.
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  if (error instanceof CliError) {
    say(`fleetwire: ${error.message}`);
    if (error.cause !== undefined) say(`  cause: ${messageOf(error.cause)}`);
    say(`  remedy: ${error.remedy}`);
    return error.exitCode;
  }
  say(`fleetwire: ${messageOf(error)}`);
  if (error instanceof Error && error.stack !== undefined) say(error.stack);
  say('  remedy: this is a defect of fleetwire; report it with the lines above');
  return EXIT.failed;
}

function allCommands(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...allCommands(child)]);
}
