/** The variables that every service takes, and what they become for the Kafka client. */
import { readFileSync } from 'node:fs';
import type { ConfigProblem } from './config.js';
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

/** What `commonVariables` loads into. */
export interface CommonConfig {
  readonly kafkaBrokers: readonly string[];
  readonly schemaRegistryUrl: string;
  readonly kafkaClientId: string;
  readonly kafkaTls: boolean;
  readonly kafkaTlsCaFile: string | null;
  readonly kafkaTlsCertFile: string | null;
  readonly kafkaTlsKeyFile: string | null;
  readonly kafkaSaslMechanism: (typeof SASL_MECHANISMS)[number] | null;
  readonly kafkaSaslUsername: string | null;
  readonly kafkaSaslPassword: string | null;
  readonly httpHost: string;
  readonly httpPort: number;
  readonly otlpEndpoint: string | null;
  readonly traceShare: number;
  readonly logLevel: (typeof LOG_LEVELS)[number];
}

/** The relations among the common variables; call it from a service's own `check`. */
export function checkCommon(config: CommonConfig): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (config.kafkaSaslMechanism !== null) {
    if (config.kafkaSaslUsername === null)
      problems.push({
        variable: 'KAFKA_SASL_USERNAME',
        problem: 'is not set',
        remedy: 'A login needs a user: set it, or unset KAFKA_SASL_MECHANISM.',
      });
    if (config.kafkaSaslPassword === null)
      problems.push({
        variable: 'KAFKA_SASL_PASSWORD',
        problem: 'is not set',
        remedy: 'A login needs a password: set it, or unset KAFKA_SASL_MECHANISM.',
      });
  }
  if ((config.kafkaTlsCertFile === null) !== (config.kafkaTlsKeyFile === null))
    problems.push({
      variable: config.kafkaTlsCertFile === null ? 'KAFKA_TLS_CERT_FILE' : 'KAFKA_TLS_KEY_FILE',
      problem: 'is not set',
      remedy: 'A client certificate and its key go together: set both or none.',
    });
  return problems;
}

/** How to reach Kafka, in the shape that the streaming library takes. */
export interface KafkaConnection {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly sasl?: {
    readonly mechanism: (typeof SASL_MECHANISMS)[number];
    readonly username: string;
    readonly password: string;
  };
}

/** Reads the PEM files, if any. Throws the file system's error when one cannot be read. */
export function kafkaConnection(
  config: CommonConfig,
  readFile: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): KafkaConnection {
  const { kafkaTlsCaFile: ca, kafkaTlsCertFile: cert, kafkaTlsKeyFile: key } = config;
  return {
    brokers: config.kafkaBrokers,
    clientId: config.kafkaClientId,
    ...(config.kafkaTls && {
      ssl: {
        ...(ca !== null && { ca: readFile(ca) }),
        ...(cert !== null && { cert: readFile(cert) }),
        ...(key !== null && { key: readFile(key) }),
      },
    }),
    ...(config.kafkaSaslMechanism !== null && {
      sasl: {
        mechanism: config.kafkaSaslMechanism,
        username: config.kafkaSaslUsername ?? '',
        password: config.kafkaSaslPassword ?? '',
      },
    }),
  };
}
