/** Bounds of numbers that the API server knows and its OpenAPI document does not say. */
import { numberOf } from '../json.js';
import { problem } from '../manifest.js';
import { valuesAt } from './enums.js';
import type { Rule } from './rule.js';

interface Range {
  readonly kinds: readonly string[];
  /** Steps; `*` is every element of a list. */
  readonly path: readonly string[];
  readonly min: number;
  readonly max?: number;
}

const WORKLOADS = ['Deployment', 'StatefulSet', 'Job'];
const POD = ['spec', 'template', 'spec'];
const PORT = { min: 1, max: 65_535 } as const;
const CONTAINERS = ['containers', 'initContainers'];
const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe'];
const DIRECTIONS = ['ingress', 'egress'];

const inPod = (path: readonly string[], min: number, max?: number): Range => ({
  kinds: WORKLOADS,
  path: [...POD, ...path],
  min,
  ...(max === undefined ? {} : { max }),
});

const RANGES: readonly Range[] = [
  { kinds: ['Deployment', 'StatefulSet', 'KafkaNodePool'], path: ['spec', 'replicas'], min: 0 },
  { kinds: ['Deployment'], path: ['spec', 'revisionHistoryLimit'], min: 0 },
  { kinds: ['Job'], path: ['spec', 'backoffLimit'], min: 0 },
  { kinds: ['Job'], path: ['spec', 'activeDeadlineSeconds'], min: 1 },
  { kinds: ['Job'], path: ['spec', 'ttlSecondsAfterFinished'], min: 0 },
  { kinds: ['Service'], path: ['spec', 'ports', '*', 'port'], ...PORT },
  { kinds: ['Service'], path: ['spec', 'ports', '*', 'targetPort'], ...PORT },
  { kinds: ['Service'], path: ['spec', 'ports', '*', 'nodePort'], min: 30_000, max: 32_767 },
  { kinds: ['PodDisruptionBudget'], path: ['spec', 'minAvailable'], min: 0 },
  { kinds: ['HorizontalPodAutoscaler'], path: ['spec', 'minReplicas'], min: 1 },
  { kinds: ['HorizontalPodAutoscaler'], path: ['spec', 'maxReplicas'], min: 1 },
  ...['resource', 'containerResource'].map((key) => ({
    kinds: ['HorizontalPodAutoscaler'],
    path: ['spec', 'metrics', '*', key, 'target', 'averageUtilization'],
    min: 1,
  })),
  { kinds: ['ScaledObject'], path: ['spec', 'minReplicaCount'], min: 0 },
  { kinds: ['ScaledObject'], path: ['spec', 'maxReplicaCount'], min: 1 },
  { kinds: ['PriorityClass'], path: ['value'], min: -2_147_483_648, max: 1_000_000_000 },
  ...DIRECTIONS.map((direction) => ({
    kinds: ['NetworkPolicy'],
    path: ['spec', direction, '*', 'ports', '*', 'port'],
    ...PORT,
  })),
  inPod(['terminationGracePeriodSeconds'], 0),
  inPod(['topologySpreadConstraints', '*', 'maxSkew'], 1),
  inPod(['securityContext', 'runAsUser'], 1, 2_147_483_647),
  inPod(['volumes', '*', 'secret', 'defaultMode'], 0, 0o777),
  inPod(['volumes', '*', 'configMap', 'defaultMode'], 0, 0o777),
  ...CONTAINERS.flatMap((list) => [
    inPod([list, '*', 'ports', '*', 'containerPort'], 1, 65_535),
    ...PROBES.flatMap((probe) => [
      inPod([list, '*', probe, 'periodSeconds'], 1),
      inPod([list, '*', probe, 'timeoutSeconds'], 1),
      inPod([list, '*', probe, 'failureThreshold'], 1),
      inPod([list, '*', probe, 'initialDelaySeconds'], 0),
      inPod([list, '*', probe, 'httpGet', 'port'], 1, 65_535),
    ]),
  ]),
];

export const staysInRange: Rule = (world) =>
  RANGES.flatMap(({ kinds, path, min, max }) =>
    world.manifests
      .filter(({ kind }) => kinds.includes(kind))
      .flatMap((manifest) =>
        valuesAt(manifest.body, path, '').flatMap(({ field, value }) => {
          const number = numberOf(value);
          if (number === null || (number >= min && number <= (max ?? Infinity))) return [];
          return [problem(manifest, field, `is ${number}, ${number < min ? `below ${min}` : `above ${max}`}`)];
        }),
      ),
  );

const COUNT = /^(\d+)%$/;

/** A number of pods or a share of them: `1`, `25%`. */
const SHARES: readonly (readonly [kind: string, path: readonly string[]])[] = [
  ['Deployment', ['spec', 'strategy', 'rollingUpdate', 'maxSurge']],
  ['Deployment', ['spec', 'strategy', 'rollingUpdate', 'maxUnavailable']],
  ['PodDisruptionBudget', ['spec', 'maxUnavailable']],
  ['PodDisruptionBudget', ['spec', 'minAvailable']],
];

export const sharesPods: Rule = (world) =>
  SHARES.flatMap(([kind, path]) =>
    world.ofKind(kind).flatMap((manifest) =>
      valuesAt(manifest.body, path, '').flatMap(({ field, value }) => {
        if (typeof value === 'number') return value < 0 ? [problem(manifest, field, `is ${value}, below 0`)] : [];
        const share = typeof value === 'string' ? COUNT.exec(value) : null;
        if (share !== null && (Number(share[1]) <= 100 || field.endsWith('maxSurge'))) return [];
        return [problem(manifest, field, `is ${JSON.stringify(value)}, neither a number nor a share such as 25%`)];
      }),
    ),
  );
