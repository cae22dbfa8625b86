/** All metrics of the enricher. */
import type { Metrics } from '@fleetwire/service';
import type { Enriched } from './enrich.js';

export interface EnricherMetrics {
  report(enriched: Enriched): void;
  presence(): void;
}

export function enricherMetrics(metrics: Metrics): EnricherMetrics {
  const reports = metrics.counter({
    name: 'fleetwire_reports_enriched_total',
    help: 'records of telemetry by outcome; the sum is what was read',
    labels: { outcome: ['enriched', 'late', 'late_beyond_horizon', 'duplicate', 'presence'] },
  });
  const duplicates = metrics.counter({
    name: 'fleetwire_duplicates_total',
    help: 'reports that were known already, by where they were found',
    labels: { cause: ['in_log', 'in_ring', 'lower_revision'] },
  });
  return {
    report(enriched) {
      if (enriched.kind === 'duplicate') {
        reports.of({ outcome: 'duplicate' }).inc();
        duplicates.of({ cause: enriched.cause }).inc();
        return;
      }
      const { late, late_beyond_horizon: beyond } = enriched.enrichment;
      reports.of({ outcome: beyond ? 'late_beyond_horizon' : late ? 'late' : 'enriched' }).inc();
    },
    presence: () => reports.of({ outcome: 'presence' }).inc(),
  };
}
