import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Histogram } from './histogram.js';
import { Schedule } from './schedule.js';

describe('the latency histogram', () => {
  it('gives every quantile within 2 % of the true one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.02, max: 500_000, noNaN: true }), { minLength: 1, maxLength: 300 }),
        fc.constantFrom(0, 0.5, 0.95, 0.99, 1),
        (values, share) => {
          const histogram = new Histogram();
          for (const value of values) histogram.record(value);
          const sorted = values.toSorted((a, b) => a - b);
          const exact = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
          const found = histogram.quantile(share)!;
          expect(found).toBeGreaterThanOrEqual(exact * 0.9999);
          expect(found).toBeLessThanOrEqual(exact * 1.0201);
        },
      ),
    );
  });

  it('has no quantile when it is empty, and keeps the longest exactly', () => {
    const histogram = new Histogram();
    expect(histogram.quantile(0.5)).toBeNull();
    histogram.record(3_600_000);
    histogram.record(0);
    expect(histogram.max).toBe(3_600_000);
    expect(histogram.count).toBe(2);
    expect(histogram.quantile(0.01)).toBeLessThanOrEqual(0.01);
  });
});

describe('the schedule of reports', () => {
  it('gives out the rate exactly, however the turns fall', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5_000 }),
        fc.array(fc.integer({ min: 1, max: 900 }), { maxLength: 40 }),
        (rate, steps) => {
          const schedule = new Schedule(rate, 1_000);
          let now = 1_000;
          let given = 0;
          for (const step of steps) given += schedule.due((now += step));
          expect(given).toBe(Math.floor(((now - 1_000) * rate) / 1_000));
        },
      ),
    );
  });

  it('does not catch up after a long pause, and goes on at the rate', () => {
    const schedule = new Schedule(100, 0);
    expect(schedule.due(3_600_000)).toBe(500);
    expect(schedule.due(3_600_000)).toBe(0);
    expect(schedule.due(3_601_000)).toBe(100);
  });
});
