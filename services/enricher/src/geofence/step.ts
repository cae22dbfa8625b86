/**
 * Geofences: a visit begins with the first of two fixes inside (or 10 s of it), and ends with the first of two outside, beyond the
 * margin; both are dated to that first one. A fix is only believed as far as it is exact.
 */
import { SECOND_US, type Entry } from '../log/entry.js';
import { eventOf, markOf, type EventBody, type Output } from '../fold/output.js';
import type { Facts } from '../fold/facts.js';
import { distanceKm, type Point } from '../fold/distance.js';
import type { FenceVisit, Fix, FoldState, Mark } from '../fold/state.js';
import type { Step } from '../fold/steps.js';
import type { Fence, Fences } from '../fold/world.js';
import { visitFinal, visitOpen } from './visit.js';
import { shorter } from './shape.js';

const CONFIRM_FIXES = 2;
const CONFIRM_US = 10 * SECOND_US;
/** A fix less exact than this (m) says nothing of fences. */
const ACCURACY_MAX_M = 500;
/** A way longer than this (time or km) is not looked at for crossings: it was not straight. */
const CROSS_US = 300 * SECOND_US;
const CROSS_KM = 20;
const CROSS_SAMPLES_MAX = 200;

export const fences: Step = (state, entry, facts, world, out) => {
  if (entry.hidden) return closeAll(state, out);
  const { fix } = facts;
  if (fix === null || !facts.good || (entry.accuracy ?? 0) > ACCURACY_MAX_M) return state;
  const { fences: all } = world;
  if (all === null && state.fences.length === 0) return state;
  const next: FenceVisit[] = [];
  let mark: Mark | null = null;
  const here = (): Mark => (mark ??= markOf(state, entry));
  for (const visit of state.fences) {
    const fence = all?.byId(visit.id, entry.timeUs) ?? null;
    const kept = fence === null ? removed(visit, out) : follow(visit, fence, fence.distanceM(fix), entry, here(), out);
    if (kept !== null) next.push(kept);
  }
  if (all !== null) {
    for (const fence of all.near(fix, entry.timeUs))
      if (!state.fences.some(({ id }) => id === fence.id) && isIn(fence, fence.distanceM(fix), entry))
        next.push(begin(fence, here()));
    crossings(all, fix, state, facts, next, here, out);
  }
  return next.length === 0 && state.fences.length === 0 ? state : { ...state, fences: next };
};

const isIn = (fence: Fence, distanceM: number, entry: Entry): boolean =>
  distanceM <= -Math.min(entry.accuracy ?? 0, fence.marginM, fence.halfM / 2);

const isOut = (fence: Fence, distanceM: number, entry: Entry): boolean =>
  distanceM > Math.max(fence.marginM, entry.accuracy ?? 0);

function begin(fence: Fence, mark: Mark): FenceVisit {
  return {
    id: fence.id,
    name: fence.name,
    version: fence.version,
    entered: false,
    start: mark,
    last: mark,
    left: null,
    fixes: 1,
    dwelt: false,
    count: 1,
  };
}

const confirmed = (fixes: number, since: Mark, entry: Entry): boolean =>
  fixes >= CONFIRM_FIXES || entry.timeUs - since.atUs >= CONFIRM_US;

/** The visit after a fix at `distanceM`; null: it is over, or never was one. */
function follow(
  visit: FenceVisit,
  fence: Fence,
  distanceM: number,
  entry: Entry,
  mark: Mark,
  out: Output[],
): FenceVisit | null {
  const count = visit.count + 1;
  if (!visit.entered) {
    if (distanceM > 0) return null;
    if (!isIn(fence, distanceM, entry)) return { ...visit, count };
    const fixes = visit.fixes + 1;
    const seen = { ...visit, fixes, count, last: mark };
    return confirmed(fixes, visit.start, entry) ? enter(seen, fence, out) : seen;
  }
  if (isOut(fence, distanceM, entry)) {
    const left = visit.left ?? mark;
    const fixes = visit.left === null ? 1 : visit.fixes + 1;
    if (confirmed(fixes, left, entry)) return exit({ ...visit, left, count }, fence, out);
    return { ...visit, left, fixes, count };
  }
  const inside = { ...visit, left: null, fixes: 0, count, ...(distanceM <= 0 && { last: mark }) };
  return dwell(inside, fence, entry, mark, out);
}

function enter(visit: FenceVisit, fence: Fence, out: Output[]): FenceVisit {
  const entered = { ...visit, entered: true, fixes: 0 };
  if (fence.wants.enter) out.push(fenceEvent('geofence_enter', entered, entered.start));
  out.push(visitOpen(entered));
  return entered;
}

function exit(visit: FenceVisit & { readonly left: Mark }, fence: Fence, out: Output[]): null {
  const seconds = (visit.left.atUs - visit.start.atUs) / SECOND_US;
  // It names the version whose border it was, which may be newer than the one that was entered.
  if (fence.wants.exit) out.push(fenceEvent('geofence_exit', fence, visit.left, { value: seconds, unit: 's' }));
  out.push(visitFinal(visit, visit.left, 'end'));
  return null;
}

function dwell(visit: FenceVisit, fence: Fence, entry: Entry, mark: Mark, out: Output[]): FenceVisit {
  if (visit.dwelt || fence.dwellS === null || !fence.wants.dwell) return visit;
  if (entry.timeUs - visit.start.atUs < fence.dwellS * SECOND_US) return visit;
  out.push(fenceEvent('geofence_dwell', fence, mark, { limit: fence.dwellS, unit: 's' }));
  return { ...visit, dwelt: true };
}

/** The fence was deleted, switched off or given to others: the visit ends with the last report that was inside. */
function removed(visit: FenceVisit, out: Output[]): null {
  if (visit.entered) out.push(visitFinal(visit, visit.last, 'geofence_removed'));
  return null;
}

function closeAll(state: FoldState, out: Output[]): FoldState {
  if (state.fences.length === 0) return state;
  for (const visit of state.fences) if (visit.entered) out.push(visitFinal(visit, visit.last, 'privacy'));
  return { ...state, fences: [] };
}

/** geofence_cross: the straight way from the last fix led through a fence, and neither end is a visit of it. */
function crossings(
  all: Fences,
  fix: Fix,
  state: FoldState,
  facts: Facts,
  visits: readonly FenceVisit[],
  here: () => Mark,
  out: Output[],
): void {
  const from = facts.before.fix;
  if (from === null || facts.jump || facts.gap || fix.atUs - from.atUs > CROSS_US || facts.legKm > CROSS_KM) return;
  if (facts.legKm === 0) return;
  for (const fence of all.crossed(from, fix, fix.atUs)) {
    if (visits.some(({ id }) => id === fence.id)) continue;
    if (state.fences.some(({ id, entered }) => id === fence.id && entered)) continue;
    if (!leadsThrough(fence, from, fix)) continue;
    const mark = here();
    out.push(fenceEvent('geofence_cross', fence, mark));
  }
}

function leadsThrough(fence: Fence, from: Point, to: Point): boolean {
  const metres = distanceKm(from, to) * 1000;
  const stepM = Math.max(1, Math.min(fence.halfM, 50) / 2);
  const count = Math.min(CROSS_SAMPLES_MAX, Math.ceil(metres / stepM));
  const dx = shorter(to.longitude - from.longitude);
  for (let i = 0; i < count; i++) {
    const part = i / count;
    const longitude = shorter(from.longitude + dx * part);
    const latitude = from.latitude + (to.latitude - from.latitude) * part;
    if (fence.distanceM({ latitude, longitude }) <= 0) return true;
  }
  return false;
}

function fenceEvent(
  type: string,
  fence: { readonly id: string; readonly name: string; readonly version: number },
  mark: Mark,
  more: Partial<EventBody> = {},
): Output {
  const of = { geofence_id: fence.id, geofence_name: fence.name, geofence_version: fence.version };
  return eventOf(type, mark, { ...of, ...more }, { of: fence.id });
}
