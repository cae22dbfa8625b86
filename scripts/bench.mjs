// `npm run bench`, `bench:decode` and `bench:enrich`: installs and builds when needed, then runs a benchmark of test/src/bench with the arguments given.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { build, install, ROOT } from './bootstrap.mjs';

const [name, ...args] = process.argv.slice(2);
const prepared = (await install()) || (await build());
if (prepared !== 0) process.exit(prepared);
// A large young generation and the collector at hand: allocation is measured, not collection in mid-round.
const flags = name === 'decode' || name === 'enrich' ? ['--expose-gc', '--max-semi-space-size=128'] : [];
const child = spawn(process.execPath, [...flags, path.join(ROOT, 'test', 'dist', 'bench', `${name}.js`), ...args], {
  stdio: 'inherit',
});
child.on('exit', (code) => process.exit(code ?? 1));
