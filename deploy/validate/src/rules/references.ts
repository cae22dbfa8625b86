/** What a manifest names is in the set. */
import { at, rowsOf, textOf, type JsonObject } from '../json.js';
import { problem, titleOf, type Problem } from '../manifest.js';
import type { PodTemplate, World } from '../world.js';
import type { Rule } from './rule.js';

/** Kinds that belong to the cluster and have no namespace. */
const CLUSTER_KINDS: ReadonlySet<string> = new Set(['Namespace', 'PriorityClass']);

/** Each object once, and in a namespace that it names itself: an `apply` without one would put it anywhere. */
export const isUnique: Rule = (world) => {
  const seen = new Set<string>();
  return world.manifests.flatMap((manifest) => {
    const problems: Problem[] = [];
    if (manifest.namespace === null && !CLUSTER_KINDS.has(manifest.kind))
      problems.push(problem(manifest, 'metadata.namespace', 'is missing'));
    const title = titleOf(manifest);
    if (seen.has(title)) problems.push(problem(manifest, 'metadata.name', 'is there twice'));
    seen.add(title);
    return problems;
  });
};

export const findsReferences: Rule = (world) => {
  const secrets = secretsOf(world);
  return world.pods.flatMap((pod) => [
    ...named(world, pod, 'ServiceAccount', 'serviceAccountName', pod.owner.namespace),
    ...named(world, pod, 'PriorityClass', 'priorityClassName', null),
    ...references(pod).flatMap(({ kind, name, field, optional }) => {
      if (optional) return [];
      const known = kind === 'ConfigMap' ? world.find(kind, pod.owner.namespace, name) !== null : secrets?.has(name);
      return known === false ? [problem(pod.owner, field, `there is no ${kind} ${name}`)] : [];
    }),
  ]);
};

function named(
  world: World,
  pod: PodTemplate,
  kind: string,
  key: string,
  namespace: string | null,
): readonly Problem[] {
  const name = textOf(pod.spec[key]);
  if (name === null || name.startsWith('system-') || world.find(kind, namespace, name) !== null) return [];
  return [problem(pod.owner, `${pod.path}.${key}`, `there is no ${kind} ${name}`)];
}

/** Names of the secrets that are made in the cluster; null when the set does not say who makes them. */
function secretsOf(world: World): ReadonlySet<string> | null {
  const makers = ['Secret', 'KafkaUser', 'ExternalSecret'].flatMap((kind) => world.ofKind(kind));
  if (makers.length === 0) return null;
  const ofClusters = world.ofKind('Kafka').map(({ name }) => `${name}-cluster-ca-cert`);
  const ofCertificates = world
    .ofKind('Certificate')
    .flatMap(({ body }) => textOf(at(body, 'spec', 'secretName')) ?? []);
  return new Set([...makers.map(({ name }) => name), ...ofClusters, ...ofCertificates]);
}

interface Reference {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
  readonly field: string;
  readonly optional: boolean;
}

function references(pod: PodTemplate): readonly Reference[] {
  const found: Reference[] = [];
  const add = (kind: Reference['kind'], from: JsonObject, keys: readonly string[], field: string): void => {
    const name = textOf(at(from, ...keys));
    const optional = at(from, ...keys.slice(0, -1), 'optional') === true;
    if (name !== null) found.push({ kind, name, field: [field, ...keys].join('.'), optional });
  };
  for (const container of pod.containers) {
    for (const { index, row } of rowsOf(container.body['envFrom'])) {
      add('ConfigMap', row, ['configMapRef', 'name'], `${container.path}.envFrom[${index}]`);
      add('Secret', row, ['secretRef', 'name'], `${container.path}.envFrom[${index}]`);
    }
    for (const { index, row } of rowsOf(container.body['env'])) {
      add('ConfigMap', row, ['valueFrom', 'configMapKeyRef', 'name'], `${container.path}.env[${index}]`);
      add('Secret', row, ['valueFrom', 'secretKeyRef', 'name'], `${container.path}.env[${index}]`);
    }
  }
  for (const { index, row } of rowsOf(pod.spec['volumes'])) {
    add('ConfigMap', row, ['configMap', 'name'], `${pod.path}.volumes[${index}]`);
    add('Secret', row, ['secret', 'secretName'], `${pod.path}.volumes[${index}]`);
  }
  return found;
}
