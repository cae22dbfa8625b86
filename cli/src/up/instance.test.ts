import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Instance } from './instance.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'instance-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a data folder', () => {
  it('is held by one instance at a time, and free again after it', async () => {
    const first = await Instance.take(folder);
    await expect(Instance.take(folder)).rejects.toThrow(`runs on ${folder} already (process ${process.pid})`);
    first.release();
    (await Instance.take(folder)).release();
    expect(existsSync(path.join(folder, 'up.lock'))).toBe(false);
  });

  it('is taken over from a supervisor that is dead, and its instance.json goes', async () => {
    writeFileSync(
      path.join(folder, 'up.lock'),
      JSON.stringify({ pid: process.pid, command: 'another program with this number' }),
    );
    writeFileSync(path.join(folder, 'instance.json'), '{"brokers":["gone:1"]}');
    const instance = await Instance.take(folder);
    expect(existsSync(path.join(folder, 'instance.json'))).toBe(false);
    instance.release();
  });

  it('tells others where the instance is, until it stops', async () => {
    const instance = await Instance.take(folder);
    instance.publish({ brokers: ['a:1'], registry: 'http://r', edges: [], http: {}, pid: 7, pids: { broker: 8 } });
    expect(JSON.parse(readFileSync(path.join(folder, 'instance.json'), 'utf8'))).toMatchObject({
      brokers: ['a:1'],
      pid: 7,
    });
    instance.release();
    expect(existsSync(path.join(folder, 'instance.json'))).toBe(false);
  });
});
