import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { murmur2, partitionOf } from './partition.js';

const load: (name: string) => (key: Buffer | string) => number = createRequire(import.meta.url);

describe('partitionOf', () => {
  it('gives the values of the Java client', () => {
    // From the test of `Utils.murmur2` in the Java client.
    const known: [string, number][] = [
      ['21', -973932308],
      ['foobar', -790332482],
      ['a-little-bit-long-string', -985981536],
      ['a-little-bit-longer-string', -1486304829],
      ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ];
    for (const [key, hash] of known) expect(murmur2(Buffer.from(key))).toBe(hash);
  });

  it('agrees with the released client on any key', () => {
    const stock = load('kafkajs-stock/src/producer/partitioners/default/murmur2.js');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 100 }), (key, count) => {
        expect(partitionOf(key, count)).toBe((stock(key) & 0x7fffffff) % count);
      }),
      { numRuns: 1_000 },
    );
  });
});
