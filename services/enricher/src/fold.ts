/**
 * What is computed from a device's reports in order of event time. Each step is pure: (state, report) → state; STEPS is the one
 * visible list of them, in order. Trips, geofences and event pairs take their places in it.
 */

/** What the steps read of a report. */
export interface FoldReport {
  /** Event time, µs. */
  readonly atUs: number;
  /** Degrees; null when the fix is not valid. */
  readonly latitude: number | null;
  readonly longitude: number | null;
  /** km, of the device; null when it has none. */
  readonly odometerKm: number | null;
}

export interface FoldState {
  /** Last valid fix. */
  readonly fix: { readonly latitude: number; readonly longitude: number; readonly atUs: number } | null;
  /** Sum of distances between fixes, km. */
  readonly distanceKm: number;
  /** The device's own odometer, last seen, km. */
  readonly odometerKm: number | null;
}

export type Step = (state: FoldState, report: FoldReport) => FoldState;

export const START: FoldState = { fix: null, distanceKm: 0, odometerKm: null };

/** Between two fixes faster than this (km/h) the later one is a teleport: it adds no distance. */
export const PLAUSIBLE_SPEED_KMH = 400;
/** Fixes nearer than this (km) are drift at a standstill. */
export const DRIFT_KM = 0.02;
const EARTH_RADIUS_KM = 6371.0088;

/** Great-circle distance in km (haversine, mean Earth radius). */
export function distanceKm(
  a: { readonly latitude: number; readonly longitude: number },
  b: { readonly latitude: number; readonly longitude: number },
): number {
  const rad = Math.PI / 180;
  const dLat = Math.sin(((b.latitude - a.latitude) * rad) / 2);
  const dLon = Math.sin(((b.longitude - a.longitude) * rad) / 2);
  const h = dLat * dLat + Math.cos(a.latitude * rad) * Math.cos(b.latitude * rad) * dLon * dLon;
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(h)));
}

const odometer: Step = (state, report) =>
  report.odometerKm === null ? state : { ...state, odometerKm: report.odometerKm };

const fix: Step = (state, report) => {
  if (report.latitude === null || report.longitude === null) return state;
  const here = { latitude: report.latitude, longitude: report.longitude, atUs: report.atUs };
  if (state.fix === null) return { ...state, fix: here };
  const km = distanceKm(state.fix, here);
  if (km < DRIFT_KM) return state;
  const hours = (report.atUs - state.fix.atUs) / 3_600_000_000;
  const plausible = hours > 0 && km / hours <= PLAUSIBLE_SPEED_KMH;
  return { ...state, fix: here, distanceKm: state.distanceKm + (plausible ? km : 0) };
};

/** In order. */
export const STEPS: readonly Step[] = [odometer, fix];

export function fold(state: FoldState, report: FoldReport): FoldState {
  let next = state;
  for (const step of STEPS) next = step(next, report);
  return next;
}
