import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LONG_BYTES_MAX, putHex, putLong, putString } from './avro-bytes.js';

/** Avro's definition in arithmetic that does not round: zigzag, then groups of seven bits, the lowest first. */
function longOf(value: number): number[] {
  let rest = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
  const bytes: number[] = [];
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
}
const written = (put: (bytes: Buffer, at: number) => number, room = 400): number[] => {
  const bytes = Buffer.alloc(room, 0xee);
  const end = put(bytes, 3);
  expect(bytes.subarray(0, 3)).toEqual(Buffer.alloc(3, 0xee));
  expect(bytes[end]).toBe(0xee);
  return [...bytes.subarray(3, end)];
};

describe('putLong', () => {
  it('writes every whole number of 53 bits as Avro defines it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeInteger(), fc.integer()), (value) => {
        expect(written((bytes, at) => putLong(bytes, at, value))).toEqual(longOf(value));
      }),
    );
  });

  it.each([0, -1, 1, 63, 64, -64, -65, 2 ** 30 - 1, 2 ** 30, -(2 ** 30), -(2 ** 30) - 1, 2 ** 31, 2 ** 52, -(2 ** 52) - 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])(
    'writes %d at the edges of its steps',
    (value) => {
      const bytes = written((into, at) => putLong(into, at, value));
      expect(bytes).toEqual(longOf(value));
      expect(bytes.length).toBeLessThanOrEqual(LONG_BYTES_MAX);
    },
  ); // prettier-ignore

  it.each([NaN, Infinity, 1.5e300, 2 ** 53])('refuses %d, which is not exact', (value) => {
    expect(() => putLong(Buffer.alloc(20), 0, value)).toThrow(TypeError);
  });
});

describe('putString', () => {
  it('writes the length in bytes and UTF-8, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 90 }), fc.string({ unit: 'grapheme', maxLength: 60 })), (text) => {
        const utf8 = Buffer.from(text);
        expect(written((bytes, at) => putString(bytes, at, text), 2000)).toEqual([...longOf(utf8.length), ...utf8]);
      }),
    );
  });

  it('writes half a pair as the replacement character, as the runtime does', () => {
    expect(written((bytes, at) => putString(bytes, at, 'a\ud800'))).toEqual([8, ...Buffer.from('a\ufffd')]);
  });
});

describe('putHex', () => {
  it('writes a signed or unsigned word as eight digits', () => {
    expect(Buffer.from(written((bytes, at) => putHex(bytes, at, -2))).toString()).toBe('fffffffe');
    expect(Buffer.from(written((bytes, at) => putHex(bytes, at, 0x0123_abcd))).toString()).toBe('0123abcd');
  });
});
