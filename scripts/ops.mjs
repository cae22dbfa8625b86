// `npm run test:ops`: what needs tools of the system beside Node (scripts/ops-setup.sh installs them): Prometheus, HAProxy, buildah, runc, kubeconform, kube-score.
// Arguments go to the test runner. The last line counts tests.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { build, install, node, run, say, seconds } from './bootstrap.mjs';

const cache =
  process.env.FLEETWIRE_OPS_CACHE ??
  path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'fleetwire-ops');
const env = {
  ...process.env,
  PATH: [path.join(cache, 'bin'), process.env.PATH, '/usr/sbin', '/sbin'].join(path.delimiter),
};

const args = process.argv.slice(2);
const started = performance.now();
const prepared = (await install()) || (await build());
if (prepared !== 0) process.exit(prepared);
const scratch = mkdtempSync(path.join(os.tmpdir(), 'fleetwire-ops-'));
const report = path.join(scratch, 'ops.json');
const code = await run(
  'test:ops',
  ...node(
    'node_modules/vitest/vitest.mjs',
    'run',
    ...(args.includes('--project') ? [] : ['--project', 'ops']),
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...args,
  ),
  { env },
);
let counts = { numPassedTests: 0, numFailedTests: 1 };
try {
  counts = JSON.parse(readFileSync(report, 'utf8'));
} catch (error) {
  say(`there is no report of the tests: ${error.message}`);
}
rmSync(scratch, { recursive: true, force: true });
// A file that cannot be loaded, or a setup that fails, fails no test by name.
const failed = code !== 0 ? Math.max(1, counts.numFailedTests) : counts.numFailedTests;
say(`\n${seconds(started)} s in all`);
process.stdout.write(`${counts.numPassedTests} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
