/** What is on in a state, as it was last published: the common ground of two ways to fold on from it. */
import { IDLE } from '../events/idle.js';
import { HARSH, harshOutput, limitsOf } from '../events/harsh.js';
import { levelOutput } from '../events/alarms.js';
import { OVERSPEED } from '../events/overspeed.js';
import { spanOutput } from '../events/span.js';
import { visitOpen } from '../geofence/visit.js';
import { closeForGap } from '../trips/motion.js';
import { stopOpen, tripEvent, tripOutput } from '../trips/records.js';
import type { Output } from './output.js';
import type { FoldState } from './state.js';
import type { World } from './world.js';

export function openOutputs(state: FoldState, world: World): Output[] {
  const out: Output[] = [];
  const { trip, stop } = state.motion;
  if (trip !== null) {
    out.push(tripOutput(trip, trip.endedUs === null ? 'open' : 'provisional', null));
    if (trip.endedUs !== null) out.push(tripEvent('stopped', trip));
  }
  if (stop !== null) out.push(stopOpen(stop));
  const { idle, overspeed, harsh, alarms } = state.events;
  if (idle?.active === true) out.push(spanOutput(IDLE, idle));
  if (overspeed?.active === true) out.push(spanOutput(OVERSPEED, overspeed));
  const limits = limitsOf(world.thresholds);
  for (const level of harsh) if (level.code < HARSH.length) out.push(harshOutput(level, limits[level.code]!));
  for (const level of alarms) {
    const output = levelOutput(level, world);
    if (output !== null) out.push(output);
  }
  for (const visit of state.fences) if (visit.entered) out.push(visitOpen(visit));
  return out;
}

/** What the fold would say first should the next report come after a gap: for a device that fell asleep. */
export function gapOutputs(state: FoldState): Output[] {
  const out: Output[] = [];
  closeForGap(state.motion, out);
  return out;
}
