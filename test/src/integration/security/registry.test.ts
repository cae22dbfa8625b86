/** The schema registry behind TLS and a login, as an ingress puts it: certificates and passwords are renewed while a codec is in use. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https, { type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Codec, Registry, verifySchemas, type SchemaError } from '@fleetwire/schemas';
import { SECRET_LOOK_MS, checkCommon, commonVariables, defineConfig, registryAccess } from '@fleetwire/service';
import { TestAuthority } from '@fleetwire/service/testing';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

const authorities = [new TestAuthority('First'), new TestAuthority('Second')] as const;
const clients = new TestAuthority('Clients');
const folder = mkdtempSync(path.join(os.tmpdir(), 'fleetwire-registry-tls-'));
let ingress: Server;
let password = 'first';
let url = '';

const put = (name: string, text: string): string => {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
};
const certificate = (authority: TestAuthority) => {
  const { cert, key } = authority.issue({ commonName: 'registry', names: ['127.0.0.1'] });
  return { cert, key, ca: clients.cert };
};

beforeAll(async () => {
  const registry = new URL(inject('registry'));
  ingress = https.createServer({ ...certificate(authorities[0]), requestCert: true }, (request, response) => {
    const login = `Basic ${Buffer.from(`fleet:${password}`).toString('base64')}`;
    if (request.headers.authorization !== login) {
      response.writeHead(401).end(JSON.stringify({ error_code: 401, message: 'who are you?' }));
      return;
    }
    const { method, url: target, headers } = request;
    const forwarded = http.request(
      { host: registry.hostname, port: registry.port, method, path: target, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    request.pipe(forwarded);
  });
  await new Promise<void>((resolve) => ingress.listen(0, '127.0.0.1', resolve));
  url = `https://127.0.0.1:${(ingress.address() as AddressInfo).port}${registry.pathname}`;
});
afterAll(async () => {
  await new Promise((resolve) => ingress.close(resolve));
  rmSync(folder, { recursive: true });
});

const looked = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, SECRET_LOOK_MS + 50));

describe('a registry behind TLS and a login', () => {
  it('is reached with the files of a service, and with renewed ones without a restart', async () => {
    const client = clients.issue({ commonName: 'decoder' });
    const definition = defineConfig('security-test', commonVariables('security-test', 0), checkCommon);
    const access = registryAccess(
      definition.load({
        KAFKA_BROKERS: 'none:1',
        SCHEMA_REGISTRY_URL: url,
        SCHEMA_REGISTRY_CA_FILE: put('ca.crt', authorities[0].cert),
        SCHEMA_REGISTRY_CERT_FILE: put('client.crt', client.cert),
        SCHEMA_REGISTRY_KEY_FILE: put('client.key', client.key),
        SCHEMA_REGISTRY_USERNAME: 'fleet',
        SCHEMA_REGISTRY_PASSWORD_FILE: put('password', 'first\n'),
      }),
    );
    await Codec.connect({ registryUrl: url, access, topics: ['places'], timeoutMs: 10_000 });
    expect(await verifySchemas({ registryUrl: url, access, topics: ['places'] })).toMatchObject([
      { subject: 'places-value', schema: 'unchanged', compatibility: 'unchanged' },
    ]);

    const registry = new Registry(url, undefined, access);
    expect(await registry.compatibilityOf('places-value')).toBe('FULL_TRANSITIVE');
    password = 'second';
    ingress.setSecureContext(certificate(authorities[1]));
    await expect(registry.compatibilityOf('places-value')).rejects.toMatchObject({
      code: 'registry_unavailable',
    } satisfies Partial<SchemaError>);
    put('ca.crt', authorities[1].cert);
    put('password', 'second\n');
    await looked();
    expect(await registry.compatibilityOf('places-value')).toBe('FULL_TRANSITIVE');
    await Codec.connect({ registryUrl: url, access, topics: ['places'], timeoutMs: 10_000 });
  });
});
