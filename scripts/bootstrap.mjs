// What the start and test commands share: install when needed, build, run a step with its output and time. Plain Node: it runs before anything is installed.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { clearInterval, setImmediate, setInterval } from 'node:timers';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
const STAMP = path.join(ROOT, 'node_modules', '.fleetwire-installed');
/** How often a step that says nothing is said to be alive. */
const ALIVE_MS = 10_000;

/** Everything for people goes to stderr: stdout belongs to what is asked for (`--json`). */
export const say = (line) => process.stderr.write(`${line}\n`);
export const seconds = (since) => ((performance.now() - since) / 1000).toFixed(1);

/**
 * Runs a command from the project's root; resolves with its exit code, 1 when it was ended by a signal. Its output goes to stderr, both streams.
 * A quiet command is said to be alive now and then. `held`: its output is kept back until it ends, for commands that run beside others.
 */
export function run(title, command, args, { env = process.env, held = false } = {}) {
  return new Promise((resolve) => {
    const started = performance.now();
    let spoke = started;
    const child = spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const kept = [];
    const pass = (chunk) => {
      spoke = performance.now();
      if (held) kept.push(chunk);
      else process.stderr.write(chunk);
    };
    child.stdout.on('data', pass);
    child.stderr.on('data', pass);
    // The step ends with us, whoever of the two the signal was sent to.
    const stop = (signal) => {
      child.kill(signal);
      // Not at once: commands that run beside this one are told too.
      setImmediate(() => process.exit(signal === 'SIGINT' ? 130 : 143));
    };
    process.once('SIGINT', stop).once('SIGTERM', stop);
    const ended = (code) => {
      clearInterval(alive);
      process.off('SIGINT', stop).off('SIGTERM', stop);
      process.stderr.write(Buffer.concat(kept));
      resolve(code);
    };
    const alive = setInterval(() => {
      if (!held && performance.now() - spoke >= ALIVE_MS) say(`${title}: ${seconds(started)} s so far`);
    }, ALIVE_MS);
    child.on('error', (error) => {
      say(`${title}: cannot run ${command}: ${error.message}`);
      ended(1);
    });
    child.on('close', (code) => ended(code ?? 1));
  });
}

/** Node itself, with a script of an installed package. */
export const node = (...args) => [process.execPath, args];

/** What an install depends on: the lock file and the patches that are applied after it. */
function wanted() {
  const hash = createHash('sha256');
  hash.update(readFileSync(path.join(ROOT, 'package-lock.json')));
  const patches = path.join(ROOT, 'patches');
  for (const file of existsSync(patches) ? readdirSync(patches).sort() : []) {
    hash.update(file).update(readFileSync(path.join(patches, file)));
  }
  return hash.digest('hex');
}

/** Whether node_modules holds just what the lock file names, as npm itself wrote down. */
function matchesLock() {
  try {
    const lock = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')).packages;
    const have = JSON.parse(readFileSync(path.join(ROOT, 'node_modules', '.package-lock.json'), 'utf8')).packages;
    return Object.entries(lock).every(
      ([at, entry]) =>
        !at.startsWith('node_modules/') || entry.optional || entry.link || have[at]?.version === entry.version,
    );
  } catch {
    return false;
  }
}

/** Installs what the lock file names, unless that was done already. Resolves with the exit code. */
export async function install() {
  const want = wanted();
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === want) return 0;
  // Somebody installed by hand: then only the patches may be missing.
  if (matchesLock()) {
    const patched = await run('patches', ...node('node_modules/patch-package/index.js', '--error-on-fail'));
    if (patched === 0) {
      writeFileSync(STAMP, want);
      return 0;
    }
  }
  const started = performance.now();
  say('installing the packages that package-lock.json names (npm ci) …');
  const code = await run('npm ci', 'npm', ['ci', '--include=dev', '--no-audit', '--no-fund']);
  if (code !== 0) {
    say('npm ci failed: see above. It needs the npm registry; package.json and package-lock.json must agree.');
    return code;
  }
  writeFileSync(STAMP, want);
  say(`installed in ${seconds(started)} s`);
  return 0;
}

/** Compiles what has changed. Resolves with the exit code. */
export async function build() {
  const started = performance.now();
  say('building …');
  const code = await run('tsc -b', ...node('node_modules/typescript/bin/tsc', '-b'));
  say(code === 0 ? `built in ${seconds(started)} s` : 'the build failed: see above');
  return code;
}
