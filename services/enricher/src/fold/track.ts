/** Counters: position, distance, odometer, ignition time, driver, fuel. */
import { SECOND_US } from '../log/entry.js';
import type { Step } from './steps.js';
import type { Fix } from './state.js';
import { distanceKm } from './distance.js';

/** Fixes nearer than this (km) are drift at a standstill. */
export const DRIFT_KM = 0.02;

export const track: Step = (state, entry, facts, world) => {
  const old = state.track;
  const { counted, distanceKm: sum } = countedOf(old.counted, facts, old.distanceKm, world.thresholds.movement_speed);
  const ignition = entry.ignition ?? old.ignition;
  const next = {
    lastUs: entry.timeUs,
    // Hidden: what comes after is not measured from before.
    fix: entry.hidden ? null : (facts.fix ?? old.fix),
    counted: entry.hidden ? null : counted,
    distanceKm: sum,
    odometerKm: entry.odometerKm ?? old.odometerKm,
    driver: entry.driver ?? old.driver,
    fuelLevel: entry.fuelLevel ?? old.fuelLevel,
    fuelUsed: entry.fuelUsed ?? old.fuelUsed,
    engineHours: entry.engineHours ?? old.engineHours,
    ignitionS: old.ignitionS + (old.ignition === true && !facts.gap ? facts.sinceUs / SECOND_US : 0),
    ignition,
    ignitionSinceUs: ignition === old.ignition ? old.ignitionSinceUs : entry.timeUs,
  };
  return { track: next, motion: state.motion, events: state.events, fences: state.fences };
};

/** A way counts once it is longer than drift, or the device says that it moves; a teleport is a new place, not a way. */
function countedOf(
  counted: Fix | null,
  facts: { readonly fix: Fix | null; readonly jump: boolean; readonly gap: boolean },
  sum: number,
  movementSpeed: number,
): { readonly counted: Fix | null; readonly distanceKm: number } {
  const { fix } = facts;
  if (fix === null) return { counted, distanceKm: sum };
  if (counted === null || facts.jump || facts.gap) return { counted: fix, distanceKm: sum };
  const km = distanceKm(counted, fix);
  if (km < DRIFT_KM && (fix.speed ?? 0) < movementSpeed) return { counted, distanceKm: sum };
  return { counted: fix, distanceKm: sum + km };
}
