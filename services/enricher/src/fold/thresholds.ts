/**
 * Limits of trips and events. A device's `thresholds` hold before its group's, and both before these. Names are those of the
 * device table.
 */
export const DEFAULT_THRESHOLDS = {
  /** km/h from which a speed is movement. */
  movement_speed: 5,
  /** m of displacement, or by the odometer, that are movement. */
  movement_m: 50,
  /** A trip has begun after movement for so many s, or m. */
  trip_start_s: 30,
  trip_start_m: 100,
  /** A trip has ended after so many s without movement; and with the ignition off. */
  trip_end_s: 180,
  trip_end_ignition_off_s: 60,
  /** Movement within so many s after the provisional end goes on with the trip. */
  trip_reopen_s: 180,
  /** While a trip goes on, what is known of it is told again after so many s; 0: only its start and end. */
  trip_progress_s: 300,
  /** A gap in the reports of more than so many s closes a trip. */
  gap_s: 1800,
  /** Idling counts after so many s. */
  idle_s: 120,
  /** km/h; 0: none. */
  speed_limit: 0,
  /** Speeding counts after so many s above the limit and its tolerance, and ends after so many at or below it. */
  overspeed_s: 10,
  overspeed_end_s: 5,
  overspeed_tolerance_kmh: 3,
  overspeed_tolerance_percent: 3,
  /** m/s², all positive. */
  harsh_acceleration: 3,
  harsh_braking: 3.5,
  harsh_cornering: 3.5,
} as const;

export type ThresholdName = keyof typeof DEFAULT_THRESHOLDS;
export type Thresholds = Readonly<Record<ThresholdName, number>>;

const NAMES = Object.keys(DEFAULT_THRESHOLDS) as readonly ThresholdName[];

/** The defaults, overlaid by each layer in turn. Names that are not known, and values that are no limit (below 0), count for nothing. */
export function thresholdsOf(...layers: readonly (Readonly<Record<string, number>> | undefined)[]): Thresholds {
  const found: Record<ThresholdName, number> = { ...DEFAULT_THRESHOLDS };
  for (const layer of layers) {
    if (layer === undefined) continue;
    for (const name of NAMES) {
      const value = layer[name];
      if (value !== undefined && Number.isFinite(value) && value >= 0) found[name] = value;
    }
  }
  return found;
}

/** Longest silence inside which standing still, or speeding, is taken to have gone on: slow reporters say nothing in between. */
export const STRETCH_US = 180_000_000;
