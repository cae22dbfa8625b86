/** What a pod template must hold in itself. */
import { at, isObject, numberOf, objectOf, rowsOf, textOf } from '../json.js';
import { problem, textsOf, type Problem } from '../manifest.js';
import { quantityOf } from '../quantity.js';
import { selects, type Container, type PodTemplate } from '../world.js';
import type { Rule } from './rule.js';

/** The selector of a workload takes its own pods. */
export const selectsItsPods: Rule = (world) =>
  world.pods.flatMap((pod) => {
    if (pod.owner.kind === 'Job') return [];
    const selector = at(pod.owner.body, 'spec', 'selector');
    if (selects(selector, pod.labels)) return [];
    const wanted = JSON.stringify(textsOf(at(selector, 'matchLabels')));
    return [
      problem(
        pod.owner,
        'spec.selector',
        `${wanted} does not take the labels of the template: ${JSON.stringify(pod.labels)}`,
      ),
    ];
  });

/** Requests are not above limits, and memory has a limit. */
export const boundsResources: Rule = (world) =>
  world.pods.flatMap((pod) =>
    pod.containers.flatMap((container) => {
      const limits = objectOf(at(container.body, 'resources', 'limits'));
      const requests = objectOf(at(container.body, 'resources', 'requests'));
      const problems: Problem[] = [];
      for (const [name, value] of Object.entries(requests)) {
        const [request, limit] = [quantityOf(value), quantityOf(limits[name])];
        if (request !== null && limit !== null && request > limit)
          problems.push(
            problem(
              pod.owner,
              `${container.path}.resources.requests.${name}`,
              `is ${JSON.stringify(value)}, above the limit ${JSON.stringify(limits[name])}`,
            ),
          );
      }
      if (limits['memory'] === undefined)
        problems.push(
          problem(
            pod.owner,
            `${container.path}.resources.limits.memory`,
            'is missing: a leak would take the node with it',
          ),
        );
      return problems;
    }),
  );

/** What is mounted is declared, and each path has one mount. */
export const mountsVolumes: Rule = (world) =>
  world.pods.flatMap((pod) => {
    const declared = new Set(rowsOf(pod.spec['volumes']).map(({ row }) => textOf(row['name'])));
    return pod.containers.flatMap((container) => {
      const seen = new Set<string>();
      return rowsOf(container.body['volumeMounts']).flatMap(({ index, row }) => {
        const field = `${container.path}.volumeMounts[${index}]`;
        const [name, path] = [textOf(row['name']), textOf(row['mountPath'])];
        if (name !== null && !declared.has(name))
          return [problem(pod.owner, `${field}.name`, `names the volume ${name}, which the pod does not declare`)];
        if (path !== null && seen.has(path))
          return [problem(pod.owner, `${field}.mountPath`, `${path} is mounted twice`)];
        if (path !== null) seen.add(path);
        return [];
      });
    });
  });

const HANDLERS = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const;

/** A probe's port is one of its container's. */
export const probesPorts: Rule = (world) =>
  world.pods.flatMap((pod) =>
    pod.containers.flatMap((container) =>
      HANDLERS.flatMap((handler) =>
        ['httpGet', 'tcpSocket'].flatMap((how) => {
          const port = at(container.body, handler, how, 'port');
          if (port === undefined || declares(container, port)) return [];
          return [
            problem(
              pod.owner,
              `${container.path}.${handler}.${how}.port`,
              `${JSON.stringify(port)} is no port of the container`,
            ),
          ];
        }),
      ),
    ),
  );

function declares(container: Container, port: unknown): boolean {
  return rowsOf(container.body['ports']).some(({ row }) => row['name'] === port || row['containerPort'] === port);
}

/** Default grace of Kubernetes. */
const GRACE_DEFAULT_S = 30;

/** A hook that sleeps ends before the pod is killed. */
export const sleepsWithinGrace: Rule = (world) =>
  world.pods.flatMap((pod) => {
    const grace = numberOf(pod.spec['terminationGracePeriodSeconds']) ?? GRACE_DEFAULT_S;
    return pod.containers.flatMap((container) => {
      const field = `${container.path}.lifecycle.preStop.sleep.seconds`;
      const seconds = numberOf(at(container.body, 'lifecycle', 'preStop', 'sleep', 'seconds'));
      return seconds !== null && seconds > grace
        ? [problem(pod.owner, field, `is ${seconds}, above the grace period of ${grace} s`)]
        : [];
    });
  });

/** A rollout can go on: not both bounds zero. */
export const canRoll: Rule = (world) =>
  world.ofKind('Deployment').flatMap((manifest) => {
    const update = at(manifest.body, 'spec', 'strategy', 'rollingUpdate');
    if (!isObject(update)) return [];
    const zero = (value: unknown): boolean => value === 0 || value === '0%';
    return zero(update['maxSurge']) && zero(update['maxUnavailable'])
      ? [
          problem(
            manifest,
            'spec.strategy.rollingUpdate',
            'maxSurge and maxUnavailable are both 0: it could never roll',
          ),
        ]
      : [];
  });

const DIGEST = /^[^@\s]+@sha256:([0-9a-f]{64})$/;

/** An image is named by its digest: a tag may mean another image tomorrow. */
export const pinsImages: Rule = (world) =>
  eachContainer(world.pods, (pod, container) => {
    const image = textOf(container.body['image']) ?? '';
    return DIGEST.test(image)
      ? []
      : [problem(pod.owner, `${container.path}.image`, `"${image}" has no digest: write NAME@sha256:DIGEST`)];
  });

/** For what goes to a cluster: the digest is not the one of the repository, which stands for none. */
export const namesRealImages: Rule = (world) =>
  eachContainer(world.pods, (pod, container) =>
    /@sha256:0{64}$/.test(textOf(container.body['image']) ?? '')
      ? [
          problem(
            pod.owner,
            `${container.path}.image`,
            'has a digest of zeros: set yours with `kustomize edit set image fleetwire=NAME@sha256:DIGEST`',
          ),
        ]
      : [],
  );

function eachContainer(
  pods: readonly PodTemplate[],
  check: (pod: PodTemplate, container: Container) => readonly Problem[],
): readonly Problem[] {
  return pods.flatMap((pod) => pod.containers.flatMap((container) => check(pod, container)));
}
