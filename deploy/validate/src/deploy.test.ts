/** What is committed under deploy/ is what the code and the sources say, and the services can be started with it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { definition as dispatcher } from '@fleetwire/command-dispatcher';
import { definition as decoder } from '@fleetwire/decoder';
import { definition as edge, loadConfig as loadEdge } from '@fleetwire/edge-listener';
import { definition as enricher, placesDefinition as places } from '@fleetwire/enricher';
import { TOPICS, topicSpecs } from '@fleetwire/streaming';
import { describe, expect, it } from 'vitest';
import { generatedFiles } from './generated.js';
import { at, listOf, rowsOf, textOf } from './json.js';
import { PRODUCTION_PARTITIONS, PRODUCTION_REPLICATION } from './kafka.js';
import { formatProblem, parseManifests } from './manifest.js';
import { RENDERED, renderedHead, RENDERINGS, ROOT, sourceDigest } from './render.js';
import { Structure } from './schema.js';
import { validateManifests } from './validate.js';
import { World } from './world.js';

const rendered = (name: string): { path: string; text: string } => {
  const path = join(RENDERED, `${name}.yaml`);
  return { path, text: readFileSync(path, 'utf8') };
};
const worlds = new Map<string, World>();
function world(name: string): World {
  const made = worlds.get(name) ?? new World(parseManifests(name, rendered(name).text).manifests);
  worlds.set(name, made);
  return made;
}
const structure = new Structure();
const OVERLAYS = Object.keys(RENDERINGS).filter((name) => !name.startsWith('kafka-'));
const DEFINITIONS = { 'edge-listener': edge, decoder, enricher, places, 'command-dispatcher': dispatcher };
const isService = (name: string | undefined): name is keyof typeof DEFINITIONS =>
  name !== undefined && name in DEFINITIONS;

describe('files made from code', () => {
  for (const { path, text } of generatedFiles())
    it(`${path} is up to date (npm run generate:deploy)`, () => {
      expect(readFileSync(join(ROOT, path), 'utf8')).toBe(text);
    });

  it('were rendered from the sources as they are (npm run generate:deploy)', () => {
    const head = renderedHead(sourceDigest());
    for (const name of Object.keys(RENDERINGS)) expect(rendered(name).text.startsWith(head), name).toBe(true);
  });
});

/** The schemas are compiled by the first that needs them. */
const TIMEOUT = { timeout: 30_000 };

describe('every overlay', TIMEOUT, () => {
  for (const name of OVERLAYS) {
    const brokers = name === 'local' ? 'kafka-local' : 'kafka-production';
    it(`${name} is accepted with its brokers`, () => {
      const all = [...world(name).manifests, ...world(brokers).manifests];
      expect(validateManifests(all, structure).map(formatProblem)).toEqual([]);
    });

    it(`${name} starts its services with variables that they read, and no other`, () => {
      const all = world(name);
      const started = all.pods.flatMap((pod) =>
        pod.containers.flatMap((container) => {
          const program = /^services\/([a-z-]+)\/dist\/(?:([a-z-]+)\/)?main\.js$/;
          const [, folder, own] = program.exec(textOf(listOf(container.body['args'])[0]) ?? '') ?? [];
          const service = own ?? folder;
          if (!isService(service)) return [];
          const env = all.environment(pod, container);
          expect(() => DEFINITIONS[service].load(env), service).not.toThrow();
          const known = DEFINITIONS[service].table.map(({ variable }) => variable);
          const unknown = Object.keys(env).filter((key) => key !== 'NODE_OPTIONS' && !known.includes(key));
          expect(unknown, service).toEqual([]);
          return [service];
        }),
      );
      const wanted = Object.keys(DEFINITIONS).filter((service) => service !== 'places' || name === 'places');
      expect(started.sort()).toEqual(wanted.sort());
    });

    it(`${name} starts programs that the repository has`, () => {
      const programs = world(name).pods.flatMap((pod) =>
        pod.containers.map((container) => textOf(listOf(container.body['args'])[0]) ?? ''),
      );
      const sources = programs.map((path) => path.replace('/dist/', '/src/').replace(/(?<=src.*)\.js$/, '.ts'));
      expect(sources.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    });

    it(`${name} opens the ports of all listeners, on TCP and UDP`, () => {
      const pod = world(name).pods.find(({ owner }) => owner.name === 'edge-listener')!;
      const config = loadEdge(world(name).environment(pod, pod.containers[0]!));
      const ports = [config.sharedPort, config.astraPort, config.h02Port, config.jt808Port, config.atrackPort];
      const tls = config.tlsPorts.map((entry) => Number(entry.split('=')[1]));
      for (const [transport, wanted] of [
        ['tcp', [...ports, ...tls]],
        ['udp', ports],
      ] as const) {
        const service = world(name).find('Service', 'fleetwire', `edge-listener-${transport}`);
        expect(rowsOf(at(service?.body, 'spec', 'ports')).map(({ row }) => row['port'])).toEqual(wanted);
      }
    });
  }

  it('is refused for a cluster as long as it names the image of zeros', () => {
    const all = [...world('production').manifests, ...world('kafka-production').manifests];
    const problems = validateManifests(all, structure, { deploy: true });
    expect(new Set(problems.map(({ message }) => message)).size).toBe(1);
    expect(problems[0]?.message).toContain('digest of zeros');
  });

  it('never has more decoders than partitions', () => {
    const scaler = world('large-fleet').find('ScaledObject', 'fleetwire', 'decoder');
    expect(at(scaler?.body, 'spec', 'maxReplicaCount')).toBe(PRODUCTION_PARTITIONS);
  });
});

describe('the resources of Strimzi', () => {
  const kafka = world('kafka-production');
  const aclsOf = (user: string): string[] => {
    const found = kafka.find('KafkaUser', 'fleetwire', `fleetwire-${user}`);
    return rowsOf(at(found?.body, 'spec', 'authorization', 'acls')).flatMap(({ row }) =>
      listOf(row['operations']).map(
        (operation) =>
          `${textOf(at(row, 'resource', 'type')) ?? ''} ${textOf(at(row, 'resource', 'name')) ?? ''} ${textOf(operation) ?? ''}`,
      ),
    );
  };

  it('have the topics of the code, with their partitions, replicas and settings', () => {
    const topics = kafka.ofKind('KafkaTopic').map(({ name, body }) => ({
      name,
      partitions: at(body, 'spec', 'partitions'),
      replicationFactor: at(body, 'spec', 'replicas'),
      config: at(body, 'spec', 'config'),
    }));
    const wanted = topicSpecs({ partitions: PRODUCTION_PARTITIONS, replicationFactor: PRODUCTION_REPLICATION });
    const byName = (a: { name: string }, b: { name: string }): number => a.name.localeCompare(b.name);
    expect(topics.sort(byName)).toEqual([...wanted].sort(byName));
  });

  it('let a service read and write just the topics that the code says', () => {
    for (const service of Object.keys(DEFINITIONS)) {
      const wanted = Object.entries<{ readBy: readonly string[]; writtenBy: readonly string[] }>(TOPICS).flatMap(
        ([name, { readBy, writtenBy }]) => [
          ...(readBy.includes(service) ? [`topic ${name} Read`] : []),
          ...(writtenBy.includes(service) ? [`topic ${name} Write`] : []),
        ],
      );
      expect(aclsOf(service).filter((acl) => acl.startsWith('topic '))).toEqual(wanted);
    }
  });

  it('let only those that commit exactly once use transactions', () => {
    const users = kafka.ofKind('KafkaUser').map(({ name }) => name.replace('fleetwire-', ''));
    const transactional = users.filter((user) => aclsOf(user).some((acl) => acl.startsWith('transactionalId ')));
    expect(transactional.sort()).toEqual(['command-dispatcher', 'enricher']);
  });

  it('give nobody a right on the cluster, and nobody the right to make or delete', () => {
    const all = kafka.ofKind('KafkaUser').flatMap(({ name }) => aclsOf(name.replace('fleetwire-', '')));
    expect(all.length).toBeGreaterThan(50);
    expect(all.filter((acl) => /^cluster | (Create|Delete|Alter|All|AlterConfigs)$/.test(acl))).toEqual([]);
  });
});
