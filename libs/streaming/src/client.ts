import kafkajs from 'kafkajs';
import type { Kafka as KafkaClient, KafkaConfig as ClientConfig, LogEntry, RetryOptions, SASLOptions } from 'kafkajs';
import { installCodecs } from './codecs.js';
import { StreamError } from './errors.js';
import type { KafkaConfig, StreamLog } from './ports.js';

/** The patch that this code was written and tested against, see `docs/decisions/kafka-client.md`. */
export const PATCH_VERSION = 3;

const CONNECTION_TIMEOUT_MS = 3_000;
/** An answer that has not come by then is taken for lost; the request is sent again with the same sequence number. */
const REQUEST_TIMEOUT_MS = 15_000;

/** Steps of whatever is not a send: about 20 s in all, then the caller hears of it. */
const RETRY: RetryOptions = { initialRetryTime: 50, maxRetryTime: 1_000, multiplier: 2, factor: 0.2, retries: 24 };

/**
 * Throws `client_unpatched` unless the client carries the patch of this repository. The released client acknowledges
 * records that it lost, so there is no way to run on it.
 */
export function assertPatched(client: { readonly fleetwirePatch?: number | undefined } = kafkajs): void {
  if (client.fleetwirePatch === PATCH_VERSION) return;
  throw new StreamError(
    'client_unpatched',
    `The kafkajs in node_modules is not the patched one (patch ${String(client.fleetwirePatch ?? 'absent')}, wanted ${PATCH_VERSION}). ` +
      'Unpatched, it loses acknowledged records. Run `npm install` with scripts, or `npx patch-package` in the root of the repository.',
  );
}

/** A client of the Kafka library. Its own messages are told apart by namespace, a level lower: it calls `error` what it will retry. */
export function createClient(config: KafkaConfig, log: StreamLog, retry: RetryOptions = RETRY): KafkaClient {
  installCodecs();
  const options: ClientConfig = {
    clientId: config.clientId,
    brokers: [...config.brokers],
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry,
    logLevel: kafkajs.logLevel.WARN,
    logCreator: () => (entry) => relay(entry, log),
    ...(config.ssl === undefined ? {} : { ssl: tls(config.ssl) }),
    ...(config.sasl === undefined ? {} : { sasl: credentials(config.sasl) }),
  };
  return new kafkajs.Kafka(options);
}

/** The client copies these options for each connection that it opens, and reads the property then. */
function tls(ssl: NonNullable<KafkaConfig['ssl']>): NonNullable<ClientConfig['ssl']> {
  return {
    rejectUnauthorized: true,
    get secureContext() {
      return ssl();
    },
  };
}

/**
 * The client reads the password at each login. Its type tells the mechanisms apart by their literal, so each is built by itself.
 */
function credentials(sasl: NonNullable<KafkaConfig['sasl']>): SASLOptions {
  const { mechanism, username } = sasl;
  const login = {
    username,
    get password() {
      return sasl.password();
    },
  };
  // Assigned and not spread: a spread would read the password once and for all.
  switch (mechanism) {
    case 'plain':
      return Object.assign(login, { mechanism });
    case 'scram-sha-256':
      return Object.assign(login, { mechanism });
    case 'scram-sha-512':
      return Object.assign(login, { mechanism });
  }
}

function relay(entry: LogEntry, log: StreamLog): void {
  const { message, error, topic, partition, groupId, broker } = entry.log;
  const fields = {
    client: entry.namespace,
    message,
    error: error as unknown,
    topic: topic as unknown,
    partition: partition as unknown,
    group: groupId as unknown,
    broker: broker as unknown,
  };
  // What it calls an error is mostly a step of the protocol that it will repeat (after each commit of a transaction, for one). That a broker
  // cannot be reached is what an operator wants to see; of whatever fails in the end this library tells by itself.
  const unreachable = entry.level === kafkajs.logLevel.ERROR && message.startsWith('Connection ');
  if (unreachable) log.warn(fields, 'a broker cannot be reached');
  else log.debug(fields, 'the Kafka client reports');
}
