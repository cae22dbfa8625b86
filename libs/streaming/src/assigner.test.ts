import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shareSticky } from './assigner.js';

const all = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const claims = fc.array(
  fc.record({ id: fc.uuid(), owned: fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 20 }) }),
  { minLength: 1, maxLength: 8 },
);

describe('sharing partitions', () => {
  it('gives each partition to exactly one member, and shares that differ by at most one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 50 }), claims, (count, members) => {
        const shares = [...shareSticky(all(count), members).values()];
        expect(shares.flat().sort((a, b) => a - b)).toEqual(all(count));
        const sizes = shares.map(({ length }) => length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('does not depend on the order in which members are listed', () => {
    fc.assert(
      fc.property(claims, (members) => {
        expect(shareSticky(all(24), members)).toEqual(shareSticky(all(24), [...members].reverse()));
      }),
    );
  });

  it('moves nothing when nothing changed, whatever the shares were called by', () => {
    fc.assert(
      fc.property(claims, (members) => {
        const before = shareSticky(all(24), members);
        const again = shareSticky(
          all(24),
          [...before].map(([id, owned]) => ({ id, owned })),
        );
        for (const [id, share] of before) expect([...again.get(id)!].sort()).toEqual([...share].sort());
      }),
    );
  });

  it('takes from members only what a new one must have', () => {
    const before = shareSticky(all(12), [
      { id: 'a', owned: [] },
      { id: 'b', owned: [] },
    ]);
    const after = shareSticky(all(12), [...[...before].map(([id, owned]) => ({ id, owned })), { id: 'c', owned: [] }]);
    const moved = [...before].flatMap(([id, owned]) =>
      owned.filter((partition) => !after.get(id)!.includes(partition)),
    );
    expect(moved).toHaveLength(4);
    expect(after.get('c')!.sort()).toEqual(moved.sort());
  });
});
