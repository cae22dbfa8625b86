/** Services and network policies: they lead to pods and ports that are there. */
import { at, listOf, numberOf, rowsOf, textOf, type Json } from '../json.js';
import { problem, type Manifest, type Problem } from '../manifest.js';
import { portsOf, type PodTemplate } from '../world.js';
import type { Rule } from './rule.js';

/** A service takes pods, and each of its target ports is a container port of the same protocol in every one of them. */
export const servesPorts: Rule = (world) =>
  world.ofKind('Service').flatMap((service) => {
    const selector = at(service.body, 'spec', 'selector');
    if (selector === undefined) return [];
    const pods = world.selected(service.namespace, { matchLabels: selector });
    if (pods.length === 0) return [problem(service, 'spec.selector', 'takes no pod')];
    return rowsOf(at(service.body, 'spec', 'ports')).flatMap(({ index, row }) => {
      const target = row['targetPort'] ?? row['port'];
      const protocol = textOf(row['protocol']) ?? 'TCP';
      return pods
        .filter((pod) => !leadsTo(pod, target, protocol))
        .map((pod) =>
          problem(
            service,
            `spec.ports[${index}].targetPort`,
            `${JSON.stringify(target)} (${protocol}) is no port of ${pod.owner.kind} ${pod.owner.name}`,
          ),
        );
    });
  });

function leadsTo(pod: PodTemplate, target: Json | undefined, protocol: string): boolean {
  return portsOf(pod).some((port) => port.protocol === protocol && (port.name === target || port.number === target));
}

/** What only services with an address of their own may say. */
export const fitsServiceType: Rule = (world) =>
  world.ofKind('Service').flatMap((service) => {
    const type = textOf(at(service.body, 'spec', 'type')) ?? 'ClusterIP';
    const problems: Problem[] = [];
    if (
      at(service.body, 'spec', 'externalTrafficPolicy') !== undefined &&
      type !== 'NodePort' &&
      type !== 'LoadBalancer'
    )
      problems.push(
        problem(service, 'spec.externalTrafficPolicy', `is only for NodePort and LoadBalancer, and this is ${type}`),
      );
    if (at(service.body, 'spec', 'clusterIP') === 'None' && type !== 'ClusterIP')
      problems.push(problem(service, 'spec.clusterIP', `a headless service must be ClusterIP, and this is ${type}`));
    return problems;
  });

const DIRECTIONS = ['ingress', 'egress'] as const;

/** A policy takes pods; its named ports are theirs; the end of a range is not below its beginning. */
export const opensPorts: Rule = (world) =>
  world.ofKind('NetworkPolicy').flatMap((policy) => {
    const pods = world.selected(policy.namespace, at(policy.body, 'spec', 'podSelector'));
    if (pods.length === 0) return [problem(policy, 'spec.podSelector', 'takes no pod')];
    return DIRECTIONS.flatMap((direction) =>
      rowsOf(at(policy.body, 'spec', direction)).flatMap(({ index, row }) =>
        rowsOf(row['ports']).flatMap((port) =>
          portProblems(
            policy,
            `spec.${direction}[${index}].ports[${port.index}]`,
            port.row,
            direction === 'ingress' ? pods : null,
          ),
        ),
      ),
    );
  });

function portProblems(
  policy: Manifest,
  field: string,
  row: Readonly<Record<string, Json | undefined>>,
  pods: readonly PodTemplate[] | null,
): readonly Problem[] {
  const port = row['port'];
  const [from, to] = [numberOf(port), numberOf(row['endPort'])];
  if (row['endPort'] !== undefined && from === null)
    return [problem(policy, `${field}.endPort`, 'needs a port that is a number')];
  if (from !== null && to !== null && to < from)
    return [problem(policy, `${field}.endPort`, `is ${to}, below the port ${from}`)];
  if (typeof port !== 'string' || pods === null) return [];
  const protocol = textOf(row['protocol']) ?? 'TCP';
  return pods.some((pod) => leadsTo(pod, port, protocol))
    ? []
    : [problem(policy, `${field}.port`, `"${port}" (${protocol}) is no port of the pods that the policy takes`)];
}

/** What watches or guards pods takes some, and a budget says one thing. */
export const guardsPods: Rule = (world) => [
  ...world.ofKind('PodDisruptionBudget').flatMap((budget) => {
    const spec = at(budget.body, 'spec');
    const problems: Problem[] = [];
    if (world.selected(budget.namespace, at(spec, 'selector')).length === 0)
      problems.push(problem(budget, 'spec.selector', 'takes no pod'));
    const both = at(spec, 'minAvailable') !== undefined && at(spec, 'maxUnavailable') !== undefined;
    if (both) problems.push(problem(budget, 'spec.minAvailable', 'excludes maxUnavailable: say one of them'));
    if (at(spec, 'maxUnavailable') === 0)
      problems.push(problem(budget, 'spec.maxUnavailable', 'is 0: no node could ever be drained'));
    return problems;
  }),
  ...world.ofKind('PodMonitor').flatMap((monitor) => {
    const pods = world.selected(monitor.namespace, at(monitor.body, 'spec', 'selector'));
    if (pods.length === 0) return [problem(monitor, 'spec.selector', 'takes no pod')];
    return listOf(at(monitor.body, 'spec', 'podMetricsEndpoints')).flatMap((endpoint, index) => {
      const port = at(endpoint, 'port');
      return pods.every((pod) => leadsTo(pod, port, 'TCP'))
        ? []
        : [
            problem(
              monitor,
              `spec.podMetricsEndpoints[${index}].port`,
              `${JSON.stringify(port)} is no port of all its pods`,
            ),
          ];
    });
  }),
];
