import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EPOCH_US, Reader, Writer } from './bytes.js';

/** Writes by `put`, and reads by `take` what was written; with how many bytes it took. */
function through<T>(
  put: (out: Writer) => void,
  take: (from: Reader) => T,
): { readonly value: T; readonly bytes: number } {
  const out = new Writer(16);
  out.room(64);
  put(out);
  const from = new Reader().over(
    Buffer.concat([Buffer.alloc(3), out.bytes.subarray(0, out.at), Buffer.from([255])]),
    3,
  );
  const value = take(from);
  expect(from.at - 3).toBe(out.at);
  return { value, bytes: out.at };
}

const STEPS = [1, 10, 1e3, 3600, 1e6];

describe('packed numbers', () => {
  it('come back exactly, whatever they are', () => {
    const any = fc.oneof(
      fc.double(),
      fc.integer(),
      fc.constantFrom(-0, 0, NaN, Infinity, -Infinity),
      fc.constant(null),
    );
    fc.assert(
      fc.property(any, fc.constantFrom(...STEPS), (value, steps) => {
        const read = through((out) => out.number(value, steps), (from) => from.number(steps)); // prettier-ignore
        expect(Object.is(read.value, value)).toBe(true);
        expect(read.bytes).toBeLessThanOrEqual(9);
      }),
      { seed: 3, numRuns: 500 },
    );
  });

  it('take few bytes where they are whole steps: degrees, km and km/h as entries hold them', () => {
    fc.assert(
      fc.property(fc.integer({ min: -180_000_000, max: 180_000_000 }), (steps) => {
        const read = through((out) => out.number(steps / 1e6, 1e6), (from) => from.number(1e6)); // prettier-ignore
        expect(Object.is(read.value, steps / 1e6) || steps === 0).toBe(true);
        expect(read.bytes).toBeLessThanOrEqual(5);
      }),
      { seed: 4, numRuns: 300 },
    );
    expect(through((out) => out.number(null, 10), (from) => from.number(10))).toEqual({ value: null, bytes: 1 }); // prettier-ignore
  });

  it('are whole numbers of 53 bits, with a sign of 52', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.integer({ min: -(2 ** 51), max: 2 ** 51 }), (unsigned, signed) => {
        expect(through((out) => out.unsigned(unsigned), (from) => from.unsigned()).value).toBe(unsigned); // prettier-ignore
        expect(through((out) => out.signed(signed), (from) => from.signed()).value).toBe(signed); // prettier-ignore
      }),
      { seed: 5, numRuns: 300 },
    );
  });
});

describe('packed times', () => {
  it('come back exactly against any base, and whole seconds near it are short', () => {
    const any = fc.oneof(fc.integer({ min: -1, max: 2 ** 51 }), fc.maxSafeNat(), fc.double({ noNaN: true }), fc.constant(null)); // prettier-ignore
    fc.assert(
      fc.property(any, fc.integer({ min: -1, max: 2 ** 51 }), (value, base) => {
        const read = through((out) => out.time(value, base), (from) => from.time(base)); // prettier-ignore
        expect(read.value === value || (read.value === 0 && value === 0)).toBe(true);
      }),
      { seed: 6, numRuns: 500 },
    );
    const now = EPOCH_US + 2e8 * 1e6;
    expect(through((out) => out.time(now + 30e6, now), (from) => from.time(now))).toEqual({ value: now + 30e6, bytes: 1 + 1 }); // prettier-ignore
  });
});

describe('packed texts', () => {
  it('come back, however long and in whatever script', () => {
    const any = fc.oneof(
      fc.string({ maxLength: 90 }),
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.constant(null),
    );
    fc.assert(
      fc.property(any, (text) => {
        expect(through((out) => out.text(text), (from) => from.text()).value).toBe(text); // prettier-ignore
      }),
      { seed: 7, numRuns: 200 },
    );
  });

  it('make room for themselves, with what was written before', () => {
    const long = 'ü'.repeat(5000);
    const read = through(
      (out) => {
        out.word(0xfedcba98);
        out.text(long);
        out.blob(Buffer.alloc(3000, 7), 1, 2999);
      },
      (from) => [from.word(), from.text(), from.blob().equals(Buffer.alloc(2998, 7))],
    );
    expect(read.value).toEqual([0xfedcba98, long, true]);
  });
});
