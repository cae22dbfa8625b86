/** All manifests of a set together, with what the rules ask about them again and again. */
import { at, isObject, listOf, objectOf, rowsOf, textOf, type Json, type JsonObject } from './json.js';
import { textsOf, type Manifest } from './manifest.js';

export interface Container {
  readonly name: string;
  readonly body: JsonObject;
  /** `spec.template.spec.containers[0]`. */
  readonly path: string;
  readonly init: boolean;
}

/** The pods that a workload makes. */
export interface PodTemplate {
  readonly owner: Manifest;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: JsonObject;
  /** `spec.template.spec`. */
  readonly path: string;
  readonly containers: readonly Container[];
}

export interface Port {
  readonly name: string | null;
  readonly number: Json | undefined;
  readonly protocol: string;
}

const WORKLOADS: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'Job']);

export class World {
  readonly pods: readonly PodTemplate[];
  readonly #byId: ReadonlyMap<string, Manifest>;

  constructor(readonly manifests: readonly Manifest[]) {
    this.pods = manifests.filter(({ kind }) => WORKLOADS.has(kind)).map(podOf);
    this.#byId = new Map(manifests.map((one) => [idOf(one.kind, one.namespace, one.name), one]));
  }

  ofKind(kind: string): readonly Manifest[] {
    return this.manifests.filter((manifest) => manifest.kind === kind);
  }

  find(kind: string, namespace: string | null, name: string): Manifest | null {
    return this.#byId.get(idOf(kind, namespace, name)) ?? null;
  }

  /** The pods in a namespace that a label selector takes. */
  selected(namespace: string | null, selector: Json | undefined): readonly PodTemplate[] {
    return this.pods.filter((pod) => pod.owner.namespace === namespace && selects(selector, pod.labels));
  }

  /** The variables of a container as far as they stand in the set: of config maps, then its own. */
  environment(pod: PodTemplate, container: Container): Readonly<Record<string, string>> {
    const env: Record<string, string> = {};
    for (const { row } of rowsOf(container.body['envFrom'])) {
      const name = textOf(at(row, 'configMapRef', 'name'));
      const map = name === null ? null : this.find('ConfigMap', pod.owner.namespace, name);
      if (map !== null) Object.assign(env, textsOf(map.body['data']));
    }
    for (const { row } of rowsOf(container.body['env'])) {
      const [name, value] = [textOf(row['name']), textOf(row['value'])];
      if (name !== null && value !== null) env[name] = value;
    }
    return env;
  }
}

const idOf = (kind: string, namespace: string | null, name: string): string => `${kind}|${namespace ?? ''}|${name}`;

function podOf(owner: Manifest): PodTemplate {
  const spec = objectOf(at(owner.body, 'spec', 'template', 'spec'));
  const path = 'spec.template.spec';
  const containers = (key: string, init: boolean): Container[] =>
    rowsOf(spec[key]).map(({ index, row }) => ({
      name: textOf(row['name']) ?? '',
      body: row,
      path: `${path}.${key}[${index}]`,
      init,
    }));
  return {
    owner,
    labels: textsOf(at(owner.body, 'spec', 'template', 'metadata', 'labels')),
    spec,
    path,
    containers: [...containers('initContainers', true), ...containers('containers', false)],
  };
}

/** Whether a label selector (matchLabels, matchExpressions) takes these labels. An empty one takes all. */
export function selects(selector: Json | undefined, labels: Readonly<Record<string, string>>): boolean {
  if (!isObject(selector)) return false;
  const equal = Object.entries(textsOf(selector['matchLabels'])).every(([key, value]) => labels[key] === value);
  return equal && rowsOf(selector['matchExpressions']).every(({ row }) => holds(row, labels));
}

function holds(expression: JsonObject, labels: Readonly<Record<string, string>>): boolean {
  const have = labels[textOf(expression['key']) ?? ''];
  const values = listOf(expression['values']);
  switch (textOf(expression['operator'])) {
    case 'In':
      return have !== undefined && values.includes(have);
    case 'NotIn':
      return have === undefined || !values.includes(have);
    case 'Exists':
      return have !== undefined;
    case 'DoesNotExist':
      return have === undefined;
    default:
      return false;
  }
}

/** The ports that a pod's containers declare. */
export function portsOf(pod: PodTemplate): readonly Port[] {
  return pod.containers.flatMap((container) => containerPorts(container));
}

export function containerPorts(container: Container): readonly Port[] {
  return rowsOf(container.body['ports']).map(({ row }) => ({
    name: textOf(row['name']),
    number: row['containerPort'],
    protocol: textOf(row['protocol']) ?? 'TCP',
  }));
}
