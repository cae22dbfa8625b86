/** Manifests in, problems out: structure of each, then the rules over all. */
import { parseManifests, type Manifest, type Problem } from './manifest.js';
import { namesRealImages } from './rules/pods.js';
import { RULES } from './rules/index.js';
import { Structure } from './schema.js';
import { World } from './world.js';

export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

export interface ValidateOptions {
  /** Also refuse the image digest of the repository, which stands for none. */
  readonly deploy?: boolean;
}

/** Reads files of manifests and checks them as one set. */
export function validateFiles(files: readonly SourceFile[], options: ValidateOptions = {}): readonly Problem[] {
  const parsed = files.map(({ path, text }) => parseManifests(path, text));
  const manifests = parsed.flatMap((one) => one.manifests);
  return [...parsed.flatMap((one) => one.problems), ...validateManifests(manifests, new Structure(), options)];
}

/** Checks manifests as one set. `structure` keeps its compiled schemas from call to call. */
export function validateManifests(
  manifests: readonly Manifest[],
  structure: Structure,
  options: ValidateOptions = {},
): readonly Problem[] {
  const world = new World(manifests);
  const rules = options.deploy === true ? [...RULES, namesRealImages] : RULES;
  return [...manifests.flatMap((manifest) => structure.check(manifest)), ...rules.flatMap((rule) => rule(world))];
}
