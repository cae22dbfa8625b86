/**
 * What the fold knows of a report: the entry of the report log. Everything that a step reads is here, in the resolution in which
 * it is kept, so that folding at arrival and folding the log again see the same numbers.
 */
import { TelemetryOutline, type Telemetry } from '@fleetwire/schemas';

/** Where an entry stands among those of its device. */
export interface Place {
  /** Event time, µs. */
  readonly timeUs: number;
  /** The device's own number of the report; 0 when it has none. It wraps: it only orders reports of one moment. */
  readonly sequence: number;
  /** First and second 32 bits of the message id. */
  readonly idHigh: number;
  readonly idLow: number;
}

/** Values are quantized: degrees to 1e-6, km/h to 0.1, km to 0.001, % and l to 0.1, h to 1/3600. */
export interface Entry extends Place {
  readonly revision: number;
  /** Degrees; null: no usable fix (none, not valid, or hidden). */
  readonly latitude: number | null;
  readonly longitude: number | null;
  /** km/h; null when unknown. */
  readonly speed: number | null;
  /** Degrees clockwise from north, whole. */
  readonly heading: number | null;
  readonly ignition: boolean | null;
  readonly satellites: number | null;
  readonly hdop: number | null;
  /** m */
  readonly accuracy: number | null;
  /** Odometer of the device, km. */
  readonly odometerKm: number | null;
  /** The user hides this report: it has no position here, and makes no trip and no visit. */
  readonly hidden: boolean;
  readonly driver: string | null;
  /** % */
  readonly fuelLevel: number | null;
  /** Used in all, l. */
  readonly fuelUsed: number | null;
  /** Motor hours of the device, h. */
  readonly engineHours: number | null;
  /** Bits of the alarm table and the device's input map: which the report speaks of, and which of them are on. */
  readonly alarmsKnown: number;
  readonly alarmsOn: number;
  /** Place of the protocol in PROTOCOLS; 0: another one. */
  readonly protocol: number;
}

/** Protocols whose parameters make events; their places are kept in the log, so new ones are added at the end. */
export const PROTOCOLS: readonly string[] = ['', 'astra', 'h02', 'jt808', 'atrack'];

/** Longest driver id that is kept, in bytes of UTF-8. */
export const DRIVER_BYTES_MAX = 64;

/** Highest revision that an entry holds; later ones count as this one. */
export const REVISION_MAX = 255;
export const SECOND_US = 1_000_000;
export const HOUR_US = 3_600 * SECOND_US;

export const hourOf = (timeUs: number): number => Math.floor(timeUs / HOUR_US);

/** Order of the fold: event time, the device's sequence, identity. */
export function compareEntries(a: Place, b: Place): number {
  return a.timeUs - b.timeUs || a.sequence - b.sequence || a.idHigh - b.idHigh || a.idLow - b.idLow;
}

/** Four digits of each 16 bits: ids are written with every report, and the general conversion takes ten times as long. */
const HEX: readonly string[] = Array.from({ length: 65_536 }, (_, value) => value.toString(16).padStart(4, '0'));

/** The first 16 hexadecimal digits of an entry's message id. */
export function idText(high: number, low: number): string {
  return HEX[high >>> 16]! + HEX[high & 0xffff]! + HEX[low >>> 16]! + HEX[low & 0xffff]!;
}

const rounded = (value: number | null, steps: number, max: number): number | null =>
  value === null || !Number.isFinite(value) || Math.abs(value) > max ? null : Math.round(value * steps) / steps;

const byte = (value: number | null): number | null =>
  value === null || !(value >= 0) ? null : Math.min(255, Math.round(value));

export interface AlarmBits {
  readonly known: number;
  readonly on: number;
}

const OUTLINE_FIELDS = Object.keys(new TelemetryOutline()).filter((name) => !name.startsWith('id_'));

/** Outline of a whole report, where its bytes gave none. */
export function outlineOf(report: Telemetry): TelemetryOutline {
  const fields = Object.fromEntries(OUTLINE_FIELDS.map((name) => [name, report[name as keyof Telemetry]]));
  const [id_1, id_2] = [report.message_id.slice(0, 8), report.message_id.slice(8, 16)];
  return Object.assign(new TelemetryOutline(), fields, {
    id_1: Number.parseInt(id_1, 16),
    id_2: Number.parseInt(id_2, 16),
  });
}

/** Faster is no speed of a vehicle, km/h. */
export const SPEED_MAX_KMH = 400;

/** Where receivers are that know nothing: within a metre of 0° / 0°. */
export const isZeroIsland = (latitude: number | null, longitude: number | null): boolean =>
  latitude !== null && longitude !== null && Math.abs(latitude) < 1e-5 && Math.abs(longitude) < 1e-5;

/** Entry of a report. `hidden`: its device hides its position now. */
export function entryOf(report: TelemetryOutline, alarms: AlarmBits, hidden: boolean): Entry {
  const fix =
    !hidden &&
    report.position_valid !== false &&
    report.position_latitude !== null &&
    report.position_longitude !== null &&
    Math.abs(report.position_latitude) <= 90 &&
    Math.abs(report.position_longitude) <= 180 &&
    !isZeroIsland(report.position_latitude, report.position_longitude);
  const heading = rounded(report.position_direction, 1, 360);
  return {
    timeUs: report.timestamp,
    sequence: rounded(report.record_seqnum ?? report.event_seqnum, 1, 2 ** 40) ?? 0,
    idHigh: report.id_1,
    idLow: report.id_2,
    revision: Math.min(report.revision, REVISION_MAX),
    latitude: fix ? rounded(report.position_latitude, 1e6, 90) : null,
    longitude: fix ? rounded(report.position_longitude, 1e6, 180) : null,
    speed: hidden ? null : rounded(report.position_speed, 10, SPEED_MAX_KMH),
    heading: heading === null || !fix ? null : ((heading % 360) + 360) % 360,
    ignition: report.engine_ignition_status,
    satellites: byte(report.position_satellites),
    hdop: rounded(report.position_hdop, 10, 200),
    accuracy: rounded(report.position_accuracy, 1, 100_000),
    odometerKm: rounded(report.vehicle_mileage ?? report.gnss_odometer, 1000, 1e7),
    hidden,
    driver: driverOf(report.driver_id),
    fuelLevel: rounded(report.fuel_level ?? report.can_fuel_level, 10, 1e4),
    fuelUsed: rounded(report.total_fuel_consumed, 10, 1e9),
    engineHours: rounded(report.engine_motorhours, 3600, 1e6),
    alarmsKnown: alarms.known,
    alarmsOn: alarms.on,
    protocol: Math.max(0, PROTOCOLS.indexOf(report.protocol)),
  };
}

function driverOf(id: string | null): string | null {
  if (id === null || id === '') return null;
  // A UTF-16 unit takes three bytes of UTF-8 at most.
  return Buffer.byteLength(id) <= DRIVER_BYTES_MAX ? id : id.slice(0, Math.floor(DRIVER_BYTES_MAX / 3));
}
