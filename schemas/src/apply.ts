/** The deploy step: sets the rule and registers the schema of every topic. Idempotent; services only look ids up. */
import { SCHEMA_TEXTS } from './records.generated.js';
import { COMPATIBILITY, Registry, type RegistryAccess } from './registry.js';
import { SCHEMA_TOPICS, TOPIC_SCHEMAS, subjectOf, type SchemaTopic } from './topics.js';
import { SchemaError } from './errors.js';

export interface ApplyOptions {
  /** Root of the Confluent-compatible interface, e.g. `http://127.0.0.1:8081/apis/ccompat/v7`. */
  readonly registryUrl: string;
  /** Login and certificates, where the registry asks for them. */
  readonly access?: RegistryAccess;
  /** Default: all. */
  readonly topics?: readonly SchemaTopic[];
}

/** What was done, or would be, for one subject. */
export interface SubjectChange {
  readonly subject: string;
  /** Id of this build's schema; null: it is not registered. */
  readonly id: number | null;
  /** registered: a version was added. unchanged: it was there. missing: `verifySchemas` did not find it. */
  readonly schema: 'registered' | 'unchanged' | 'missing';
  readonly compatibility: 'set' | 'unchanged' | 'wrong';
}

async function lookUp(registry: Registry, topic: SchemaTopic): Promise<number | null> {
  try {
    return await registry.lookUp(subjectOf(topic), SCHEMA_TEXTS[TOPIC_SCHEMAS[topic]]);
  } catch (error: unknown) {
    if (error instanceof SchemaError && error.code === 'schema_not_found') return null;
    throw error;
  }
}

/**
 * Registers what is missing. The rule comes first, always: a registry that knows a subject without a rule would take anything.
 * Rejects with SchemaError `incompatible_schema` when a version breaks the rule; what came before it stays registered.
 */
export async function applySchemas(options: ApplyOptions): Promise<readonly SubjectChange[]> {
  const registry = new Registry(options.registryUrl, undefined, options.access);
  const changes: SubjectChange[] = [];
  for (const topic of options.topics ?? SCHEMA_TOPICS) {
    const subject = subjectOf(topic);
    const ruled = (await registry.compatibilityOf(subject)) === COMPATIBILITY;
    if (!ruled) await registry.setCompatibility(subject, COMPATIBILITY);
    const known = await lookUp(registry, topic);
    const id = known ?? (await registry.register(subject, SCHEMA_TEXTS[TOPIC_SCHEMAS[topic]]));
    const schema = known === null ? 'registered' : 'unchanged';
    changes.push({ subject, id, schema, compatibility: ruled ? 'unchanged' : 'set' });
  }
  return changes;
}

/** Changes nothing; says what `applySchemas` would find. Rejects with SchemaError when the registry is away. */
export async function verifySchemas(options: ApplyOptions): Promise<readonly SubjectChange[]> {
  const registry = new Registry(options.registryUrl, undefined, options.access);
  const found: SubjectChange[] = [];
  for (const topic of options.topics ?? SCHEMA_TOPICS) {
    const subject = subjectOf(topic);
    const ruled = (await registry.compatibilityOf(subject)) === COMPATIBILITY;
    const id = await lookUp(registry, topic);
    found.push({
      subject,
      id,
      schema: id === null ? 'missing' : 'unchanged',
      compatibility: ruled ? 'unchanged' : 'wrong',
    });
  }
  return found;
}
