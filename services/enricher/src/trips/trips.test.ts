/** Scripted drives with a known truth: when trips and stops begin and end, and how far they are. */
import { describe, expect, it } from 'vitest';
import type { Telemetry } from '@fleetwire/schemas';
import { DeviceBook, GroupBook, type Profile } from '../devices.js';
import { FenceBook } from '../geofence/book.js';
import { EPOCH_US, PLAIN_DEVICE, reportAt, TestDevice } from '../testing.js';

const KM_PER_DEGREE = 111.19508;

interface Leg {
  readonly seconds: number;
  readonly kmh: number;
  readonly ignition?: boolean;
}

/** Drives legs northwards from 50°, reporting each `interval` s; the truth is exact. */
function drive(legs: readonly Leg[], interval: number, over: Partial<Telemetry> = {}, from = 0): Telemetry[] {
  const reports: Telemetry[] = [];
  const total = legs.reduce((sum, { seconds }) => sum + seconds, 0);
  for (let t = 0; t <= total; t += interval) {
    let [at, km] = [0, 0];
    let now: Leg = legs[0]!;
    for (const leg of legs) {
      const inLeg = Math.max(0, Math.min(leg.seconds, t - at));
      km += (inLeg / 3600) * leg.kmh;
      if (t >= at) now = leg;
      at += leg.seconds;
    }
    reports.push(
      reportAt(from + t, {
        position_latitude: 50 + km / KM_PER_DEGREE,
        position_longitude: 8,
        position_speed: now.kmh,
        position_direction: 0,
        engine_ignition_status: now.ignition ?? true,
        ...over,
      }),
    );
  }
  return reports;
}
const seconds = (us: unknown): number => (Number(us) - EPOCH_US) / 1e6;
function run(reports: readonly Telemetry[], profile?: () => Profile): TestDevice {
  const device = new TestDevice(profile);
  for (const report of reports) device.batch([report]);
  return device;
}
const PARKED = { seconds: 600, kmh: 0, ignition: false };

describe('trips', () => {
  it.each([1, 10, 30, 60])(
    'begin and end within one interval of the truth, with the distance within a hundredth, each %i s',
    (interval) => {
      const device = run(drive([PARKED, { seconds: 1200, kmh: 54 }, PARKED], interval));
      const [trip, ...more] = device.trips('trip');
      expect(more).toEqual([]);
      expect(trip).toMatchObject({ state: 'final', final: true, distance_source: 'positions', max_speed: 54 });
      const {
        started_at: start,
        ended_at: end,
        distance_km: km,
      } = trip as { started_at: number; ended_at: number; distance_km: number };
      expect(Math.abs(seconds(start) - 600)).toBeLessThanOrEqual(interval);
      expect(Math.abs(seconds(end) - 1800)).toBeLessThanOrEqual(interval);
      expect(Math.abs(km - 18)).toBeLessThan(0.18);
      const [before, after] = device.trips('stop') as { started_at: number; state: string; ended_at?: number }[];
      expect([before!.state, after!.state]).toEqual(['final', 'open']);
      expect(before!.ended_at).toBe(start);
      expect(after!.started_at).toBe(end);
    },
  );

  it('are told again at a bounded pace while they go on, and not at all where that is not wanted', () => {
    const legs = [PARKED, { seconds: 1500, kmh: 60 }];
    const open = (device: TestDevice): (readonly [number, number])[] =>
      device.published.flatMap((o) =>
        o.topic === 'trips' && o.body.kind === 'trip'
          ? [[o.published, Math.round(o.body.distance_km ?? 0)] as const]
          : [],
      );
    const device = run(drive(legs, 10));
    expect(open(device).map(([revision]) => revision)).toEqual([0, 1, 2, 3, 4]);
    for (const [revision, km] of open(device)) expect(Math.abs(km - 5 * revision)).toBeLessThanOrEqual(1);
    expect(device.trips('trip')).toMatchObject([{ state: 'open', max_speed: 60 }]);
    expect(device.trips('trip')[0]).not.toHaveProperty('ended_at');
    const book = new DeviceBook(new GroupBook(), new FenceBook());
    book.put('device', { ...PLAIN_DEVICE, thresholds: { trip_progress_s: 0 } });
    expect(open(run(drive(legs, 10), () => book.profile('device')))).toHaveLength(1);
  });

  it('take the odometer where it is sane, and positions where it is not', () => {
    const legs = [PARKED, { seconds: 600, kmh: 60 }, PARKED];
    const plain = drive(legs, 10);
    const km = (r: Telemetry): number => (r.position_latitude! - 50) * KM_PER_DEGREE;
    const sane = run(plain.map((r) => ({ ...r, vehicle_mileage: 1000 + km(r) * 1.05 })));
    expect(sane.trips('trip')[0]).toMatchObject({ distance_source: 'odometer' });
    expect((sane.trips('trip')[0] as { distance_km: number }).distance_km).toBeCloseTo(10.5, 1);
    const stuck = run(plain.map((r) => ({ ...r, vehicle_mileage: 1000.5 })));
    const reset = run(plain.map((r, i) => ({ ...r, vehicle_mileage: (i > 90 ? 0 : 1000) + km(r) })));
    const coarse = run(plain.map((r) => ({ ...r, vehicle_mileage: Math.floor(1000 + km(r)) })));
    for (const device of [stuck, reset, coarse])
      expect(device.trips('trip')).toMatchObject([{ distance_source: 'positions' }]);
  });

  it('go on over a halt at a light, and are told as provisional over one that is nearly too long', () => {
    const light = run(
      drive([PARKED, { seconds: 300, kmh: 50 }, { seconds: 90, kmh: 0 }, { seconds: 300, kmh: 50 }, PARKED], 10),
    );
    expect(light.trips('trip')).toHaveLength(1);
    expect(light.published.filter((o) => o.topic === 'trips' && o.body.state === 'provisional')).toHaveLength(1);
    const long = run(
      drive([PARKED, { seconds: 300, kmh: 50 }, { seconds: 300, kmh: 0 }, { seconds: 300, kmh: 50 }, PARKED], 10),
    );
    expect(long.trips('trip')).toHaveLength(1);
    expect(long.trips('trip')).toMatchObject([{ state: 'final' }]);
    const states = long.published
      .filter((o) => o.topic === 'trips' && o.body.kind === 'trip')
      .map((o) => o.topic === 'trips' && o.body.state);
    expect(states).toEqual(['open', 'provisional', 'open', 'provisional', 'final']);
    // The stop in between was taken back in favour of the trip.
    const stop = [...long.last().values()].find((o) => o.body.retracted === true && o.topic === 'trips');
    expect(stop?.body.superseded_by).toBe(
      [...long.last().values()].find((o) => o.topic === 'trips' && o.body.kind === 'trip')?.id,
    );
  });

  it('end after 180 s of rest and after 60 s with the ignition off, dated to the last movement', () => {
    const on = run(drive([PARKED, { seconds: 300, kmh: 50 }, { seconds: 170, kmh: 0 }], 10));
    expect(on.trips('trip')).toMatchObject([{ state: 'open' }]);
    const onLonger = run(drive([PARKED, { seconds: 300, kmh: 50 }, { seconds: 190, kmh: 0 }], 10));
    expect(onLonger.trips('trip')).toMatchObject([{ state: 'provisional', ended_at: EPOCH_US + 900e6 }]);
    const off = run(drive([PARKED, { seconds: 300, kmh: 50 }, { seconds: 70, kmh: 0, ignition: false }], 10));
    expect(off.trips('trip')).toMatchObject([{ state: 'provisional', ended_at: EPOCH_US + 900e6 }]);
  });

  it('make two with a longer stop between them', () => {
    const device = run(
      drive(
        [
          PARKED,
          { seconds: 300, kmh: 50 },
          { seconds: 900, kmh: 0, ignition: false },
          { seconds: 300, kmh: 50 },
          PARKED,
        ],
        10,
      ),
    );
    expect(device.trips('trip')).toHaveLength(2);
    expect(device.trips('stop')).toHaveLength(3);
    expect(device.events('trip_start')).toHaveLength(2);
    expect(device.events('trip_end')).toHaveLength(2);
  });

  it('are not made by drift, by one wild fix, by ignition alone, or by few satellites', () => {
    const parked = drive([{ seconds: 3600, kmh: 0, ignition: true }], 10);
    const drift = run(parked.map((r, i) => ({ ...r, position_latitude: 50 + Math.sin(i) * 0.0003 })));
    const wild = run(parked.map((r, i) => (i === 100 ? { ...r, position_latitude: 50.3 } : r)));
    const jump = run(parked.map((r, i) => (i === 100 ? { ...r, position_latitude: 50.002 } : r)));
    const weak = run(drive([{ seconds: 600, kmh: 40 }], 10, { position_satellites: 3 }));
    for (const device of [drift, wild, jump, weak]) expect(device.trips('trip')).toEqual([]);
  });

  it('are closed by a gap, at the last movement before it', () => {
    const first = drive([PARKED, { seconds: 600, kmh: 60 }], 10);
    const later = drive([{ seconds: 600, kmh: 0 }], 10, { position_latitude: 51 }, 1200 + 2000);
    const device = run([...first, ...later]);
    expect(device.trips('trip')).toMatchObject([{ state: 'final', ended_at: EPOCH_US + 1200e6 }]);
    expect((device.trips('trip')[0] as { distance_km: number }).distance_km).toBeCloseTo(10, 1);
  });

  it('are found of slow reporters, by displacement', () => {
    const device = run(
      drive(
        [
          { seconds: 3000, kmh: 0 },
          { seconds: 3000, kmh: 60 },
          { seconds: 3000, kmh: 0 },
        ],
        300,
        { position_speed: null },
      ),
    );
    expect(device.trips('trip')).toHaveLength(1);
    expect((device.trips('trip')[0] as { distance_km: number }).distance_km).toBeCloseTo(50, 0);
  });

  it('are closed by a timer for a device that fell asleep, as its next report after a gap would', () => {
    const reports = drive([PARKED, { seconds: 600, kmh: 60 }], 10);
    const device = run(reports);
    device.timeOut();
    expect(device.trips('trip')).toMatchObject([{ state: 'final', ended_at: EPOCH_US + 1200e6 }]);
    device.restart();
    device.timeOut();
    const said = device.final();
    device.batch([reportAt(9000, { position_latitude: 50.09, position_longitude: 8, position_speed: 0 })]);
    for (const [key, body] of said) expect(device.final().get(key)).toEqual(body);
  });

  it('go on after all when the timer was wrong: its reports were only late', () => {
    const reports = drive([PARKED, { seconds: 900, kmh: 60 }, PARKED], 10);
    const timed = new TestDevice();
    for (const [i, report] of reports.entries()) {
      timed.batch([report]);
      if (i === 100) timed.timeOut();
    }
    expect(timed.final()).toEqual(run(reports).final());
  });

  it('are not made while the user hides the device, and neither are positions', () => {
    const groups = new GroupBook();
    const book = new DeviceBook(groups, new FenceBook());
    const device = new TestDevice(() => ({ ...book.profile('device'), hides: true }));
    for (const report of drive([PARKED, { seconds: 600, kmh: 60 }], 10)) device.batch([report]);
    for (const report of drive([{ seconds: 600, kmh: 60 }, PARKED], 10, { private_status: true }, 1210))
      device.batch([report]);
    expect(device.trips('trip')).toMatchObject([{ state: 'final', ended_at: EPOCH_US + 1200e6 }]);
    const last = device.taken.at(-1);
    expect(last).toMatchObject({
      shown: { position_latitude: null, position_speed: null },
      enrichment: { trip: null, motion: null },
    });
  });
});
