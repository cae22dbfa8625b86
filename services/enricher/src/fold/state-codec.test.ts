import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reportAt } from '../testing.js';
import { decodeFold, encodeFold } from './state-codec.js';
import { START, type Fix, type FoldState, type Mark } from './state.js';

const time = fc.integer({ min: -1, max: 2 ** 51 });
const value = fc.oneof(
  fc.integer({ min: -1e6, max: 1e9 }).map((n) => n / 1000),
  fc.double({ noNaN: true }),
);
const orNull = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(of, { nil: null });
const id = fc.nat(2 ** 32 - 1);
const mark: fc.Arbitrary<Mark> = fc.record({
  atUs: time,
  idHigh: id,
  idLow: id,
  latitude: orNull(value),
  longitude: orNull(value),
  distanceKm: value,
  odometerKm: orNull(value),
  fuelLevel: orNull(value),
  fuelUsed: orNull(value),
  engineHours: orNull(value),
});
const fix: fc.Arbitrary<Fix> = fc.record({
  latitude: value,
  longitude: value,
  atUs: time,
  speed: orNull(value),
  heading: orNull(value),
});
const count = fc.nat(1e6);
const span = fc.record({
  start: mark,
  active: fc.boolean(),
  peak: value,
  shown: value,
  limit: value,
  underUs: orNull(time),
  revision: count,
});
const levels = fc.array(fc.record({ code: fc.nat(31), start: mark, value, revision: count }), { maxLength: 4 });
const text = fc.string({ unit: 'grapheme', maxLength: 60 });

const state: fc.Arbitrary<FoldState> = fc.record({
  track: fc.record({
    lastUs: time,
    fix: orNull(fix),
    counted: orNull(fix),
    distanceKm: value,
    odometerKm: orNull(value),
    driver: orNull(text),
    fuelLevel: orNull(value),
    fuelUsed: orNull(value),
    engineHours: orNull(value),
    ignitionS: value,
    ignition: orNull(fc.boolean()),
    ignitionSinceUs: time,
  }),
  motion: fc.record({
    anchor: orNull(fix),
    anchorOdometerKm: orNull(value),
    informedUs: time,
    pending: orNull(mark),
    pendingUs: time,
    pendingSpeed: orNull(value),
    pendingCount: count,
    trip: orNull(
      fc.record({
        start: mark,
        last: mark,
        rest: orNull(mark),
        stillUs: orNull(time),
        endedUs: orNull(time),
        maxSpeed: orNull(value),
        idleS: value,
        idleSinceS: value,
        countLast: count,
        count,
        odometerSane: fc.boolean(),
        odometerWhole: fc.boolean(),
        driver: orNull(text),
        revision: count,
        shownUs: time,
      }),
    ),
    stop: orNull(fc.record({ start: mark, idleS: value, count, gap: fc.boolean() })),
  }),
  events: fc.record({
    idle: orNull(span),
    overspeed: orNull(span),
    harsh: levels,
    alarmsOn: fc.nat(2 ** 32 - 1),
    alarms: levels,
  }),
  fences: fc.array(
    fc.record({
      id: text,
      name: text,
      version: fc.maxSafeNat(),
      entered: fc.boolean(),
      start: mark,
      last: mark,
      left: orNull(mark),
      fixes: count,
      dwelt: fc.boolean(),
      count,
    }),
    { maxLength: 30 },
  ),
});

describe("the fold's state as bytes", () => {
  it('comes back exactly, whatever it is', () => {
    fc.assert(
      fc.property(state, (given) => {
        expect(decodeFold(encodeFold(given))).toEqual(given);
      }),
      { seed: 9, numRuns: 200, endOnFailure: true },
    );
  });

  it('holds once what it says twice, and says it twice again', () => {
    const at: Mark = { ...fc.sample(mark, { seed: 1, numRuns: 1 })[0]!, atUs: reportAt(0).timestamp };
    const here: Fix = { latitude: 50.123456, longitude: 8.654321, atUs: at.atUs, speed: 50, heading: 90 };
    const track = { ...START.track, lastUs: at.atUs, fix: here, counted: here };
    const stop = { start: at, idleS: 0, count: 1, gap: false };
    const shared: FoldState = { ...START, track, motion: { ...START.motion, anchor: here, pending: at, stop } };
    const read = decodeFold(encodeFold(shared));
    expect(read).toEqual(shared);
    expect(read.track.counted).toBe(read.track.fix);
    expect(read.motion.stop?.start).toBe(read.motion.pending);
    const apart = { ...shared, track: { ...track, counted: { ...here } } };
    expect(encodeFold(apart).length).toBeGreaterThan(encodeFold(shared).length);
  });
});
