/**
 * Which parameter of which protocol makes which event. A row is a bit of the log's entries, so rows keep their places and new ones go to the end
 * (at most 24; the bits above are the device's input map).
 *
 *   point  each report that says true is an event: the device sets it in the one report that it causes
 *   level  true begins, false ends: start and end are one event
 *   latch  the device repeats true until someone clears it: only the change to true is an event, and it has no end (H02's alarm
 *          bits, 1→0 on the wire; JT808's alarms that are cleared by an answer)
 */
import type { TelemetryOutline } from '@fleetwire/schemas';
import type { AlarmBits } from '../log/entry.js';

export type AlarmMode = 'point' | 'level' | 'latch';
type Source = readonly [parameter: string, mode: AlarmMode, inverted?: 'inverted'];

interface AlarmRow {
  readonly event: string;
  readonly of: Readonly<Partial<Record<'astra' | 'h02' | 'jt808' | 'atrack', Source>>>;
}

export const ALARMS: readonly AlarmRow[] = [
  {
    event: 'sos',
    of: { astra: ['alarm.panic.status', 'point'], h02: ['sos.alarm', 'latch'], jt808: ['sos.alarm', 'latch'] },
  },
  {
    event: 'tow',
    of: {
      astra: ['towing.alarm.status', 'level'],
      h02: ['towing.alarm.status', 'latch'],
      jt808: ['towing.alarm.status', 'latch'],
      atrack: ['towing.event', 'level'],
    },
  },
  {
    event: 'power_cut',
    of: {
      h02: ['power.cut.alarm', 'latch'],
      jt808: ['power.cut.alarm', 'level'],
      atrack: ['external.powersource.status', 'level', 'inverted'],
    },
  },
  { event: 'power_changed', of: { astra: ['external.powersource.event', 'point'] } },
  {
    event: 'power_low',
    of: {
      astra: ['external.powersource.low.alarm', 'point'],
      jt808: ['battery.low.alarm', 'level'],
      atrack: ['main.power.low.status', 'level'],
    },
  },
  { event: 'battery_low', of: { astra: ['battery.low.alarm', 'point'], atrack: ['battery.low.status', 'level'] } },
  { event: 'jamming', of: { astra: ['gnss.jamming.status', 'level'], atrack: ['gsm.jamming.event', 'level'] } },
  { event: 'tamper', of: { astra: ['device.tamper.status', 'point'] } },
  {
    event: 'crash',
    of: {
      astra: ['vehicle.collision.alarm', 'point'],
      jt808: ['crash.event', 'level'],
      atrack: ['impact.event', 'level'],
    },
  },
  { event: 'shock', of: { h02: ['vibration.alarm', 'latch'] } },
  { event: 'rollover', of: { astra: ['rollover.event', 'point'], jt808: ['rollover.event', 'level'] } },
  { event: 'sleep', of: { astra: ['sleep.mode.status', 'point'], jt808: ['sleep.mode.status', 'level'] } },
  { event: 'theft', of: { h02: ['theft.alarm', 'latch'], jt808: ['theft.alarm', 'level'] } },
  {
    event: 'overspeed',
    of: {
      astra: ['overspeeding.event', 'point'],
      h02: ['overspeeding.event', 'latch'],
      jt808: ['overspeeding.event', 'level'],
      atrack: ['overspeeding.status', 'level'],
    },
  },
  {
    event: 'harsh_acceleration',
    of: { astra: ['harsh.acceleration.event', 'point'], atrack: ['harsh.acceleration.event', 'level'] },
  },
  {
    event: 'harsh_braking',
    of: { astra: ['harsh.braking.event', 'point'], atrack: ['harsh.braking.event', 'level'] },
  },
  {
    event: 'harsh_cornering',
    of: { astra: ['harsh.cornering.event', 'point'], atrack: ['harsh.cornering.event', 'level'] },
  },
  { event: 'fatigue', of: { jt808: ['fatigue.driving.status', 'level'] } },
  { event: 'driver_unauthorized', of: { astra: ['driver.unauthorized.alarm', 'point'] } },
  {
    event: 'ignition_illegal',
    of: { h02: ['ignition.illegal.alarm', 'latch'], jt808: ['ignition.illegal.alarm', 'latch'] },
  },
  { event: 'reboot', of: { astra: ['device.reboot.event', 'point'] } },
  { event: 'geofence_device_enter', of: { h02: ['geofence.enter.alarm', 'latch'] } },
  { event: 'geofence_device_exit', of: { h02: ['geofence.exit.alarm', 'latch'] } },
];

/** First bit of the device's input map; there are INPUTS_MAX. */
export const INPUT_BIT = 24;
export const INPUTS_MAX = 8;

interface Reader {
  readonly bit: number;
  readonly point: boolean;
  readonly inverted: boolean;
  readonly read: (report: TelemetryOutline) => unknown;
}

/** Telemetry's own field of a dotted name, or an entry of its flags. */
function readerOf(parameter: string): Reader['read'] {
  const field = parameter.replaceAll('.', '_');
  return (report) => {
    const own: unknown = report[field as keyof TelemetryOutline];
    return own === undefined ? report.flags[parameter] : own;
  };
}

const READERS: ReadonlyMap<string, readonly Reader[]> = new Map(
  (['astra', 'h02', 'jt808', 'atrack'] as const).map((protocol) => [
    protocol,
    ALARMS.flatMap(({ of }, bit) => {
      const source = of[protocol];
      if (source === undefined) return [];
      const [parameter, mode, inverted] = source;
      return [{ bit, point: mode === 'point', inverted: inverted !== undefined, read: readerOf(parameter) }];
    }),
  ]),
);

/**
 * The alarm bits of a report: known (spoken of) and on. A point is on without being known, so that it is no level that holds.
 */
export function alarmBits(report: TelemetryOutline): AlarmBits {
  let known = 0;
  let on = 0;
  for (const { bit, point, inverted, read } of READERS.get(report.protocol) ?? []) {
    const value = read(report);
    if (typeof value !== 'boolean') continue;
    const isOn = value !== inverted;
    if (isOn) on |= 1 << bit;
    if (!point) known |= 1 << bit;
  }
  return { known: known >>> 0, on: on >>> 0 };
}

/** The event of a bit with a protocol; null: the protocol has no such event. */
export function alarmOf(
  bit: number,
  protocol: string,
): { readonly event: string; readonly mode: AlarmMode; readonly parameter: string } | null {
  const row = ALARMS[bit];
  // A protocol without rows is no key of the table.
  const source = row?.of[protocol as keyof typeof row.of];
  return row === undefined || source === undefined ? null : { event: row.event, parameter: source[0], mode: source[1] };
}
