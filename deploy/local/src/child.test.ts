import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Child, describeExit } from './child.js';
import { writePidFile, clearStale } from './pid-file.js';
import { until } from './wait.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'child-'));
afterAll(() => rmSync(folder, { recursive: true }));
const script = (name: string, code: string) =>
  Child.start({ name, command: process.execPath, args: ['-e', code], logFile: path.join(folder, `${name}.log`) });
const printed = (child: Child, word: string) =>
  until(() => (child.output().includes(word) ? true : null), { timeoutMs: 10_000, everyMs: 10 });

describe('a child process', () => {
  it('ends by SIGTERM, even when it is frozen', async () => {
    const child = await script(
      'frozen',
      'process.on("SIGTERM", () => process.exit(0)); console.log("up"); setInterval(() => {}, 1000)',
    );
    expect(await printed(child, 'up')).toBe(true);
    child.signal('SIGSTOP');
    expect(await child.stop(10_000)).toEqual({ code: 0, signal: null });
    expect(child.running).toBe(false);
    expect(child.signal('SIGTERM')).toBe(false);
  });

  it('is killed when it does not heed SIGTERM', async () => {
    const child = await script(
      'deaf',
      'process.on("SIGTERM", () => {}); console.log("up"); setInterval(() => {}, 1000)',
    );
    expect(await printed(child, 'up')).toBe(true);
    expect(describeExit(await child.stop(50))).toBe('was ended by SIGKILL');
  });

  it('shows the last lines of this run, not of the one before', async () => {
    await (
      await script('twice', 'console.log("first")')
    ).exited;
    const second = await script('twice', 'console.log("a\\nb\\nc"); process.exit(3)');
    expect(describeExit(await second.exited)).toBe('ended with code 3');
    expect(second.tail(2)).toEqual(['b', 'c']);
    expect(second.output()).not.toContain('first');
  });

  it('that cannot be started says so', async () => {
    const start = Child.start({
      name: 'nothing',
      command: '/does/not/exist',
      args: [],
      logFile: path.join(folder, 'n.log'),
    });
    await expect(start).rejects.toThrow(/nothing: cannot run \/does\/not\/exist/);
  });
});

describe('the pid file', () => {
  const file = path.join(folder, 'x.pid');

  it('refuses a folder on which a process of a living owner runs', async () => {
    const child = await script('owned', `setInterval(() => {}, 1000) // ${folder}`);
    await writePidFile(file, child.pid);
    await expect(clearStale(file, 'broker', folder, () => undefined)).rejects.toThrow(/runs on/);
    await child.stop(5000);
  });

  it('does not touch a stranger that was given the same number', async () => {
    const child = await script('stranger', 'setInterval(() => {}, 1000)');
    await writePidFile(file, child.pid);
    await clearStale(file, 'broker', '/a/path/it/does/not/know', () => undefined);
    expect(child.running).toBe(true);
    await child.stop(5000);
  });
});
