/** What may be there once: names and ports in lists that the API server merges by them. */
import { at, listOf, rowsOf, textOf, type Json } from '../json.js';
import { problem, type Manifest, type Problem } from '../manifest.js';
import type { Rule } from './rule.js';

function twice(manifest: Manifest, path: string, keys: readonly (string | null)[], suffix: string): readonly Problem[] {
  return keys.flatMap((key, index) =>
    key !== null && keys.indexOf(key) < index
      ? [problem(manifest, `${path}[${index}]${suffix}`, `${JSON.stringify(key)} is there twice`)]
      : [],
  );
}

const namesOf = (list: Json | undefined, key = 'name'): readonly (string | null)[] =>
  listOf(list).map((row) => textOf(at(row, key)));

export const saysOnce: Rule = (world) => [
  ...world.pods.flatMap((pod) => [
    ...twice(pod.owner, `${pod.path}.volumes`, namesOf(pod.spec['volumes']), '.name'),
    ...pod.containers.flatMap((container, index) => [
      ...twice(pod.owner, `${container.path}.env`, namesOf(container.body['env']), '.name'),
      ...twice(
        pod.owner,
        `${container.path}.ports`,
        rowsOf(container.body['ports']).map(
          ({ row }) => `${JSON.stringify(row['containerPort'])}/${textOf(row['protocol']) ?? 'TCP'}`,
        ),
        '.containerPort',
      ),
      ...(pod.containers.findIndex((other) => other.name === container.name) < index
        ? [problem(pod.owner, `${container.path}.name`, `"${container.name}" is there twice`)]
        : []),
    ]),
  ]),
  ...world.ofKind('Service').flatMap((service) => {
    const ports = rowsOf(at(service.body, 'spec', 'ports'));
    const numbers = ports.map(({ row }) => `${JSON.stringify(row['port'])}/${textOf(row['protocol']) ?? 'TCP'}`);
    const unnamed = ports.length > 1 ? ports.filter(({ row }) => row['name'] === undefined) : [];
    return [
      ...twice(service, 'spec.ports', numbers, '.port'),
      ...unnamed.map(({ index }) =>
        problem(service, `spec.ports[${index}].name`, 'is missing: with several ports each needs one'),
      ),
    ];
  }),
  ...world
    .ofKind('PrometheusRule')
    .flatMap((rule) => twice(rule, 'spec.groups', namesOf(at(rule.body, 'spec', 'groups')), '.name')),
];

/** Names of most kinds: a DNS name; of those that become one label of it: shorter. */
const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;
const SHORT_NAME = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;
const LABEL_KEY = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const SHORT_KINDS: ReadonlySet<string> = new Set(['Service', 'Namespace']);

export const isNamed: Rule = (world) =>
  world.manifests.flatMap((manifest) => {
    const problems: Problem[] = [];
    const fits = (SHORT_KINDS.has(manifest.kind) ? SHORT_NAME : NAME).test(manifest.name);
    if (!fits) problems.push(problem(manifest, 'metadata.name', `"${manifest.name}" is no name of this kind`));
    const labelled: readonly (readonly [string, Json | undefined])[] = [
      ['metadata.labels', at(manifest.body, 'metadata', 'labels')],
      ['spec.template.metadata.labels', at(manifest.body, 'spec', 'template', 'metadata', 'labels')],
    ];
    for (const [field, labels] of labelled)
      for (const [key, value] of Object.entries(typeof labels === 'object' && labels !== null ? labels : {})) {
        if (!LABEL_KEY.test(key)) problems.push(problem(manifest, `${field}.${key}`, 'is no key of a label'));
        if (typeof value === 'string' && !LABEL_VALUE.test(value))
          problems.push(problem(manifest, `${field}.${key}`, `"${value}" is no value of a label`));
      }
    return problems;
  });
