/** All metrics of the look-up of places, besides those of its loop. */
import type { Metrics } from '@fleetwire/service';

export const LOOKUP_OUTCOMES = ['found', 'unknown', 'failed'] as const;

export interface PlacesMetrics {
  lookup(outcome: (typeof LOOKUP_OUTCOMES)[number]): void;
}

export function placesMetrics(metrics: Metrics): PlacesMetrics {
  const lookups = metrics.counter({
    name: 'fleetwire_place_lookups_total',
    help: 'places that were looked up, by outcome; failed ones are asked for again when they come up again',
    labels: { outcome: LOOKUP_OUTCOMES },
  });
  return { lookup: (outcome) => lookups.of({ outcome }).inc() };
}
