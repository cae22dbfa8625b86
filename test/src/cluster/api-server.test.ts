/** Every rendering in the eyes of a real API server: `npm run test:api-server`, after `scripts/api-server-setup.sh`. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseManifests, render, RENDERED, RENDERINGS, type Manifest } from '@fleetwire/validate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiServer, type CustomKind } from './api-server.js';

const BUILT_IN = /^(v1|apps\/v1|batch\/v1|policy\/v1|autoscaling\/v2|.*\.k8s\.io\/v1)$/;
const manifests = (name: string, text: string): readonly Manifest[] => parseManifests(name, text).manifests;
const renderings = new Map(
  Object.keys(RENDERINGS).map((name) => [
    name,
    manifests(name, readFileSync(path.join(RENDERED, `${name}.yaml`), 'utf8')),
  ]),
);
renderings.set('demo', manifests('demo', render('demo')));

let api: ApiServer;
beforeAll(async () => {
  api = await ApiServer.start();
  const all = [...renderings.values()].flat();
  const custom = new Map<string, CustomKind>();
  for (const { apiVersion, kind } of all) {
    const [group = '', version = ''] = apiVersion.split('/');
    if (!BUILT_IN.test(apiVersion)) custom.set(`${apiVersion} ${kind}`, { group, version, kind });
  }
  await api.learn([...custom.values()]);
  // With their own labels: what the pods of a Deployment may not do there is a warning about the Deployment.
  const namespaces = new Map<string, object>();
  for (const { kind, namespace, name, body } of all) {
    if (kind === 'Namespace') namespaces.set(name, body);
    else if (namespace !== null && !namespaces.has(namespace))
      namespaces.set(namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  }
  await api.keep([...namespaces.values()]);
});
afterAll(() => api.stop());

describe('a real API server', () => {
  it.each([...renderings])('takes every object of %s, strictly and without a warning', async (_name, objects) => {
    const { code, stdout, stderr } = await api.dryRun(objects.map(({ body }) => body));
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n')).toHaveLength(objects.length);
    expect(code).toBe(0);
  });

  it('warns of pods that the namespace does not let in', async () => {
    const { body } = renderings
      .get('production')!
      .find(({ kind, name }) => kind === 'Deployment' && name === 'decoder')!;
    const root = structuredClone(body) as { metadata: object; spec: { template: { spec: { hostNetwork?: boolean } } } };
    root.spec.template.spec.hostNetwork = true;
    const { code, stderr } = await api.dryRun([root]);
    expect(stderr).toContain('would violate PodSecurity');
    expect(code).not.toBe(0);
  });

  it('refuses an object that no cluster would take', async () => {
    const { body } = renderings.get('production')!.find(({ kind }) => kind === 'PodDisruptionBudget')!;
    const broken = { ...body, spec: { minAvailable: 1, maxUnavailable: 1 }, metadata: { name: 'broken' } };
    const { code, stderr } = await api.dryRun([broken]);
    expect(code).not.toBe(0);
    expect(stderr).toContain('cannot be both set');
  });
});
