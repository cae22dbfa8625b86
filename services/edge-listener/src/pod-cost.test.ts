import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkPod, podCostPart, type PodConfig } from './pod-cost.js';

interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly authorization: string | undefined;
  readonly body: unknown;
}

let folder = '';
let server: http.Server;
let status = 200;
let waiting: ((asked: Asked) => void)[] = [];
/** The next request to the API. */
const next = (): Promise<Asked> => new Promise((resolve) => waiting.push(resolve));

beforeEach(async () => {
  status = 200;
  waiting = [];
  folder = mkdtempSync(path.join(os.tmpdir(), 'fleetwire-account-'));
  writeFileSync(path.join(folder, 'token'), 'secret\n');
  server = http.createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const { method, url, headers } = request;
      response.writeHead(status).end('{}');
      waiting.shift()?.({ method, url, authorization: headers.authorization, body: JSON.parse(text) });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const configured = (): PodConfig => ({
  podName: 'edge-1',
  podNamespace: 'fleetwire',
  kubernetesUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  kubernetesAccount: folder,
});

describe('the deletion cost of a pod', () => {
  it('is its connections, told again when they have changed by a tenth', async () => {
    let connections = 100;
    const warned: object[] = [];
    const log = { warn: (fields: object) => void warned.push(fields) };
    const part = podCostPart({ config: configured(), connections: () => connections, log, everyMs: 5 })!;
    const first = next();
    await part.start?.(new AbortController().signal);
    expect(await first).toEqual({
      method: 'PATCH',
      url: '/api/v1/namespaces/fleetwire/pods/edge-1',
      authorization: 'Bearer secret',
      body: { metadata: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '100' } } },
    });
    const second = next();
    connections = 105;
    setTimeout(() => (connections = 150), 60);
    expect((await second).body).toEqual({
      metadata: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '150' } },
    });
    await part.stop?.(new AbortController().signal);
    expect(warned).toEqual([]);
  });

  it('is tried again when the API refuses, and only the first failure is logged', async () => {
    status = 403;
    const warned: object[] = [];
    const log = { warn: (fields: object) => void warned.push(fields) };
    const part = podCostPart({ config: configured(), connections: () => 7, log, everyMs: 5 })!;
    const three = Promise.all([next(), next(), next()]);
    await part.start?.(new AbortController().signal);
    expect((await three).map(({ method }) => method)).toEqual(['PATCH', 'PATCH', 'PATCH']);
    await part.stop?.(new AbortController().signal);
    expect(warned).toHaveLength(1);
  });

  it('is told by nobody who does not know his name, and half a name is refused', () => {
    const log = { warn: () => undefined };
    const config = { ...configured(), podName: null, podNamespace: null };
    expect(podCostPart({ config, connections: () => 1, log })).toBeNull();
    expect(checkPod(config)).toEqual([]);
    expect(checkPod({ ...config, podNamespace: 'x' }).map(({ variable }) => variable)).toEqual(['FLEETWIRE_POD_NAME']);
  });
});
