import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { commandLine } from './process-table.js';
import { until } from './wait.js';
import { WATCHDOG_SCRIPT } from './watchdog.js';

const gone = (pid: number): Promise<true | null> =>
  until(async () => ((await commandLine(pid)) === null ? true : null), { timeoutMs: 8000, everyMs: 20 });

function sleeper(): number {
  const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
  if (child.pid === undefined) throw new Error('no process');
  return child.pid;
}

describe('the watchdog', () => {
  it('ends the groups that are left when its pipe ends, a frozen one too, and spares those that were dropped', async () => {
    const [left, frozen, dropped] = [sleeper(), sleeper(), sleeper()];
    const dog = spawn('/bin/sh', ['-c', WATCHDOG_SCRIPT], { stdio: ['pipe', 'ignore', 'inherit'] });
    try {
      process.kill(frozen, 'SIGSTOP');
      dog.stdin.write(`add ${left}\nadd ${frozen}\nadd ${dropped}\n`);
      dog.stdin.write(`drop ${dropped}\n`);
      expect(await commandLine(left)).toBe('sleep 60');
      dog.stdin.end();
      expect(await gone(left)).toBe(true);
      expect(await gone(frozen)).toBe(true);
      expect(await commandLine(dropped)).toBe('sleep 60');
    } finally {
      process.kill(dropped, 'SIGKILL');
      dog.kill('SIGKILL');
    }
  });
});
