/** One verb's connection to Kafka and the registry. TLS and login come from the same variables as the services read. */
import { Codec, type SchemaTopic } from '@fleetwire/schemas';
import { checkCommon, commonVariables, ConfigError, defineConfig, kafkaConnection } from '@fleetwire/service';
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
  const definition = defineConfig('the fleetwire command', commonVariables('cli', 0), checkCommon);
  try {
    const config = definition.load({
      ...process.env,
      KAFKA_BROKERS: endpoints.brokers.join(','),
      // Not every verb needs a registry; the variable is required in services.
      SCHEMA_REGISTRY_URL: endpoints.registry ?? 'http://127.0.0.1',
    });
    return connect(kafkaConnection(config));
  } catch (error) {
    if (error instanceof ConfigError) throw failed(error.message, 'set the variables named above');
    throw error;
  }
}

/** A codec for these topics, with the schema ids that the registry knows. */
export async function openCodec(registryUrl: string, topics: readonly SchemaTopic[]): Promise<Codec> {
  try {
    return await Codec.connect({ registryUrl, topics, timeoutMs: REGISTRY_TIMEOUT_MS });
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
