/** idle: the ignition on and no movement. Begins with the first report of it, ends with movement or ignition off. */
import { SECOND_US } from '../log/entry.js';
import { markOf, type Output } from '../fold/output.js';
import type { FoldState, Span } from '../fold/state.js';
import type { Step } from '../fold/steps.js';
import { begin, spanEnd, spanOutput } from './span.js';

export const IDLE = { type: 'idle', unit: 's' } as const;

export const idle: Step = (state, entry, facts, world, out) => {
  const { idle: span } = state.events;
  const stands = state.track.ignition === true && !facts.moves && !entry.hidden;
  const broken = facts.gap || entry.hidden;
  if (span !== null && (broken || !stands)) {
    endIdle(span, broken ? facts.before.lastUs : entry.timeUs, out);
    return withIdle(state, stands ? begin(markOf(state, entry), 0, world.thresholds.idle_s) : null);
  }
  if (!stands) return state;
  if (span === null) return withIdle(state, begin(markOf(state, entry), 0, world.thresholds.idle_s));
  if (span.active || entry.timeUs - span.start.atUs < span.limit * SECOND_US) return state;
  const active = { ...span, active: true, shown: span.limit };
  out.push(spanOutput(IDLE, active));
  return withIdle(state, active);
};

const withIdle = (state: FoldState, idle: Span | null): FoldState => ({ ...state, events: { ...state.events, idle } });

/** Ends an idling that was long enough to have been told. */
export function endIdle(span: Span, endUs: number, out: Output[]): void {
  if (span.active) out.push(spanEnd(IDLE, span, endUs, (endUs - span.start.atUs) / SECOND_US));
}
