/** One report through a device's state. Pure but for the state it is given: no clock, no Kafka. */
import type { Enrichment, Telemetry } from '@fleetwire/schemas';
import type { DeviceState } from './device-state.js';
import { fold, type FoldReport } from './fold.js';
import { HORIZON_US, logKey, type Verdict } from './report-log.js';

/** Event time that far beyond receipt is a wrong clock: published, never folded. */
export const FUTURE_MAX_US = 300_000_000;

/** What becomes of a report. */
export type Enriched =
  | { readonly kind: 'duplicate'; readonly cause: Exclude<Verdict, 'new' | 'higher_revision'> }
  | {
      readonly kind: 'publish';
      readonly enrichment: Enrichment;
      /** It is the newest of its device by event time. */
      readonly newest: boolean;
    };

/** Folds `report` into `state` (in place) and says what to publish. */
export function enrich(state: DeviceState, report: Telemetry, online: boolean | null): Enriched {
  const suspect = report.timestamp > report.received_at + FUTURE_MAX_US;
  const beyond = report.timestamp < state.newestUs - HORIZON_US;
  const folded = !suspect && !beyond;
  const verdict = state.log.take(logKey(report.message_id, report.timestamp, report.revision), folded);
  if (verdict !== 'new' && verdict !== 'higher_revision') return { kind: 'duplicate', cause: verdict };

  state.lastSeenUs = Math.max(state.lastSeenUs, report.received_at);
  const newest = folded && report.timestamp >= state.newestUs;
  const late = folded && report.timestamp < state.newestUs;
  if (newest) {
    state.newestUs = report.timestamp;
    state.log.prune(state.newestUs);
    // A later revision of the newest report says the same of where it was: it is not driven twice.
    if (verdict === 'new') state.fold = fold(state.fold, foldReport(report));
  }
  notePresence(state, online, report.received_at);
  return { kind: 'publish', enrichment: enrichmentOf(state, late, beyond), newest };
}

/** Takes the presence that is known now. True when it changed. */
export function notePresence(state: DeviceState, online: boolean | null, atUs: number): boolean {
  if (online === null || online === state.online) return false;
  state.online = online;
  state.onlineSinceUs = atUs;
  return true;
}

/** What is published of the state as it stands. */
export function enrichmentOf(state: DeviceState, late: boolean, beyond: boolean): Enrichment {
  return {
    geofences: [],
    trip: null,
    motion: null,
    odometer: state.fold.odometerKm ?? state.fold.distanceKm,
    engine_hours: null,
    event_ids: [],
    late,
    late_beyond_horizon: beyond,
    online: state.online,
    online_since: state.online === null ? null : state.onlineSinceUs,
    last_seen_at: state.lastSeenUs === 0 ? null : state.lastSeenUs,
  };
}

function foldReport(report: Telemetry): FoldReport {
  const valid = report.position_valid !== false;
  return {
    atUs: report.timestamp,
    latitude: valid ? report.position_latitude : null,
    longitude: valid ? report.position_longitude : null,
    odometerKm: report.vehicle_mileage ?? report.gnss_odometer,
  };
}
