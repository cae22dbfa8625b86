/** The variables that every service takes, and what they become for the Kafka client. */
import { createSecureContext, type SecureContext } from 'node:tls';
import type { RegistryAccess } from '@fleetwire/schemas';
import type { ConfigProblem } from './config.js';
import { SecretFiles, type SecretFilesOptions } from './secret-files.js';
import { choice, decimal, flag, hostPortProblem, list, optional, port, secret, text, url } from './variables.js';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export const SASL_MECHANISMS = ['scram-sha-256', 'scram-sha-512', 'plain'] as const;

/** Spread into a service's `defineConfig`. `httpPort` is where probes and metrics are served. */
export function commonVariables(service: string, httpPort: number) {
  return {
    kafkaBrokers: list('KAFKA_BROKERS', {
      meaning: 'Kafka brokers to start from, comma-separated host:port',
      min: 1,
      problemOf: hostPortProblem,
      remedy: 'Give the brokers as host:port, comma-separated, such as KAFKA_BROKERS=127.0.0.1:9092.',
    }),
    schemaRegistryUrl: url('SCHEMA_REGISTRY_URL', {
      meaning: 'address of the schema registry (Confluent API)',
      remedy: 'Give its address, such as SCHEMA_REGISTRY_URL=http://127.0.0.1:8081/apis/ccompat/v7.',
    }),
    kafkaClientId: text('FLEETWIRE_KAFKA_CLIENT_ID', {
      meaning: 'client id that brokers log',
      default: `fleetwire-${service}`,
    }),
    kafkaTls: flag('KAFKA_TLS', { meaning: 'connect to the brokers with TLS', default: false }),
    kafkaTlsCaFile: optional(
      text('KAFKA_TLS_CA_FILE', { meaning: 'PEM file of the authority that signed the brokers' }),
    ),
    kafkaTlsCertFile: optional(text('KAFKA_TLS_CERT_FILE', { meaning: 'PEM file of the client certificate' })),
    kafkaTlsKeyFile: optional(text('KAFKA_TLS_KEY_FILE', { meaning: 'PEM file of the client key' })),
    kafkaSaslMechanism: optional(
      choice('KAFKA_SASL_MECHANISM', SASL_MECHANISMS, {
        meaning: `login to the brokers: ${SASL_MECHANISMS.join(', ')}`,
      }),
    ),
    kafkaSaslUsername: optional(text('KAFKA_SASL_USERNAME', { meaning: 'user of that login' })),
    kafkaSaslPassword: optional(secret('KAFKA_SASL_PASSWORD', { meaning: 'password of that login' })),
    kafkaSaslPasswordFile: optional(
      text('KAFKA_SASL_PASSWORD_FILE', { meaning: 'file with that password instead; read again when it changes' }),
    ),
    registryCaFile: optional(
      text('SCHEMA_REGISTRY_CA_FILE', { meaning: 'PEM file of the authority that signed the registry' }),
    ),
    registryCertFile: optional(
      text('SCHEMA_REGISTRY_CERT_FILE', { meaning: 'PEM file of the client certificate for the registry' }),
    ),
    registryKeyFile: optional(
      text('SCHEMA_REGISTRY_KEY_FILE', { meaning: 'PEM file of the client key for the registry' }),
    ),
    registryUsername: optional(text('SCHEMA_REGISTRY_USERNAME', { meaning: 'user of the login to the registry' })),
    registryPassword: optional(secret('SCHEMA_REGISTRY_PASSWORD', { meaning: 'password of that login' })),
    registryPasswordFile: optional(
      text('SCHEMA_REGISTRY_PASSWORD_FILE', {
        meaning: 'file with that password instead; read again when it changes',
      }),
    ),
    httpHost: text('FLEETWIRE_HTTP_HOST', { meaning: 'address of probes and metrics', default: '0.0.0.0' }),
    httpPort: port('FLEETWIRE_HTTP_PORT', {
      meaning: 'port of /livez, /readyz and /metrics; 0 lets the system choose',
      default: httpPort,
    }),
    otlpEndpoint: optional(
      url('OTEL_EXPORTER_OTLP_ENDPOINT', {
        meaning: 'root of an OpenTelemetry collector (OTLP over HTTP) that traces are sent to; none: no traces',
      }),
    ),
    traceShare: decimal('FLEETWIRE_TRACE_SHARE', {
      meaning: 'share of the devices whose frames are traced; records that say that they are traced always are',
      default: 0.001,
      min: 0,
      max: 1,
    }),
    logLevel: choice('LOG_LEVEL', LOG_LEVELS, {
      meaning: `least level that is logged: ${LOG_LEVELS.join(', ')}`,
      default: 'info',
    }),
  } as const;
}

/** How to reach the registry, as `commonVariables` loads it. */
export interface RegistryConfig {
  readonly schemaRegistryUrl: string;
  readonly registryCaFile: string | null;
  readonly registryCertFile: string | null;
  readonly registryKeyFile: string | null;
  readonly registryUsername: string | null;
  readonly registryPassword: string | null;
  readonly registryPasswordFile: string | null;
}

/** What `commonVariables` loads into. */
export interface CommonConfig extends RegistryConfig {
  readonly kafkaBrokers: readonly string[];
  readonly kafkaClientId: string;
  readonly kafkaTls: boolean;
  readonly kafkaTlsCaFile: string | null;
  readonly kafkaTlsCertFile: string | null;
  readonly kafkaTlsKeyFile: string | null;
  readonly kafkaSaslMechanism: (typeof SASL_MECHANISMS)[number] | null;
  readonly kafkaSaslUsername: string | null;
  readonly kafkaSaslPassword: string | null;
  readonly kafkaSaslPasswordFile: string | null;
  readonly httpHost: string;
  readonly httpPort: number;
  readonly otlpEndpoint: string | null;
  readonly traceShare: number;
  readonly logLevel: (typeof LOG_LEVELS)[number];
}

/** The relations among the common variables; call it from a service's own `check`. */
export function checkCommon(config: CommonConfig): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const add = (variable: string, problem: string, remedy: string): void => {
    problems.push({ variable, problem, remedy });
  };
  const password = config.kafkaSaslPassword ?? config.kafkaSaslPasswordFile;
  if (config.kafkaSaslMechanism !== null) {
    if (config.kafkaSaslUsername === null)
      add('KAFKA_SASL_USERNAME', 'is not set', 'A login needs a user: set it, or unset KAFKA_SASL_MECHANISM.');
    if (password === null)
      add(
        'KAFKA_SASL_PASSWORD',
        'is not set',
        'A login needs a password: set it or KAFKA_SASL_PASSWORD_FILE, or unset KAFKA_SASL_MECHANISM.',
      );
  } else if (config.kafkaSaslUsername !== null || password !== null)
    add('KAFKA_SASL_MECHANISM', 'is not set', 'A user and a password need a mechanism: set it, or unset them.');
  if (config.kafkaSaslPassword !== null && config.kafkaSaslPasswordFile !== null)
    add('KAFKA_SASL_PASSWORD_FILE', 'is set beside KAFKA_SASL_PASSWORD', 'Give the password once.');
  if ((config.kafkaTlsCertFile === null) !== (config.kafkaTlsKeyFile === null))
    add(
      config.kafkaTlsCertFile === null ? 'KAFKA_TLS_CERT_FILE' : 'KAFKA_TLS_KEY_FILE',
      'is not set',
      'A client certificate and its key go together: set both or none.',
    );
  // Files that nobody reads look like a secured connection and are none.
  if (!config.kafkaTls && (config.kafkaTlsCaFile ?? config.kafkaTlsCertFile) !== null)
    add('KAFKA_TLS', 'is false', 'Certificates for the brokers need it: set it to true, or unset KAFKA_TLS_*_FILE.');
  return [...problems, ...checkRegistry(config)];
}

/** The relations among the registry's variables; part of `checkCommon`. */
export function checkRegistry(config: RegistryConfig): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const add = (variable: string, problem: string, remedy: string): void => {
    problems.push({ variable, problem, remedy });
  };
  const { registryCertFile: cert, registryKeyFile: key, registryPassword, registryPasswordFile } = config;
  if ((cert === null) !== (key === null))
    add(
      cert === null ? 'SCHEMA_REGISTRY_CERT_FILE' : 'SCHEMA_REGISTRY_KEY_FILE',
      'is not set',
      'A client certificate and its key go together: set both or none.',
    );
  if ((config.registryCaFile ?? cert) !== null && !config.schemaRegistryUrl.startsWith('https:'))
    add(
      'SCHEMA_REGISTRY_URL',
      'is no https address',
      'Certificates for the registry need one: give it, or unset them.',
    );
  if (registryPassword !== null && registryPasswordFile !== null)
    add('SCHEMA_REGISTRY_PASSWORD_FILE', 'is set beside SCHEMA_REGISTRY_PASSWORD', 'Give the password once.');
  if ((config.registryUsername === null) !== ((registryPassword ?? registryPasswordFile) === null))
    add(
      config.registryUsername === null ? 'SCHEMA_REGISTRY_USERNAME' : 'SCHEMA_REGISTRY_PASSWORD',
      'is not set',
      'A login needs both a user and a password: set both, or neither.',
    );
  return problems;
}

/** How to reach Kafka, in the shape that the streaming library takes. */
export interface KafkaConnection {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl?: () => SecureContext;
  readonly sasl?: {
    readonly mechanism: (typeof SASL_MECHANISMS)[number];
    readonly username: string;
    readonly password: () => string;
  };
}

type SecretLog = NonNullable<SecretFilesOptions<unknown>['log']>;

/**
 * Reads the files of certificates and passwords, and again when they change: a new connection uses the new ones. Throws an error that
 * names the files when they cannot be used at the start. `log` is told of changes.
 */
export function kafkaConnection(config: CommonConfig, log?: SecretLog): KafkaConnection {
  const { kafkaTlsCaFile: ca, kafkaTlsCertFile: cert, kafkaTlsKeyFile: key } = config;
  return {
    brokers: config.kafkaBrokers,
    clientId: config.kafkaClientId,
    ...(config.kafkaTls && { ssl: secureContext('The certificates for Kafka', { ca, cert, key }, log) }),
    ...(config.kafkaSaslMechanism !== null && {
      sasl: {
        mechanism: config.kafkaSaslMechanism,
        username: config.kafkaSaslUsername ?? '',
        password: password('The password for Kafka', config.kafkaSaslPassword, config.kafkaSaslPasswordFile, log),
      },
    }),
  };
}

/** What the registry's client needs beside the address; files as for `kafkaConnection`. */
export function registryAccess(config: RegistryConfig, log?: SecretLog): RegistryAccess {
  const { registryCaFile: ca, registryCertFile: cert, registryKeyFile: key, registryUsername: username } = config;
  const secured = config.schemaRegistryUrl.startsWith('https:');
  const secret = password('The password for the registry', config.registryPassword, config.registryPasswordFile, log);
  return {
    ...(secured && { secureContext: secureContext('The certificates for the registry', { ca, cert, key }, log) }),
    ...(username !== null && { credentials: () => ({ username, password: secret() }) }),
  };
}

/** Paths or null: without an authority the system's own, without a certificate none is shown. */
function secureContext(
  what: string,
  paths: { readonly ca: string | null; readonly cert: string | null; readonly key: string | null },
  log?: SecretLog,
): () => SecureContext {
  const given = Object.entries(paths).flatMap(([name, file]) => (file === null ? [] : [{ name, file }]));
  const files = new SecretFiles({
    what,
    files: given.map(({ file }) => file),
    build: (texts) => createSecureContext(Object.fromEntries(given.map(({ name }, i) => [name, texts[i]]))),
    ...(log !== undefined && { log }),
  });
  return () => files.current();
}

/** The line break at the end of a file, as editors leave it, is no part of a password. */
function password(what: string, value: string | null, file: string | null, log?: SecretLog): () => string {
  if (file === null) return () => value ?? '';
  const files = new SecretFiles({
    what,
    files: [file],
    build: ([text = '']) => {
      const trimmed = text.replace(/\r?\n$/, '');
      if (trimmed === '') throw new Error('it is empty');
      return trimmed;
    },
    ...(log !== undefined && { log }),
  });
  return () => files.current();
}
