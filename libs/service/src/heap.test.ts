import { describe, expect, it } from 'vitest';
import { boundHeapGrowth, HEAP_GROWTH_PERCENT } from './heap.js';

describe('the growth of the heap', () => {
  it('is bounded, unless an option of Node says how', () => {
    const set: string[] = [];
    const note = (flags: string) => void set.push(flags);
    expect(boundHeapGrowth(['--max-old-space-size=300', undefined], note)).toBe(true);
    expect(set).toEqual([`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`]);
    expect(boundHeapGrowth(['--enable-source-maps', '--heap-growing-percent=300'], note)).toBe(false);
    expect(set).toHaveLength(1);
  });
});
