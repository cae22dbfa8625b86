import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isFenced, protocolType, STREAM_ERROR_CODES, StreamError } from './errors.js';

describe('errors', () => {
  it('are all used: each code is thrown or rejected with somewhere', () => {
    const folder = new URL('.', import.meta.url);
    const sources = readdirSync(folder)
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== 'errors.ts')
      .map((name) => readFileSync(new URL(name, folder), 'utf8'))
      .join('\n');
    for (const code of STREAM_ERROR_CODES) expect([code, sources.includes(`'${code}'`)]).toEqual([code, true]);
  });

  it('know fencing by name and by number, however deep it is wrapped', () => {
    const fenced = Object.assign(new Error('old epoch'), { type: 'INVALID_PRODUCER_EPOCH' });
    expect(
      isFenced(new StreamError('transaction_failed', 'x', { cause: new Error('wrapped', { cause: fenced }) })),
    ).toBe(true);
    expect(isFenced(new Error('Unknown error code 90'))).toBe(true);
    expect(isFenced(Object.assign(new Error('x'), { type: 'REQUEST_TIMED_OUT' }))).toBe(false);
  });

  it('follow a ring of causes only so far', () => {
    const ring = new Error('ring');
    ring.cause = ring;
    expect(protocolType(ring)).toBeNull();
    expect(isFenced(ring)).toBe(false);
  });

  it('say whether trying again may help', () => {
    expect(new StreamError('send_rejected', 'x', { retriable: true }).retriable).toBe(true);
    expect(new StreamError('bad_options', 'x').retriable).toBe(false);
  });
});
