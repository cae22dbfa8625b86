/** What the fold knows besides the device's own reports. */
import type { Point } from './distance.js';
import type { Thresholds } from './thresholds.js';
import { DEFAULT_THRESHOLDS } from './thresholds.js';

/** A geofence as a step sees it. Distances are m, negative inside. */
export interface Fence {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  /** Metres to its border; negative inside. */
  distanceM(point: Point): number;
  /** Half of its smallest extent, m: a fix less exact than that cannot be asked to be that deep inside. */
  readonly halfM: number;
  /** m that a fix must be outside to have left. */
  readonly marginM: number;
  readonly dwellS: number | null;
  readonly speedLimit: number | null;
  readonly wants: { readonly enter: boolean; readonly exit: boolean; readonly dwell: boolean; readonly cross: boolean };
}

/** The fences that hold for one device. */
export interface Fences {
  /** Those that may hold the point at that event time (µs). */
  near(point: Point, atUs: number): readonly Fence[];
  /** Those with crossings whose box the way touches. */
  crossed(from: Point, to: Point, atUs: number): readonly Fence[];
  /** The version of a fence that counts at that event time; null: none. */
  byId(id: string, atUs: number): Fence | null;
}

export interface World {
  readonly thresholds: Thresholds;
  /** Null: there are none for this device. */
  readonly fences: Fences | null;
  /** Events of the device's input map, by place; see INPUT_BIT. */
  readonly inputEvents: readonly { readonly event: string; readonly parameter: string }[];
}

export const PLAIN_WORLD: World = { thresholds: DEFAULT_THRESHOLDS, fences: null, inputEvents: [] };
