import { Codec, type SchemaTopic } from '@fleetwire/schemas';
import { registryAccess, type RegistryConfig } from './common.js';
import type { Logger } from './log.js';

/** A registry that is away at the start is waited for that long. */
const REGISTRY_TIMEOUT_MS = 60_000;

/**
 * The codec of a service for its topics; ids of schemas are looked up, and said in the log while the registry is waited for.
 *
 * @throws SchemaError when the registry is away for a minute, or does not have a schema
 */
export function connectCodec(config: RegistryConfig, log: Logger, topics: readonly SchemaTopic[]): Promise<Codec> {
  return Codec.connect({
    registryUrl: config.schemaRegistryUrl,
    access: registryAccess(config, log),
    topics,
    log: (message, fields) => log.info(fields, message),
    timeoutMs: REGISTRY_TIMEOUT_MS,
  });
}
