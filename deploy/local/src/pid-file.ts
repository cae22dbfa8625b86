import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { LocalError, type Say } from './errors.js';
import { commandLine, signal } from './process-table.js';
import { until } from './wait.js';

/** Who runs on a data folder, so that a next start finds what a crash left behind. */
interface PidFile {
  readonly pid: number;
  /** The process that started it, with its command line: ids are given out again. */
  readonly owner: number;
  readonly ownerCommand: string;
}

const STOP_MS = 10_000;

function parse(text: string): PidFile | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return null;
    if (!('pid' in value && 'owner' in value && 'ownerCommand' in value)) return null;
    const { pid, owner, ownerCommand } = value;
    if (typeof pid !== 'number' || typeof owner !== 'number' || typeof ownerCommand !== 'string') return null;
    return { pid, owner, ownerCommand };
  } catch {
    return null; // Torn by a crash: it names nobody, and a port that is still taken is noticed later.
  }
}

/**
 * Makes sure that nobody runs on this data folder. What a dead owner left behind is stopped, but only if its command line holds `marker` (a path in
 * the folder), so never a stranger that was given the same id.
 * @throws LocalError `already_running` when its owner lives.
 */
export async function clearStale(file: string, what: string, marker: string, say: Say): Promise<void> {
  const left = parse(await readFile(file, 'utf8').catch(() => ''));
  if (left === null) return;
  const command = await commandLine(left.pid);
  if (command?.includes(marker) === true) {
    const ownerCommand = await commandLine(left.owner);
    if (ownerCommand !== null && ownerCommand === left.ownerCommand) {
      throw new LocalError(
        'already_running',
        `a ${what} (process ${left.pid}) of process ${left.owner} runs on ${path.dirname(file)}: stop that one first, or use another data folder`,
      );
    }
    say(`stopping a ${what} that an earlier run left behind (process ${left.pid})`);
    signal(left.pid, 'SIGTERM');
    signal(left.pid, 'SIGCONT');
    const gone = async (): Promise<true | null> => ((await commandLine(left.pid)) === null ? true : null);
    if ((await until(gone, { timeoutMs: STOP_MS })) === null) signal(left.pid, 'SIGKILL');
    await until(gone, { timeoutMs: STOP_MS });
  }
  await rm(file, { force: true });
}

export async function writePidFile(file: string, pid: number): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const ownerCommand = (await commandLine(process.pid)) ?? '';
  await writeFile(file, JSON.stringify({ pid, owner: process.pid, ownerCommand }));
}

export async function removePidFile(file: string): Promise<void> {
  await rm(file, { force: true });
}
