import { spawn } from 'node:child_process';
import { access, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { LocalError, systemCode, type Say } from './errors.js';
import { findJava, type Java } from './java.js';
import { withLock } from './lock.js';
import { APICURIO_VERSION, JAVA_FOR_APICURIO, JAVA_FOR_KAFKA, KAFKA_VERSION } from './versions.js';
import { guard, unguard } from './watchdog.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Something that Maven gets once a machine. */
export interface Package {
  readonly name: string;
  readonly version: string;
  readonly pom: string;
  readonly goal: 'copy-dependencies' | 'unpack-dependencies';
  /** A file that is there when all is. */
  readonly proof: string;
  readonly megabytes: number;
}

/** `../kafka/pom.xml` from `src` as well as from `dist`. */
const pomOf = (folder: string): string => fileURLToPath(new URL(`../${folder}/pom.xml`, import.meta.url));

export const KAFKA: Package = {
  name: 'kafka',
  version: KAFKA_VERSION,
  pom: pomOf('kafka'),
  goal: 'copy-dependencies',
  proof: `kafka_2.13-${KAFKA_VERSION}.jar`,
  megabytes: 67,
};
export const APICURIO: Package = {
  name: 'apicurio',
  version: APICURIO_VERSION,
  pom: pomOf('registry'),
  goal: 'unpack-dependencies',
  proof: 'quarkus-run.jar',
  megabytes: 173,
};

/** Longest that Maven may take; a slow line gets 150 MB in that time at 130 kB/s. */
const FETCH_MS = 20 * 60_000;
const PROGRESS_MS = 2000;

export function cacheFolder(env: Env = process.env): string {
  return path.resolve(env['FLEETWIRE_CACHE'] ?? path.join(os.homedir(), '.cache', 'fleetwire'));
}

function folderOf(wanted: Package, env: Env): string {
  return path.join(cacheFolder(env), `${wanted.name}-${wanted.version}`);
}

/**
 * The folder with a package's files, fetched when it is not there yet. Several processes may ask at once: one fetches, the others wait. A fetch that was
 * cut off is gone on with: what Maven had is kept in `<folder>.part`, and the folder takes its name only when it is whole.
 * @throws LocalError `no_maven`, `no_java`, `fetch_failed`
 */
export async function fetchPackage(
  wanted: Package,
  say: Say,
  env: Env = process.env,
  signal?: AbortSignal,
): Promise<string> {
  const folder = folderOf(wanted, env);
  if (await exists(path.join(folder, wanted.proof))) return folder;
  await mkdir(path.dirname(folder), { recursive: true });
  await withLock(
    `${folder}.lock`,
    say,
    `${wanted.name} ${wanted.version} is being fetched by another process`,
    async () => {
      if (await exists(path.join(folder, wanted.proof))) return;
      const part = `${folder}.part`;
      const out = path.join(part, 'out');
      await rm(out, { recursive: true, force: true });
      await mkdir(out, { recursive: true });
      const java = await findJava(wanted.name === 'kafka' ? JAVA_FOR_KAFKA : JAVA_FOR_APICURIO, wanted.name, env);
      await maven(wanted, java, path.join(part, 'repository'), out, say, env, signal);
      if (!(await exists(path.join(out, wanted.proof)))) {
        throw new LocalError(
          'fetch_failed',
          `Maven ended well, but ${wanted.proof} is not in ${out}: remove ${part} and try again`,
        );
      }
      await rm(folder, { recursive: true, force: true });
      await rename(out, folder);
      await rm(part, { recursive: true, force: true });
    },
  );
  return folder;
}

/**
 * Whether everything is there, or Maven is, to get it.
 * @throws LocalError `no_maven`
 */
export async function requireFetchable(env: Env = process.env): Promise<void> {
  for (const wanted of [KAFKA, APICURIO]) {
    if (await exists(path.join(folderOf(wanted, env), wanted.proof))) continue;
    const folders = (env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
    const found = await Promise.all(folders.map((folder) => exists(path.join(folder, 'mvn'))));
    if (!found.includes(true)) throw noMaven(wanted);
  }
}

function noMaven(wanted: Package, cause?: unknown): LocalError {
  return new LocalError(
    'no_maven',
    `Maven (mvn) is needed once to fetch ${wanted.name} ${wanted.version}, and it is not on the PATH. Install it (Debian: apt-get install maven; macOS: brew install maven), or start Docker.`,
    { cause },
  );
}

async function maven(
  wanted: Package,
  java: Java,
  repository: string,
  out: string,
  say: Say,
  env: Env,
  signal?: AbortSignal,
): Promise<void> {
  const started = performance.now();
  const title = `${wanted.name} ${wanted.version}`;
  say(`fetching ${title} with Maven, once for this machine (about ${wanted.megabytes} MB) …`);
  const args = [
    ...['-B', '-ntp', '-f', wanted.pom, `-Dmaven.repo.local=${repository}`, `dependency:${wanted.goal}`],
    ...['-DincludeScope=runtime', `-DoutputDirectory=${out}`],
  ];
  const child = spawn('mvn', args, {
    detached: true,
    cwd: path.dirname(out),
    env: { ...env, JAVA_HOME: java.home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString('utf8')).slice(-8000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  if (child.pid !== undefined) guard(child.pid);
  const progress = setInterval(() => {
    void countFiles(repository).then(({ bytes, jars }) => {
      const seconds = Math.round((performance.now() - started) / 1000);
      say(`fetching ${title}: ${(bytes / 1e6).toFixed(0)} of about ${wanted.megabytes} MB, ${jars} jars, ${seconds} s`);
    });
  }, PROGRESS_MS);
  const kill = (): void => void child.kill('SIGKILL');
  const limit = setTimeout(kill, FETCH_MS);
  signal?.addEventListener('abort', kill);
  if (signal?.aborted === true) kill();
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (signal?.aborted === true) throw new LocalError('fetch_failed', `the fetch of ${title} was stopped`);
    if (code !== 0) {
      const why =
        output
          .split('\n')
          .filter((line) => line.includes('ERROR'))
          .slice(0, 4)
          .join('\n') || output.slice(-800);
      throw new LocalError(
        'fetch_failed',
        `Maven could not fetch ${title} (exit ${code ?? 'by signal'}). Is Maven Central reachable?\n${why}`,
      );
    }
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    throw noMaven(wanted, error);
  } finally {
    clearInterval(progress);
    clearTimeout(limit);
    signal?.removeEventListener('abort', kill);
    if (child.pid !== undefined) unguard(child.pid);
  }
  say(`${title} fetched in ${((performance.now() - started) / 1000).toFixed(0)} s`);
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/** What Maven has so far. Files come and go meanwhile; a miss only makes the figure smaller. */
async function countFiles(folder: string): Promise<{ bytes: number; jars: number }> {
  let bytes = 0;
  let jars = 0;
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    bytes += (await stat(path.join(entry.parentPath, entry.name)).catch(() => ({ size: 0 }))).size;
    if (entry.name.endsWith('.jar')) jars++;
  }
  return { bytes, jars };
}
