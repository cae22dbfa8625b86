import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { kafkaContainer, registryContainer } from './containers.js';
import { engineSockets } from './docker-engine.js';
import { APICURIO_VERSION, CLUSTER_ID, KAFKA_VERSION } from './versions.js';

describe('the containers', () => {
  const kafka = kafkaContainer({ dataDir: '/d/kafka', port: 19092, quick: false });

  it('advertise the broker under the port that it has on this machine', () => {
    expect(kafka.ports).toEqual([{ container: 19092, host: 19092 }]);
    expect(kafka.environment['KAFKA_ADVERTISED_LISTENERS']).toBe('PLAINTEXT://127.0.0.1:19092');
    expect(kafka.environment['KAFKA_LISTENERS']).toBe('PLAINTEXT://0.0.0.0:19092,CONTROLLER://127.0.0.1:9093');
    expect(kafka.environment['KAFKA_CONTROLLER_QUORUM_VOTERS']).toBe('1@127.0.0.1:9093');
  });

  it('keep data and cluster id between starts', () => {
    expect(kafka.mounts).toEqual([{ source: '/d/kafka', target: kafka.environment['KAFKA_LOG_DIRS'] }]);
    expect(kafka.environment['CLUSTER_ID']).toBe(CLUSTER_ID);
    expect(Buffer.from(CLUSTER_ID, 'base64url')).toHaveLength(16);
    const registry = registryContainer({ dataDir: '/d/registry', port: 18081 });
    expect(registry.mounts).toEqual([{ source: '/d/registry', target: '/data' }]);
    expect(registry.environment['APICURIO_DATASOURCE_URL']).toContain('file:/data/');
    expect(registry.ports).toEqual([{ container: 8080, host: 18081 }]);
  });

  it('are of the versions that the poms pin', () => {
    expect(kafka.image).toBe(`apache/kafka:${KAFKA_VERSION}`);
    const pom = (folder: string): string => readFileSync(new URL(`../${folder}/pom.xml`, import.meta.url), 'utf8');
    const versions = [...pom('kafka').matchAll(/<artifactId>kafka[^<]*<\/artifactId>\s*<version>([^<]+)</g)].map(
      (m) => m[1],
    );
    expect(versions).toEqual(['1', KAFKA_VERSION, KAFKA_VERSION]);
    expect(pom('registry')).toContain(`<version>${APICURIO_VERSION}</version>`);
  });
});

describe('the engine', () => {
  it('is looked for where DOCKER_HOST says, and nowhere else then', () => {
    expect(engineSockets({ DOCKER_HOST: 'unix:///x.sock' }, '/home/u', 7)).toEqual(['/x.sock']);
    expect(engineSockets({ DOCKER_HOST: 'tcp://far:2375' }, '/home/u', 7)).toEqual([]);
    expect(engineSockets({}, '/home/u', 7)).toContain('/run/user/7/docker.sock');
  });
});
