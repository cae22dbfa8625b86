import { describe, expect, it } from 'vitest';
import { formatProblem, parseManifests } from './manifest.js';
import { readPromql } from './promql.js';
import { quantityOf } from './quantity.js';
import { validateFiles } from './validate.js';
import { selects } from './world.js';

describe('quantityOf', () => {
  it('reads the units of Kubernetes', () => {
    expect(['500m', '2Gi', '1e3', '1.5', '3k', 2].map(quantityOf)).toEqual([0.5, 2 ** 31, 1000, 1.5, 3000, 2]);
  });
  it('knows no other', () => {
    expect(['2GB', '', 'x', '1 Gi', null].map(quantityOf)).toEqual([null, null, null, null, null]);
  });
});

describe('selects', () => {
  const labels = { app: 'a', tier: 'x' };
  it('wants every label and every expression to hold', () => {
    expect(selects({ matchLabels: { app: 'a' } }, labels)).toBe(true);
    expect(selects({ matchLabels: { app: 'b' } }, labels)).toBe(false);
    expect(selects({ matchExpressions: [{ key: 'tier', operator: 'In', values: ['x', 'y'] }] }, labels)).toBe(true);
    expect(selects({ matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['x'] }] }, labels)).toBe(false);
    expect(selects({ matchExpressions: [{ key: 'zone', operator: 'DoesNotExist' }] }, labels)).toBe(true);
  });
  it('takes everything when it is empty, and nothing when it is absent', () => {
    expect(selects({}, labels)).toBe(true);
    expect(selects(undefined, labels)).toBe(false);
  });
});

describe('parseManifests', () => {
  it('names the file and the document of what is no manifest', () => {
    const { manifests, problems } = parseManifests('a.yaml', 'kind: Pod\n---\na: [\n---\n');
    expect(manifests).toEqual([]);
    expect(problems.map(({ object }) => object)).toEqual(['a.yaml, document 1', 'a.yaml, document 2']);
  });
});

describe('validateFiles', () => {
  it('says which object has which field that it should not have, and what is no object at all', () => {
    const text =
      'apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: a, namespace: n }\ntoken: x\n---\nkind: Pod\n';
    expect(validateFiles([{ path: 'a.yaml', text }]).map(formatProblem)).toEqual([
      'a.yaml, document 2: metadata.name: is no object of Kubernetes: apiVersion, kind and metadata.name are needed',
      'ServiceAccount n/a: token: is not a field of this kind',
    ]);
  });
});

describe('readPromql', () => {
  it('finds metrics with what their labels are compared with', () => {
    const { error, selectors } = readPromql('sum by (pod) (rate(a_total{x!~"y|z"}[5m])) > on (pod) max(b)');
    expect(error).toBeNull();
    expect(selectors).toEqual([
      { metric: 'a_total', labels: [{ name: 'x', operator: '!~', value: 'y|z' }] },
      { metric: 'b', labels: [] },
    ]);
  });
});
