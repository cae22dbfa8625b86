/**
 * overspeed: above the limit and its tolerance for 10 s. Begins with the first report above, ends with the first at or below the limit
 * when that lasts 5 s. The limit is the lowest of the device's and of the fences it is in.
 */
import { SECOND_US } from '../log/entry.js';
import { markOf, type Output } from '../fold/output.js';
import type { FoldState, Span } from '../fold/state.js';
import type { Step } from '../fold/steps.js';
import type { Thresholds } from '../fold/thresholds.js';
import type { World } from '../fold/world.js';
import { begin, spanEnd, spanOutput } from './span.js';

export const OVERSPEED = { type: 'overspeed', unit: 'km/h' } as const;
/** A peak is told again when it has grown by so much, km/h. */
const PEAK_STEP = 5;

export const overspeed: Step = (state, entry, facts, world, out) => {
  let span = state.events.overspeed;
  if (span !== null && (!facts.stretch || entry.hidden)) {
    endOverspeed(span, facts.before.lastUs, out);
    span = null;
  }
  if (entry.speed !== null && facts.good && !entry.hidden)
    span = next(span, entry.speed, entry.timeUs, limitOf(state, world, entry.timeUs), world.thresholds, out, () =>
      markOf(state, entry),
    );
  return span === state.events.overspeed ? state : { ...state, events: { ...state.events, overspeed: span } };
};

function next(
  span: Span | null,
  speed: number,
  atUs: number,
  limit: number,
  thresholds: Thresholds,
  out: Output[],
  mark: () => ReturnType<typeof markOf>,
): Span | null {
  if (span === null) return speed > limit + tolerance(limit, thresholds) ? begin(mark(), speed, limit) : null;
  if (speed > span.limit + tolerance(span.limit, thresholds)) return above(span, speed, atUs, thresholds, out);
  if (!span.active) return null;
  // Between the limit and its tolerance it goes on as it is.
  if (speed > span.limit) return span.underUs === null ? span : { ...span, underUs: null };
  const underUs = span.underUs ?? atUs;
  if (atUs - underUs < thresholds.overspeed_end_s * SECOND_US) return { ...span, underUs };
  endOverspeed(span, underUs, out);
  return null;
}

function above(span: Span, speed: number, atUs: number, thresholds: Thresholds, out: Output[]): Span {
  const peak = Math.max(span.peak, speed);
  if (!span.active) {
    if (atUs - span.start.atUs < thresholds.overspeed_s * SECOND_US) return { ...span, peak };
    const active = { ...span, active: true, peak, shown: peak };
    out.push(spanOutput(OVERSPEED, active));
    return active;
  }
  if (peak < span.shown + PEAK_STEP) return { ...span, peak, underUs: null };
  const higher = { ...span, peak, shown: peak, underUs: null, revision: span.revision + 1 };
  out.push(spanOutput(OVERSPEED, higher));
  return higher;
}

/** Ends a speeding that was long enough to have been told; its value is the peak. */
export function endOverspeed(span: Span, endUs: number, out: Output[]): void {
  if (span.active) out.push(spanEnd(OVERSPEED, span, endUs, span.peak));
}

const tolerance = (limit: number, thresholds: Thresholds): number =>
  Math.max(thresholds.overspeed_tolerance_kmh, (limit * thresholds.overspeed_tolerance_percent) / 100);

/** km/h; ∞ where there is none. */
function limitOf(state: FoldState, world: World, atUs: number): number {
  let limit = world.thresholds.speed_limit > 0 ? world.thresholds.speed_limit : Infinity;
  if (world.fences === null) return limit;
  for (const visit of state.fences) {
    if (!visit.entered || visit.left !== null) continue;
    limit = Math.min(limit, world.fences.byId(visit.id, atUs)?.speedLimit ?? Infinity);
  }
  return limit;
}
