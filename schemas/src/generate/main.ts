/**
 * `npm run generate`: everything that is made from the catalogue and the hand-written schemas.
 * With `--check` nothing is written; exit code 1 and the names of the stale files say what to run it for.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadCatalogue } from '../catalogue/load.js';
import { generateAll } from './all.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

function current(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error: unknown) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

const check = process.argv.includes('--check');
const readSchema = (file: string): string => readFileSync(`${ROOT}schemas/${file}`, 'utf8');
const stale: string[] = [];
for (const [file, text] of generateAll(loadCatalogue(), readSchema)) {
  const path = ROOT + file;
  if (current(path) === text) continue;
  stale.push(relative(ROOT, path));
  if (!check) writeFileSync(path, text);
}
if (check && stale.length > 0) {
  process.stderr.write(`stale, run \`npm run generate\`:\n${stale.map((file) => `  ${file}\n`).join('')}`);
  process.exitCode = 1;
} else {
  process.stdout.write(
    stale.length === 0 ? 'everything is up to date\n' : stale.map((file) => `wrote ${file}\n`).join(''),
  );
}
