/** What our containers run: programs that are there, with variables that they read and values that they take, and probes that they answer. */
import { definition as dispatcher } from '@fleetwire/command-dispatcher';
import { definition as decoder } from '@fleetwire/decoder';
import { definition as edge } from '@fleetwire/edge-listener';
import { definition as enricher, placesDefinition as places } from '@fleetwire/enricher';
import { ConfigError, type ConfigDefinition } from '@fleetwire/service';
import { at, listOf, rowsOf, textOf } from '../json.js';
import { problem, type Problem } from '../manifest.js';
import type { Container, PodTemplate, World } from '../world.js';
import type { Rule } from './rule.js';

const SERVICES: Readonly<Record<string, Pick<ConfigDefinition<object>, 'load' | 'table'>>> = {
  'services/edge-listener/dist/main.js': edge,
  'services/decoder/dist/main.js': decoder,
  'services/enricher/dist/main.js': enricher,
  'services/enricher/dist/places/main.js': places,
  'services/command-dispatcher/dist/main.js': dispatcher,
};
const CLI = 'cli/bin/fleetwire.js';
/** Read by Node and by the libraries, not by our configuration. */
const OTHERS = /^(NODE_|OTEL_|SSL_CERT_|TZ$|UV_)/;

const programOf = (container: Container): string => textOf(listOf(container.body['args'])[0]) ?? '';
/** Images of others are none of ours. */
const isOurs = (container: Container): boolean => /(^|\/)fleetwire[@:]/.test(textOf(container.body['image']) ?? '');

export const runsPrograms: Rule = (world) =>
  world.pods.flatMap((pod) =>
    pod.containers.filter(isOurs).flatMap((container) => {
      const program = programOf(container);
      const service = SERVICES[program];
      if (service !== undefined) return [...configured(world, pod, container, service), ...probed(pod, container)];
      if (program === CLI) return [];
      const known = [...Object.keys(SERVICES), CLI].join(', ');
      return [problem(pod.owner, `${container.path}.args[0]`, `"${program}" is no program of the image: ${known}`)];
    }),
  );

function configured(
  world: World,
  pod: PodTemplate,
  container: Container,
  { load, table }: Pick<ConfigDefinition<object>, 'load' | 'table'>,
): readonly Problem[] {
  const env = world.environment(pod, container);
  const known = new Set(table.map(({ variable }) => variable));
  const elsewhere = new Set(
    rowsOf(container.body['env']).flatMap(({ row }) => (row['valueFrom'] === undefined ? [] : [textOf(row['name'])])),
  );
  const field = `${container.path}.env`;
  const unknown = [...Object.keys(env), ...elsewhere].filter(
    (name) => name !== null && !known.has(name) && !OTHERS.test(name),
  );
  const problems = unknown.map((name) => problem(pod.owner, field, `${name ?? ''} is no variable of this service`));
  try {
    load(env);
    return problems;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // What comes from a secret or the pod is not in the set.
    const wrong = error.problems.filter(({ variable }) => !elsewhere.has(variable));
    return [...problems, ...wrong.map((one) => problem(pod.owner, field, `${one.variable} ${one.problem}`))];
  }
}

const PATHS: Readonly<Record<string, string>> = {
  startupProbe: '/livez',
  livenessProbe: '/livez',
  readinessProbe: '/readyz',
};

/** A service has all three probes; liveness never asks what a broker's outage makes fail. */
function probed(pod: PodTemplate, container: Container): readonly Problem[] {
  return Object.entries(PATHS).flatMap(([probe, path]) => {
    const have = at(container.body, probe, 'httpGet', 'path');
    return have === path
      ? []
      : [
          problem(
            pod.owner,
            `${container.path}.${probe}.httpGet.path`,
            `is ${JSON.stringify(have)}, and must be ${path}`,
          ),
        ];
  });
}
