/** What a scripted day must come to: the same end in every order of arrival, and the truth of the drives. Findings are texts; none is right. */
import { EPOCH_US } from '../testing.js';
import { arrivals, batches, type Mode } from './delivery.js';
import type { ScriptedDevice, ScriptedFleet } from './fleet.js';
import { seeded } from './random.js';
import { differences, TaskRun } from './run.js';
import type { TrueEvent } from './vehicle.js';

/** The day in the order in which it was driven, without a fault. */
export function inOrder(fleet: ScriptedFleet): TaskRun {
  const task = new TaskRun(fleet);
  const random = seeded(0);
  const all = fleet.devices.flatMap(({ reports }) => arrivals(reports, 'in order', random));
  task.deliver(
    batches(all, () => 1000),
    null,
  );
  task.finish();
  return task;
}

/** The day with an order of arrival for each device, and with kills, aborted transactions and wrong timers. */
export function delivered(fleet: ScriptedFleet, modeOf: (device: number) => Mode, seed: number): TaskRun {
  const task = new TaskRun(fleet);
  const random = seeded(seed);
  const all = fleet.devices.flatMap(({ reports }, i) => arrivals(reports, modeOf(i), random));
  task.deliver(
    batches(all, () => 1 + random.below(Math.ceil(all.length / 10))),
    { random, aborted: 0.1, killed: 0.2, timer: 0.1 },
  );
  task.finish();
  return task;
}

/** What differs between the day as it was driven and as it arrived. */
export function orderFindings(want: TaskRun, have: TaskRun): string[] {
  const unpublished = [...want.published.keys()].filter((name) => !have.published.has(name));
  return [
    ...differences(want.finals(), have.finals()),
    ...have.backwards,
    ...[...have.published]
      .filter(([, count]) => count !== 1)
      .map(([name, count]) => `${name} published ${count} times`),
    ...unpublished.map((name) => `${name} was never published`),
  ];
}

interface Said {
  readonly ident: string;
  readonly kind?: string;
  readonly type?: string;
  readonly at?: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly distance_km?: number;
}

const secondsOf = (us: number | null | undefined): number =>
  us === null || us === undefined ? NaN : (us - EPOCH_US) / 1e6;

/** What of a calm day is not told as it was: trips within one reporting interval and a hundredth, events at their time. */
export function truthFindings(fleet: ScriptedFleet): string[] {
  const said = [...inOrder(fleet).finals().values()].map((text) => JSON.parse(text) as Said);
  return fleet.devices.flatMap((device) => {
    const own = said.filter(({ ident }) => ident === device.kit.ident);
    return [...tripFindings(device, own), ...eventFindings(device, own)].map((what) => `${device.kit.ident}: ${what}`);
  });
}

function tripFindings({ kit, trips }: ScriptedDevice, said: readonly Said[]): string[] {
  const told = said.filter(({ kind }) => kind === 'trip').sort((a, b) => a.started_at! - b.started_at!);
  if (told.length !== trips.length) return [`${told.length} trips instead of ${trips.length}`];
  return trips.flatMap((trip, i) => {
    const { started_at: start, ended_at: end, distance_km: km = NaN } = told[i]!;
    const found: string[] = [];
    // A second more: the device reports on whole seconds, behind what happened.
    const near = (want: number, have: number): boolean => Math.abs(want - have) <= kit.everyS + 1;
    if (!near(trip.startS, secondsOf(start))) found.push(`a trip begins at ${secondsOf(start)}, not ${trip.startS}`);
    if (!near(trip.endS, secondsOf(end))) found.push(`a trip ends at ${secondsOf(end)}, not ${trip.endS}`);
    if (Math.abs(km - trip.km) > Math.max(0.03, trip.km * 0.01)) found.push(`a trip of ${trip.km} km is ${km} km long`);
    return found;
  });
}

function eventFindings({ kit, events }: ScriptedDevice, said: readonly Said[]): string[] {
  return events.flatMap((event) => {
    if (isPassing(event, events, kit.everyS)) return [];
    const slack = slackOf(event.type, kit.everyS);
    const near = (want: number, have: number): boolean => Math.abs(want - have) <= slack;
    const told = said.some(
      ({ type, at, ended_at: end }) =>
        type === event.type &&
        near(event.atS, secondsOf(at)) &&
        (event.endS === undefined || near(event.endS, secondsOf(end))),
    );
    return told ? [] : [`no ${event.type} at ${event.atS}`];
  });
}

/** s by which an event may be dated otherwise than it was: what the device says at once is exact. */
function slackOf(type: string, everyS: number): number {
  if (type === 'geofence_exit') return everyS + 8; // beyond the margin of 30 m
  return type === 'overspeed' || type.startsWith('geofence') || type === 'idle' ? everyS + 1 : 1;
}

/** A fence that the vehicle left (or entered) again before two reports could show it. */
function isPassing({ type, atS }: TrueEvent, events: readonly TrueEvent[], everyS: number): boolean {
  if (!type.startsWith('geofence')) return false;
  return events.some(
    (other) => other.type !== type && other.type.startsWith('geofence') && Math.abs(other.atS - atS) < 3 * everyS + 10,
  );
}
