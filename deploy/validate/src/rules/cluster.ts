/** What belongs together across objects: namespaces, brokers, topics, and one owner for each number of pods. */
import { at, listOf, numberOf, objectOf, rowsOf, textOf } from '../json.js';
import { problem, type Manifest, type Problem } from '../manifest.js';
import type { World } from '../world.js';
import type { Rule } from './rule.js';

/** An object lies in a namespace of the set, and what an operator watches lies beside its cluster: a `namespace:` in a component moves everything. */
export const staysTogether: Rule = (world) => {
  const namespaces = new Set(world.ofKind('Namespace').map(({ name }) => name));
  const clusters = world.ofKind('Kafka');
  return world.manifests.flatMap((manifest) => {
    const { namespace, kind, labels } = manifest;
    if (namespace === null) return [];
    if (namespaces.size > 0 && !namespaces.has(namespace))
      return [problem(manifest, 'metadata.namespace', `there is no Namespace ${namespace}`)];
    const cluster = clusters.find(({ name }) => name === labels['strimzi.io/cluster']);
    return cluster !== undefined && kind.startsWith('Kafka') && cluster.namespace !== namespace
      ? [problem(manifest, 'metadata.namespace', `is ${namespace}, and its Kafka is in ${cluster.namespace ?? ''}`)]
      : [];
  });
};

const BOOTSTRAP = /^([a-z0-9.-]+)-kafka-bootstrap\.([a-z0-9-]+)(?:\.svc[a-z0-9.-]*)?:(\d+)$/;

/** Addresses of brokers lead to a listener of a cluster of the set. */
export const reachesBrokers: Rule = (world) => [
  ...world.pods.flatMap((pod) =>
    pod.containers.flatMap((container) =>
      (world.environment(pod, container)['KAFKA_BROKERS'] ?? '')
        .split(',')
        .flatMap((address) => listener(world, pod.owner, `${container.path}.env`, `KAFKA_BROKERS ${address}`, address)),
    ),
  ),
  ...triggersOf(world).flatMap(({ scaler, field, metadata }) => {
    const address = textOf(metadata['bootstrapServers']) ?? '';
    return listener(world, scaler, `${field}.bootstrapServers`, address, address);
  }),
];

function listener(world: World, on: Manifest, field: string, said: string, address: string): readonly Problem[] {
  const [, name, namespace, port] = BOOTSTRAP.exec(address.trim()) ?? [];
  const clusters = world.ofKind('Kafka');
  if (name === undefined || clusters.length === 0) return [];
  const cluster = clusters.find((one) => one.name === name && one.namespace === namespace);
  if (cluster === undefined) return [problem(on, field, `${said}: there is no Kafka ${namespace ?? ''}/${name}`)];
  const ports = rowsOf(at(cluster.body, 'spec', 'kafka', 'listeners')).map(({ row }) => numberOf(row['port']));
  return ports.includes(Number(port)) ? [] : [problem(on, field, `${said}: that Kafka listens on ${ports.join(', ')}`)];
}

function triggersOf(world: World) {
  return world.ofKind('ScaledObject').flatMap((scaler) =>
    rowsOf(at(scaler.body, 'spec', 'triggers'))
      .filter(({ row }) => row['type'] === 'kafka')
      .map(({ index, row }) => ({
        scaler,
        field: `spec.triggers[${index}].metadata`,
        metadata: objectOf(row['metadata']),
      })),
  );
}

const WHOLE = /^\d+$/;
const YES_NO: ReadonlySet<unknown> = new Set(['true', 'false']);
const FORMS: Readonly<Record<string, (value: string) => boolean>> = {
  lagThreshold: (value) => WHOLE.test(value) && Number(value) > 0,
  activationLagThreshold: (value) => WHOLE.test(value),
  allowIdleConsumers: (value) => YES_NO.has(value),
  excludePersistentLag: (value) => YES_NO.has(value),
  scaleToZeroOnInvalidOffset: (value) => YES_NO.has(value),
  offsetResetPolicy: (value) => value === 'earliest' || value === 'latest',
  tls: (value) => value === 'enable' || value === 'disable',
};

/** Topics and groups that are named are there, and values of triggers can be read: the server looks at neither. */
export const namesTopics: Rule = (world) => {
  const topics = new Set(
    world.ofKind('KafkaTopic').map(({ body, name }) => textOf(at(body, 'spec', 'topicName')) ?? name),
  );
  if (topics.size === 0) return [];
  return [
    ...triggersOf(world).flatMap(({ scaler, field, metadata }) => [
      ...Object.entries(FORMS).flatMap(([key, fits]) => {
        const value = textOf(metadata[key]);
        return value === null || fits(value)
          ? []
          : [problem(scaler, `${field}.${key}`, `"${value}" can not be read by the trigger`)];
      }),
      ...(topics.has(textOf(metadata['topic']) ?? '')
        ? []
        : [problem(scaler, `${field}.topic`, `there is no KafkaTopic ${JSON.stringify(metadata['topic'])}`)]),
    ]),
    ...world.ofKind('KafkaUser').flatMap((user) =>
      rowsOf(at(user.body, 'spec', 'authorization', 'acls')).flatMap(({ index, row }) => {
        const name = textOf(at(row, 'resource', 'name')) ?? '';
        const literal = textOf(at(row, 'resource', 'patternType')) !== 'prefix';
        const missing = at(row, 'resource', 'type') === 'topic' && literal && name !== '*' && !topics.has(name);
        return missing
          ? [problem(user, `spec.authorization.acls[${index}].resource.name`, `there is no KafkaTopic ${name}`)]
          : [];
      }),
    ),
  ];
};

/** One scaler for each workload, and a budget that lets a pod go. */
export const ownsPods: Rule = (world) => {
  const owners = new Map<string, Manifest>();
  const scalers = ['HorizontalPodAutoscaler', 'ScaledObject'].flatMap((kind) => world.ofKind(kind));
  return [
    ...scalers.flatMap((scaler) => {
      const target = at(scaler.body, 'spec', 'scaleTargetRef');
      const key = [
        scaler.namespace ?? '',
        textOf(at(target, 'kind')) ?? 'Deployment',
        textOf(at(target, 'name')) ?? '',
      ].join('|');
      const other = owners.get(key);
      owners.set(key, other ?? scaler);
      return other === undefined
        ? []
        : [problem(scaler, 'spec.scaleTargetRef.name', `is scaled by ${other.kind} ${other.name} already`)];
    }),
    ...world.ofKind('PodDisruptionBudget').flatMap((budget) => {
      const least = at(budget.body, 'spec', 'minAvailable');
      const pods = world.selected(budget.namespace, at(budget.body, 'spec', 'selector'));
      const counts = pods
        .map(({ owner }) => numberOf(at(owner.body, 'spec', 'replicas')))
        .filter((count) => count !== null);
      const most = counts.length === 0 ? null : Math.max(...counts);
      const all = least === '100%' || (typeof least === 'number' && most !== null && least >= most);
      return all
        ? [
            problem(
              budget,
              'spec.minAvailable',
              `is ${JSON.stringify(least)}, all of its pods: no node could be drained`,
            ),
          ]
        : [];
    }),
    ...world.ofKind('RoleBinding').flatMap((binding) => {
      const role = at(binding.body, 'roleRef');
      const missing =
        textOf(at(role, 'kind')) === 'Role' &&
        world.find('Role', binding.namespace, textOf(at(role, 'name')) ?? '') === null;
      const subjects = listOf(at(binding.body, 'subjects')).flatMap((subject, index) => {
        const [kind, name] = [textOf(at(subject, 'kind')), textOf(at(subject, 'name')) ?? ''];
        const namespace = textOf(at(subject, 'namespace')) ?? binding.namespace;
        return kind === 'ServiceAccount' && world.find(kind, namespace, name) === null
          ? [problem(binding, `subjects[${index}].name`, `there is no ServiceAccount ${name}`)]
          : [];
      });
      return [...(missing ? [problem(binding, 'roleRef.name', 'there is no such Role')] : []), ...subjects];
    }),
  ];
};
