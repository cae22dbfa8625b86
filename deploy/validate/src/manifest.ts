/** Rendered manifests: what a file of YAML documents holds, and who is who. */
import { parseAllDocuments } from 'yaml';
import { isObject, objectOf, textOf, at, type Json, type JsonObject } from './json.js';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** Null: it has none. */
  readonly namespace: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly body: JsonObject;
  readonly file: string;
}

/** What is wrong, where. `field` is a path such as `spec.ports[0].name`; empty: the object as a whole. */
export interface Problem {
  /** `Kind namespace/name`, or the file when it is no object. */
  readonly object: string;
  readonly field: string;
  readonly message: string;
}

/** `Deployment fleetwire/decoder`. */
export function titleOf(manifest: Manifest): string {
  const { kind, namespace, name } = manifest;
  return `${kind} ${namespace === null ? '' : `${namespace}/`}${name}`;
}

export function problem(manifest: Manifest, field: string, message: string): Problem {
  return { object: titleOf(manifest), field, message };
}

/** One line: object, field, what is wrong. */
export function formatProblem({ object, field, message }: Problem): string {
  return field === '' ? `${object}: ${message}` : `${object}: ${field}: ${message}`;
}

export interface Parsed {
  readonly manifests: readonly Manifest[];
  readonly problems: readonly Problem[];
}

/** Reads every document of a file. Empty documents are left out; what is no YAML or no object of Kubernetes is a problem. */
export function parseManifests(file: string, text: string): Parsed {
  const manifests: Manifest[] = [];
  const problems: Problem[] = [];
  for (const [index, document] of parseAllDocuments(text).entries()) {
    if (!('errors' in document)) continue;
    const where = `${file}, document ${index + 1}`;
    for (const error of document.errors)
      problems.push({ object: where, field: '', message: `is not YAML: ${error.message.split('\n')[0] ?? ''}` });
    if (document.errors.length > 0) continue;
    const body = document.toJS() as Json;
    if (body === null) continue;
    const manifest = isObject(body) ? manifestOf(body, file) : null;
    if (manifest === null)
      problems.push({
        object: where,
        field: 'metadata.name',
        message: 'is no object of Kubernetes: apiVersion, kind and metadata.name are needed',
      });
    else manifests.push(manifest);
  }
  return { manifests, problems };
}

/** An object as a manifest; null when it lacks version, kind or name. */
export function manifestOf(body: JsonObject, file: string): Manifest | null {
  const [apiVersion, kind] = [textOf(body['apiVersion']), textOf(body['kind'])];
  const name = textOf(at(body, 'metadata', 'name'));
  if (apiVersion === null || kind === null || name === null) return null;
  return {
    apiVersion,
    kind,
    name,
    namespace: textOf(at(body, 'metadata', 'namespace')),
    labels: textsOf(at(body, 'metadata', 'labels')),
    body,
    file,
  };
}

/** The texts of an object; other values are left out. */
export function textsOf(value: Json | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(objectOf(value)).flatMap(([key, entry]) => (typeof entry === 'string' ? [[key, entry]] : [])),
  );
}
