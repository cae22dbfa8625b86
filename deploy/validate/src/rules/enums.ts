/** Words that the API server checks and its OpenAPI document does not. */
import { listOf, textOf, at, isObject, type Json } from '../json.js';
import { problem } from '../manifest.js';
import type { Rule } from './rule.js';

interface Words {
  readonly kinds: readonly string[];
  /** Steps; `*` is every element of a list. */
  readonly path: readonly string[];
  readonly words: readonly string[];
}

const WORKLOADS = ['Deployment', 'StatefulSet', 'Job'];
const POD = ['spec', 'template', 'spec'];
const SCALERS = ['HorizontalPodAutoscaler', 'ScaledObject'];
const PROTOCOLS = ['TCP', 'UDP', 'SCTP'];

const WORDS: readonly Words[] = [
  { kinds: ['Service'], path: ['spec', 'type'], words: ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'] },
  { kinds: ['Service'], path: ['spec', 'externalTrafficPolicy'], words: ['Cluster', 'Local'] },
  { kinds: ['Service'], path: ['spec', 'internalTrafficPolicy'], words: ['Cluster', 'Local'] },
  { kinds: ['Service'], path: ['spec', 'sessionAffinity'], words: ['None', 'ClientIP'] },
  { kinds: ['Service'], path: ['spec', 'ports', '*', 'protocol'], words: PROTOCOLS },
  { kinds: ['Deployment'], path: ['spec', 'strategy', 'type'], words: ['RollingUpdate', 'Recreate'] },
  { kinds: WORKLOADS, path: [...POD, 'restartPolicy'], words: ['Always', 'OnFailure', 'Never'] },
  { kinds: WORKLOADS, path: [...POD, 'containers', '*', 'ports', '*', 'protocol'], words: PROTOCOLS },
  {
    kinds: WORKLOADS,
    path: [...POD, 'initContainers', '*', 'imagePullPolicy'],
    words: ['Always', 'IfNotPresent', 'Never'],
  },
  {
    kinds: WORKLOADS,
    path: [...POD, 'containers', '*', 'imagePullPolicy'],
    words: ['Always', 'IfNotPresent', 'Never'],
  },
  {
    kinds: WORKLOADS,
    path: [...POD, 'topologySpreadConstraints', '*', 'whenUnsatisfiable'],
    words: ['DoNotSchedule', 'ScheduleAnyway'],
  },
  { kinds: WORKLOADS, path: [...POD, 'tolerations', '*', 'operator'], words: ['Exists', 'Equal'] },
  {
    kinds: WORKLOADS,
    path: [...POD, 'tolerations', '*', 'effect'],
    words: ['NoSchedule', 'PreferNoSchedule', 'NoExecute'],
  },
  {
    kinds: WORKLOADS,
    path: [...POD, 'dnsPolicy'],
    words: ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'],
  },
  ...['containers', 'initContainers'].flatMap((list) => [
    {
      kinds: WORKLOADS,
      path: [...POD, list, '*', 'terminationMessagePolicy'],
      words: ['File', 'FallbackToLogsOnError'],
    },
    ...['livenessProbe', 'readinessProbe', 'startupProbe'].map((probe) => ({
      kinds: WORKLOADS,
      path: [...POD, list, '*', probe, 'httpGet', 'scheme'],
      words: ['HTTP', 'HTTPS'],
    })),
  ]),
  {
    kinds: WORKLOADS,
    path: [...POD, 'topologySpreadConstraints', '*', 'nodeAffinityPolicy'],
    words: ['Honor', 'Ignore'],
  },
  { kinds: ['Job'], path: ['spec', 'completionMode'], words: ['NonIndexed', 'Indexed'] },
  { kinds: ['PriorityClass'], path: ['preemptionPolicy'], words: ['Never', 'PreemptLowerPriority'] },
  ...['scaleUp', 'scaleDown'].flatMap((direction) =>
    [
      ['spec', 'behavior', direction],
      ['spec', 'advanced', 'horizontalPodAutoscalerConfig', 'behavior', direction],
    ].flatMap((path) => [
      { kinds: SCALERS, path: [...path, 'selectPolicy'], words: ['Max', 'Min', 'Disabled'] },
      { kinds: SCALERS, path: [...path, 'policies', '*', 'type'], words: ['Pods', 'Percent'] },
    ]),
  ),
  ...['resource', 'containerResource', 'pods', 'object', 'external'].map((key) => ({
    kinds: ['HorizontalPodAutoscaler'],
    path: ['spec', 'metrics', '*', key, 'target', 'type'],
    words: ['Utilization', 'Value', 'AverageValue'],
  })),
  ...[
    ['spec', 'selector'],
    ['spec', 'podSelector'],
  ].map((path) => ({
    kinds: ['Deployment', 'PodDisruptionBudget', 'PodMonitor', 'NetworkPolicy'],
    path: [...path, 'matchExpressions', '*', 'operator'],
    words: ['In', 'NotIn', 'Exists', 'DoesNotExist'],
  })),
  {
    kinds: ['PodDisruptionBudget'],
    path: ['spec', 'unhealthyPodEvictionPolicy'],
    words: ['IfHealthyBudget', 'AlwaysAllow'],
  },
  { kinds: ['NetworkPolicy'], path: ['spec', 'policyTypes', '*'], words: ['Ingress', 'Egress'] },
  { kinds: ['NetworkPolicy'], path: ['spec', 'ingress', '*', 'ports', '*', 'protocol'], words: PROTOCOLS },
  { kinds: ['NetworkPolicy'], path: ['spec', 'egress', '*', 'ports', '*', 'protocol'], words: PROTOCOLS },
];

export const knowsWords: Rule = (world) =>
  WORDS.flatMap(({ kinds, path, words }) =>
    world.manifests
      .filter(({ kind }) => kinds.includes(kind))
      .flatMap((manifest) =>
        valuesAt(manifest.body, path, '').flatMap(({ field, value }) =>
          typeof value === 'string' && words.includes(value)
            ? []
            : [problem(manifest, field, `is ${JSON.stringify(value)}, not one of ${words.join(', ')}`)],
        ),
      ),
  );

/** Every value at a path, with the field as it is called in a message. */
export function valuesAt(
  value: Json | undefined,
  path: readonly string[],
  field: string,
): { field: string; value: Json }[] {
  const [step, ...rest] = path;
  if (step === undefined) return value === undefined ? [] : [{ field, value }];
  if (step === '*') return listOf(value).flatMap((one, index) => valuesAt(one, rest, `${field}[${index}]`));
  return isObject(value) ? valuesAt(value[step], rest, field === '' ? step : `${field}.${step}`) : [];
}

const PORT_NAME = /^(?=.*[a-z])[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
/** Longest name of a port. */
const PORT_NAME_MAX = 15;

/** Names of ports: at most 15 characters, and each once in its service or pod. */
export const namesPorts: Rule = (world) =>
  world.manifests.flatMap((manifest) => {
    const lists =
      manifest.kind === 'Service'
        ? ['spec.ports']
        : world.pods
            .filter(({ owner }) => owner === manifest)
            .flatMap((pod) => pod.containers.map((c) => `${c.path}.ports`));
    return lists.flatMap((path) => {
      const steps = path.split(/[.[\]]+/).map((step) => (/^\d+$/.test(step) ? Number(step) : step));
      const names = listOf(at(manifest.body, ...steps)).map((port) => textOf(at(port, 'name')));
      return names.flatMap((name, index) => {
        if (name === null) return [];
        const field = `${path}[${index}].name`;
        if (name.length > PORT_NAME_MAX || !PORT_NAME.test(name))
          return [problem(manifest, field, `"${name}" is no port name: at most 15 of a-z, 0-9 and -, with a letter`)];
        return names.indexOf(name) < index ? [problem(manifest, field, `"${name}" is there twice`)] : [];
      });
    });
  });
