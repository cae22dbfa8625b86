/** What this project asks of its own workloads: time to drain, and memory that fits. */
import { numberOf, listOf, textOf, at } from '../json.js';
import { problem, type Problem } from '../manifest.js';
import { quantityOf } from '../quantity.js';
import type { Container, PodTemplate, World } from '../world.js';
import type { Rule } from './rule.js';

/** Cluster autoscalers cut longer graces. */
export const GRACE_MAX_S = 600;
/** For the producers' last flush and the ends of sessions. */
const DRAIN_MARGIN_S = 30;
const EDGE = 'services/edge-listener/';

const runs = (container: Container, path: string): boolean =>
  listOf(container.body['args']).some((arg) => typeof arg === 'string' && arg.startsWith(path));

/** An edge is given the time that its lame duck, its shedding and the last commits take. */
export const drainsInGrace: Rule = (world) =>
  world.pods.flatMap((pod) =>
    pod.containers.filter((one) => runs(one, EDGE)).flatMap((container) => drain(world, pod, container)),
  );

const DRAIN_VARIABLES = [
  'FLEETWIRE_DRAIN_LAME_DUCK_MS',
  'FLEETWIRE_CONNECTIONS_MAX',
  'FLEETWIRE_DRAIN_SHED_PER_SECOND',
  'FLEETWIRE_DELIVERY_TIMEOUT_MS',
] as const;

function drain(world: World, pod: PodTemplate, container: Container): readonly Problem[] {
  const env = world.environment(pod, container);
  const missing = DRAIN_VARIABLES.filter((name) => !/^\d+$/.test(env[name] ?? ''));
  if (missing.length > 0)
    return missing.map((name) =>
      problem(
        pod.owner,
        `${container.path}.envFrom`,
        `does not set ${name}, from which the time to drain is worked out`,
      ),
    );
  const [lameDuckMs, connections, perSecond, deliveryMs] = DRAIN_VARIABLES.map((name) => Number(env[name]));
  const needS = Math.ceil((lameDuckMs! + deliveryMs!) / 1000 + connections! / perSecond!) + DRAIN_MARGIN_S;
  const grace = numberOf(pod.spec['terminationGracePeriodSeconds']) ?? 30;
  const field = `${pod.path}.terminationGracePeriodSeconds`;
  if (grace < needS)
    return [problem(pod.owner, field, `is ${grace}, and the drain may take ${needS} s: devices would be cut off`)];
  if (grace > GRACE_MAX_S)
    return [problem(pod.owner, field, `is ${grace}, above the ${GRACE_MAX_S} s that cluster autoscalers wait`)];
  return [];
}

/** Share of the limit that the old space may take: an edge holds its buffers outside of it. */
const OLD_SPACE_SHARE = 0.75;
const OLD_SPACE_SHARE_EDGE = 0.5;
const MIB = 2 ** 20;

/** Node's old space leaves room below the memory limit. */
export const leavesMemory: Rule = (world) =>
  world.pods.flatMap((pod) =>
    pod.containers.flatMap((container) => {
      const options = world.environment(pod, container)['NODE_OPTIONS'];
      const limit = quantityOf(at(container.body, 'resources', 'limits', 'memory'));
      const match = /--max-old-space-size=(\d+)/.exec(options ?? '');
      if (match === null || limit === null) return [];
      const share = runs(container, EDGE) ? OLD_SPACE_SHARE_EDGE : OLD_SPACE_SHARE;
      const most = Math.floor((limit * share) / MIB);
      const have = Number(match[1]);
      return have > most
        ? [
            problem(
              pod.owner,
              `${container.path}.env`,
              `--max-old-space-size is ${have}, above ${most} MiB (${share} of the limit)`,
            ),
          ]
        : [];
    }),
  );

/** A label that names a Kafka cluster names one of the set, and a topic has as many replicas as a commit needs. */
export const belongsToCluster: Rule = (world) => {
  const clusters = world.ofKind('Kafka').map(({ name }) => name);
  return ['KafkaTopic', 'KafkaUser', 'KafkaNodePool'].flatMap((kind) =>
    world.ofKind(kind).flatMap((manifest) => {
      const cluster = manifest.labels['strimzi.io/cluster'];
      const field = 'metadata.labels.strimzi.io/cluster';
      if (cluster === undefined) return [problem(manifest, field, 'is missing: no operator would look at it')];
      if (clusters.length > 0 && !clusters.includes(cluster))
        return [problem(manifest, field, `there is no Kafka ${cluster}`)];
      const replicas = numberOf(at(manifest.body, 'spec', 'replicas'));
      const least = Number(textOf(at(manifest.body, 'spec', 'config', 'min.insync.replicas')) ?? 1);
      return kind === 'KafkaTopic' && replicas !== null && replicas < least
        ? [
            problem(
              manifest,
              'spec.replicas',
              `is ${replicas}, below min.insync.replicas ${least}: nothing could be written`,
            ),
          ]
        : [];
    }),
  );
};
