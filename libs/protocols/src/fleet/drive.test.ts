import { describe, expect, it } from 'vitest';
import { Drive, type Reading } from './drive.js';

const START_MS = Date.UTC(2027, 0, 4, 7);
const drive = (seed: number): Drive => new Drive({ seed, startMs: START_MS, latitude: 51.5, longitude: -0.12 });

function metresBetween(a: Reading, b: Reading): number {
  const north = (b.latitude - a.latitude) * 111_320;
  const east = (b.longitude - a.longitude) * 111_320 * Math.cos((a.latitude * Math.PI) / 180);
  return Math.hypot(north, east);
}

/** Readings every `stepMs` for `hours`. */
function watch(seed: number, stepMs: number, hours: number): Reading[] {
  const vehicle = drive(seed);
  const readings: Reading[] = [];
  for (let at = 0; at < hours * 3_600_000; at += stepMs) readings.push(vehicle.read(START_MS + at));
  return readings;
}

describe('the motion model', () => {
  it('gives the same way for the same seed and another for another seed', () => {
    expect(watch(7, 10_000, 1)).toEqual(watch(7, 10_000, 1));
    expect(watch(8, 10_000, 1)).not.toEqual(watch(7, 10_000, 1));
  });

  it('never moves further than its odometer says, and the odometer agrees with its speed', () => {
    for (const seed of [1, 2, 3]) {
      const readings = watch(seed, 5_000, 3);
      for (let i = 1; i < readings.length; i++) {
        const [before, after] = [readings[i - 1]!, readings[i]!];
        const driven = (after.odometer - before.odometer) * 1_000;
        expect(metresBetween(before, after)).toBeLessThanOrEqual(driven + 6); // the receiver's scatter, twice
        expect(driven).toBeLessThanOrEqual((after.maxSpeed / 3.6) * 5 + 1);
      }
    }
  });

  it('keeps within plausible speeds, accelerations and ranges', () => {
    for (const seed of [4, 5]) {
      const readings = watch(seed, 1_000, 2);
      const pairs = readings.slice(1).map((after, i) => ({ before: readings[i]!, after }));
      const all = (holds: (after: Reading, before: Reading) => boolean): boolean =>
        pairs.every(({ after, before }) => holds(after, before));
      expect(all((after) => after.speed <= 91)).toBe(true);
      expect(all((after, before) => (after.speed - before.speed) / 3.6 <= 1.5)).toBe(true);
      expect(all((after, before) => (before.speed - after.speed) / 3.6 <= 6)).toBe(true);
      expect(all((after) => after.direction >= 0 && after.direction < 360)).toBe(true);
      expect(all((after) => after.ignition || after.speed === 0)).toBe(true);
    }
  });

  it('parks, starts again and stays in its region over a day', () => {
    const readings = watch(11, 15_000, 24);
    const causes = new Set(readings.map((reading) => reading.cause));
    expect(causes).toContain('journey_start');
    expect(causes).toContain('journey_stop');
    expect(readings.some((reading) => reading.ignition && !reading.moving)).toBe(true);
    expect(readings.at(-1)!.odometer - readings[0]!.odometer).toBeGreaterThan(50);
    for (const reading of readings) {
      expect(Math.abs(reading.latitude - 51.5)).toBeLessThan(0.3);
      expect(Math.abs(reading.longitude + 0.12)).toBeLessThan(0.5);
    }
  });

  it('stays on the map across the antimeridian', () => {
    const vehicle = new Drive({ seed: 3, startMs: START_MS, latitude: -17, longitude: 179.99 });
    for (let at = 0; at < 4 * 3_600_000; at += 30_000) {
      const { longitude } = vehicle.read(START_MS + at);
      expect(longitude).toBeGreaterThanOrEqual(-180);
      expect(longitude).toBeLessThan(180);
    }
  });

  it('bounds its work after a long sleep', () => {
    const vehicle = drive(1);
    vehicle.read(START_MS);
    const before = vehicle.read(START_MS + 1_000);
    const after = vehicle.read(START_MS + 365 * 86_400_000);
    expect(after.odometer - before.odometer).toBeLessThan(100);
    expect(after.timeMs).toBe(START_MS + 365 * 86_400_000);
  });
});
