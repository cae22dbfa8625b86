/** Visits of geofences: hysteresis, accuracy, dwell, crossings, and fences that come and go. */
import { describe, expect, it } from 'vitest';
import type { Geofence, Telemetry } from '@fleetwire/schemas';
import { DeviceBook, GroupBook } from '../devices.js';
import { EPOCH_US, geofence, reportAt, TestDevice } from '../testing.js';
import { FenceBook } from './book.js';

const METRE = 1 / 111_195;
const YARD = { id: 'yard', shape: 'circle', center: { latitude: 50, longitude: 8 }, radius_m: 200 } as const;
/** A fix so many metres north of the yard's centre. */
const fix = (seconds: number, metres: number, over: Partial<Telemetry> = {}): Telemetry =>
  reportAt(seconds, { position_latitude: 50 + metres * METRE, position_longitude: 8, position_speed: 0, ...over });

function run(fence: Partial<Geofence>, reports: readonly Telemetry[], later?: (fences: FenceBook) => void): TestDevice {
  const fences = new FenceBook();
  fences.put('yard', geofence({ ...YARD, ...fence }), 0);
  const book = new DeviceBook(new GroupBook(), fences);
  const device = new TestDevice(() => book.profile('device'));
  for (const [i, report] of reports.entries()) {
    if (i === reports.length - 1) later?.(fences);
    device.batch([report]);
  }
  return device;
}

describe('a geofence', () => {
  it('is entered by the second fix inside and left by the second outside, dated to the first of each', () => {
    const device = run({}, [fix(0, 900), fix(10, 100), fix(20, 50), fix(30, 0), fix(40, 400), fix(50, 500)]);
    expect(device.events('geofence_enter')).toMatchObject([
      { at: EPOCH_US + 10e6, geofence_id: 'yard', geofence_version: 1 },
    ]);
    expect(device.events('geofence_exit')).toMatchObject([{ at: EPOCH_US + 40e6, value: 30, unit: 's' }]);
    expect(device.trips('visit')).toMatchObject([
      { state: 'final', started_at: EPOCH_US + 10e6, ended_at: EPOCH_US + 40e6, duration_s: 30 },
    ]);
  });

  it('is not entered by one fix, nor left within its margin or by one fix', () => {
    expect(run({}, [fix(0, 900), fix(5, 100), fix(9, 900)]).events('geofence_enter')).toEqual([]);
    const inside = [fix(0, 0), fix(10, 0)];
    expect(run({}, [...inside, fix(20, 225), fix(30, 225)]).events('geofence_exit')).toEqual([]);
    expect(run({}, [...inside, fix(20, 400), fix(25, 100)]).events('geofence_exit')).toEqual([]);
    expect(run({ margin_m: 10 }, [...inside, fix(20, 225), fix(30, 225)]).events('geofence_exit')).toHaveLength(1);
  });

  it('believes a fix only as far as it is exact', () => {
    const rough = { position_accuracy: 25 };
    expect(run({}, [fix(0, 185, rough), fix(10, 185, rough)]).events('geofence_enter')).toEqual([]);
    expect(run({}, [fix(0, 170, rough), fix(10, 170, rough)]).events('geofence_enter')).toHaveLength(1);
    const out = { position_accuracy: 150 };
    expect(run({}, [fix(0, 0), fix(10, 0), fix(20, 300, out), fix(30, 300, out)]).events('geofence_exit')).toEqual([]);
    expect(
      run({}, [fix(0, 0, { position_satellites: 3 }), fix(10, 0, { position_satellites: 3 })]).trips('visit'),
    ).toEqual([]);
  });

  it('tells once of a dwell, after as long as it says', () => {
    const stay = Array.from({ length: 20 }, (_, i) => fix(i * 10, 0));
    const device = run({ events: ['dwell'], dwell_s: 60 }, stay);
    expect(device.events('geofence_dwell')).toMatchObject([{ at: EPOCH_US + 60e6, limit: 60 }]);
    expect(device.events('geofence_enter')).toEqual([]);
  });

  it('is crossed by a way that leads through it between two fixes, where that is wanted', () => {
    const way = [fix(0, -700), fix(30, 700, { position_speed: 90 })];
    expect(run({ events: ['cross'] }, way).events('geofence_cross')).toHaveLength(1);
    expect(run({}, way).events('geofence_cross')).toEqual([]);
    const past = way.map((report) => ({ ...report, position_longitude: 8.01 }));
    expect(run({ events: ['cross'] }, past).events('geofence_cross')).toEqual([]);
  });

  it('that is deleted ends its visit with the last report inside, without an exit', () => {
    const stay = Array.from({ length: 5 }, (_, i) => fix(i * 10, 0));
    const device = run({}, stay, (fences) => fences.put('yard', null, EPOCH_US + 35e6));
    expect(device.events('geofence_exit')).toEqual([]);
    expect(device.trips('visit')).toMatchObject([{ state: 'final', ended_at: EPOCH_US + 30e6 }]);
  });

  it('that is moved goes on with the new shape from its valid_from on', () => {
    const stay = Array.from({ length: 4 }, (_, i) => fix(i * 10, 0));
    const moved = geofence({
      ...YARD,
      version: 2,
      valid_from: EPOCH_US + 25e6,
      center: { latitude: 51, longitude: 8 },
    });
    const device = run({}, [...stay, fix(40, 0)], (fences) => fences.put('yard', moved, 0));
    expect(device.events('geofence_exit')).toEqual([]);
    device.batch([fix(50, 0)]);
    expect(device.events('geofence_exit')).toMatchObject([{ at: EPOCH_US + 40e6, geofence_version: 2 }]);
    expect(device.trips('visit')).toMatchObject([{ geofence_version: 1 }]);
  });

  it('judges a late report by the version of its time, and says which, also in a process that was started after the change', () => {
    const fences = new FenceBook();
    const book = new DeviceBook(new GroupBook(), fences);
    const away = { latitude: 51, longitude: 8 };
    const second = geofence({ ...YARD, version: 2, valid_from: EPOCH_US + 60e6, center: away });
    const back = geofence({ ...YARD, version: 3, valid_from: EPOCH_US + 120e6 });
    // As the topic holds them: each was written when it began to count.
    fences.put('yard', geofence({ ...YARD, version: 1 }), 0);
    for (const fence of [second, back]) fences.put('yard', fence, fence.valid_from);
    const device = new TestDevice(() => book.profile('device'));
    for (const s of [0, 150, 160, 170]) device.batch([fix(s, s < 100 ? 900 : 0)]);
    device.batch([10, 20, 30].map((s) => fix(s, 0)));
    device.batch([70, 80].map((s) => fix(s, 0)));
    expect(
      device.events('geofence_enter').map((event) => 'geofence_version' in event && event.geofence_version),
    ).toEqual([3, 1]);
    expect(device.events('geofence_exit')).toMatchObject([{ at: EPOCH_US + 70e6, geofence_version: 2 }]);
  });
});
