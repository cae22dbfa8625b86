import { describe, expect, it } from 'vitest';
import { Cadence } from './cadence.js';

describe('the cadence of transactions', () => {
  it('does not let the first one wait, nor any without a pace', () => {
    expect(new Cadence(100).dueMs).toBe(-Infinity);
    const none = new Cadence(undefined);
    none.began(5);
    expect(none.dueMs).toBeNull();
  });

  it('is one pace from beginning to beginning while they are quick', () => {
    const cadence = new Cadence(100);
    cadence.began(1_000);
    cadence.ended(1_010);
    expect(cadence.dueMs).toBe(1_100);
  });

  it('leaves a rest after one that took longer than the pace', () => {
    const cadence = new Cadence(100);
    cadence.began(1_000);
    cadence.ended(1_400);
    expect(cadence.dueMs).toBe(1_425);
  });
});
