/** All metrics of the enricher. */
import type { Metrics } from '@fleetwire/service';
import type { Published } from './corrections.js';
import type { Taken } from './enrich.js';

export interface EnricherMetrics {
  report(taken: Taken): void;
  presence(): void;
  /** Records of events and trips. */
  outputs(outputs: readonly Published[]): void;
  /** A device's reports were folded again. */
  refold(): void;
  presenceEvent(type: 'online' | 'offline'): void;
  fences(count: number): void;
  fenceRefused(): void;
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
  const outputs = metrics.counter({
    name: 'fleetwire_fold_outputs_total',
    help: 'records of events and trips from reports, by what they say: first word, later revision, or retraction',
    labels: { topic: ['events', 'trips'], outcome: ['first', 'revision', 'retraction'] },
  });
  const refolds = metrics.counter({
    name: 'fleetwire_refolds_total',
    help: 'times that the reports of a device were folded again, because one came late or was replaced',
  });
  const presence = metrics.counter({
    name: 'fleetwire_presence_events_total',
    help: 'devices that came online or went offline',
    labels: { type: ['online', 'offline'] },
  });
  const fences = metrics.gauge({ name: 'fleetwire_geofences', help: 'geofences that this process knows' });
  const refused = metrics.counter({
    name: 'fleetwire_geofences_refused_total',
    help: 'records of geofences with a shape that can not be used',
  });
  return {
    report(taken) {
      if (taken.kind === 'duplicate') {
        reports.of({ outcome: 'duplicate' }).inc();
        duplicates.of({ cause: taken.cause }).inc();
        return;
      }
      reports.of({ outcome: taken.beyond ? 'late_beyond_horizon' : taken.late ? 'late' : 'enriched' }).inc();
    },
    presence: () => reports.of({ outcome: 'presence' }).inc(),
    outputs(list) {
      for (const { topic, body, published } of list)
        outputs
          .of({ topic, outcome: body.retracted === true ? 'retraction' : published > 0 ? 'revision' : 'first' })
          .inc();
    },
    refold: () => refolds.of({}).inc(),
    presenceEvent: (type) => presence.of({ type }).inc(),
    fences(count) {
      fences.of({}).value = count;
    },
    fenceRefused: () => refused.of({}).inc(),
  };
}
