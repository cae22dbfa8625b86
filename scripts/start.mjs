// `npm start`: installs and builds when needed, then `fleetwire up` with the same arguments, in this very process, so that signals have one reader.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, install, ROOT } from './bootstrap.mjs';

const prepared = (await install()) || (await build());
if (prepared !== 0) process.exit(prepared);
const main = path.join(ROOT, 'cli', 'dist', 'main.js');
process.argv = [process.argv[0], main, 'up', ...process.argv.slice(2)];
await import(pathToFileURL(main).href);
