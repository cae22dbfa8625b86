/** Fields of which just one may be said, and what hangs together in a pod. */
import { at, isObject, objectOf, rowsOf, textOf, type JsonObject } from '../json.js';
import { problem, type Manifest, type Problem } from '../manifest.js';
import { selects } from '../world.js';
import type { Rule } from './rule.js';

const HANDLERS = ['exec', 'grpc', 'httpGet', 'tcpSocket'];
const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe'];
const ENV_SOURCES = ['configMapKeyRef', 'fieldRef', 'fileKeyRef', 'resourceFieldRef', 'secretKeyRef'];

function oneOf(manifest: Manifest, field: string, row: JsonObject, keys: readonly string[]): readonly Problem[] {
  const said = keys.filter((key) => row[key] !== undefined);
  if (said.length === 1) return [];
  return [problem(manifest, field, `must have one of ${keys.join(', ')}, and has ${said.join(' and ') || 'none'}`)];
}

export const choosesOne: Rule = (world) =>
  world.pods.flatMap((pod) => [
    ...rowsOf(pod.spec['volumes']).flatMap(({ index, row }) => {
      const kinds = Object.keys(row).filter((key) => key !== 'name');
      return kinds.length === 1
        ? []
        : [
            problem(
              pod.owner,
              `${pod.path}.volumes[${index}]`,
              `must have one source, and has ${kinds.join(' and ') || 'none'}`,
            ),
          ];
    }),
    ...pod.containers.flatMap((container) => [
      ...PROBES.filter((probe) => isObject(container.body[probe])).flatMap((probe) => {
        const body = objectOf(container.body[probe]);
        const field = `${container.path}.${probe}`;
        const threshold = body['successThreshold'];
        return [
          ...oneOf(pod.owner, field, body, HANDLERS),
          ...(probe !== 'readinessProbe' && threshold !== undefined && threshold !== 1
            ? [problem(pod.owner, `${field}.successThreshold`, `is ${JSON.stringify(threshold)}, and must be 1`)]
            : []),
        ];
      }),
      ...rowsOf(container.body['env']).flatMap(({ index, row }) => {
        const field = `${container.path}.env[${index}]`;
        if (row['valueFrom'] === undefined) return [];
        if (row['value'] !== undefined)
          return [problem(pod.owner, `${field}.valueFrom`, 'excludes value: say one of them')];
        return oneOf(pod.owner, `${field}.valueFrom`, objectOf(row['valueFrom']), ENV_SOURCES);
      }),
      ...rowsOf(container.body['volumeMounts']).flatMap(({ index, row }) => {
        const path = textOf(row['mountPath']) ?? '';
        return path.startsWith('/') && !path.includes(':')
          ? []
          : [problem(pod.owner, `${container.path}.volumeMounts[${index}].mountPath`, `"${path}" is no absolute path`)];
      }),
    ]),
  ]);

const RESTARTS: Readonly<Record<string, readonly string[]>> = {
  Deployment: ['Always'],
  StatefulSet: ['Always'],
  Job: ['OnFailure', 'Never'],
};

/** A workload's pods restart as its kind can bear, and a spread counts the pods that it spreads. */
export const hangsTogether: Rule = (world) =>
  world.pods.flatMap((pod) => {
    const problems: Problem[] = [];
    const restart = textOf(pod.spec['restartPolicy']) ?? 'Always';
    const allowed = RESTARTS[pod.owner.kind] ?? [];
    if (!allowed.includes(restart))
      problems.push(
        problem(
          pod.owner,
          `${pod.path}.restartPolicy`,
          `is ${restart}; a ${pod.owner.kind} takes ${allowed.join(' or ')}`,
        ),
      );
    for (const { index, row } of rowsOf(pod.spec['topologySpreadConstraints']))
      if (!selects(row['labelSelector'], pod.labels))
        problems.push(
          problem(
            pod.owner,
            `${pod.path}.topologySpreadConstraints[${index}].labelSelector`,
            'does not take the pods that it is to spread',
          ),
        );
    for (const container of pod.containers)
      for (const list of ['requests', 'limits'])
        for (const name of Object.keys(objectOf(at(container.body, 'resources', list))))
          if (!['cpu', 'memory', 'ephemeral-storage'].includes(name) && !/^hugepages-|\//.test(name))
            problems.push(problem(pod.owner, `${container.path}.resources.${list}.${name}`, 'is no resource'));
    return problems;
  });
