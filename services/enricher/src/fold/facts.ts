/** What an entry says against the state behind the last one; worked out once for all steps. */
import { SECOND_US, type Entry } from '../log/entry.js';
import { distanceKm } from './distance.js';
import type { Fix, FoldState, Track } from './state.js';
import { STRETCH_US, type Thresholds } from './thresholds.js';

/** Between two fixes faster than this (km/h) the later one is a teleport: it adds no distance and is no movement. */
export const PLAUSIBLE_SPEED_KMH = 400;
/** A jump faster than this between two fixes that both say they stand is one of the receiver, not of the vehicle. */
const JUMP_SPEED_KMH = 30;
/** A vehicle at this speed (km/h) is elsewhere after so long. */
const FROZEN_SPEED_KMH = 10;
const FROZEN_US = 5 * SECOND_US;
/** Less than movement_m usually is, in degrees of latitude. */
const NEAR_DEGREES = 0.0004;
const SATELLITES_MIN = 4;
const HDOP_MAX = 4;

export interface Facts {
  /** The counters behind the last entry; steps see those behind this one in the state. */
  readonly before: Track;
  /** µs since the last entry; 0 for the first. */
  readonly sinceUs: number;
  /** So long that a trip does not go on over it. */
  readonly gap: boolean;
  /** Slow or not, nothing is known of what was between: beyond STRETCH_US. */
  readonly stretch: boolean;
  /** The entry's fix; null: none. */
  readonly fix: Fix | null;
  /** It is as exact as movement asks for. */
  readonly good: boolean;
  /** Way from the last fix, km; 0 without one. */
  readonly legKm: number;
  /** The fix is a teleport or a jump of the receiver. */
  readonly jump: boolean;
  /** The entry says whether the vehicle moves. */
  readonly informs: boolean;
  /** It moves, by speed, odometer or displacement. */
  readonly moves: boolean;
}

export function factsOf(state: FoldState, entry: Entry, thresholds: Thresholds): Facts {
  const { track, motion } = state;
  const sinceUs = track.lastUs < 0 ? 0 : entry.timeUs - track.lastUs;
  const gap = sinceUs > thresholds.gap_s * SECOND_US;
  const fix = isFrozen(track, entry) ? null : fixOf(entry);
  const good = fix !== null && isGood(entry);
  const legKm = fix === null || track.fix === null ? 0 : distanceKm(track.fix, fix);
  const jump = fix !== null && track.fix !== null && isJump(track.fix, fix, legKm, thresholds);
  const odometer = !gap && movedByOdometer(state, entry, thresholds);
  const moves =
    !entry.hidden &&
    ((good && entry.speed !== null && entry.speed >= thresholds.movement_speed) ||
      odometer ||
      (good && !gap && !jump && motion.anchor !== null && isDisplaced(motion.anchor, fix, entry, thresholds)));
  return {
    before: track,
    sinceUs,
    gap,
    stretch: sinceUs <= STRETCH_US,
    fix,
    good,
    legKm,
    jump,
    informs: moves || good || (fix === null && entry.ignition === false),
    moves,
  };
}

/** A receiver that has stopped repeats its last fix to the last digit, and often its speed: that tells nothing. */
export function isFrozen({ fix }: Track, entry: Entry): boolean {
  return (
    fix !== null &&
    entry.latitude === fix.latitude &&
    entry.longitude === fix.longitude &&
    entry.speed !== null &&
    entry.speed >= FROZEN_SPEED_KMH &&
    entry.timeUs - fix.atUs >= FROZEN_US
  );
}

/** The fix is too far from the last one for the time between. */
export function isTeleport({ fix }: Track, entry: Entry, thresholds: Thresholds): boolean {
  const { latitude, longitude } = entry;
  if (fix === null || latitude === null || longitude === null) return false;
  // Most fixes are near: no way is worked out for them.
  if (Math.abs(latitude - fix.latitude) < NEAR_DEGREES && Math.abs(longitude - fix.longitude) < NEAR_DEGREES)
    return false;
  const km = distanceKm(fix, { latitude, longitude });
  return (
    km > (PLAUSIBLE_SPEED_KMH * (entry.timeUs - fix.atUs)) / (3600 * SECOND_US) && km > thresholds.movement_m / 1000
  );
}

function fixOf(entry: Entry): Fix | null {
  if (entry.latitude === null || entry.longitude === null) return null;
  return {
    latitude: entry.latitude,
    longitude: entry.longitude,
    atUs: entry.timeUs,
    speed: entry.speed,
    heading: entry.heading,
  };
}

/** At least 4 satellites, or an HDOP of at most 4; of a device that gives neither any valid fix will do. */
function isGood(entry: Entry): boolean {
  if (entry.satellites === null && entry.hdop === null) return true;
  return (entry.satellites ?? 0) >= SATELLITES_MIN || (entry.hdop ?? Infinity) <= HDOP_MAX;
}

function isJump(from: Fix, to: Fix, km: number, thresholds: Thresholds): boolean {
  const hours = (to.atUs - from.atUs) / (3600 * SECOND_US);
  if (km > PLAUSIBLE_SPEED_KMH * hours) return km > thresholds.movement_m / 1000;
  const stands = (speed: number | null): boolean => speed !== null && speed < thresholds.movement_speed;
  return (
    stands(from.speed) &&
    stands(to.speed) &&
    to.atUs - from.atUs <= 60 * SECOND_US &&
    km > JUMP_SPEED_KMH * hours &&
    km > thresholds.movement_m / 1000
  );
}

function isDisplaced(anchor: Fix, fix: Fix, entry: Entry, thresholds: Thresholds): boolean {
  return distanceKm(anchor, fix) * 1000 > Math.max(thresholds.movement_m, 3 * (entry.accuracy ?? 0));
}

function movedByOdometer({ track, motion }: FoldState, entry: Entry, thresholds: Thresholds): boolean {
  if (entry.odometerKm === null || motion.anchorOdometerKm === null || track.odometerKm === null) return false;
  const stepKm = entry.odometerKm - track.odometerKm;
  const hours = (entry.timeUs - track.lastUs) / (3600 * SECOND_US);
  return (
    entry.odometerKm - motion.anchorOdometerKm >= thresholds.movement_m / 1000 &&
    stepKm >= 0 &&
    // A wide margin for coarse odometers, but no jump of a new one that was set.
    stepKm <= PLAUSIBLE_SPEED_KMH * hours + 1
  );
}
