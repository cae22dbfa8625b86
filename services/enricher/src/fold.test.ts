import { describe, expect, it } from 'vitest';
import { distanceKm, fold, START, type FoldReport, type FoldState } from './fold.js';

const report = (seconds: number, latitude: number | null, longitude: number | null, odometerKm: number | null = null) =>
  ({ atUs: seconds * 1e6, latitude, longitude, odometerKm }) satisfies FoldReport;
const all = (...reports: FoldReport[]): FoldState => reports.reduce((state, r) => fold(state, r), START);

describe('the fold', () => {
  it('adds up the way between fixes', () => {
    // One degree of latitude is 111.195 km on the mean sphere.
    expect(distanceKm({ latitude: 50, longitude: 8 }, { latitude: 51, longitude: 8 })).toBeCloseTo(111.195, 2);
    const state = all(report(0, 50, 8), report(60, 50.01, 8), report(120, 50.01, 8.01));
    expect(state.distanceKm).toBeCloseTo(1.11195 + 0.7147, 3);
  });

  it('does not count drift at a standstill, and counts a slow crawl once it is a way', () => {
    const still = all(...Array.from({ length: 50 }, (_, i) => report(i, 50 + (i % 2) * 0.0001, 8)));
    expect(still.distanceKm).toBe(0);
    const crawl = all(...Array.from({ length: 101 }, (_, i) => report(i * 10, 50 + i * 0.00005, 8)));
    expect(crawl.distanceKm).toBeGreaterThan(0.53);
  });

  it('takes a teleport as a new place, not as a way', () => {
    const state = all(report(0, 50, 8), report(10, 51, 8));
    expect(state).toMatchObject({ distanceKm: 0, fix: { latitude: 51 } });
  });

  it('keeps its last fix over reports without one, and the odometer of the device as it is', () => {
    expect(all(report(0, 50, 8, 12.5), report(5, null, null))).toMatchObject({
      fix: { latitude: 50 },
      odometerKm: 12.5,
    });
  });
});
