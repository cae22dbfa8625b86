// `npm run fuzz` and `npm run ids`: installs and builds when needed, then runs the fuzzer of test/src/fuzz with the arguments given.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { build, install, ROOT } from './bootstrap.mjs';

const prepared = (await install()) || (await build());
if (prepared !== 0) process.exit(prepared);
// With the collector at hand growth of memory is told from garbage.
const main = path.join(ROOT, 'test', 'dist', 'fuzz', 'main.js');
const child = spawn(process.execPath, ['--expose-gc', main, ...process.argv.slice(2)], { stdio: 'inherit' });
child.on('exit', (code) => process.exit(code ?? 1));
