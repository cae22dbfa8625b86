import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Arena } from './arena.js';

const filled = (length: number, value: number): Buffer => Buffer.alloc(length, value);
const read = (arena: Arena, place: number): Buffer => {
  const start = arena.startOf(place);
  return arena.bytesOf(place).subarray(start, start + arena.lengthOf(place));
};

describe('the arena', () => {
  it('keeps each string as it was put, whatever else is put, replaced and freed', () => {
    const action = fc.record({ what: fc.nat(3), of: fc.nat(40), length: fc.oneof(fc.nat(700), fc.nat(90_000)) });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 300 }), (actions) => {
        const arena = new Arena();
        const want = new Map<number, { place: number; bytes: Buffer }>();
        for (const [i, { what, of, length }] of actions.entries()) {
          const known = want.get(of);
          const bytes = filled(length, i % 251);
          if (known === undefined) want.set(of, { place: arena.put(bytes, 0, length), bytes });
          else if (what === 0) {
            arena.free(known.place);
            want.delete(of);
          } else want.set(of, { place: arena.replace(known.place, bytes, 0, length), bytes });
        }
        const places = [...want.values()].map(({ place }) => place);
        expect(new Set(places).size).toBe(places.length);
        expect(places.every((place) => place > 0)).toBe(true);
        for (const { place, bytes } of want.values()) expect(read(arena, place).equals(bytes)).toBe(true);
      }),
      { seed: 8, numRuns: 100 },
    );
  });

  it('takes little more than what it holds, also when all strings grow in step', () => {
    const arena = new Arena();
    const places = Array.from({ length: 4000 }, () => arena.put(filled(200, 1), 0, 200));
    for (let length = 240; length <= 1000; length += 40)
      for (const [i, place] of places.entries()) places[i] = arena.replace(place, filled(length, 2), 0, length);
    const spare = 8 * 65_536;
    expect(arena.bytes).toBeLessThan(4000 * 1000 * 1.2 + spare);
    for (const place of places) arena.free(place);
    expect(arena.bytes).toBeLessThanOrEqual(spare);
  });
});
