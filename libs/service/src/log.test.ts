import { describe, expect, it } from 'vitest';
import { REPEAT_KEYS_MAX, RepeatLimiter, createLogger } from './log.js';

describe('createLogger', () => {
  it('writes one JSON line with the service, the sentence and the error under `error`', () => {
    const lines: string[] = [];
    const log = createLogger({
      service: 'sampler',
      level: 'info',
      base: { boot_id: 'b1' },
      destination: { write: (line) => void lines.push(line) },
    });
    log.error({ error: new Error('gone', { cause: 'disk' }), topic: 't' }, 'A batch was refused.');
    log.debug({}, 'not shown');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      {
        level: 'error',
        service: 'sampler',
        boot_id: 'b1',
        msg: 'A batch was refused.',
        topic: 't',
        error: { message: expect.stringContaining('gone') as string },
      },
    ]);
  });
});

describe('RepeatLimiter', () => {
  it('lets one line a key pass in its time and then says how many it held back', () => {
    let now = 0;
    const limiter = new RepeatLimiter(1000, () => now);
    expect([limiter.allow('a'), limiter.allow('a'), limiter.allow('a'), limiter.allow('b')]).toEqual([
      0,
      null,
      null,
      0,
    ]);
    now = 1000;
    expect(limiter.allow('a')).toBe(2);
  });

  it('forgets the oldest key beyond its bound', () => {
    const limiter = new RepeatLimiter(1000, () => 0);
    limiter.allow('first');
    for (let i = 0; i < REPEAT_KEYS_MAX; i++) limiter.allow(`k${i}`);
    expect(limiter.allow('first')).toBe(0);
    expect(limiter.allow(`k${REPEAT_KEYS_MAX - 1}`)).toBeNull();
  });
});
