// `npm test`: everything that says whether the project is sound, cheapest first; stops at the first step that fails.
//   npm test               all of it
//   npm test -- --quick    without the integration and fault tests, which need a broker
// The last line counts tests; a step that is no test and fails counts as one failed.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { build, install, node, ROOT, run, say, seconds } from './bootstrap.mjs';

const quick = process.argv.includes('--quick');
const scratch = mkdtempSync(path.join(os.tmpdir(), 'fleetwire-results-'));
const counts = { passed: 0, failed: 0 };

/** One vitest project; its JSON report is added to the counts. */
async function vitest(project) {
  const report = path.join(scratch, `${project}.json`);
  const code = await run(
    project,
    ...node(
      'node_modules/vitest/vitest.mjs',
      'run',
      '--project',
      project,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ),
  );
  let failed = 0;
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'));
    counts.passed += numPassedTests;
    failed = numFailedTests;
  } catch (error) {
    say(`${project}: there is no report of the tests: ${error.message}`);
  }
  // A file that cannot be loaded, or a setup that fails, fails no test by name.
  if (code !== 0 && failed === 0) failed = 1;
  counts.failed += failed;
  return failed === 0 ? 0 : 1;
}

/** Its failure counts as one failed. */
const counted = (step) => async () => {
  const code = await step();
  if (code !== 0) counts.failed += 1;
  return code;
};

/** A step that is no test. */
const check = (...args) => counted(() => run(args[0], ...node(...args.slice(1))));

/** Compiles, and looks at the format meanwhile: both have one core. */
const sources = counted(async () => {
  const prettier = node('node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.');
  return Math.max(...(await Promise.all([build(), run('prettier', ...prettier, { held: true })])));
});

const lint = counted(() =>
  run('eslint', ...node('node_modules/eslint/bin/eslint.js', '.', '--max-warnings', '0'), { held: true }),
);

/** Says why, before anything is begun that needs a broker. */
async function engine() {
  const { requireEngine } = await import(pathToFileURL(path.join(ROOT, 'deploy', 'local', 'dist', 'index.js')).href);
  try {
    await requireEngine(process.env);
    return 0;
  } catch (error) {
    say(error.message);
    counts.failed += 1;
    return 1;
  }
}

/** They wait more than they work, and the linter fills the gaps. */
async function brokerTests() {
  const codes = await Promise.all([vitest('integration'), vitest('own-brokers'), lint()]);
  return Math.max(...codes);
}

const steps = [
  ['install', counted(install)],
  ['typecheck and format', sources],
  ['generated files', check('generate', 'schemas/dist/generate/main.js', '--check')],
  ['unit and contract tests', () => vitest('unit')],
  ...(quick
    ? [['lint', lint]]
    : [
        ['a broker for the integration tests', engine],
        ['integration and fault tests, and lint, at the same time', brokerTests],
      ]),
];

const started = performance.now();
let code = 0;
for (const [index, [title, step]] of steps.entries()) {
  const begun = performance.now();
  say(`\n[${index + 1}/${steps.length}] ${title} …`);
  code = await step();
  say(`[${index + 1}/${steps.length}] ${title}: ${code === 0 ? 'ok' : 'FAILED'} in ${seconds(begun)} s`);
  if (code !== 0) {
    for (const [left] of steps.slice(index + 1)) say(`not run: ${left}`);
    break;
  }
}
rmSync(scratch, { recursive: true, force: true });
say(`\n${seconds(started)} s in all`);
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
process.exitCode = code === 0 ? 0 : 1;
