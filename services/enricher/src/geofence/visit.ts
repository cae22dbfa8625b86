/** Records of visits: a stay in a geofence, on the topic of trips. */
import { SECOND_US, idText } from '../log/entry.js';
import { idOf, type Output, type TripBody } from '../fold/output.js';
import type { FenceVisit, Mark } from '../fold/state.js';

function head(visit: FenceVisit): Pick<TripBody, 'kind' | 'started_at'> & Partial<TripBody> {
  const { start } = visit;
  return {
    kind: 'visit',
    started_at: start.atUs,
    start_latitude: start.latitude,
    start_longitude: start.longitude,
    odometer_start: start.odometerKm,
    fuel_level_start: start.fuelLevel,
    engine_hours_start: start.engineHours,
    geofence_id: visit.id,
    geofence_name: visit.name,
    geofence_version: visit.version,
    first_message_id: idText(start.idHigh, start.idLow),
  };
}

export const visitId = (visit: FenceVisit): string => idOf('visit', visit.start, visit.id);

export function visitOpen(visit: FenceVisit): Output {
  return { topic: 'trips', id: visitId(visit), revision: 0, cause: null, body: { ...head(visit), state: 'open' } };
}

/** `end`: the first report outside, or the last that is known to be inside. */
export function visitFinal(visit: FenceVisit, end: Mark, cause: string): Output {
  return {
    topic: 'trips',
    id: visitId(visit),
    revision: 1,
    cause,
    body: {
      ...head(visit),
      state: 'final',
      final: true,
      ended_at: end.atUs,
      end_latitude: visit.last.latitude,
      end_longitude: visit.last.longitude,
      distance_km: visit.last.distanceKm - visit.start.distanceKm,
      distance_source: 'positions',
      duration_s: (end.atUs - visit.start.atUs) / SECOND_US,
      odometer_end: visit.last.odometerKm,
      fuel_level_end: visit.last.fuelLevel,
      engine_hours_end: visit.last.engineHours,
      report_count: visit.count,
      last_message_id: idText(visit.last.idHigh, visit.last.idLow),
    },
  };
}
