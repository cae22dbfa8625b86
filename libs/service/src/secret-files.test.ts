import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SECRET_LOOK_MS, SecretFiles } from './secret-files.js';

let folder = '';
beforeEach(() => void (folder = mkdtempSync(path.join(os.tmpdir(), 'secrets-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => path.join(folder, name);
const build = ([left, right]: readonly string[]): { readonly pair: string } => {
  if (left !== right?.toUpperCase()) throw new Error('they do not go together');
  return { pair: `${left}${right}` };
};

describe('SecretFiles', () => {
  it('reads files again when they change, and keeps the last good value while they cannot be used', () => {
    writeFileSync(at('a'), 'X');
    writeFileSync(at('b'), 'x');
    const errors: object[] = [];
    let nowMs = 0;
    const secret = new SecretFiles({
      what: 'a pair',
      files: [at('a'), at('b')],
      build,
      log: { info: () => undefined, error: (fields: object) => void errors.push(fields) },
      nowMs: () => nowMs,
    });
    const first = secret.current();
    expect(first).toEqual({ pair: 'Xx' });
    writeFileSync(at('a'), 'YY');
    expect(secret.current(), 'not looked at again yet').toBe(first);
    nowMs += SECRET_LOOK_MS;
    expect(secret.current(), 'half of a renewal').toBe(first);
    rmSync(at('b'));
    nowMs += SECRET_LOOK_MS;
    expect(secret.current(), 'a missing file').toBe(first);
    expect(errors).toHaveLength(1);
    expect(secret.refused).toBe(2);
    writeFileSync(at('b'), 'yy');
    nowMs += SECRET_LOOK_MS;
    const second = secret.current();
    expect(second).toEqual({ pair: 'YYyy' });
    nowMs += SECRET_LOOK_MS;
    expect(secret.current(), 'unchanged').toBe(second);
  });

  it('names the files that cannot be used at the start', () => {
    const files = [at('none')];
    expect(() => new SecretFiles({ what: 'a password', files, build: () => '' })).toThrow(
      `a password in ${at('none')} cannot be used: ENOENT`,
    );
  });
});
