/**
 * A vehicle that drives for real, second by second, with a device that reports now and then: what is known of the drive is written down as its truth,
 * and what the device says of it is what the enricher is given. Speeds change as fast as those of vehicles do, and corners are turned.
 */
import type { Telemetry } from '@fleetwire/schemas';
import { distanceKm, type Point } from '../fold/distance.js';
import { reportAt } from '../testing.js';
import type { Random } from './random.js';

/** What is on board. */
export interface Kit {
  readonly ident: string;
  /** Makes message ids of its own. */
  readonly number: number;
  readonly protocol: 'astra' | 'h02' | 'jt808' | 'atrack';
  readonly hasIgnition: boolean;
  readonly odometer: 'fine' | 'whole' | 'none';
  readonly hasSatellites: boolean;
  /** s between two reports on the way, and at rest. */
  readonly everyS: number;
  readonly everyParkedS: number;
  /** A device tells of a corner of so many degrees. */
  readonly cornerDegrees: number;
  /** m by which a fix is off. */
  readonly noiseM: number;
  readonly speedLimit: number;
}

export interface TrueTrip {
  readonly startS: number;
  readonly endS: number;
  readonly km: number;
}
/** Something that happened, at its time. `endS`: of what has a length. */
export interface TrueEvent {
  readonly type: string;
  readonly atS: number;
  readonly endS?: number;
}

const METRES_PER_DEGREE = 111_195;
const RAD = Math.PI / 180;
/** km/h a second. */
const ACCELERATION = 7;
const BRAKING = 9;
const TURN_DEGREES = 12;
const TURN_KMH = 25;

export class Vehicle {
  readonly reports: Telemetry[] = [];
  readonly trips: TrueTrip[] = [];
  readonly events: TrueEvent[] = [];
  t: number;
  kmh = 0;
  heading = 0;
  ignition = false;
  /** Fields that hold until they are changed. */
  readonly say: { -readonly [Name in keyof Telemetry]?: Telemetry[Name] } = {};
  /** No report leaves the device. */
  silent = false;
  #km = 1000;
  #place: Point;
  #lastS = -Infinity;
  #lastHeading = 0;
  #sequence = 0;
  #speedingS: number | null = null;
  #watched: { readonly center: Point; readonly radiusM: number; inside: boolean } | null = null;

  constructor(
    readonly kit: Kit,
    readonly random: Random,
    home: Point,
    startS: number,
  ) {
    this.#place = home;
    this.t = startS;
  }

  get place(): Point {
    return this.#place;
  }

  /** A circle whose crossings are true events. */
  watch(center: Point, radiusM: number): void {
    this.#watched = { center, radiusM, inside: distanceKm(center, this.#place) * 1000 <= radiusM };
  }

  /** A report now. */
  report(over: Partial<Telemetry> = {}): void {
    this.#lastS = this.t;
    this.#lastHeading = this.heading;
    if (this.silent) return;
    const { kit, random } = this;
    const scale = Math.cos(this.#place.latitude * RAD);
    const off = (): number => ((random.next() + random.next() - 1) * kit.noiseM) / METRES_PER_DEGREE;
    const key = kit.number * 1e7 + this.reports.length;
    this.#sequence++;
    this.reports.push({
      ...reportAt(
        this.t,
        {
          protocol: kit.protocol,
          position_latitude: this.#place.latitude + off(),
          position_longitude: wrapped(this.#place.longitude + off() / scale),
          position_speed: this.kmh < 1 && random.chance(0.3) ? random.below(3) : Math.round(this.kmh * 10) / 10,
          position_direction: this.kmh > 1 ? Math.round(this.heading) % 360 : null,
          position_satellites: kit.hasSatellites ? 6 + random.below(8) : null,
          engine_ignition_status: kit.hasIgnition ? this.ignition : null,
          vehicle_mileage: kit.odometer === 'none' ? null : kit.odometer === 'fine' ? this.#km : Math.floor(this.#km),
          record_seqnum: this.#sequence % 256,
          ...levelsOff(kit.protocol),
          ...this.say,
          ...over,
        },
        key,
      ),
      ident: kit.ident,
    });
  }

  /** What the device finds by itself, now. */
  alarm(type: string, over: Partial<Telemetry>): void {
    this.events.push({ type, atS: this.t });
    this.report(over);
  }

  turnKey(on: boolean): void {
    if (this.ignition === on) return;
    this.ignition = on;
    if (this.kit.hasIgnition) this.events.push({ type: on ? 'ignition_on' : 'ignition_off', atS: this.t });
    this.report();
  }

  /** Stands. With the ignition on that is idling, which counts when it is long enough. */
  stand(seconds: number, everyS = this.kit.everyParkedS): void {
    const end = this.t + seconds;
    if (this.ignition && this.kit.hasIgnition && seconds > 200)
      this.events.push({ type: 'idle', atS: this.t, endS: end });
    while (this.t < end) {
      this.t = Math.min(end, Math.max(this.t + 1, Math.ceil(this.#lastS + everyS)));
      if (this.t - this.#lastS >= everyS) this.report();
    }
  }

  /** A trip over these places, with a cruising speed for each way, and halts of so many s on it. */
  trip(ways: readonly { readonly to: Point; readonly kmh: number; readonly haltS?: number }[]): void {
    const startS = this.t;
    const startKm = this.#km;
    for (const [i, { to, kmh, haltS }] of ways.entries()) {
      this.#driveTo(to, kmh, i === ways.length - 1 || haltS !== undefined);
      if (haltS === undefined) continue;
      for (let s = 0; s < haltS; s++) this.#second(0);
    }
    this.trips.push({ startS, endS: this.t, km: this.#km - startKm });
  }

  #driveTo(to: Point, cruise: number, halts: boolean): void {
    for (let s = 0; s < 7200; s++) {
      const metres = distanceKm(this.#place, to) * 1000;
      const speed = this.kmh / 3.6;
      if (halts && metres <= (speed * speed) / (2 * (BRAKING / 3.6)) + speed + 5) break;
      if (!halts && metres < 60) return;
      const turn = ((bearing(this.#place, to) - this.heading + 540) % 360) - 180;
      if (this.kmh < 1) this.heading = bearing(this.#place, to);
      else if (Math.abs(turn) > 3 && this.kmh <= TURN_KMH + 1)
        this.heading = (this.heading + Math.max(-TURN_DEGREES, Math.min(TURN_DEGREES, turn)) + 360) % 360;
      else if (Math.abs(turn) <= 3) this.heading = (this.heading + turn + 360) % 360;
      this.#second(Math.abs(turn) > 3 && this.kmh >= 1 ? TURN_KMH : cruise);
    }
    while (this.kmh > 0) this.#second(0);
  }

  #second(target: number): void {
    this.t++;
    this.kmh = target > this.kmh ? Math.min(target, this.kmh + ACCELERATION) : Math.max(target, this.kmh - BRAKING);
    this.#km += this.kmh / 3600;
    const degrees = this.kmh / 3.6 / METRES_PER_DEGREE;
    this.#place = {
      latitude: this.#place.latitude + Math.cos(this.heading * RAD) * degrees,
      longitude: wrapped(
        this.#place.longitude + (Math.sin(this.heading * RAD) * degrees) / Math.cos(this.#place.latitude * RAD),
      ),
    };
    this.#remember();
    const turned = Math.abs(((this.heading - this.#lastHeading + 540) % 360) - 180);
    const stopped = this.kmh === 0;
    const every = stopped ? Math.min(this.kit.everyParkedS, 2 * this.kit.everyS) : this.kit.everyS;
    if (this.t - this.#lastS >= every || (!stopped && turned >= this.kit.cornerDegrees)) this.report();
  }

  /** Writes down what is true now. */
  #remember(): void {
    const limit = this.kit.speedLimit;
    if (this.kmh > limit + Math.max(3, limit * 0.03)) this.#speedingS ??= this.t;
    else if (this.kmh <= limit && this.#speedingS !== null) {
      if (this.t - this.#speedingS > 60) this.events.push({ type: 'overspeed', atS: this.#speedingS, endS: this.t });
      this.#speedingS = null;
    }
    if (this.#watched === null) return;
    const inside = distanceKm(this.#watched.center, this.#place) * 1000 <= this.#watched.radiusM;
    if (inside !== this.#watched.inside)
      this.events.push({ type: inside ? 'geofence_enter' : 'geofence_exit', atS: this.t });
    this.#watched.inside = inside;
  }
}

/** Levels that devices of a protocol tell with each report. */
function levelsOff(protocol: Kit['protocol']): Partial<Telemetry> {
  switch (protocol) {
    case 'astra':
      return { gnss_jamming_status: false };
    case 'h02':
      return { sos_alarm: false, power_cut_alarm: false };
    case 'jt808':
      return { power_cut_alarm: false };
    case 'atrack':
      return { external_powersource_status: true };
  }
}

export const wrapped = (degrees: number): number => ((((degrees + 180) % 360) + 360) % 360) - 180;

function bearing(a: Point, b: Point): number {
  const dx = (((b.longitude - a.longitude + 540) % 360) - 180) * Math.cos(((a.latitude + b.latitude) / 2) * RAD);
  return (Math.atan2(dx, b.latitude - a.latitude) / RAD + 360) % 360;
}
