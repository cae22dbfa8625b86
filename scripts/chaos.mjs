// `npm run chaos:pipeline`, `chaos:enrich`, `chaos:commands`: installs and builds when needed, then runs test/src/chaos with the arguments given.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { build, install, ROOT } from './bootstrap.mjs';

const [name, ...args] = process.argv.slice(2);
const prepared = (await install()) || (await build());
if (prepared !== 0) process.exit(prepared);
const child = spawn(process.execPath, [path.join(ROOT, 'test', 'dist', 'chaos', `${name}.js`), ...args], {
  stdio: 'inherit',
});
child.on('exit', (code) => process.exit(code ?? 1));
