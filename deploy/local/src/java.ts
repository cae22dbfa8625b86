import { execFile } from 'node:child_process';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { LocalError } from './errors.js';

export interface Java {
  /** Folder with `bin/java`. */
  readonly home: string;
  readonly command: string;
  /** Feature release: 17, 21, 25. */
  readonly version: number;
}

type Env = Readonly<Record<string, string | undefined>>;

/** The feature release in a version as Java writes it: `1.8.0_402` → 8, `17.0.15` → 17, `25-ea+3` → 25. Null when it is none. */
export function featureRelease(version: string): number | null {
  const found = /^(\d+)(?:\.(\d+))?/.exec(version.trim());
  if (found === null) return null;
  const first = Number(found[1]);
  return first === 1 && found[2] !== undefined ? Number(found[2]) : first;
}

/** Reads the file `release` that stands in each Java home (`JAVA_VERSION="17.0.15"`). */
export function parseRelease(text: string): number | null {
  const found = /^JAVA_VERSION="([^"]+)"/m.exec(text);
  return found === null ? null : featureRelease(found[1]!);
}

/** Reads what `java -version` prints: `openjdk version "17.0.15" 2025-04-15`. */
export function parseVersionOutput(text: string): number | null {
  const found = /version "([^"]+)"/.exec(text);
  return found === null ? null : featureRelease(found[1]!);
}

/** Folders whose children (or, on macOS, `Contents/Home` of the children) are Java homes, for this user. */
export function javaFolders(env: Env, homeDir: string): readonly string[] {
  return [
    '/usr/lib/jvm',
    '/usr/java',
    '/Library/Java/JavaVirtualMachines',
    path.join(homeDir, 'Library/Java/JavaVirtualMachines'),
    path.join(env['SDKMAN_DIR'] ?? path.join(homeDir, '.sdkman'), 'candidates/java'),
    path.join(homeDir, '.jdks'),
    '/opt/homebrew/opt',
    '/usr/local/opt',
    '/opt',
  ];
}

/** Possible homes, the user's own choice first. Not all of them exist. */
export async function javaCandidates(env: Env, homeDir: string): Promise<readonly string[]> {
  const homes: string[] = [];
  if (env['JAVA_HOME'] !== undefined && env['JAVA_HOME'] !== '') homes.push(env['JAVA_HOME']);
  for (const folder of (env['PATH'] ?? '').split(path.delimiter)) {
    // On the PATH stands a link, maybe a chain of them; the home is where the real file is.
    const real = folder === '' ? null : await realpath(path.join(folder, 'java')).catch(() => null);
    if (real !== null) homes.push(path.dirname(path.dirname(real)));
  }
  for (const folder of javaFolders(env, homeDir)) {
    const children = await readdir(folder).catch(() => []);
    for (const child of children) {
      homes.push(path.join(folder, child), path.join(folder, child, 'Contents/Home'));
      homes.push(path.join(folder, child, 'libexec/openjdk.jdk/Contents/Home'));
    }
  }
  return homes;
}

/** The newest that is new enough; among equals the first, so the user's own choice wins. */
export function chooseJava(found: readonly Java[], atLeast: number): Java | null {
  let best: Java | null = null;
  for (const java of found) if (java.version >= atLeast && (best === null || java.version > best.version)) best = java;
  return best;
}

/** Every Java on this machine that answers. */
export async function listJava(env: Env = process.env, homeDir = os.homedir()): Promise<readonly Java[]> {
  const seen = new Set<string>();
  const found: Java[] = [];
  for (const candidate of await javaCandidates(env, homeDir)) {
    const home = await realpath(candidate).catch(() => null);
    if (home === null || seen.has(home)) continue;
    seen.add(home);
    const command = path.join(home, 'bin', 'java');
    if (
      !(await stat(command).then(
        (s) => s.isFile(),
        () => false,
      ))
    )
      continue;
    const release = await readFile(path.join(home, 'release'), 'utf8').catch(() => '');
    const version = parseRelease(release) ?? (await askVersion(command));
    if (version !== null) found.push({ home, command, version });
  }
  return found;
}

/** @throws LocalError `no_java`, which names what was found and what to install. */
export async function findJava(atLeast: number, what: string, env: Env = process.env): Promise<Java> {
  const found = await listJava(env);
  const java = chooseJava(found, atLeast);
  if (java !== null) return java;
  const have =
    found.length === 0 ? 'none was found' : `found only ${found.map((j) => `${j.version} in ${j.home}`).join(', ')}`;
  throw new LocalError(
    'no_java',
    `${what} needs Java ${atLeast} or newer and ${have}. Install one (Debian: a temurin or openjdk package; macOS: brew install openjdk; or SDKMAN), or set JAVA_HOME to it.`,
  );
}

/** A Java that does not answer within 10 s is not one to run a broker on. */
function askVersion(command: string): Promise<number | null> {
  return new Promise((resolve) => {
    execFile(command, ['-version'], { timeout: 10_000 }, (error, stdout, stderr) => {
      resolve(error === null ? parseVersionOutput(`${stderr}\n${stdout}`) : null);
    });
  });
}
