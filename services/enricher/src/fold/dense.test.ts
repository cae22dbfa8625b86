/**
 * Devices that report without pause: many reports of one second, in no order within it, and some a little late. The end is that of the day in order, and a report costs
 * as much at the end of an hour as at its start.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Telemetry } from '@fleetwire/schemas';
import { reportAt, scriptedProfile, TestDevice } from '../testing.js';
import { seeded } from '../scripted/random.js';
import { STEPS, type Step } from './steps.js';

const SECONDS = 500;
const A_SECOND = 4;

/** Drives and stands in turn. Ids are in no order, and numbers wrap. */
function reports(): Telemetry[] {
  return Array.from({ length: SECONDS * A_SECOND }, (_, i) => {
    const seconds = Math.floor(i / A_SECOND);
    const moving = Math.floor(seconds / 120) % 2 === 0;
    const north = Math.floor(seconds / 120) * 0.01 + (moving ? (seconds % 120) * 0.0001 : 0.012);
    return reportAt(
      seconds,
      {
        position_latitude: 50 + north,
        position_longitude: 8 + (i % A_SECOND) * 1e-6,
        position_speed: moving ? 40 : 0,
        engine_ignition_status: moving,
        record_seqnum: i % 256,
      },
      (i * 7919) % 65_537,
    );
  });
}

let folded = 0;
const counting: Step = (state) => {
  folded++;
  return state;
};
beforeEach(() => {
  folded = 0;
  (STEPS as Step[]).push(counting);
});
afterEach(() => {
  (STEPS as Step[]).pop();
});

describe('a device that reports without pause', () => {
  it('ends the same in whatever order the reports of a second come, some of them late, with restarts', () => {
    const random = seeded(3);
    const all = reports();
    const arriving = all
      .map((report, i) => ({
        report,
        at: i + random.next() * A_SECOND + (random.chance(0.02) ? random.next() * 600 : 0),
      }))
      .sort((a, b) => a.at - b.at)
      .map(({ report }) => report);
    const device = new TestDevice(scriptedProfile);
    for (let from = 0; from < arriving.length;) {
      const size = 1 + random.below(12);
      const again = from > 50 && random.chance(0.3) ? arriving.slice(from - random.below(50), from) : [];
      device.batch([...arriving.slice(from, from + size), ...again]);
      if (random.chance(0.1)) device.restart();
      from += size;
    }
    const want = new TestDevice(scriptedProfile);
    want.batch(all);
    expect(device.trips('trip').length).toBeGreaterThan(0);
    expect(device.events('ignition_off').length).toBeGreaterThan(1);
    expect(device.final()).toEqual(want.final());
    expect(device.state.log.count).toBe(all.length);
  });

  it('costs as much for each report at the end of an hour as at its start', () => {
    const all = reports();
    const device = new TestDevice(scriptedProfile);
    for (let from = 0; from < all.length; from += A_SECOND) {
      device.batch(all.slice(from, from + A_SECOND).reverse());
      device.restart();
    }
    expect(device.state.log.count).toBe(all.length);
    // In order it would be once each; here it is twice what the open segment holds, for each batch.
    expect(folded / all.length).toBeLessThan(40);
  });
});
