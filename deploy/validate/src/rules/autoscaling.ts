/** Autoscalers: bounds, targets, and one owner of the number of pods. */
import { at, numberOf, objectOf, rowsOf, textOf, type Json } from '../json.js';
import { problem, type Manifest, type Problem } from '../manifest.js';
import type { World } from '../world.js';
import type { Rule } from './rule.js';

const METRIC_TYPES: Readonly<Record<string, string>> = {
  Resource: 'resource',
  ContainerResource: 'containerResource',
  Pods: 'pods',
  Object: 'object',
  External: 'external',
};
/** Ceilings of the API. */
const STABILIZATION_MAX_S = 3_600;
const PERIOD_MAX_S = 1_800;

export const boundsScaling: Rule = (world) => [
  ...world
    .ofKind('HorizontalPodAutoscaler')
    .flatMap((scaler) => [
      ...order(scaler, 'minReplicas', 'maxReplicas'),
      ...metrics(scaler),
      ...behavior(scaler, ['spec', 'behavior']),
      ...target(world, scaler),
    ]),
  ...world
    .ofKind('ScaledObject')
    .flatMap((scaler) => [
      ...order(scaler, 'minReplicaCount', 'maxReplicaCount'),
      ...behavior(scaler, ['spec', 'advanced', 'horizontalPodAutoscalerConfig', 'behavior']),
      ...target(world, scaler),
      ...triggers(world, scaler),
    ]),
];

function order(scaler: Manifest, low: string, high: string): readonly Problem[] {
  const [min, max] = [numberOf(at(scaler.body, 'spec', low)) ?? 1, numberOf(at(scaler.body, 'spec', high))];
  return max !== null && min > max ? [problem(scaler, `spec.${low}`, `is ${min}, above ${high} ${max}`)] : [];
}

function metrics(scaler: Manifest): readonly Problem[] {
  return rowsOf(at(scaler.body, 'spec', 'metrics')).flatMap(({ index, row }) => {
    const type = textOf(row['type']) ?? '';
    const key = METRIC_TYPES[type];
    const known = Object.keys(METRIC_TYPES).join(', ');
    if (key === undefined) return [problem(scaler, `spec.metrics[${index}].type`, `is "${type}", not one of ${known}`)];
    return row[key] === undefined
      ? [problem(scaler, `spec.metrics[${index}].${key}`, `is missing, and the type is ${type}`)]
      : [];
  });
}

function behavior(scaler: Manifest, path: readonly string[]): readonly Problem[] {
  return ['scaleUp', 'scaleDown'].flatMap((direction) => {
    const rules = at(scaler.body, ...path, direction);
    const field = [...path, direction].join('.');
    const problems: Problem[] = [];
    const window = numberOf(at(rules, 'stabilizationWindowSeconds')) ?? 0;
    if (window > STABILIZATION_MAX_S)
      problems.push(
        problem(scaler, `${field}.stabilizationWindowSeconds`, `is ${window}, above ${STABILIZATION_MAX_S}`),
      );
    for (const { index, row } of rowsOf(at(rules, 'policies'))) {
      const period = numberOf(row['periodSeconds']) ?? 0;
      if (period > PERIOD_MAX_S)
        problems.push(
          problem(scaler, `${field}.policies[${index}].periodSeconds`, `is ${period}, above ${PERIOD_MAX_S}`),
        );
    }
    return problems;
  });
}

/** What is scaled is there, and leaves the number of its pods to the scaler: an apply would set it back, and cut the fleet. */
function target(world: World, scaler: Manifest): readonly Problem[] {
  const reference = at(scaler.body, 'spec', 'scaleTargetRef');
  const [kind, name] = [textOf(at(reference, 'kind')) ?? 'Deployment', textOf(at(reference, 'name')) ?? ''];
  const found = world.find(kind, scaler.namespace, name);
  if (found === null) return [problem(scaler, 'spec.scaleTargetRef.name', `there is no ${kind} ${name}`)];
  return at(found.body, 'spec', 'replicas') === undefined
    ? []
    : [problem(found, 'spec.replicas', `must be left out: ${scaler.kind} ${scaler.name} owns it`)];
}

/** What a trigger of KEDA understands; the server takes any key in silence. */
const TRIGGER_KEYS: Readonly<Record<string, ReadonlySet<string>>> = {
  kafka: new Set([
    'bootstrapServers',
    'consumerGroup',
    'topic',
    'lagThreshold',
    'activationLagThreshold',
    'offsetResetPolicy',
    'allowIdleConsumers',
    'scaleToZeroOnInvalidOffset',
    'excludePersistentLag',
    'limitToPartitionsWithLag',
    'ensureEvenDistributionOfPartitions',
    'partitionLimitation',
    'version',
    'sasl',
    'tls',
    'unsafeSsl',
  ]),
  prometheus: new Set([
    'serverAddress',
    'query',
    'threshold',
    'activationThreshold',
    'namespace',
    'ignoreNullValues',
    'unsafeSsl',
    'authModes',
    'customHeaders',
    'queryParameters',
    'timeout',
  ]),
};
const TRIGGER_NEEDS: Readonly<Record<string, readonly string[]>> = {
  kafka: ['bootstrapServers', 'consumerGroup', 'topic', 'lagThreshold'],
  prometheus: ['serverAddress', 'query', 'threshold'],
};

function triggers(world: World, scaler: Manifest): readonly Problem[] {
  return rowsOf(at(scaler.body, 'spec', 'triggers')).flatMap(({ index, row }) => {
    const field = `spec.triggers[${index}]`;
    const type = textOf(row['type']) ?? '';
    const known = TRIGGER_KEYS[type];
    if (known === undefined)
      return [problem(scaler, `${field}.type`, `is "${type}", whose keys the validator does not know`)];
    const metadata = objectOf(row['metadata']);
    const problems = Object.keys(metadata)
      .filter((key) => !known.has(key))
      .map((key) => problem(scaler, `${field}.metadata.${key}`, `is no key of a ${type} trigger`));
    for (const key of TRIGGER_NEEDS[type] ?? [])
      if (metadata[key] === undefined) problems.push(problem(scaler, `${field}.metadata.${key}`, 'is missing'));
    const authentication = textOf(at(row, 'authenticationRef', 'name'));
    if (authentication !== null && world.find('TriggerAuthentication', scaler.namespace, authentication) === null)
      problems.push(
        problem(scaler, `${field}.authenticationRef.name`, `there is no TriggerAuthentication ${authentication}`),
      );
    return [...problems, ...ceiling(world, scaler, metadata['topic'])];
  });
}

/** A consumer beyond the partitions of its topic has nothing to read. */
function ceiling(world: World, scaler: Manifest, topic: Json | undefined): readonly Problem[] {
  const found = world.ofKind('KafkaTopic').find(({ name }) => name === topic);
  const partitions = numberOf(at(found?.body, 'spec', 'partitions'));
  const max = numberOf(at(scaler.body, 'spec', 'maxReplicaCount'));
  return partitions !== null && max !== null && max > partitions
    ? [problem(scaler, 'spec.maxReplicaCount', `is ${max}, above the ${partitions} partitions of ${found?.name ?? ''}`)]
    : [];
}
