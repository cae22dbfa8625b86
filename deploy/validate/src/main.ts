/**
 * `validate [--deploy] [FILE…]`: checks rendered manifests, by default those of the repository. `generate`: writes what is made from code, and
 * renders.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { generatedFiles } from './generated.js';
import { formatProblem } from './manifest.js';
import { render, RENDERED, renderedHead, RENDERINGS, ROOT, sourceDigest } from './render.js';
import { validateFiles } from './validate.js';

const [verb, ...args] = process.argv.slice(2);
const say = (line: string): void => void process.stderr.write(`${line}\n`);

switch (verb) {
  case 'validate':
    process.exitCode = validate(args);
    break;
  case 'generate':
    generate();
    break;
  default:
    say('usage: validate [--deploy] [FILE…] | generate');
    process.exitCode = 2;
}

function validate(given: readonly string[]): number {
  const deploy = given.includes('--deploy');
  const files = given.filter((arg) => arg !== '--deploy');
  const sets = files.length > 0 ? [files] : ownSets();
  let count = 0;
  for (const set of sets) {
    const problems = validateFiles(
      set.map((path) => ({ path, text: readFileSync(path, 'utf8') })),
      { deploy },
    );
    for (const one of problems) process.stdout.write(`${formatProblem(one)}\n`);
    say(`${set.map((path) => relative(ROOT, path)).join(' + ')}: ${problems.length} problem(s)`);
    count += problems.length;
  }
  return count === 0 ? 0 : 1;
}

/** Each overlay with the brokers that it is for. */
function ownSets(): readonly (readonly string[])[] {
  return Object.keys(RENDERINGS)
    .filter((name) => !name.startsWith('kafka-'))
    .map((name) =>
      [name, name === 'local' ? 'kafka-local' : 'kafka-production'].map((file) => join(RENDERED, `${file}.yaml`)),
    );
}

function generate(): void {
  for (const { path, text } of generatedFiles()) write(join(ROOT, path), text);
  const head = renderedHead(sourceDigest());
  for (const [name, folder] of Object.entries(RENDERINGS)) write(join(RENDERED, `${name}.yaml`), head + render(folder));
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  say(`wrote ${relative(ROOT, path)}`);
}
