/** One verb's connection to Kafka and the registry. TLS and login come from the same variables as the services read. */
import { Codec, type RegistryAccess, type SchemaTopic } from '@fleetwire/schemas';
import {
  checkCommon,
  commonVariables,
  ConfigError,
  defineConfig,
  kafkaConnection,
  registryAccess,
  type CommonConfig,
} from '@fleetwire/service';
import { connect, type StreamLog, type Streams } from '@fleetwire/streaming';
import type { Endpoints } from './connect.js';
import { CliError, failed, messageOf } from './errors.js';
import { say } from './io.js';

/** A verb must not wait for a registry that is not there. */
const REGISTRY_TIMEOUT_MS = 10_000;

/** What a library has to say to the user: only what went wrong. */
export const stderrLog: StreamLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (fields, message) => say(`fleetwire: ${message} ${JSON.stringify(fields)}`),
};

/** Opens Kafka. Nothing is sent yet. Throws a CliError when TLS or login settings are wrong. */
export function openStreams(endpoints: Endpoints): Streams {
  // Not every verb needs a registry; the variable is required in services.
  return withSettings(endpoints.brokers, endpoints.registry, (config) => connect(kafkaConnection(config)));
}

/** Login and certificates for the registry at this address. Throws a CliError when their settings are wrong. */
export function accessTo(registryUrl: string): RegistryAccess {
  return withSettings(null, registryUrl, (config) => registryAccess(config));
}

/** The settings of TLS and logins, as services read them, over the addresses that the verb has. */
function withSettings<T>(
  brokers: readonly string[] | null,
  registry: string | null,
  use: (config: CommonConfig) => T,
): T {
  const definition = defineConfig('the fleetwire command', commonVariables('cli', 0), checkCommon);
  try {
    const config = definition.load({
      ...process.env,
      KAFKA_BROKERS: (brokers ?? ['127.0.0.1:9092']).join(','),
      ...(registry !== null && { SCHEMA_REGISTRY_URL: registry }),
      ...(registry === null &&
        (process.env['SCHEMA_REGISTRY_URL'] ?? '') === '' && { SCHEMA_REGISTRY_URL: 'http://127.0.0.1' }),
    });
    return use(config);
  } catch (error) {
    if (error instanceof ConfigError) throw failed(error.message, 'set the variables named above');
    throw failed(messageOf(error), 'check the files of certificates and passwords', error);
  }
}

/** A codec for these topics, with the schema ids that the registry knows. */
export async function openCodec(registryUrl: string, topics: readonly SchemaTopic[]): Promise<Codec> {
  const access = accessTo(registryUrl);
  try {
    return await Codec.connect({ registryUrl, access, topics, timeoutMs: REGISTRY_TIMEOUT_MS });
  } catch (error) {
    throw failed(
      `the schema registry at ${registryUrl} does not answer for ${topics.join(', ')}`,
      'check that it runs and that `fleetwire schemas apply` has registered the schemas',
      error,
    );
  }
}

/** Runs a Kafka operation; what it throws becomes an error with the brokers in it. */
export async function withKafka<T>(endpoints: Endpoints, what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw failed(
      `${what} at ${endpoints.brokers.join(',')}: ${messageOf(error)}`,
      'check that the brokers are reachable and that `fleetwire topics apply` has made the topics',
    );
  }
}
