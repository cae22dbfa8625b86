/** Events with a length: start, peak and end are revisions of one id. */
import { SECOND_US } from '../log/entry.js';
import { eventOf, type EventBody, type Output } from '../fold/output.js';
import type { Mark, Span } from '../fold/state.js';

export interface SpanKind {
  readonly type: string;
  /** Of value and limit. */
  readonly unit: string;
}

export function begin(start: Mark, value: number, limit: number): Span {
  return { start, active: false, peak: value, shown: value, limit, underUs: null, revision: 0 };
}

/** What was last said of an active span that has not ended. */
export function spanOutput({ type, unit }: SpanKind, span: Span): Output {
  const body: Partial<EventBody> = {
    phase: span.revision === 0 ? 'start' : 'peak',
    started_at: span.start.atUs,
    value: span.shown,
    limit: span.limit,
    unit,
  };
  return eventOf(type, span.start, body, { revision: span.revision });
}

/** `value`: of the whole. */
export function spanEnd({ type, unit }: SpanKind, span: Span, endUs: number, value: number): Output {
  const body: Partial<EventBody> = {
    phase: 'end',
    started_at: span.start.atUs,
    ended_at: endUs,
    value,
    limit: span.limit,
    unit,
    attributes: { duration_s: String((endUs - span.start.atUs) / SECOND_US) },
  };
  return eventOf(type, span.start, body, { revision: span.revision + 1 });
}
