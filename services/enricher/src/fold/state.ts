/**
 * What the fold keeps of a device between two reports. Plain values, replaced and never changed: a state can be kept as the start
 * of an hour and folded from again. `state-codec.ts` has the same fields in the same order.
 */

/** A report as trips and events remember it. */
export interface Mark {
  /** Event time, µs. */
  readonly atUs: number;
  readonly idHigh: number;
  readonly idLow: number;
  /** Degrees; the last known ones; null before the first fix. */
  readonly latitude: number | null;
  readonly longitude: number | null;
  /** Sum of distances then, km. */
  readonly distanceKm: number;
  readonly odometerKm: number | null;
  readonly fuelLevel: number | null;
  readonly fuelUsed: number | null;
  readonly engineHours: number | null;
}

export interface Fix {
  readonly latitude: number;
  readonly longitude: number;
  readonly atUs: number;
  readonly speed: number | null;
  readonly heading: number | null;
}

/** Where it is and what its counters say. */
export interface Track {
  /** Event time of the last entry, µs; −1: none. */
  readonly lastUs: number;
  /** Last usable fix. */
  readonly fix: Fix | null;
  /** Fix from which the next distance is measured. */
  readonly counted: Fix | null;
  /** Sum of distances between fixes, km. */
  readonly distanceKm: number;
  /** Last odometer of the device, km. */
  readonly odometerKm: number | null;
  readonly driver: string | null;
  readonly fuelLevel: number | null;
  readonly fuelUsed: number | null;
  /** Motor hours of the device, h. */
  readonly engineHours: number | null;
  /** Sum of times with the ignition on, s. */
  readonly ignitionS: number;
  readonly ignition: boolean | null;
  readonly ignitionSinceUs: number;
}

export interface Trip {
  readonly start: Mark;
  /** Last movement. */
  readonly last: Mark;
  /** First report at rest after it; null while it moves. */
  readonly rest: Mark | null;
  /** Where the stillness counts from, µs; null while it moves. */
  readonly stillUs: number | null;
  /** Event time of the report that ended it provisionally; null while it goes on. */
  readonly endedUs: number | null;
  readonly maxSpeed: number | null;
  /** s with the ignition on and no movement, between movements. */
  readonly idleS: number;
  /** The same since the last movement; counts when it moves on. */
  readonly idleSinceS: number;
  /** Reports up to the last movement, and since the start. */
  readonly countLast: number;
  readonly count: number;
  /** The odometer never went back or jumped, and does not count whole km. */
  readonly odometerSane: boolean;
  readonly odometerWhole: boolean;
  readonly driver: string | null;
  readonly revision: number;
  /** Event time at which its progress was last told, µs. */
  readonly shownUs: number;
}

export interface Stop {
  readonly start: Mark;
  /** s with the ignition on. */
  readonly idleS: number;
  readonly count: number;
  /** It began with a gap in the reports. */
  readonly gap: boolean;
}

export interface Motion {
  /** Displacement is measured from here. */
  readonly anchor: Fix | null;
  readonly anchorOdometerKm: number | null;
  /** Event time of the last report that tells of movement or rest, µs; −1: none. */
  readonly informedUs: number;
  /** First evidence of a movement that is no trip yet. */
  readonly pending: Mark | null;
  /** Latest evidence of it, µs. */
  readonly pendingUs: number;
  readonly pendingSpeed: number | null;
  readonly pendingCount: number;
  readonly trip: Trip | null;
  readonly stop: Stop | null;
}

/** An event with a length that may be on. */
export interface Span {
  readonly start: Mark;
  /** False: not long enough yet. */
  readonly active: boolean;
  /** Highest value so far, and the one last published. */
  readonly peak: number;
  readonly shown: number;
  readonly limit: number;
  /** First report below the limit after it, µs; null: none. */
  readonly underUs: number | null;
  readonly revision: number;
}

/** A level of an alarm that is on, or a harsh manoeuvre that goes on. `code`: bit of the alarm, or the manoeuvre. */
export interface Level {
  readonly code: number;
  readonly start: Mark;
  readonly value: number;
  readonly revision: number;
}

export interface Events {
  readonly idle: Span | null;
  readonly overspeed: Span | null;
  readonly harsh: readonly Level[];
  /** Alarms that were on when last spoken of, as bits; and those of them that have an end. */
  readonly alarmsOn: number;
  readonly alarms: readonly Level[];
}

export interface FenceVisit {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  /** False: inside, but not for long enough. */
  readonly entered: boolean;
  /** First report inside. */
  readonly start: Mark;
  /** Last report that was inside. */
  readonly last: Mark;
  /** First report outside after it; null: inside. */
  readonly left: Mark | null;
  readonly fixes: number;
  readonly dwelt: boolean;
  readonly count: number;
}

export interface FoldState {
  readonly track: Track;
  readonly motion: Motion;
  readonly events: Events;
  readonly fences: readonly FenceVisit[];
}

export const START: FoldState = {
  track: {
    lastUs: -1,
    fix: null,
    counted: null,
    distanceKm: 0,
    odometerKm: null,
    driver: null,
    fuelLevel: null,
    fuelUsed: null,
    engineHours: null,
    ignitionS: 0,
    ignition: null,
    ignitionSinceUs: 0,
  },
  motion: {
    anchor: null,
    anchorOdometerKm: null,
    informedUs: -1,
    pending: null,
    pendingUs: 0,
    pendingSpeed: null,
    pendingCount: 0,
    trip: null,
    stop: null,
  },
  events: { idle: null, overspeed: null, harsh: [], alarmsOn: 0, alarms: [] },
  fences: [],
};
