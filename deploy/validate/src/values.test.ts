import { describe, expect, it } from 'vitest';
import { parseManifests } from './manifest.js';
import { readPromql } from './promql.js';
import { quantityOf } from './quantity.js';
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
