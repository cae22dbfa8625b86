import { describe, expect, it } from 'vitest';
import { askedFor, provide, requireEngine } from './provide.js';

describe('what the environment asks for', () => {
  it('is a broker and a registry that are given', () => {
    expect(askedFor({ KAFKA_BROKERS: 'a:1, b:2', SCHEMA_REGISTRY_URL: 'http://r' })).toEqual({
      brokers: ['a:1', 'b:2'],
      registry: 'http://r',
    });
  });

  it('is nothing, or an engine', () => {
    expect(askedFor({ KAFKA_BROKERS: '', SCHEMA_REGISTRY_URL: ' ' })).toBeNull();
    expect(askedFor({ FLEETWIRE_LOCAL: 'java' })).toBe('java');
  });

  it('is refused by halves, with the variable that is missing', () => {
    expect(() => askedFor({ KAFKA_BROKERS: 'a:1' })).toThrow(/SCHEMA_REGISTRY_URL is not/);
    expect(() => askedFor({ SCHEMA_REGISTRY_URL: 'http://r' })).toThrow(/KAFKA_BROKERS is not/);
    expect(() => askedFor({ FLEETWIRE_LOCAL: 'podman' })).toThrow(/give docker or java/);
  });
});

describe('a machine with nothing', () => {
  it('is told when Docker was asked for and does not answer', async () => {
    const env = { FLEETWIRE_LOCAL: 'docker', DOCKER_HOST: 'unix:///does/not/exist.sock' };
    await expect(
      provide({ dataDir: '/nowhere', env, log: () => undefined, ports: { broker: 1, controller: 2, registry: 3 } }),
    ).rejects.toMatchObject({
      code: 'no_engine',
    });
  });

  it('is told before a test run begins, too', async () => {
    const env = { FLEETWIRE_LOCAL: 'docker', DOCKER_HOST: 'unix:///does/not/exist.sock' };
    await expect(requireEngine(env)).rejects.toThrow(/no Docker engine answers/);
    await expect(requireEngine({ KAFKA_BROKERS: 'a:1', SCHEMA_REGISTRY_URL: 'http://r' })).resolves.toBeUndefined();
  });

  it('is told what to install when it has Java, but neither the packages nor Maven', async () => {
    const env = { FLEETWIRE_LOCAL: 'java', FLEETWIRE_CACHE: '/does/not/exist', PATH: '/does/not/exist' };
    await expect(requireEngine(env)).rejects.toThrow(/install Java 21 or newer and Maven|set KAFKA_BROKERS/);
  });
});
