/**
 * A vehicle that moves plausibly: streets of a turned grid, speed limits, crossings, traffic lights, parking. Pure: the caller hands
 * time in, the seed decides the rest, so a run can be repeated to the metre.
 *
 *   parked ──ignition on──► idling ──► driving ◄──► waiting (lights, ignition on)
 *      ▲                                   │
 *      └───────────── end of the trip ─────┘
 */
import { Random } from './random.js';

export type DrivePhase = 'parked' | 'idling' | 'driving' | 'waiting';

/** What made the recorder take a reading. */
export type ReadingCause = 'interval' | 'journey_start' | 'journey_stop' | 'heading_change' | 'idling_start' | 'demand';

/** One reading, as the device's recorder keeps it until it is acknowledged. Immutable. */
export interface Reading {
  /** ms since 1970. */
  readonly timeMs: number;
  /** ms since 1970 of the fix. */
  readonly fixMs: number;
  readonly latitude: number;
  readonly longitude: number;
  /** m */
  readonly altitude: number;
  /** km/h */
  readonly speed: number;
  /** km/h, highest since the reading before. */
  readonly maxSpeed: number;
  /** Degrees clockwise from north, 0 to below 360. */
  readonly direction: number;
  readonly satellites: number;
  readonly hdop: number;
  readonly valid: boolean;
  readonly ignition: boolean;
  readonly moving: boolean;
  /** km since the vehicle was new. */
  readonly odometer: number;
  /** km since the ignition was switched on. */
  readonly trip: number;
  /** s standing with the engine on in this trip. */
  readonly idleSeconds: number;
  readonly engineHours: number;
  readonly rpm: number;
  /** V of the vehicle. */
  readonly externalVolts: number;
  /** V and % of the device's own battery. */
  readonly batteryVolts: number;
  readonly batteryLevel: number;
  readonly signalLevel: number;
  readonly cause: ReadingCause;
}

export interface DriveOptions {
  readonly seed: number;
  /** ms since 1970. */
  readonly startMs: number;
  /** Home of the vehicle, degrees; it stays within some kilometres of it. */
  readonly latitude: number;
  readonly longitude: number;
}

/** One step of the motion model. Readings further apart are integrated in steps of this length. */
const STEP_MS = 1_000;
/** A vehicle that nobody asked for longer than this has stood still meanwhile: bounds the work of one call. */
const STEPS_MAX = 3_600;
const METRES_PER_DEGREE = 111_320;
const ROAM_METRES = 12_000;
const LIMITS_KMH = [30, 50, 50, 50, 70, 90] as const;
const ACCELERATION = 1.4; // m/s², an unhurried driver
const BRAKING = 1.9; // m/s²
const TURN_SPEED = 5; // m/s in a turn of 90°
const CREEP_SPEED = 1; // m/s up to the stop line
/** Reported positions scatter like those of a real receiver. */
const GNSS_NOISE_METRES = 1.2;

/** The motion model of one vehicle. */
export class Drive {
  readonly #random: Random;
  readonly #home: { readonly latitude: number; readonly longitude: number };
  readonly #gridTurn: number;
  readonly #metresPerDegreeEast: number;
  #timeMs: number;
  #phase: DrivePhase = 'parked';
  /** ms since 1970 at which a phase of standing ends. */
  #phaseEndsMs = 0;
  #latitude: number;
  #longitude: number;
  #heading: number;
  #speed = 0; // m/s
  #maxSpeed = 0; // m/s since the last reading
  #segmentLeft = 0; // m
  #segmentsLeft = 0;
  #limit = 14; // m/s
  #turnsAtEnd = false;
  #waitsAtEnd = false;
  #odometer: number; // m
  #trip = 0; // m
  #idleMs = 0;
  #engineMs: number;
  #batteryLevel: number;
  #cause: ReadingCause | null = null;

  constructor(options: DriveOptions) {
    this.#random = new Random(options.seed);
    this.#home = { latitude: options.latitude, longitude: options.longitude };
    this.#timeMs = options.startMs;
    this.#gridTurn = this.#random.between(0, 90);
    const cosine = Math.max(0.01, Math.cos((options.latitude * Math.PI) / 180));
    this.#metresPerDegreeEast = METRES_PER_DEGREE * cosine;
    this.#latitude = options.latitude + this.#random.between(-4_000, 4_000) / METRES_PER_DEGREE;
    this.#longitude = options.longitude + this.#random.between(-4_000, 4_000) / this.#metresPerDegreeEast;
    this.#heading = this.#gridTurn;
    this.#odometer = this.#random.integer(5_000, 250_000) * 1_000;
    this.#engineMs = this.#random.integer(200, 9_000) * 3_600_000;
    this.#batteryLevel = this.#random.between(70, 100);
    // A fleet by day: most vehicles are on the road when the watch begins.
    if (this.#random.chance(0.8)) this.#startTrip();
    else this.#park();
    this.#cause = null;
  }

  get phase(): DrivePhase {
    return this.#phase;
  }

  /** Moves the vehicle to `nowMs` (never backwards) and reads its instruments. */
  read(nowMs: number, cause?: ReadingCause): Reading {
    this.#advance(nowMs);
    const random = this.#random;
    const on = this.#phase !== 'parked';
    const moving = this.#speed > 0.5;
    const reading: Reading = {
      timeMs: Math.floor(nowMs),
      fixMs: Math.floor(nowMs),
      latitude: this.#latitude + random.between(-GNSS_NOISE_METRES, GNSS_NOISE_METRES) / METRES_PER_DEGREE,
      longitude: wrap(
        this.#longitude + random.between(-GNSS_NOISE_METRES, GNSS_NOISE_METRES) / this.#metresPerDegreeEast,
      ),
      altitude: altitudeAt(this.#latitude, this.#longitude),
      speed: moving ? this.#speed * 3.6 : 0,
      maxSpeed: this.#maxSpeed * 3.6,
      direction: (((Math.round(this.#heading * 10) / 10) % 360) + 360) % 360,
      satellites: random.integer(7, 12),
      hdop: Math.round(random.between(0.7, 1.6) * 10) / 10,
      valid: true,
      ignition: on,
      moving,
      odometer: this.#odometer / 1_000,
      trip: this.#trip / 1_000,
      idleSeconds: Math.round(this.#idleMs / 1_000),
      engineHours: this.#engineMs / 3_600_000,
      rpm: on ? Math.round(moving ? 1_100 + (this.#speed % 9) * 170 : 780) : 0,
      externalVolts: on ? random.between(13.7, 14.3) : random.between(12.3, 12.7),
      batteryVolts: 3.5 + (this.#batteryLevel / 100) * 0.65,
      batteryLevel: Math.round(this.#batteryLevel),
      signalLevel: random.integer(45, 95),
      cause: cause ?? this.#cause ?? 'interval',
    };
    this.#maxSpeed = this.#speed;
    // A reading on demand does not use up what the next regular one has to say.
    if (cause === undefined) this.#cause = null;
    return reading;
  }

  #advance(nowMs: number): void {
    let left = nowMs - this.#timeMs;
    if (left > STEPS_MAX * STEP_MS) {
      // Asleep for hours: only the last of them is driven.
      this.#timeMs = nowMs - STEPS_MAX * STEP_MS;
      left = STEPS_MAX * STEP_MS;
    }
    while (left > 0) {
      const step = Math.min(left, STEP_MS);
      this.#timeMs += step;
      this.#step(step / 1_000);
      left -= step;
    }
  }

  #step(seconds: number): void {
    if (this.#phase !== 'parked') this.#engineMs += seconds * 1_000;
    this.#batteryLevel = Math.min(
      100,
      Math.max(5, this.#batteryLevel + seconds * (this.#phase === 'parked' ? -0.0002 : 0.004)),
    );
    if (this.#phase === 'driving') {
      this.#move(seconds);
      return;
    }
    if (this.#phase !== 'parked') this.#idleMs += seconds * 1_000;
    if (this.#timeMs < this.#phaseEndsMs) return;
    if (this.#phase === 'parked') this.#startTrip();
    else {
      this.#phase = 'driving';
      if (this.#segmentLeft <= 0) this.#nextSegment();
    }
  }

  #move(seconds: number): void {
    // The speed from which the vehicle can still slow down to what the end of the segment allows.
    const before = this.#speed;
    const stops = this.#segmentsLeft <= 0 || this.#waitsAtEnd;
    const endSpeed = stops ? 0 : this.#turnsAtEnd ? TURN_SPEED : this.#limit;
    // One step ahead, as a driver looks: the way of this step is gone before the speed can change again.
    const room = Math.max(0, this.#segmentLeft - before * seconds);
    const allowed = Math.sqrt(endSpeed * endSpeed + 2 * BRAKING * room);
    const wanted = Math.min(this.#limit, Math.max(allowed, CREEP_SPEED));
    this.#speed =
      before < wanted
        ? Math.min(wanted, before + ACCELERATION * seconds)
        : Math.max(wanted, before - BRAKING * 1.5 * seconds);
    this.#maxSpeed = Math.max(this.#maxSpeed, this.#speed);
    const way = Math.min(((before + this.#speed) / 2) * seconds, Math.max(this.#segmentLeft, 0.5));
    const radians = (this.#heading * Math.PI) / 180;
    this.#latitude += (way * Math.cos(radians)) / METRES_PER_DEGREE;
    this.#longitude = wrap(this.#longitude + (way * Math.sin(radians)) / this.#metresPerDegreeEast);
    this.#odometer += way;
    this.#trip += way;
    this.#segmentLeft -= way;
    if (this.#segmentLeft <= 1) this.#crossing();
  }

  #crossing(): void {
    if (this.#segmentsLeft <= 0) {
      this.#park();
      return;
    }
    if (this.#waitsAtEnd) {
      this.#phase = 'waiting';
      this.#cause = 'idling_start';
      this.#speed = 0;
      this.#phaseEndsMs = this.#timeMs + this.#random.integer(8, 45) * 1_000;
    }
    this.#nextSegment();
  }

  #nextSegment(): void {
    const random = this.#random;
    this.#segmentsLeft -= 1;
    this.#segmentLeft = random.between(120, 900);
    this.#limit = random.pick(LIMITS_KMH) / 3.6;
    if (this.#turnsAtEnd) {
      this.#heading = this.#turn();
      this.#cause ??= 'heading_change';
    } else {
      this.#heading += random.between(-6, 6); // a bend
    }
    this.#turnsAtEnd = random.chance(0.6);
    this.#waitsAtEnd = this.#turnsAtEnd && random.chance(0.3);
  }

  /** Left, right or on; towards home when the vehicle has strayed. */
  #turn(): number {
    const north = (this.#latitude - this.#home.latitude) * METRES_PER_DEGREE;
    const east = wrap(this.#longitude - this.#home.longitude) * this.#metresPerDegreeEast;
    if (Math.hypot(north, east) > ROAM_METRES) {
      const homeward = (Math.atan2(-east, -north) * 180) / Math.PI;
      return this.#gridTurn + Math.round((homeward - this.#gridTurn) / 90) * 90;
    }
    const onGrid = this.#gridTurn + Math.round((this.#heading - this.#gridTurn) / 90) * 90;
    return onGrid + (this.#random.chance(0.5) ? 90 : -90);
  }

  #startTrip(): void {
    this.#phase = 'idling';
    this.#phaseEndsMs = this.#timeMs + this.#random.integer(3, 20) * 1_000;
    this.#segmentsLeft = this.#random.integer(6, 40);
    this.#segmentLeft = 0;
    this.#turnsAtEnd = true;
    this.#waitsAtEnd = false;
    this.#trip = 0;
    this.#idleMs = 0;
    this.#cause = 'journey_start';
  }

  #park(): void {
    this.#phase = 'parked';
    this.#speed = 0;
    this.#phaseEndsMs = this.#timeMs + this.#random.integer(120, 1_500) * 1_000;
    this.#cause = 'journey_stop';
  }
}

/** Hills: a smooth function of place, so that every vehicle sees the same ones. Metres, 20 to 220. */
function altitudeAt(latitude: number, longitude: number): number {
  return Math.round(120 + 60 * Math.sin(latitude * 90) + 40 * Math.sin(longitude * 70));
}

/** Degrees of longitude in [-180, 180). */
function wrap(degrees: number): number {
  if (degrees >= -180 && degrees < 180) return degrees;
  return ((((degrees + 180) % 360) + 360) % 360) - 180;
}
