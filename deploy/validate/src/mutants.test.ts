/**
 * Faults that people make in manifests, one a file: an edit of what is deployed to production, and the object and field that the refusal must name. What is not
 * edited is accepted, so the refusal is the edit's.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { formatProblem, manifestOf, parseManifests, type Manifest } from './manifest.js';
import { RENDERED, ROOT } from './render.js';
import { Structure } from './schema.js';
import { validateManifests } from './validate.js';

interface Mutant {
  readonly object: { readonly kind: string; readonly name: string };
  readonly edits: readonly { readonly path: readonly (string | number)[]; readonly value: unknown }[];
  readonly refused: { readonly object: string; readonly field: string };
}

const FOLDER = join(ROOT, 'deploy', 'k8s', 'tests', 'mutants');
const files = readdirSync(FOLDER).sort();
const mutants = files.map((file) => ({
  ...(parse(readFileSync(join(FOLDER, file), 'utf8')) as Mutant),
  title: file.replace(/^\d+-|\.yaml$/g, '').replaceAll('-', ' '),
}));

const further = (
  parse(readFileSync(join(ROOT, 'deploy', 'k8s', 'tests', 'further-mutants.yaml'), 'utf8')) as readonly (Mutant & {
    readonly title: string;
  })[]
).map((one) => ({ ...one, title: `further: ${one.title}` }));

const production = ['production', 'kafka-production'].flatMap((name) => {
  const file = `${name}.yaml`;
  return parseManifests(file, readFileSync(join(RENDERED, file), 'utf8')).manifests;
});
const structure = new Structure();

function edited(manifest: Manifest, edits: Mutant['edits']): Manifest {
  const body = structuredClone(manifest.body);
  for (const { path, value } of edits) {
    let here = body as Record<string | number, unknown>;
    for (const step of path.slice(0, -1)) here = here[step] as Record<string | number, unknown>;
    const last = path.at(-1)!;
    if (Array.isArray(here) && last === '+') here.push(value);
    else here[last] = value;
  }
  return manifestOf(body, manifest.file)!;
}

describe('a manifest is refused with the object and the field in its message when it has', { timeout: 30_000 }, () => {
  it('none of the faults: then it is accepted', () => {
    expect(validateManifests(production, structure).map(formatProblem)).toEqual([]);
  });

  it('each of the 35 kinds of fault', () => {
    expect(mutants).toHaveLength(35);
  });

  for (const { title, object, edits, refused } of [...mutants, ...further])
    it(title, () => {
      const target = production.find(({ kind, name }) => kind === object.kind && name === object.name);
      expect(target, `${object.kind} ${object.name} is deployed`).toBeDefined();
      const set = production.map((one) => (one === target ? edited(one, edits) : one));
      const problems = validateManifests(set, structure);
      expect(problems).toContainEqual(expect.objectContaining(refused));
      // One edit may break a rule or two, never the rest of the set.
      expect(problems.length).toBeLessThan(20);
      const named = problems.find(({ field }) => field === refused.field)!;
      expect(formatProblem(named)).toMatch(/^\w+ [\w-]+\/[\w-]+: [\w.[\]/-]+: .{7}/);
    });
});
