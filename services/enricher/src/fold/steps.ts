/**
 * What is computed from a device's entries in order of event time. Each step is pure but for the outputs it appends: (state, entry, facts, world) → state;
 * STEPS is the one visible list of them, in order.
 */
import type { Entry } from '../log/entry.js';
import { alarms } from '../events/alarms.js';
import { harsh } from '../events/harsh.js';
import { idle } from '../events/idle.js';
import { ignition } from '../events/ignition.js';
import { overspeed } from '../events/overspeed.js';
import { fences } from '../geofence/step.js';
import { motion } from '../trips/motion.js';
import { factsOf, type Facts } from './facts.js';
import type { Output } from './output.js';
import type { FoldState } from './state.js';
import { track } from './track.js';
import type { World } from './world.js';

export type Step = (state: FoldState, entry: Entry, facts: Facts, world: World, out: Output[]) => FoldState;

/** In order: counters first, and fences before overspeed, which knows their limits. */
export const STEPS: readonly Step[] = [track, ignition, motion, idle, harsh, fences, overspeed, alarms];

export function fold(state: FoldState, entry: Entry, world: World, out: Output[]): FoldState {
  const facts = factsOf(state, entry, world.thresholds);
  let next = state;
  for (const step of STEPS) next = step(next, entry, facts, world, out);
  return next;
}
