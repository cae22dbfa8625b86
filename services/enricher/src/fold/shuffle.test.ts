/**
 * The final state is a function of the set of reports: a scripted day delivered in order, and the same day late in blocks, shuffled, with repeats,
 * in batches of any size and with restarts in between, end in the same trips, stops, visits and events, by key and content. What it
 * does not show: deliveries beyond the horizon, and changes of fences or limits in mid-day.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Telemetry } from '@fleetwire/schemas';
import { reportAt, scriptedDay, scriptedProfile, TestDevice } from '../testing.js';

function inOrder(reports: readonly Telemetry[]): TestDevice {
  const device = new TestDevice(scriptedProfile);
  for (const report of reports) device.batch([report]);
  return device;
}

/** A delivery: black-spot blocks come after what followed them, others are swapped nearby; every tenth comes twice. */
function delivery(reports: readonly Telemetry[], random: () => number): Telemetry[][] {
  const keyed = reports.map((report, i) => ({ report, at: i + random() * 8 }));
  for (let block = 0; block < 3; block++) {
    const from = Math.floor(random() * keyed.length);
    const length = Math.floor(random() * 120);
    const delay = Math.floor(random() * 500);
    for (let i = from; i < Math.min(keyed.length, from + length); i++) keyed[i]!.at += delay;
  }
  for (const { report, at } of keyed.filter(() => random() < 0.1)) keyed.push({ report, at: at + random() * 300 });
  const ordered = keyed.sort((a, b) => a.at - b.at).map(({ report }) => report);
  const batches: Telemetry[][] = [];
  while (ordered.length > 0) batches.push(ordered.splice(0, 1 + Math.floor(random() * 40)));
  return batches;
}

function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('a day of reports', () => {
  it('holds what it is meant to: trips, stops, visits and every kind of event', () => {
    const device = inOrder(scriptedDay('astra', 1));
    expect(device.trips('trip').length).toBeGreaterThan(3);
    expect(device.trips('stop').length).toBeGreaterThan(3);
    expect(device.trips('visit').length).toBeGreaterThan(1);
    const kinds = [
      'ignition_on',
      'ignition_off',
      'idle',
      'overspeed',
      'sos',
      'jamming',
      'geofence_enter',
      'geofence_exit',
      'stopped',
      'trip_end',
    ];
    for (const kind of kinds) expect([kind, device.events(kind).length > 0]).toEqual([kind, true]);
  });

  it.each(['astra', 'h02'])(
    'of %s ends the same whatever its order of arrival, with repeats and restarts',
    (protocol) => {
      fc.assert(
        fc.property(fc.nat(), (seed) => {
          const random = seeded(seed);
          const reports = scriptedDay(protocol, seed % 5);
          const device = new TestDevice(scriptedProfile);
          for (const batch of delivery(reports, random)) {
            device.batch(batch);
            if (random() < 0.15) device.restart();
            if (random() < 0.03) device.timeOut();
          }
          // A report at the end, so that a timer that was wrong has been put right in both.
          const end = reportAt(5.4 * 3600, { position_latitude: 50, position_longitude: 8, protocol }, 1e6);
          device.batch([end]);
          expect(device.final()).toEqual(inOrder([...reports, end]).final());
        }),
        { seed: 20260504, numRuns: 10 },
      );
    },
    60_000,
  );

  it('is folded from the log alone: the log holds what every step reads', () => {
    const device = inOrder(scriptedDay('astra', 2));
    const live = device.final();
    device.restart();
    device.batch([{ ...scriptedDay('astra', 2)[5]!, revision: 1 }]);
    expect(device.final()).toEqual(live);
  });

  it('takes at most 32 bytes a report in the log', () => {
    const { log } = inOrder(scriptedDay('astra', 3)).state;
    expect(log.count).toBeGreaterThan(500);
    expect(log.bytes / log.count).toBeLessThan(32);
  });

  it('gives no report twice, and those with a higher revision once more', () => {
    const reports = scriptedDay('h02', 1).slice(0, 300);
    const device = inOrder([...reports, ...reports]);
    expect(device.taken.filter(({ kind }) => kind === 'duplicate')).toHaveLength(300);
    const again = reports.map((report) => ({ ...report, revision: 1 }));
    device.batch(again);
    expect(device.taken.slice(-300).every(({ kind }) => kind === 'publish')).toBe(true);
    device.batch(again);
    device.batch(reports);
    expect(device.taken.slice(-600).every(({ kind }) => kind === 'duplicate')).toBe(true);
  });
});
