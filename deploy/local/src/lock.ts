import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { LocalError, systemCode, type Say } from './errors.js';
import { commandLine } from './process-table.js';
import { sleep } from './wait.js';

/** Longer than a fetch may take. */
const LOCK_WAIT_MS = 30 * 60_000;
const SAY_EVERY_MS = 10_000;

/**
 * Runs `work` while no other process does so under the same file. The file names its holder; that of a dead holder is put aside, not waited for.
 * @throws LocalError `fetch_failed` when the lock was not had within 30 min.
 */
export async function withLock<T>(file: string, say: Say, waitingFor: string, work: () => Promise<T>): Promise<T> {
  const mine = JSON.stringify({ pid: process.pid, command: (await commandLine(process.pid)) ?? '', at: Date.now() });
  // The content is whole before the name exists: `link` is the atomic step.
  const draft = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  await writeFile(draft, mine);
  try {
    await acquire(file, draft, say, waitingFor);
  } finally {
    await rm(draft, { force: true });
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

async function acquire(file: string, draft: string, say: Say, waitingFor: string): Promise<void> {
  const end = performance.now() + LOCK_WAIT_MS;
  let sayAt = performance.now() + 1000;
  for (;;) {
    try {
      await link(draft, file);
      return;
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
    const held = await readFile(file, 'utf8').catch(() => null);
    if (held !== null && !(await holderLives(held))) {
      await putAside(file, held);
      continue;
    }
    const now = performance.now();
    if (now > end)
      throw new LocalError('fetch_failed', `${waitingFor} for too long: if that is not so, remove ${file}`);
    if (now > sayAt) {
      say(`${waitingFor}: waiting`);
      sayAt = now + SAY_EVERY_MS;
    }
    await sleep(200);
  }
}

async function holderLives(held: string): Promise<boolean> {
  try {
    const value: unknown = JSON.parse(held);
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('command' in value)) return false;
    return typeof value.pid === 'number' && (await commandLine(value.pid)) === value.command;
  } catch {
    return false;
  }
}

/** Two may see the same dead lock; what one of them then moves away may be the other's new one, which is put back. */
async function putAside(file: string, held: string): Promise<void> {
  const aside = path.join(
    path.dirname(file),
    `${path.basename(file)}.stale.${process.pid}.${Math.random().toString(36).slice(2)}`,
  );
  try {
    await rename(file, aside);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw error;
  }
  if ((await readFile(aside, 'utf8').catch(() => held)) !== held) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
}
