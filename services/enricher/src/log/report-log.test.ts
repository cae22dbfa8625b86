import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reportAt } from '../testing.js';
import { compareEntries, entryOf, outlineOf, type Entry } from './entry.js';
import { Reader, Writer } from '../store/bytes.js';
import { Packed } from './packed.js';
import { HORIZON_US, ReportLog, SEGMENT_ENTRIES } from './report-log.js';
import { Ring, RING_MAX } from './ring.js';

const NONE = { known: 0, on: 0 };
const at = (seconds: number, revision = 0): Entry => ({
  ...entryOf(outlineOf(reportAt(seconds)), NONE, false),
  revision,
});
const START = Buffer.from('start');

/** Writes a log as the state topic would hold it, and reads it again. */
function restored(log: ReportLog, parts: Map<string, Buffer>): ReportLog {
  const { written, dropped } = log.takeChanges();
  for (const { part, payload } of written) parts.set(part, Buffer.from(payload));
  for (const part of dropped) parts.delete(part);
  const out = new Writer();
  log.writeOpen(out);
  const again = new ReportLog(() => [...parts].map(([part, payload]) => ({ part, payload })));
  again.readOpen(new Reader().over(Buffer.from(out.bytes)));
  return again;
}
const all = (log: ReportLog): Entry[] => log.after(-1).entries;

const arbitrary: fc.Arbitrary<Entry> = fc
  .record({
    timeUs: fc.integer({ min: 0, max: 2 ** 51 }),
    sequence: fc.nat(2 ** 40),
    idHigh: fc.nat(2 ** 32 - 1),
    idLow: fc.nat(2 ** 32 - 1),
    revision: fc.nat(255),
    place: fc.option(fc.tuple(fc.integer({ min: -90e6, max: 90e6 }), fc.integer({ min: -180e6, max: 180e6 })), {
      nil: null,
    }),
    speed: fc.option(fc.nat(20000), { nil: null }),
    heading: fc.option(fc.nat(359), { nil: null }),
    ignition: fc.option(fc.boolean(), { nil: null }),
    satellites: fc.option(fc.nat(255), { nil: null }),
    hdop: fc.option(fc.nat(2000), { nil: null }),
    accuracy: fc.option(fc.nat(100_000), { nil: null }),
    odometer: fc.option(fc.nat(1e10), { nil: null }),
    hidden: fc.boolean(),
    driver: fc.option(fc.string({ minLength: 1, maxLength: 16 }), { nil: null }),
    fuel: fc.option(fc.nat(1000), { nil: null }),
    used: fc.option(fc.nat(1e10), { nil: null }),
    hours: fc.option(fc.nat(3.6e9), { nil: null }),
    alarmsKnown: fc.nat(2 ** 32 - 1),
    alarmsOn: fc.nat(2 ** 32 - 1),
    protocol: fc.nat(4),
  })
  .map(({ place, odometer, fuel, used, hours, speed, hdop, ...rest }) => ({
    ...rest,
    speed: speed === null ? null : speed / 10,
    hdop: hdop === null ? null : hdop / 10,
    latitude: place === null ? null : place[0] / 1e6,
    longitude: place === null ? null : place[1] / 1e6,
    odometerKm: odometer === null ? null : odometer / 1000,
    fuelLevel: fuel === null ? null : fuel / 10,
    fuelUsed: used === null ? null : used / 10,
    engineHours: hours === null ? null : hours / 3600,
  }));

describe('packed entries', () => {
  it('come back as they were, in any order and with anything unknown', () => {
    fc.assert(
      fc.property(fc.array(arbitrary, { maxLength: 30 }), fc.nat(30), (entries, cut) => {
        let packed = new Packed();
        for (const [i, entry] of entries.entries()) {
          if (i === cut) packed = new Packed(Buffer.from(packed.bytes), packed.count);
          packed.append(entry);
        }
        expect(packed.entries()).toEqual(entries);
        expect(packed.count).toBe(entries.length);
      }),
      { seed: 7, numRuns: 300 },
    );
  });
});

describe('the report log', () => {
  it('holds each entry once and in order, whatever the order of arrival, with restarts anywhere', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(20_000), fc.boolean()), { maxLength: 400 }), (deliveries) => {
        let log = new ReportLog();
        const parts = new Map<string, Buffer>();
        const seen = new Set<number>();
        for (const [seconds, restart] of deliveries) {
          const entry = at(seconds);
          expect(log.find(entry) !== null).toBe(seen.has(seconds));
          if (!seen.has(seconds)) log.insert(entry, () => START);
          seen.add(seconds);
          if (restart) log = restored(log, parts);
        }
        log = restored(log, parts);
        expect(all(log)).toEqual([...seen].map((seconds) => at(seconds)).sort(compareEntries));
        const last = all(log).at(-1);
        expect(log.newest === null).toBe(last === undefined);
        expect(last ?? {}).toMatchObject(log.newest ?? {});
      }),
      { seed: 5, numRuns: 60 },
    );
  });

  it('finds a higher revision also where its time is another', () => {
    const log = new ReportLog();
    for (let i = 0; i < 100; i++) log.insert(at(i * 100), () => START);
    const moved = { ...at(300, 1), timeUs: at(9000).timeUs };
    expect(log.find(moved)).toMatchObject({ timeUs: at(300).timeUs, revision: 0 });
  });

  it('writes small records: a closed hour is one, and the open one grows by segments', () => {
    const log = new ReportLog();
    const parts = new Map<string, Buffer>();
    for (let i = 0; i < 3600; i += 5) {
      log.insert(at(i), () => START);
      const { written } = log.takeChanges();
      for (const { part, payload } of written) parts.set(part, payload);
      expect(written.length).toBeLessThanOrEqual(2);
      for (const { payload } of written) expect(payload.length).toBeLessThan(SEGMENT_ENTRIES * 40);
    }
    log.insert(at(3605), () => START);
    const { written, dropped } = log.takeChanges();
    expect(written).toHaveLength(2);
    expect(dropped.length).toBeGreaterThan(20);
  });

  it('forgets hours when the horizon has passed the whole of them', () => {
    const log = new ReportLog();
    log.insert(at(0), () => START);
    log.takeChanges();
    expect(log.prune(at(3600).timeUs + HORIZON_US)).toBe(false);
    expect(log.prune(at(3601).timeUs + HORIZON_US)).toBe(true);
    expect(log.count).toBe(0);
    expect(log.takeChanges().dropped).toHaveLength(2);
  });

  it('starts an hour that was empty as the next one does', () => {
    const log = new ReportLog();
    log.insert(at(0), () => Buffer.from('a'));
    log.insert(at(3 * 3600), () => Buffer.from('b'));
    log.insert(at(2 * 3600), () => Buffer.from('never asked'));
    const starts = [0, 3600, 2 * 3600, 3 * 3600].map((s) => log.checkpointBefore(at(s).timeUs)?.state.toString());
    expect(starts).toEqual(['a', 'b', 'b', 'b']);
  });
});

describe('the ring of reports that are not folded', () => {
  it('knows the last ones, with their revision', () => {
    const ring = new Ring();
    for (let i = 0; i <= RING_MAX; i++) ring.add(at(i, i === RING_MAX ? 3 : 0));
    expect([ring.revisionOf(at(0)), ring.revisionOf(at(1)), ring.revisionOf(at(RING_MAX))]).toEqual([-1, 0, 3]);
  });
});
