/** `fleetwire schemas`: registers the schemas, or says what the registry lacks. */
import type { Command } from 'commander';
import type { RegistryAccess, SubjectChange } from '@fleetwire/schemas';
import { endpointsWithRegistry, withEndpointOptions, type EndpointOptions } from '../connect.js';
import { failed } from '../errors.js';
import { print, printJson, say } from '../io.js';

interface Flags extends EndpointOptions {
  readonly json?: true;
}

export function register(program: Command): void {
  const schemas = program
    .command('schemas')
    .summary('register or check the Avro schemas')
    .description(
      'Registers the Avro schemas of all topics, or checks that they are registered. Services only look ids up.',
    );
  withEndpointOptions(schemas.command('apply'))
    .description('sets the compatibility rule and registers what is missing')
    .option('--json', 'one JSON object a subject')
    .addHelpText('after', help('apply', 'a schema was refused as incompatible, or the registry is away'))
    .action((flags: Flags) => apply(flags));
  withEndpointOptions(schemas.command('verify'))
    .description('changes nothing; says what is missing')
    .option('--json', 'one JSON object a subject')
    .addHelpText('after', help('verify', 'something is missing, or the registry is away'))
    .action((flags: Flags) => verify(flags));
}

const help = (verb: string, one: string): string => `
Examples:
  $ fleetwire schemas ${verb}
  $ fleetwire schemas ${verb} --registry http://127.0.0.1:8081/apis/ccompat/v7 --json

Exit codes: 0 all as wanted; 1 ${one}; 2 usage.`;

async function apply(flags: Flags): Promise<void> {
  const { applySchemas } = await import('@fleetwire/schemas');
  const changes = await withRegistry(flags, (registryUrl, access) => applySchemas({ registryUrl, access }));
  const changed = changes.filter((change) => change.schema !== 'unchanged' || change.compatibility !== 'unchanged');
  for (const change of changes)
    if (flags.json === true || changed.includes(change)) await show(change, flags.json === true);
  say(changed.length === 0 ? 'all schemas are registered' : `${changed.length} subject(s) changed`);
}

async function verify(flags: Flags): Promise<void> {
  const { verifySchemas } = await import('@fleetwire/schemas');
  const found = await withRegistry(flags, (registryUrl, access) => verifySchemas({ registryUrl, access }));
  const wrong = found.filter((subject) => subject.schema !== 'unchanged' || subject.compatibility !== 'unchanged');
  for (const subject of found)
    if (flags.json === true || wrong.includes(subject)) await show(subject, flags.json === true);
  if (wrong.length > 0) throw failed(`${wrong.length} subject(s) are not as wanted`, 'run `fleetwire schemas apply`');
  say('all schemas are registered');
}

async function withRegistry(
  flags: Flags,
  run: (registryUrl: string, access: RegistryAccess) => Promise<readonly SubjectChange[]>,
): Promise<readonly SubjectChange[]> {
  // A registry alone is enough here; brokers may be unknown.
  const { registry } = endpointsWithRegistry({ brokers: '127.0.0.1:9092', ...flags });
  const { accessTo } = await import('../kafka.js');
  const access = accessTo(registry);
  try {
    return await run(registry, access);
  } catch (error) {
    throw failed(`schemas at ${registry}`, 'check the address, and for a refusal which field changed', error);
  }
}

async function show({ subject, id, schema, compatibility }: SubjectChange, json: boolean): Promise<void> {
  if (json) await printJson({ subject, id, schema, compatibility });
  else await print(`${subject}: schema ${schema}${id === null ? '' : ` (id ${id})`}, compatibility ${compatibility}\n`);
}
