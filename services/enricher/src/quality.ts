/**
 * Reasons that the enricher adds to a report's `quality`: what it keeps out of trips and events, and why. The report itself is published as it
 * came. Against the reports before it a fix is judged as known when it is published.
 */
import type { Telemetry, TelemetryOutline } from '@fleetwire/schemas';
import { isFrozen, isTeleport } from './fold/facts.js';
import type { FoldState } from './fold/state.js';
import type { Thresholds } from './fold/thresholds.js';
import { isZeroIsland, SPEED_MAX_KMH, type Entry } from './log/entry.js';

export type Doubt =
  /** Its time is beyond FUTURE_MAX_US after its receipt, or PAST_MAX_US before. */
  | 'clock_suspect'
  /** 0° / 0°: a receiver that knows nothing. */
  | 'zero_island'
  /** Faster than vehicles drive. */
  | 'speed_implausible'
  /** Too far from the last fix for the time between. */
  | 'position_jump'
  /** The same fix to the last digit while the device says that it drives. */
  | 'fix_frozen';

const NONE: readonly Doubt[] = [];

/** What is doubtful of a report by itself, and against the fold before it; null: that is not known yet. */
export function doubtsOf(
  report: TelemetryOutline,
  entry: Entry,
  suspect: boolean,
  before: { readonly fold: FoldState; readonly thresholds: Thresholds } | null,
): readonly Doubt[] {
  let found = NONE;
  if (suspect) found = [...found, 'clock_suspect'];
  if (isZeroIsland(report.position_latitude, report.position_longitude)) found = [...found, 'zero_island'];
  if (report.position_speed !== null && report.position_speed > SPEED_MAX_KMH) found = [...found, 'speed_implausible'];
  const against = before === null ? NONE : foldDoubtsOf(before.fold, entry, before.thresholds);
  return against.length === 0 ? found : [...found, ...against];
}

/** What is doubtful of a fix against the fold before it. */
export function foldDoubtsOf({ track }: FoldState, entry: Entry, thresholds: Thresholds): readonly Doubt[] {
  if (isFrozen(track, entry)) return ['fix_frozen'];
  return isTeleport(track, entry, thresholds) ? ['position_jump'] : NONE;
}

/** The report with reasons added, each once. */
export function withDoubts(report: Telemetry, doubts: readonly Doubt[]): Telemetry {
  return { ...report, quality: [...new Set([...report.quality, ...doubts])] };
}
