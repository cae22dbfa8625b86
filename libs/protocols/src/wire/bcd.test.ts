import { describe, expect, it } from 'vitest';
import { bcd, bcdBytes, bcdNumber, bcdText, isBcd } from './bcd.js';
import { utcFields, utcSeconds } from './calendar.js';
import { gbkBytes, gbkText } from './gbk.js';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe('packed BCD', () => {
  it('reads digits high nibble first and keeps leading zeros in text', () => {
    expect(bcd(bytes(0x59), 0)).toBe(59);
    expect(bcdNumber(bytes(0x00, 0x12, 0x34), 0, 3)).toBe(1234);
    expect(bcdText(bytes(0x01, 0x38), 0, 2)).toBe('0138');
  });

  it('tells a nibble above 9 from a digit, in either half of a byte', () => {
    expect([bcd(bytes(0x1a), 0), bcd(bytes(0xa1), 0)]).toEqual([-1, -1]);
    expect(bcdNumber(bytes(0x12, 0x3f), 0, 2)).toBe(-1);
    expect([isBcd(bytes(0x12, 0x34), 0, 2), isBcd(bytes(0x12, 0xf4), 0, 2)]).toEqual([true, false]);
  });

  it('writes what it reads, right-aligned', () => {
    expect(bcdBytes('13812345678', 6)).toEqual(bytes(0x01, 0x38, 0x12, 0x34, 0x56, 0x78));
  });
});

describe('calendar fields', () => {
  it('agrees with the platform for every day of the century', () => {
    for (let ms = Date.UTC(2000, 0, 1, 23, 59, 58); ms < Date.UTC(2100, 0, 1); ms += 86_400_000) {
      const f = utcFields(ms);
      expect(utcSeconds(f.yy, f.mo, f.dd, f.hh, f.mi, f.ss)).toBe(ms / 1000);
    }
  });

  it('refuses days and times that do not exist', () => {
    const wrong = [
      [23, 2, 29, 0, 0, 0],
      [24, 2, 30, 0, 0, 0],
      [24, 13, 1, 0, 0, 0],
      [24, 0, 1, 0, 0, 0],
      [24, 4, 31, 0, 0, 0],
      [24, 1, 1, 24, 0, 0],
      [24, 1, 1, 0, 60, 0],
      [24, 1, 1, 0, 0, 69],
      [-1, 1, 1, 0, 0, 0],
    ] as const;
    for (const [yy, mo, dd, hh, mi, ss] of wrong) expect(utcSeconds(yy, mo, dd, hh, mi, ss)).toBe(-1);
    expect(utcSeconds(24, 2, 29, 0, 0, 0)).toBe(Date.UTC(2024, 1, 29) / 1000);
  });
});

describe('GBK', () => {
  it('reads and writes a Chinese plate', () => {
    const plate = bytes(0xd4, 0xc1, 0x42, 0x31, 0x32);
    expect(gbkText(plate, 0, 5)).toBe('粤B12');
    expect(gbkBytes('粤B12')).toEqual(plate);
  });

  it('says when a text has a character that GBK does not know', () => {
    expect(gbkBytes('B😀')).toBeNull();
  });
});
