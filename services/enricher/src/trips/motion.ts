/**
 * Trips and stops.
 *
 *   rest ──evidence──► pending ──30 s or 100 m──► trip ──180 s still──► trip, provisionally ended ──180 s more──► rest
 *          ◄──60 s without──┘                      ▲                        │
 *                                                  └──────movement──────────┘
 *
 * A trip begins at its first evidence and ends at its last movement. The stop between two trips begins at that last movement, and is taken
 * back should the trip go on. A gap in the reports closes a trip at what was known before it.
 */
import { SECOND_US, type Entry } from '../log/entry.js';
import { markOf, type Output } from '../fold/output.js';
import type { Facts } from '../fold/facts.js';
import type { FoldState, Mark, Motion, Trip } from '../fold/state.js';
import type { Step } from '../fold/steps.js';
import { STRETCH_US, type Thresholds } from '../fold/thresholds.js';
import { stopFinal, stopOpen, stopRetracted, tripEvent, tripOutput } from './records.js';

/** A movement that is no trip yet is forgotten after so long without evidence. */
const PENDING_US = 60 * SECOND_US;

export const motion: Step = (state, entry, facts, world, out) => {
  if (entry.hidden) return hide(state, entry, out);
  let { motion: next } = state;
  if (facts.gap || silent(next, entry, world.thresholds)) next = closeForGap(next, out);
  next = counting(next, entry, facts);
  next = facts.moves
    ? moved(next, state, entry, facts, world.thresholds, out)
    : facts.informs
      ? still(next, state, entry, world.thresholds, out)
      : next;
  return {
    track: state.track,
    motion: anchored(next, entry, facts),
    events: state.events,
    fences: state.fences,
  };
};

// Field by field where a report in order comes along: the runtime copies what is spread several times as slowly.

/** Reports come, but none has told of movement or rest for as long as a gap. */
const silent = (motion: Motion, entry: Entry, thresholds: Thresholds): boolean =>
  motion.informedUs >= 0 && entry.timeUs - motion.informedUs > thresholds.gap_s * SECOND_US;

/**
 * What a gap after the last report ends: the trip that goes on, at its last movement. Where the vehicle was meanwhile is not
 * known, so nothing is measured over the gap.
 */
export function closeForGap(motion: Motion, out: Output[]): Motion {
  const { trip } = motion;
  const apart = { ...motion, anchor: null, anchorOdometerKm: null, pending: null };
  if (trip === null) return apart;
  const ended = ends(trip, motion, true, out);
  confirm(ended.trip, 'gap', out);
  return { ...apart, trip: null, stop: ended.stop };
}

/** Counts the report, and the time with the ignition on that no movement broke. */
function counting(motion: Motion, entry: Entry, facts: Facts): Motion {
  const seconds = facts.before.ignition === true && facts.stretch ? facts.sinceUs / SECOND_US : 0;
  const { trip, stop } = motion;
  return continued(
    motion,
    motion.pendingCount + 1,
    trip === null ? null : counted(trip, entry, facts, seconds),
    stop === null ? null : { start: stop.start, idleS: stop.idleS + seconds, count: stop.count + 1, gap: stop.gap },
  );
}

/** The same movement with other counts, trip and stop. */
const continued = (
  { anchor, anchorOdometerKm, informedUs, pending, pendingUs, pendingSpeed }: Motion,
  pendingCount: number,
  trip: Motion['trip'],
  stop: Motion['stop'],
): Motion => ({
  anchor,
  anchorOdometerKm,
  informedUs,
  pending,
  pendingUs,
  pendingSpeed,
  pendingCount,
  trip,
  stop,
});

function counted(trip: Trip, entry: Entry, facts: Facts, seconds: number): Trip {
  const count = trip.count + 1;
  const idleSinceS = trip.stillUs === null ? trip.idleSinceS : trip.idleSinceS + seconds;
  // What was said of its end stays so.
  if (trip.endedUs !== null) return { ...trip, count, idleSinceS };
  return {
    start: trip.start,
    last: trip.last,
    rest: trip.rest,
    stillUs: trip.stillUs,
    endedUs: null,
    maxSpeed: trip.maxSpeed,
    idleS: trip.idleS,
    idleSinceS,
    countLast: trip.countLast,
    count,
    odometerSane: trip.odometerSane && sane(entry, facts),
    odometerWhole: trip.odometerWhole && (entry.odometerKm === null || Number.isInteger(entry.odometerKm)),
    driver: trip.driver ?? entry.driver,
    revision: trip.revision,
    shownUs: trip.shownUs,
  };
}

/** Not back, and no faster than plausible: a device that was given another odometer must not drive around the world. */
function sane(entry: Entry, { before, sinceUs }: Facts): boolean {
  if (entry.odometerKm === null || before.odometerKm === null) return true;
  const km = entry.odometerKm - before.odometerKm;
  return km >= 0 && km <= (400 * sinceUs) / (3600 * SECOND_US) + 1;
}

function moved(
  motion: Motion,
  state: FoldState,
  entry: Entry,
  facts: Facts,
  thresholds: Thresholds,
  out: Output[],
): Motion {
  const mark = markOf(state, entry);
  let { trip, stop } = motion;
  const speed = facts.good ? entry.speed : null;
  if (trip !== null && trip.endedUs !== null) {
    if (entry.timeUs - trip.endedUs > thresholds.trip_reopen_s * SECOND_US) {
      confirm(trip, 'end', out);
      trip = null;
    } else {
      trip = { ...trip, endedUs: null, revision: trip.revision + 1, shownUs: entry.timeUs };
      out.push(tripOutput(trip, 'open', 'resumed'), tripEvent('stopped', trip, { retracted: true }, 1));
      if (stop !== null) out.push(stopRetracted(stop, trip));
      stop = null;
    }
  }
  if (trip !== null) {
    const on = progress(movedOn(trip, mark, speed), entry, thresholds.trip_progress_s, out);
    return continued(motion, motion.pendingCount, on, stop);
  }

  const goesOn = motion.pending !== null && entry.timeUs - motion.pendingUs <= STRETCH_US;
  // The movement began behind the last report: way and odometer count from there.
  const { before } = facts;
  const first: Mark = goesOn
    ? motion.pending
    : { ...mark, distanceKm: before.distanceKm, odometerKm: before.odometerKm ?? entry.odometerKm };
  const count = goesOn ? motion.pendingCount : 1;
  const maxSpeed = max(goesOn ? motion.pendingSpeed : null, speed);
  const begun =
    entry.timeUs - first.atUs >= thresholds.trip_start_s * SECOND_US ||
    (mark.distanceKm - first.distanceKm) * 1000 >= thresholds.trip_start_m ||
    (mark.odometerKm !== null &&
      first.odometerKm !== null &&
      !facts.gap &&
      (mark.odometerKm - first.odometerKm) * 1000 >= thresholds.trip_start_m);
  if (!begun)
    return {
      ...motion,
      trip: null,
      stop,
      pending: first,
      pendingUs: entry.timeUs,
      pendingSpeed: maxSpeed,
      pendingCount: count,
    };
  const started = begin(first, mark, entry.driver ?? before.driver, maxSpeed, count);
  if (stop !== null) out.push(stopFinal(stop, first, 'end'));
  out.push(tripOutput(started, 'open', null), tripEvent('moving', started), tripEvent('trip_start', started));
  return { ...motion, pending: null, pendingSpeed: null, trip: started, stop: null };
}

function begin(start: Mark, last: Mark, driver: string | null, maxSpeed: number | null, count: number): Trip {
  return {
    start,
    last,
    rest: null,
    stillUs: null,
    endedUs: null,
    maxSpeed,
    idleS: 0,
    idleSinceS: 0,
    countLast: count,
    count,
    odometerSane: true,
    odometerWhole: [start.odometerKm, last.odometerKm].every((km) => km === null || Number.isInteger(km)),
    driver,
    revision: 0,
    shownUs: last.atUs,
  };
}

/** Tells what is known of a trip that goes on, at a bounded pace. */
function progress(trip: Trip, entry: Entry, everyS: number, out: Output[]): Trip {
  if (everyS === 0 || entry.timeUs - trip.shownUs < everyS * SECOND_US) return trip;
  const shown = { ...trip, revision: trip.revision + 1, shownUs: entry.timeUs };
  out.push(tripOutput(shown, 'open', 'progress'));
  return shown;
}

function movedOn(trip: Trip, mark: Mark, speed: number | null): Trip {
  return {
    start: trip.start,
    last: mark,
    rest: null,
    stillUs: null,
    endedUs: trip.endedUs,
    maxSpeed: max(trip.maxSpeed, speed),
    idleS: trip.idleS + trip.idleSinceS,
    idleSinceS: 0,
    countLast: trip.count,
    count: trip.count,
    odometerSane: trip.odometerSane,
    odometerWhole: trip.odometerWhole,
    driver: trip.driver,
    revision: trip.revision,
    shownUs: trip.shownUs,
  };
}

function still(motion: Motion, state: FoldState, entry: Entry, thresholds: Thresholds, out: Output[]): Motion {
  const { trip } = motion;
  if (trip === null) {
    const pending = motion.pending !== null && entry.timeUs - motion.pendingUs < PENDING_US ? motion.pending : null;
    const { stop } = motion;
    if (stop !== null || pending !== null) return { ...motion, pending };
    const first = { start: markOf(state, entry), idleS: 0, count: 1, gap: false };
    out.push(stopOpen(first));
    return { ...motion, pending, stop: first };
  }
  if (trip.endedUs !== null) {
    if (entry.timeUs - trip.endedUs <= thresholds.trip_reopen_s * SECOND_US) return motion;
    confirm(trip, 'end', out);
    return { ...motion, trip: null };
  }
  // Between slow reports nothing is known: the stillness counts from the first report that shows it.
  const near = entry.timeUs - trip.last.atUs <= STRETCH_US;
  const stillUs = trip.stillUs ?? (near ? trip.last.atUs : entry.timeUs);
  const rest = trip.rest ?? (near ? markOf(state, entry) : null);
  const resting = { ...trip, stillUs, rest };
  const { track } = state;
  const offUs = track.ignition === false ? Math.max(stillUs, track.ignitionSinceUs) : Infinity;
  const over =
    entry.timeUs - stillUs >= thresholds.trip_end_s * SECOND_US ||
    entry.timeUs - offUs >= thresholds.trip_end_ignition_off_s * SECOND_US;
  if (!over) return { ...motion, trip: resting };
  const ended = ends({ ...resting, endedUs: entry.timeUs }, motion, false, out);
  return { ...motion, ...ended };
}

/** Says that a trip has ended, provisionally; and that the vehicle stands since its last movement. */
function ends(trip: Trip, motion: Motion, gap: boolean, out: Output[]): Pick<Motion, 'trip' | 'stop'> & { trip: Trip } {
  if (gap && trip.endedUs !== null) return { trip, stop: motion.stop };
  const ended = gap ? trip : { ...trip, revision: trip.revision + 1 };
  const stop = {
    start: { ...trip.last, latitude: (trip.rest ?? trip.last).latitude, longitude: (trip.rest ?? trip.last).longitude },
    idleS: trip.idleSinceS,
    count: trip.count - trip.countLast,
    gap,
  };
  if (!gap) out.push(tripOutput(ended, 'provisional', 'end'));
  out.push(tripEvent('stopped', ended), stopOpen(stop));
  return { trip: ended, stop };
}

/** Confirms the end of a trip that has ended provisionally. */
function confirm(trip: Trip, cause: string, out: Output[]): void {
  out.push(tripOutput({ ...trip, revision: trip.revision + 1 }, 'final', cause), tripEvent('trip_end', trip));
}

/** From here on nothing is said of where it goes: what was begun ends with the last report that was not hidden. */
function hide(state: FoldState, entry: Entry, out: Output[]): FoldState {
  const { motion } = state;
  if (motion.trip !== null) {
    const trip = { ...motion.trip, revision: motion.trip.revision + 1 };
    out.push(tripOutput(trip, 'final', 'privacy'));
    if (motion.trip.endedUs === null) out.push(tripEvent('stopped', trip));
    out.push(tripEvent('trip_end', trip));
  }
  if (motion.stop !== null) out.push(stopFinal(motion.stop, { ...markOf(state, entry), distanceKm: 0 }, 'privacy'));
  const none = { anchor: null, anchorOdometerKm: null, pending: null, pendingSpeed: null, trip: null, stop: null };
  return { ...state, motion: { ...motion, ...none, informedUs: entry.timeUs } };
}

/** Displacement counts from the last movement, or from where the vehicle was first seen at rest. */
function anchored(motion: Motion, entry: Entry, facts: Facts): Motion {
  const back =
    entry.odometerKm !== null && motion.anchorOdometerKm !== null && entry.odometerKm < motion.anchorOdometerKm;
  return {
    anchor: facts.good && (facts.moves || facts.jump || motion.anchor === null) ? facts.fix : motion.anchor,
    anchorOdometerKm:
      facts.moves || back
        ? (entry.odometerKm ?? motion.anchorOdometerKm)
        : (motion.anchorOdometerKm ?? entry.odometerKm),
    informedUs: facts.informs ? entry.timeUs : motion.informedUs,
    pending: motion.pending,
    pendingUs: motion.pendingUs,
    pendingSpeed: motion.pendingSpeed,
    pendingCount: motion.pendingCount,
    trip: motion.trip,
    stop: motion.stop,
  };
}

const max = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : Math.max(a, b));
