/** What the fold says: records of `events` and `trips` without what only the shell knows. */
import type { FleetEventDraft, TripDraft } from '@fleetwire/schemas';
import { idText, type Entry } from '../log/entry.js';
import type { FoldState, Mark } from './state.js';

type ByShell = 'ident' | 'tenant' | 'emitted_at';
export type EventBody = Omit<FleetEventDraft, ByShell | 'event_id' | 'revision' | 'cause'>;
export type TripBody = Omit<TripDraft, ByShell | 'trip_id' | 'revision' | 'cause'>;

/** `revision`: how often the fold has spoken of this id before. `cause`: why it speaks again; null at first. */
interface Common {
  readonly id: string;
  readonly revision: number;
  readonly cause: string | null;
}
export type Output =
  | (Common & { readonly topic: 'events'; readonly body: EventBody })
  | (Common & { readonly topic: 'trips'; readonly body: TripBody });

/** Id of what began with this report: its kind, a fence if any, and the report's identity. */
export const idOf = (kind: string, mark: { readonly idHigh: number; readonly idLow: number }, of?: string): string =>
  of === undefined ? `${kind}-${idText(mark.idHigh, mark.idLow)}` : `${kind}-${of}-${idText(mark.idHigh, mark.idLow)}`;

/** The entry as a mark, with the counters as they stand behind it. Its place is the last known one, unless it is hidden. */
export function markOf(state: FoldState, entry: Entry): Mark {
  const { track } = state;
  return {
    atUs: entry.timeUs,
    idHigh: entry.idHigh,
    idLow: entry.idLow,
    latitude: entry.hidden ? null : (entry.latitude ?? track.fix?.latitude ?? null),
    longitude: entry.hidden ? null : (entry.longitude ?? track.fix?.longitude ?? null),
    distanceKm: track.distanceKm,
    odometerKm: entry.odometerKm ?? track.odometerKm,
    fuelLevel: entry.fuelLevel ?? track.fuelLevel,
    fuelUsed: entry.fuelUsed ?? track.fuelUsed,
    engineHours: entry.engineHours ?? track.engineHours,
  };
}

/** An event at `mark`. What is not given is null by the schema's defaults. */
export function eventOf(
  type: string,
  mark: Mark,
  more: Partial<EventBody> & { readonly source?: EventBody['source'] },
  options: { readonly revision?: number; readonly cause?: string | null; readonly of?: string } = {},
): Output {
  return {
    topic: 'events',
    id: idOf(type, mark, options.of),
    revision: options.revision ?? 0,
    cause: options.cause ?? null,
    body: {
      type,
      phase: 'point',
      at: mark.atUs,
      latitude: mark.latitude,
      longitude: mark.longitude,
      message_id: idText(mark.idHigh, mark.idLow),
      source: 'fold',
      ...more,
    },
  };
}
