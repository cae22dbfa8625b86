import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silent } from './errors.js';
import { withLock } from './lock.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'lock-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('the lock of a fetch', () => {
  it('lets one in at a time, and leaves nothing behind', async () => {
    const file = path.join(folder, 'x.lock');
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 4 }, () =>
        withLock(file, silent, 'busy', async () => {
          most = Math.max(most, ++inside);
          await new Promise((resolve) => setImmediate(resolve));
          inside--;
        }),
      ),
    );
    expect(most).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  it('does not wait for a holder that is dead, nor for one whose file is torn', async () => {
    const file = path.join(folder, 'x.lock');
    await writeFile(file, JSON.stringify({ pid: process.pid, command: 'another program that had this number' }));
    expect(await withLock(file, silent, 'busy', () => Promise.resolve('in'))).toBe('in');
    await writeFile(file, '{"pid":');
    expect(await withLock(file, silent, 'busy', () => Promise.resolve('in'))).toBe('in');
    expect(await readdir(folder)).toEqual([]);
  });

  it('is free again after work that failed', async () => {
    const file = path.join(folder, 'x.lock');
    await expect(withLock(file, silent, 'busy', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await readdir(folder)).toEqual([]);
  });
});
