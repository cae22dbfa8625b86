/** The Dockerfile and the compose file agree with the repository: read as text and YAML, since no engine is needed for that. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig as loadDispatcher } from '@fleetwire/command-dispatcher';
import { loadConfig as loadDecoder } from '@fleetwire/decoder';
import { loadConfig as loadEdge } from '@fleetwire/edge-listener';
import { loadConfig as loadEnricher } from '@fleetwire/enricher';
import { APICURIO_IMAGE, KAFKA_IMAGE } from '@fleetwire/local';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { at, listOf, objectOf, textOf, type Json } from './json.js';
import { textsOf } from './manifest.js';
import { ROOT } from './render.js';

const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
const compose = parse(readFileSync(join(ROOT, 'deploy', 'docker-compose.yaml'), 'utf8'), { merge: true }) as Json;
const services = objectOf(at(compose, 'services'));
const OURS = ['edge-listener', 'decoder', 'enricher', 'command-dispatcher'] as const;

describe('the Dockerfile', () => {
  it('installs with the manifest of every workspace, or the lock file would not fit', () => {
    const root = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { workspaces: readonly string[] };
    const folders = root.workspaces.flatMap((one) =>
      one.endsWith('/*')
        ? readdirSync(join(ROOT, one.slice(0, -2))).map((name) => `${one.slice(0, -1)}${name}`)
        : [one],
    );
    const manifests = folders.map((folder) => `${folder}/package.json`).filter((path) => existsSync(join(ROOT, path)));
    expect(manifests.length).toBeGreaterThan(10);
    expect(manifests.filter((path) => !dockerfile.includes(`COPY ${path} ${path}\n`))).toEqual([]);
  });

  it('names its bases by arguments without a default, so that only a digest can name them', () => {
    expect([...dockerfile.matchAll(/^FROM (\S+)/gm)].map((match) => match[1])).toEqual([
      '${BUILD_IMAGE}',
      '${RUNTIME_IMAGE}',
    ]);
    expect([...dockerfile.matchAll(/^ARG (\w+)$/gm)].map((match) => match[1])).toEqual([
      'BUILD_IMAGE',
      'RUNTIME_IMAGE',
    ]);
    expect([...dockerfile.matchAll(/^ARG (\w+)=(.*)$/gm)].map((match) => match[0])).toEqual([
      'ARG SOURCE_DATE_EPOCH=0',
    ]);
  });

  it('runs as a user that is not root and opens the ports of all listeners', () => {
    expect(dockerfile).toMatch(/^USER 65532:65532$/m);
    const config = loadEdge({ KAFKA_BROKERS: 'a:1', SCHEMA_REGISTRY_URL: 'http://r' });
    for (const port of [config.sharedPort, config.astraPort, config.h02Port, config.jt808Port, config.atrackPort])
      expect(dockerfile).toContain(`${port}/tcp ${port}/udp`);
  });
});

describe('the compose file', () => {
  it('starts every service with variables that it accepts', () => {
    const loaders = [loadEdge, loadDecoder, loadEnricher, loadDispatcher];
    for (const [index, name] of OURS.entries()) {
      const env = textsOf(at(services[name], 'environment'));
      expect(Object.keys(env).length, name).toBeGreaterThan(2);
      expect(() => loaders[index]!(env), name).not.toThrow();
      expect(listOf(at(services[name], 'command')), name).toEqual([`services/${name}/dist/main.js`]);
    }
  });

  it('gives our containers no more than they need', () => {
    for (const name of [...OURS, 'topics', 'setup'])
      expect(services[name], name).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      });
  });

  it('runs the broker and registry of the versions that `npm start` runs', () => {
    expect(textOf(at(services['broker'], 'image'))).toBe(KAFKA_IMAGE);
    expect(textOf(at(services['registry'], 'image'))).toBe(APICURIO_IMAGE);
  });

  it('opens nothing but device ports beyond the loopback', () => {
    const open = Object.values(services).flatMap((service) =>
      listOf(at(service, 'ports')).flatMap((port) =>
        typeof port === 'string' && !port.startsWith('127.0.0.1:') ? [port] : [],
      ),
    );
    expect(open).toHaveLength(10);
    expect(open.filter((port) => !/^(8888|5103|5013|5015|5044):\1\/(tcp|udp)$/.test(port))).toEqual([]);
  });
});
