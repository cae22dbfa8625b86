import { describe, expect, it } from 'vitest';
import { Suspects } from './suspects.js';

describe('records that a step threw on', () => {
  it('come alone after their batch threw, and only they', () => {
    const suspects = new Suspects();
    suspects.threw('t', [5, 6, 7], new Error('x'));
    expect([5, 7, 8].map((offset) => suspects.alone('t', offset))).toEqual([true, true, false]);
    expect(suspects.alone('other', 5)).toBe(false);
  });

  it('are condemned at the second throw, with its error', () => {
    const suspects = new Suspects();
    suspects.threw('t', [5, 6], new Error('in the batch'));
    expect(suspects.condemned('t', 5)).toBeNull();
    const alone = new Error('alone');
    suspects.threw('t', [5], alone);
    expect(suspects.condemned('t', 5)).toEqual({ error: alone });
    expect(suspects.condemned('t', 6)).toBeNull();
  });

  it('go in batches again once the bad one is out of the way', () => {
    const suspects = new Suspects();
    suspects.threw('t', [5, 6, 7], new Error('x'));
    suspects.settled('t', 5);
    expect(suspects.alone('t', 6)).toBe(true);
    suspects.threw('t', [6], new Error('x'));
    suspects.settled('t', 6);
    expect(suspects.alone('t', 7)).toBe(false);
  });

  it('are forgotten when all of them went well alone', () => {
    const suspects = new Suspects();
    suspects.threw('t', [5, 6], new Error('x'));
    suspects.settled('t', 6);
    suspects.threw('t', [5], new Error('later'));
    expect(suspects.condemned('t', 5)).toBeNull();
  });
});
