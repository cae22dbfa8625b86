import { describe, expect, it } from 'vitest';
import { askedFor, provide } from './provide.js';

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
});
