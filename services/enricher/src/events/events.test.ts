/** Each event against its threshold, just below and just above; and the table of what devices find by themselves. */
import { describe, expect, it } from 'vitest';
import type { Telemetry } from '@fleetwire/schemas';
import { DeviceBook, GroupBook } from '../devices.js';
import { FenceBook } from '../geofence/book.js';
import { EPOCH_US, PLAIN_DEVICE, reportAt, TestDevice } from '../testing.js';
import { thresholdsOf } from '../fold/thresholds.js';
import { ALARMS, INPUT_BIT } from './alarm-table.js';

function run(reports: readonly Telemetry[], thresholds: Record<string, number> = {}): TestDevice {
  const book = new DeviceBook(new GroupBook(), new FenceBook());
  book.put('device', { ...PLAIN_DEVICE, thresholds });
  const device = new TestDevice(() => book.profile('device'));
  for (const report of reports) device.batch([report]);
  return device;
}
/** Reports at one place on the way north, each `every` s, with these speeds. */
function speeds(kmh: readonly number[], every: number, over: Partial<Telemetry> = {}): Telemetry[] {
  let km = 0;
  return kmh.map((speed, i) => {
    km += (speed / 3600) * every;
    return reportAt(i * every, {
      position_latitude: 50 + km / 111.195,
      position_longitude: 8,
      position_speed: speed,
      ...over,
    });
  });
}

describe('ignition', () => {
  it('is told when it changes, not when it is first known or unknown in between', () => {
    const states = [true, null, true, false, null, false, true];
    const device = run(states.map((on, i) => reportAt(i * 10, { engine_ignition_status: on })));
    expect(device.events('ignition_off')).toMatchObject([{ at: EPOCH_US + 30e6 }]);
    expect(device.events('ignition_on')).toMatchObject([{ at: EPOCH_US + 60e6 }]);
  });
});

describe('idling', () => {
  const idle = (seconds: number, off: boolean): Telemetry[] => [
    ...speeds(
      Array.from({ length: seconds / 10 + 1 }, () => 0),
      10,
      { engine_ignition_status: true },
    ),
    reportAt(seconds + 10, {
      engine_ignition_status: !off,
      // Where it moves it is elsewhere: the same fix with a speed would be a frozen one.
      position_latitude: off ? 50 : 50.001,
      position_longitude: 8,
      position_speed: off ? 0 : 40,
    }),
  ];
  it.each([true, false])(
    'begins after 120 s and ends with ignition off or movement, as one event with its length',
    (off) => {
      expect(run(idle(110, off)).events('idle')).toEqual([]);
      const device = run(idle(120, off));
      expect(device.events('idle')).toMatchObject([{ phase: 'end', started_at: EPOCH_US, value: 130, unit: 's' }]);
      expect(
        device.published
          .filter((o) => o.topic === 'events' && o.body.type === 'idle')
          .map((o) => o.topic === 'events' && o.body.phase),
      ).toEqual(['start', 'end']);
    },
  );
});

describe('overspeed', () => {
  const over = (kmh: number, seconds: number, limit = 50): TestDevice =>
    run(speeds([40, ...Array.from({ length: seconds / 5 + 1 }, () => kmh), 40, 40], 5), { speed_limit: limit });
  it.each([
    [53, 60, 50, 0],
    [53.1, 60, 50, 1],
    [53.1, 5, 50, 0],
    [53.1, 10, 50, 1],
    [154.4, 60, 150, 0],
    [154.6, 60, 150, 1],
    [300, 60, 0, 0],
  ])('at %f km/h for %i s with a limit of %i: %i event', (kmh, seconds, limit, count) => {
    expect(over(kmh, seconds, limit).events('overspeed')).toHaveLength(count);
  });

  it('has a start, peaks and an end of one id, from the first report above to the first at the limit', () => {
    const device = run(speeds([50, 60, 62, 64, 70, 80, 52, 50, 50, 40], 5), { speed_limit: 50 });
    const phases = device.published.filter((o) => o.topic === 'events' && o.body.type === 'overspeed');
    expect(phases.map((o) => o.topic === 'events' && [o.body.phase, o.body.value])).toEqual([
      ['start', 64],
      ['peak', 70],
      ['peak', 80],
      ['end', 80],
    ]);
    expect(device.events('overspeed')).toMatchObject([
      { started_at: EPOCH_US + 5e6, ended_at: EPOCH_US + 35e6, limit: 50, unit: 'km/h' },
    ]);
  });

  it('is not taken to have lasted over a silence', () => {
    expect(run(speeds([60, 60], 200), { speed_limit: 50 }).events('overspeed')).toEqual([]);
  });
});

describe('harsh manoeuvres', () => {
  it.each([
    ['harsh_acceleration', [50, 60.7], 1, 0],
    ['harsh_acceleration', [50, 60.9], 1, 1],
    ['harsh_braking', [60, 47.5], 1, 0],
    ['harsh_braking', [60, 47.3], 1, 1],
    ['harsh_braking', [60, 20], 2, 1],
    ['harsh_braking', [60, 0], 3, 0],
  ] as const)('%s from %j km/h in %i s: %i', (type, kmh, every, count) => {
    expect(run(speeds(kmh, every)).events(type)).toHaveLength(count);
  });

  it.each([
    [14, 0],
    [15, 1],
    [-15, 1],
  ])('harsh_cornering of %i degrees in a second at 50 km/h: %i', (turn, count) => {
    const reports = speeds([50, 50], 1).map((r, i) => ({
      ...r,
      position_direction: i === 0 ? 355 : (355 + turn + 360) % 360,
    }));
    expect(run(reports).events('harsh_cornering')).toHaveLength(count);
  });

  it('are one event while they go on, with the highest value', () => {
    const device = run(speeds([90, 75, 55, 40, 40], 1));
    expect(device.events('harsh_braking')).toHaveLength(1);
    expect(device.events('harsh_braking')[0]).toMatchObject({ value: 20 / 3.6 });
  });

  it('have the limits of the device', () => {
    expect(run(speeds([50, 58], 1), { harsh_acceleration: 2 }).events('harsh_acceleration')).toHaveLength(1);
  });
});

describe('what devices find', () => {
  it('has a bit for each row, below those of the input map', () => {
    expect(ALARMS.length).toBeLessThanOrEqual(INPUT_BIT);
    expect(new Set(ALARMS.map(({ event }) => event)).size).toBe(ALARMS.length);
  });

  it('is of H02 an event when the bit changes to true, and no more while it stays', () => {
    const h02 = (on: readonly boolean[]): TestDevice =>
      run(on.map((sos_alarm, i) => reportAt(i * 10, { protocol: 'h02', sos_alarm })));
    expect(h02([false, true, true, true, false, true]).events('sos')).toMatchObject([
      { at: EPOCH_US + 10e6, phase: 'point', source: 'device', parameter: 'sos.alarm', protocol: 'h02' },
      { at: EPOCH_US + 50e6 },
    ]);
  });

  it('is of Astra an event each time it is reported', () => {
    const on = { flags: { 'alarm.panic.status': true } };
    const device = run([
      reportAt(0, on),
      reportAt(10, on),
      reportAt(20),
      reportAt(30, { ...on, harsh_braking_event: true }),
    ]);
    expect(device.events('sos')).toHaveLength(3);
    expect(device.events('harsh_braking')).toMatchObject([{ source: 'device' }]);
  });

  it('has of a level a start and an end, with its length', () => {
    const levels = [false, true, true, false];
    const jt808 = run(levels.map((power_cut_alarm, i) => reportAt(i * 10, { protocol: 'jt808', power_cut_alarm })));
    expect(jt808.events('power_cut')).toMatchObject([
      { phase: 'end', started_at: EPOCH_US + 10e6, ended_at: EPOCH_US + 30e6, attributes: { duration_s: '20' } },
    ]);
    const atrack = run(
      levels.map((cut, i) => reportAt(i * 10, { protocol: 'atrack', external_powersource_status: !cut })),
    );
    expect(atrack.events('power_cut')).toHaveLength(1);
  });

  it.each(
    ALARMS.flatMap(({ event, of }) =>
      Object.entries(of).map(([protocol, source]) => [event, protocol, source] as const),
    ),
  )('%s of %s comes of its parameter', (event, protocol, [parameter, , inverted]) => {
    const field = parameter.replaceAll('.', '_');
    const blank = reportAt(0);
    const say = (on: boolean): Partial<Telemetry> => {
      const value = on !== (inverted !== undefined);
      return field in blank ? { [field]: value } : { flags: { [parameter]: value } };
    };
    const device = run([reportAt(0, { protocol, ...say(false) }), reportAt(10, { protocol, ...say(true) })]);
    expect(device.events(event)).toMatchObject([{ source: 'device', parameter, protocol, at: EPOCH_US + 10e6 }]);
  });
});

describe('thresholds', () => {
  it("are the device's, else the group's, else the defaults; what is no limit counts for nothing", () => {
    expect(thresholdsOf({ idle_s: 60, speed_limit: 80 }, { speed_limit: 100, gap_s: -1, unknown: 3 })).toMatchObject({
      idle_s: 60,
      speed_limit: 100,
      gap_s: 1800,
    });
  });
});
