/**
 * harsh_acceleration, harsh_braking, harsh_cornering: computed from fixes that are at most 2 s apart; sparse ones say nothing of forces. What a device
 * found by itself is an alarm of its own, with source `device`. A manoeuvre over several reports is one event, whose value grows.
 */
import { SECOND_US } from '../log/entry.js';
import { eventOf, markOf, type Output } from '../fold/output.js';
import type { Fix, Level } from '../fold/state.js';
import type { Step } from '../fold/steps.js';
import type { Thresholds } from '../fold/thresholds.js';

const APART_US = 2 * SECOND_US;
/** Below this (km/h) headings are noise. */
const CORNER_SPEED_KMH = 15;

export const HARSH = ['harsh_acceleration', 'harsh_braking', 'harsh_cornering'] as const;

export const harsh: Step = (state, entry, facts, world, out) => {
  const { fix: from } = facts.before;
  const { fix: to } = facts;
  const old = state.events.harsh;
  const apart = from === null || to === null ? Infinity : to.atUs - from.atUs;
  if (from === null || to === null || !facts.good || facts.jump || apart <= 0 || apart > APART_US)
    return old.length === 0 ? state : { ...state, events: { ...state.events, harsh: [] } };
  const found: Level[] = [];
  const limits = limitsOf(world.thresholds);
  for (const [code, force] of forces(from, to).entries()) {
    if (force < limits[code]!) continue;
    const before = old.find((level) => level.code === code);
    if (before === undefined) {
      const level = { code, start: markOf(state, entry), value: force, revision: 0 };
      out.push(harshOutput(level, limits[code]!));
      found.push(level);
    } else if (force > before.value) {
      const level = { ...before, value: force, revision: before.revision + 1 };
      out.push(harshOutput(level, limits[code]!));
      found.push(level);
    } else found.push(before);
  }
  return found.length === 0 && old.length === 0 ? state : { ...state, events: { ...state.events, harsh: found } };
};

export const limitsOf = (thresholds: Thresholds): readonly number[] => [
  thresholds.harsh_acceleration,
  thresholds.harsh_braking,
  thresholds.harsh_cornering,
];

/** m/s², by HARSH; −∞: not known. */
function forces(from: Fix, to: Fix): readonly number[] {
  if (from.speed === null || to.speed === null) return [];
  const seconds = (to.atUs - from.atUs) / SECOND_US;
  const acceleration = (to.speed - from.speed) / 3.6 / seconds;
  return [acceleration, -acceleration, cornering(from, to, seconds)];
}

function cornering(from: Fix, to: Fix, seconds: number): number {
  if (from.heading === null || to.heading === null || from.speed === null || to.speed === null) return -Infinity;
  if (Math.min(from.speed, to.speed) < CORNER_SPEED_KMH) return -Infinity;
  const turn = Math.abs(((to.heading - from.heading + 540) % 360) - 180);
  return (((from.speed + to.speed) / 2 / 3.6) * ((turn * Math.PI) / 180)) / seconds;
}

export function harshOutput(level: Level, limit: number): Output {
  const more = { value: level.value, limit, unit: 'm/s²' };
  return eventOf(HARSH[level.code]!, level.start, more, { revision: level.revision });
}
