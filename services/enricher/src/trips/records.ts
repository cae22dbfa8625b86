/** Records of trips and stops, from the state alone: what was published last can be said again at any time. */
import { SECOND_US, idText } from '../log/entry.js';
import { idOf, type EventBody, type Output, type TripBody } from '../fold/output.js';
import type { Mark, Stop, Trip } from '../fold/state.js';

export const tripId = (trip: { readonly start: Mark }): string => idOf('trip', trip.start);
export const stopId = (stop: { readonly start: Mark }): string => idOf('stop', stop.start);

/** Odometer and positions may differ by so much before the odometer is not believed. */
const ODOMETER_LOW = 0.9;
const ODOMETER_HIGH = 2;
const ODOMETER_SLACK_KM = 1;

interface Distance {
  readonly km: number;
  readonly source: 'odometer' | 'positions';
}

/** By the odometer when it is sane: never back, no jump, finer than 1 km, and not far from what positions say. */
function distanceOf(trip: Trip): Distance {
  // The rest is a report later: the vehicle came to a halt on the way to it.
  const end = trip.rest ?? trip.last;
  const positions = end.distanceKm - trip.start.distanceKm;
  if (trip.odometerSane && !trip.odometerWhole && trip.start.odometerKm !== null && end.odometerKm !== null) {
    const odometer = end.odometerKm - trip.start.odometerKm;
    if (odometer >= positions * ODOMETER_LOW - 0.1 && odometer <= positions * ODOMETER_HIGH + ODOMETER_SLACK_KM)
      return { km: odometer, source: 'odometer' };
  }
  return { km: positions, source: 'positions' };
}

const difference = (end: number | null, start: number | null): number | null =>
  end === null || start === null || end < start ? null : end - start;

function startOf(mark: Mark, driver: string | null): Partial<TripBody> {
  return {
    start_latitude: mark.latitude,
    start_longitude: mark.longitude,
    odometer_start: mark.odometerKm,
    fuel_level_start: mark.fuelLevel,
    engine_hours_start: mark.engineHours,
    driver_id: driver,
    first_message_id: idText(mark.idHigh, mark.idLow),
  };
}

/** `state`: open has what is known so far, without an end; the others the whole. */
export function tripOutput(trip: Trip, state: 'open' | 'provisional' | 'final', cause: string | null): Output {
  const { start, last } = trip;
  const { km, source } = distanceOf(trip);
  const seconds = (last.atUs - start.atUs) / SECOND_US;
  // Field by field: putting parts together costs many times as much, and a trip is told of often.
  const body: { -readonly [K in keyof TripBody]: TripBody[K] } = {
    kind: 'trip',
    state,
    final: state === 'final',
    started_at: start.atUs,
    start_latitude: start.latitude,
    start_longitude: start.longitude,
    odometer_start: start.odometerKm,
    fuel_level_start: start.fuelLevel,
    engine_hours_start: start.engineHours,
    driver_id: trip.driver,
    first_message_id: idText(start.idHigh, start.idLow),
    distance_km: km,
    distance_source: source,
    duration_s: seconds,
    idle_s: trip.idleS,
    max_speed: trip.maxSpeed,
    mean_speed: seconds > 0 ? (km * 3600) / seconds : null,
    fuel_used: difference(last.fuelUsed, start.fuelUsed),
    report_count: trip.countLast,
    last_message_id: idText(last.idHigh, last.idLow),
  };
  if (state !== 'open') {
    body.ended_at = last.atUs;
    body.end_latitude = last.latitude;
    body.end_longitude = last.longitude;
    body.fuel_level_end = last.fuelLevel;
    body.odometer_end = last.odometerKm;
    body.engine_hours_end = last.engineHours;
  }
  return { topic: 'trips', id: tripId(trip), revision: trip.revision, cause, body };
}

const gapMark = (stop: Stop): Partial<TripBody> => (stop.gap ? { attributes: { began: 'gap' } } : {});

export function stopOpen(stop: Stop): Output {
  return {
    topic: 'trips',
    id: stopId(stop),
    revision: 0,
    cause: null,
    body: { kind: 'stop', state: 'open', started_at: stop.start.atUs, ...startOf(stop.start, null), ...gapMark(stop) },
  };
}

/** `endUs`: first evidence of the movement that ended it. */
export function stopFinal(stop: Stop, end: Mark, cause: string | null): Output {
  const { start } = stop;
  return {
    topic: 'trips',
    id: stopId(stop),
    revision: 1,
    cause,
    body: {
      kind: 'stop',
      state: 'final',
      final: true,
      started_at: start.atUs,
      ...startOf(start, null),
      ended_at: end.atUs,
      end_latitude: start.latitude,
      end_longitude: start.longitude,
      duration_s: (end.atUs - start.atUs) / SECOND_US,
      idle_s: stop.idleS,
      fuel_level_end: end.fuelLevel,
      odometer_end: end.odometerKm,
      engine_hours_end: end.engineHours,
      report_count: stop.count,
      last_message_id: idText(end.idHigh, end.idLow),
      ...gapMark(stop),
    },
  };
}

/** It was no stop: the trip went on. */
export function stopRetracted(stop: Stop, trip: Trip): Output {
  const open = stopOpen(stop);
  return {
    topic: 'trips',
    id: open.id,
    revision: 1,
    cause: 'resumed',
    body: {
      kind: 'stop',
      state: 'final',
      final: true,
      started_at: stop.start.atUs,
      retracted: true,
      superseded_by: tripId(trip),
    },
  };
}

type MotionEvent = 'moving' | 'stopped' | 'trip_start' | 'trip_end';

/** Events of a trip. `revision` and `more`: `stopped` may be taken back. */
export function tripEvent(type: MotionEvent, trip: Trip, more: Partial<EventBody> = {}, revision = 0): Output {
  const mark = type === 'moving' || type === 'trip_start' ? trip.start : trip.last;
  return {
    topic: 'events',
    id: idOf(type, mark),
    revision,
    cause: more.retracted === true ? 'resumed' : null,
    body: {
      type,
      at: mark.atUs,
      latitude: mark.latitude,
      longitude: mark.longitude,
      trip_id: tripId(trip),
      message_id: idText(mark.idHigh, mark.idLow),
      source: 'fold',
      ...more,
    },
  };
}
