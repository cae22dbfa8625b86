/**
 * A day of fifty devices, of one seed: nights with drift, trips with lights, corners, speeding and idling, visits of fences, alarms of each protocol,
 * silence, private journeys, and what devices get wrong. `calm` leaves out what has no plain truth (silence, wrong fixes, hidden reports).
 */
import type { Device, Geofence, Telemetry } from '@fleetwire/schemas';
import type { Point } from '../fold/distance.js';
import { geofence, PLAIN_DEVICE, reportAt } from '../testing.js';
import { seeded, type Random } from './random.js';
import { Vehicle, wrapped, type Kit, type TrueEvent, type TrueTrip } from './vehicle.js';

export interface ScriptedDevice {
  readonly kit: Kit;
  readonly device: Device;
  readonly reports: readonly Telemetry[];
  readonly trips: readonly TrueTrip[];
  readonly events: readonly TrueEvent[];
}
export interface ScriptedFleet {
  readonly devices: readonly ScriptedDevice[];
  readonly groups: readonly Device[];
  readonly fences: readonly Geofence[];
}
export interface FleetOptions {
  readonly seed: number;
  readonly devices: number;
  /** Length of the day, h. */
  readonly hours: number;
  readonly calm: boolean;
  /** Reporting intervals are so many times longer, and stops half as much. */
  readonly sparse: number;
}

const PROTOCOLS = ['astra', 'h02', 'jt808', 'atrack'] as const;
const METRE = 1 / 111_195;
export const HOME_RADIUS_M = 250;
const SPEED_LIMIT = 90;
const GROUP = 'vans';

export function scriptedFleet(options: FleetOptions): ScriptedFleet {
  const devices = Array.from({ length: options.devices }, (_, i) => scripted(i, options));
  const fences = devices.flatMap(({ kit, device }, i) => fencesOf(i, homeOf(i), kit, device));
  const groups = [{ ...PLAIN_DEVICE, kind: 'group' as const, ident: `group:${GROUP}`, thresholds: { idle_s: 150 } }];
  return { devices, groups, fences };
}

/** Spread over the land; one lies on the antimeridian, one far north. */
function homeOf(i: number): Point {
  if (i === 7) return { latitude: 52, longitude: 179.999 };
  if (i === 8) return { latitude: 84, longitude: 30 };
  return { latitude: 44 + (i % 10) * 0.7, longitude: 2 + Math.floor(i / 10) * 1.3 };
}

const at = (from: Point, north: number, east: number): Point => ({
  latitude: from.latitude + north * METRE,
  longitude: wrapped(from.longitude + (east * METRE) / Math.cos((from.latitude * Math.PI) / 180)),
});

function fencesOf(i: number, home: Point, { ident }: Kit, device: Device): Geofence[] {
  const town = [at(home, 4000, -3000), at(home, 4000, 3000), at(home, 9000, 3000), at(home, 9000, -3000)];
  const park = [at(home, 6000, -500), at(home, 6000, 500), at(home, 7000, 500), at(home, 7000, -500)];
  const idents = [ident];
  const fences = [
    geofence({ id: `home-${i}`, shape: 'circle', center: home, radius_m: HOME_RADIUS_M, idents }),
    geofence({
      id: `river-${i}`,
      shape: 'corridor',
      path: [at(home, 2000, -9000), at(home, 2500, 9000)],
      width_m: 30,
      events: ['cross'],
      idents,
    }),
  ];
  if (i % 2 === 1)
    fences.push(
      geofence({ id: `town-${i}`, shape: 'polygon', rings: [town, park], speed_limit: 60, dwell_s: 300, idents }),
    );
  return fences.map((fence) => ({ ...fence, tenant: device.tenant }));
}

function kitOf(i: number, random: Random, { sparse }: FleetOptions): Kit {
  return {
    ident: String(860_000_000_000_000 + i),
    number: i + 1,
    protocol: PROTOCOLS[i % 4]!,
    hasIgnition: i % 3 !== 2,
    odometer: (['fine', 'none', 'whole'] as const)[random.below(3)]!,
    hasSatellites: i % 5 !== 4,
    everyS: [10, 15, 20, 30][random.below(4)]! * sparse,
    everyParkedS: [60, 120, 300][random.below(3)]! * sparse,
    cornerDegrees: 15 * Math.min(3, sparse),
    noiseM: 3,
    speedLimit: SPEED_LIMIT,
  };
}

function deviceOf(i: number, kit: Kit): Device {
  const inputs =
    i % 6 === 1
      ? [
          { input: 'din.2', event: 'panic_button', parameter: null, inverted: false, factor: null, offset: null },
          { input: 'report.reason.105', event: 'door', parameter: null, inverted: false, factor: null, offset: null },
        ]
      : [];
  return {
    ...PLAIN_DEVICE,
    ident: kit.ident,
    tenant: i % 4 === 0 ? 'north' : null,
    group: i % 3 === 0 ? GROUP : null,
    thresholds: { speed_limit: SPEED_LIMIT },
    privacy: i % 5 === 3 ? 'hide' : 'show',
    inputs,
  };
}

function scripted(i: number, options: FleetOptions): ScriptedDevice {
  const random = seeded(options.seed * 1000 + i);
  const kit = kitOf(i, random, options);
  const device = deviceOf(i, kit);
  const home = homeOf(i);
  // Devices wake at different times, some within one second of each other.
  const vehicle = new Vehicle(kit, random, home, random.below(300));
  vehicle.watch(home, HOME_RADIUS_M);
  const endS = options.hours * 3600;
  vehicle.report();
  night(vehicle, endS * random.between(0.15, 0.25), options);
  while (vehicle.t < endS * 0.7) outing(vehicle, home, device, options);
  night(vehicle, Math.max(4000, endS - vehicle.t), options);
  const { reports, trips, events } = vehicle;
  return { kit, device, reports: options.calm ? reports : withMistakes(reports, random), trips, events };
}

/** Parked, with what a receiver under a roof says: drift, few satellites, no fix, the same fix again. */
function night(vehicle: Vehicle, seconds: number, { calm }: FleetOptions): void {
  const { random, kit } = vehicle;
  const endS = vehicle.t + seconds;
  vehicle.turnKey(false);
  while (vehicle.t < endS) {
    vehicle.t += kit.everyParkedS;
    const place = vehicle.place;
    const off = (): number => random.between(-1, 1) * 20;
    const drift = at(place, off(), off());
    const kind = random.below(calm ? 4 : 7);
    const fix = { position_latitude: drift.latitude, position_longitude: drift.longitude };
    if (kind < 4) vehicle.report(fix);
    else if (kind === 4)
      vehicle.report({
        position_latitude: null,
        position_longitude: null,
        position_speed: null,
        position_satellites: null,
      });
    else if (kind === 5)
      vehicle.report({
        ...fix,
        position_latitude: fix.position_latitude + 0.003,
        position_satellites: 2,
        position_hdop: 9,
      });
    else vehicle.report({ ...fix, position_accuracy: 120, position_speed: 3 });
  }
}

/** Away from home and back, or on to somewhere else, with what happens on the way. */
function outing(vehicle: Vehicle, home: Point, device: Device, { calm, sparse }: FleetOptions): void {
  const { random, kit } = vehicle;
  vehicle.say.driver_id = random.chance(0.5) ? `DRV${random.below(3)}` : null;
  vehicle.turnKey(true);
  if (random.chance(0.4)) vehicle.stand(random.between(220, 500), Math.min(60 * sparse, kit.everyParkedS));
  const hides = !calm && device.privacy === 'hide' && random.chance(0.3);
  if (hides) vehicle.say.private_status = true;
  const fast = random.chance(0.5);
  const away = at(home, random.between(-9000, 9000), random.between(-7000, 7000));
  vehicle.trip([
    {
      to: at(home, random.between(-4000, 4000), random.between(-4000, 4000)),
      kmh: 50,
      ...(random.chance(0.5) && { haltS: 20 + random.below(40) }),
    },
    { to: away, kmh: fast ? 115 : 70 },
  ]);
  const alarmed = alarmOf(vehicle);
  if (random.chance(0.4)) alarmed();
  vehicle.turnKey(false);
  const rest = Math.max(1, sparse / 2);
  vehicle.stand(random.between(900, 4000) * rest);
  if (!calm && random.chance(0.25)) silence(vehicle);
  if (!calm && random.chance(0.3)) harsh(vehicle);
  vehicle.turnKey(true);
  vehicle.trip([
    { to: at(home, random.between(-2000, 2000), random.between(-2000, 2000)), kmh: 60 },
    { to: random.chance(0.7) ? home : at(home, 1000, 1000), kmh: 40 },
  ]);
  if (hides) vehicle.say.private_status = false;
  if (!calm) alarmed();
  vehicle.turnKey(false);
  vehicle.stand(random.between(900, 5000) * rest);
}

/** An alarm in the way of the device's protocol: one report, or a level over some minutes. */
function alarmOf(vehicle: Vehicle): () => void {
  const { kit } = vehicle;
  const during =
    (type: string, field: 'gnss_jamming_status' | 'power_cut_alarm' | 'external_powersource_status', on: boolean) =>
    (): void => {
      vehicle.say[field] = on;
      vehicle.alarm(type, {});
      vehicle.stand(120, 40);
      vehicle.say[field] = !on;
      vehicle.report();
    };
  switch (kit.protocol) {
    case 'astra':
      return vehicle.random.chance(0.5)
        ? () => vehicle.alarm('sos', { flags: { 'alarm.panic.status': true } })
        : during('jamming', 'gnss_jamming_status', true);
    case 'h02':
      return () => vehicle.alarm('sos', { sos_alarm: true });
    case 'jt808':
      return during('power_cut', 'power_cut_alarm', true);
    case 'atrack':
      return during('power_cut', 'external_powersource_status', false);
  }
}

/** The device says nothing for longer than a gap, and may stand elsewhere then. */
function silence(vehicle: Vehicle): void {
  vehicle.silent = true;
  const place = vehicle.place;
  if (vehicle.random.chance(0.5)) vehicle.trip([{ to: at(place, 3000, 1000), kmh: 60 }]);
  vehicle.stand(2500);
  vehicle.silent = false;
  vehicle.report();
}

/** A few reports each second, in which it brakes hard; and inputs that its owner has wired. */
function harsh(vehicle: Vehicle): void {
  for (const kmh of [80, 62, 44, 40]) {
    vehicle.t += 1;
    vehicle.report({
      position_speed: kmh,
      position_direction: 90,
      din: kmh === 62 ? 2 : 0,
      report_reason: kmh === 44 ? 105 : 1,
    });
  }
}

/** What devices get wrong: zero islands, teleports, 600 km/h, and clocks of another year, far from where they stand in the day. */
function withMistakes(reports: readonly Telemetry[], random: Random): Telemetry[] {
  return reports.map((report, i) => {
    if (i < 30 || !random.chance(0.015)) return report;
    switch (random.below(4)) {
      case 0:
        return { ...report, position_latitude: 0, position_longitude: 0 };
      case 1:
        return { ...report, position_latitude: (report.position_latitude ?? 0) - 3 };
      case 2:
        return { ...report, position_speed: 600 };
      default:
        return { ...report, timestamp: reportAt(5 * 86_400).timestamp + i * 1e6 };
    }
  });
}
