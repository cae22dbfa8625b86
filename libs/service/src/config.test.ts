import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkCommon, commonVariables, kafkaConnection, registryAccess } from './common.js';
import { ConfigError, defineConfig, variableTable } from './config.js';
import { choice, decimal, flag, integer, list, optional, secret, text } from './variables.js';

const definition = defineConfig(
  'sampler',
  {
    ...commonVariables('sampler', 9100),
    idleTimeoutMs: integer('SAMPLER_IDLE_TIMEOUT_MS', {
      meaning: 'silence',
      unit: 'ms',
      min: 1,
      max: 1000,
      default: 500,
    }),
    ratio: decimal('SAMPLER_RATIO', { meaning: 'share', min: 0, max: 1, default: 0.5 }),
    strict: flag('SAMPLER_STRICT', { meaning: 'strict', default: true }),
    mode: choice('SAMPLER_MODE', ['a', 'b'], { meaning: 'mode', default: 'a' }),
    note: optional(text('SAMPLER_NOTE', { meaning: 'note' })),
    token: optional(secret('SAMPLER_TOKEN', { meaning: 'token' })),
    tags: list('SAMPLER_TAGS', { meaning: 'tags', default: [] }),
  },
  checkCommon,
);
const ENV = { KAFKA_BROKERS: 'a:1, b:2', SCHEMA_REGISTRY_URL: 'http://r:8081/' };

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    definition.load(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((p) => `${p.variable} ${p.problem}. ${p.remedy}`);
    throw error;
  }
  return [];
}

describe('defineConfig', () => {
  it('reads what is set and fills in the defaults, typed and frozen', () => {
    const config = definition.load({
      ...ENV,
      SAMPLER_IDLE_TIMEOUT_MS: '20',
      SAMPLER_STRICT: 'false',
      SAMPLER_TAGS: 'x,,y ',
    });
    expect(config).toMatchObject({
      kafkaBrokers: ['a:1', 'b:2'],
      schemaRegistryUrl: 'http://r:8081',
      kafkaClientId: 'fleetwire-sampler',
      httpPort: 9100,
      idleTimeoutMs: 20,
      ratio: 0.5,
      strict: false,
      mode: 'a',
      note: null,
      tags: ['x', 'y'],
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('takes an empty variable for one that is not set', () => {
    expect(definition.load({ ...ENV, SAMPLER_IDLE_TIMEOUT_MS: ' ', SAMPLER_NOTE: '' })).toMatchObject({
      idleTimeoutMs: 500,
      note: null,
    });
  });

  it('reports every problem at once, each with its variable and the remedy', () => {
    const problems = problemsOf({
      KAFKA_BROKERS: 'nohost',
      SAMPLER_IDLE_TIMEOUT_MS: '2000',
      SAMPLER_RATIO: 'half',
      SAMPLER_STRICT: 'yes',
      SAMPLER_MODE: 'c',
      FLEETWIRE_HTTP_PORT: '70000',
    });
    expect(problems).toEqual([
      'KAFKA_BROKERS has an entry that is not host:port: "nohost". Give the brokers as host:port, comma-separated, such as KAFKA_BROKERS=127.0.0.1:9092.',
      'SCHEMA_REGISTRY_URL is not set. Give its address, such as SCHEMA_REGISTRY_URL=http://127.0.0.1:8081/apis/ccompat/v7.',
      'FLEETWIRE_HTTP_PORT is 70000, outside 0 to 65535. Give a port from 1 to 65535, or 0 to let the system choose one.',
      'SAMPLER_IDLE_TIMEOUT_MS is 2000, outside 1 to 1000. Give a whole number from 1 to 1000 (ms).',
      'SAMPLER_RATIO is not a number: "half". Give a number from 0 to 1.',
      'SAMPLER_STRICT is neither true nor false: "yes". Write true or false.',
      'SAMPLER_MODE is "c", which is not one of its values. Choose one of a, b.',
    ]);
  });

  it('words a bad optional variable like a required one', () => {
    expect(problemsOf({ ...ENV, KAFKA_SASL_MECHANISM: 'digest' })[0]).toMatch(/^KAFKA_SASL_MECHANISM is "digest"/);
  });

  it('checks relations once every variable is good on its own', () => {
    expect(problemsOf({ ...ENV, KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'u' })).toEqual([
      'KAFKA_SASL_PASSWORD is not set. A login needs a password: set it or KAFKA_SASL_PASSWORD_FILE, or unset KAFKA_SASL_MECHANISM.',
    ]);
  });

  it('gives the table that a README repeats', () => {
    const lines = variableTable(definition.table);
    expect(lines).toContain('| `SAMPLER_IDLE_TIMEOUT_MS` | `500` | ms | silence |');
    expect(lines).toContain('| `SAMPLER_NOTE` | none |  | note |');
    expect(lines.find((line) => line.includes('KAFKA_BROKERS'))).toMatch(/\| required \|/);
  });
});

describe('kafkaConnection', () => {
  const LOGIN = { ...ENV, KAFKA_SASL_MECHANISM: 'scram-sha-512', KAFKA_SASL_USERNAME: 'u' };

  it('has certificates and logins only when they are asked for', () => {
    expect(kafkaConnection(definition.load(ENV))).toEqual({ brokers: ['a:1', 'b:2'], clientId: 'fleetwire-sampler' });
    const { ssl, sasl } = kafkaConnection(definition.load({ ...LOGIN, KAFKA_TLS: 'true', KAFKA_SASL_PASSWORD: 'p' }));
    expect(ssl?.()).toBeDefined();
    expect([sasl?.mechanism, sasl?.username, sasl?.password()]).toEqual(['scram-sha-512', 'u', 'p']);
  });

  it('reads a password from a file, without the line break of an editor, and refuses one that is missing or empty', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'config-'));
    const file = path.join(folder, 'password');
    const config = definition.load({ ...LOGIN, KAFKA_SASL_PASSWORD_FILE: file });
    expect(() => kafkaConnection(config)).toThrow(`The password for Kafka in ${file} cannot be used: ENOENT`);
    writeFileSync(file, '\n');
    expect(() => kafkaConnection(config)).toThrow('cannot be used: it is empty');
    writeFileSync(file, ' p \n');
    expect(kafkaConnection(config).sasl?.password()).toBe(' p ');
    rmSync(folder, { recursive: true });
  });

  it('is refused where files would not be used, or a secret is given twice or by half', () => {
    const variables = (env: Record<string, string>): readonly string[] =>
      problemsOf({ ...ENV, ...env }).map((line) => line.split(' ')[0] ?? '');
    expect(variables({ KAFKA_TLS_CA_FILE: '/ca' })).toEqual(['KAFKA_TLS']);
    expect(variables({ KAFKA_TLS: 'true', KAFKA_TLS_CERT_FILE: '/c' })).toEqual(['KAFKA_TLS_KEY_FILE']);
    expect(variables({ ...LOGIN, KAFKA_SASL_PASSWORD: 'p', KAFKA_SASL_PASSWORD_FILE: '/p' })).toEqual([
      'KAFKA_SASL_PASSWORD_FILE',
    ]);
    expect(variables({ KAFKA_SASL_PASSWORD_FILE: '/p' })).toEqual(['KAFKA_SASL_MECHANISM']);
    expect(variables({ SCHEMA_REGISTRY_CA_FILE: '/ca' })).toEqual(['SCHEMA_REGISTRY_URL']);
    expect(variables({ SCHEMA_REGISTRY_USERNAME: 'u' })).toEqual(['SCHEMA_REGISTRY_PASSWORD']);
  });
});

describe('registryAccess', () => {
  it('has a login and certificates where they are set', () => {
    expect(registryAccess(definition.load(ENV))).toEqual({});
    const access = registryAccess(
      definition.load({
        ...ENV,
        SCHEMA_REGISTRY_URL: 'https://registry:8443/apis/ccompat/v7',
        SCHEMA_REGISTRY_USERNAME: 'u',
        SCHEMA_REGISTRY_PASSWORD: 'p',
      }),
    );
    expect(access.credentials?.()).toEqual({ username: 'u', password: 'p' });
    expect(access.secureContext?.()).toBeDefined();
  });
});
