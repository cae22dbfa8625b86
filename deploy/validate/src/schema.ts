/**
 * Structure: every object against the JSON schema of its version and kind. The schemas in `../schemas` are extracted from the OpenAPI document of Kubernetes and the
 * resource definitions of Strimzi, KEDA and the Prometheus operator (see the README there); a field that they do not name is refused.
 */
import { readFileSync } from 'node:fs';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { problem, type Manifest, type Problem } from './manifest.js';

interface Schemas {
  readonly definitions: Readonly<Record<string, object>>;
  /** `apps/v1 Deployment` → its schema. */
  readonly kinds: Readonly<Record<string, object>>;
}

/** Where kinds find what they share: compiled once for all of them. */
const DEFINITIONS = 'definitions';

const read = (name: string): Schemas =>
  JSON.parse(
    readFileSync(new URL(`../schemas/${name}`, import.meta.url), 'utf8').replaceAll(
      '"#/definitions/',
      `"${DEFINITIONS}#/definitions/`,
    ),
  ) as Schemas;

/** Checks structure; schemas are compiled when their kind is first met. */
export class Structure {
  // Without inlining and optimizing, a schema compiles in a fifth of the time, and each is used for a handful of objects.
  readonly #ajv = new Ajv({
    allErrors: true,
    strict: false,
    unicodeRegExp: false,
    inlineRefs: false,
    validateSchema: false,
    code: { optimize: false },
  });
  readonly #kinds: Readonly<Record<string, object>>;
  readonly #compiled = new Map<string, ValidateFunction>();

  constructor() {
    const kubernetes = read('kubernetes.json');
    this.#kinds = { ...kubernetes.kinds, ...read('external-secrets.json').kinds, ...read('cert-manager.json').kinds };
    this.#ajv.addSchema({ $id: DEFINITIONS, definitions: kubernetes.definitions });
  }

  check(manifest: Manifest): readonly Problem[] {
    const id = `${manifest.apiVersion} ${manifest.kind}`;
    const validate = this.#validator(id);
    if (validate === null)
      return [
        problem(manifest, 'apiVersion', `there is no schema of ${id}: correct it, or add its schema to the validator`),
      ];
    if (validate(manifest.body)) return [];
    return (validate.errors ?? []).map((error) => problem(manifest, fieldOf(error), messageOf(error)));
  }

  #validator(id: string): ValidateFunction | null {
    const known = this.#compiled.get(id);
    if (known !== undefined) return known;
    const schema = this.#kinds[id];
    if (schema === undefined) return null;
    const compiled = this.#ajv.compile(schema);
    this.#compiled.set(id, compiled);
    return compiled;
  }
}

/** `/spec/ports/0/name` becomes `spec.ports[0].name`; a field that should not be, or lacks, is named too. */
function fieldOf(error: ErrorObject): string {
  const params = error.params as Readonly<Record<string, unknown>>;
  const extra = params['additionalProperty'] ?? params['missingProperty'];
  const steps = error.instancePath
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (typeof extra === 'string') steps.push(extra);
  return joinPath(steps);
}

/** Steps as a path; numbers are indexes. */
export function joinPath(steps: readonly string[]): string {
  return steps.reduce(
    (path, step) => (/^\d+$/.test(step) ? `${path}[${step}]` : path === '' ? step : `${path}.${step}`),
    '',
  );
}

function messageOf(error: ErrorObject): string {
  const params = error.params as Readonly<Record<string, unknown>>;
  switch (error.keyword) {
    case 'additionalProperties':
      return 'is not a field of this kind';
    case 'required':
      return 'is missing';
    case 'enum':
      return `must be one of ${(params['allowedValues'] as readonly unknown[]).join(', ')}`;
    default:
      return error.message ?? error.keyword;
  }
}
