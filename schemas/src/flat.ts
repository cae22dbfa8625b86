/** The JSON form of a telemetry value: flat, dotted names, what is unset left out. See `reportToFlat` in the protocols library. */
import { reportToFlat, type FlatReport, type Report } from '@fleetwire/protocols';
import type { EnrichedTelemetry, Telemetry } from './records.generated.js';

/**
 * Flat form of a report, a Telemetry or an Enriched value. Times of the root are seconds with a fraction; `enrichment` keeps its
 * own structure, with times in seconds too.
 */
export function toFlat(value: Report | Telemetry | EnrichedTelemetry): FlatReport {
  const flat = reportToFlat(value);
  if (!('enrichment' in value) || value.enrichment === null) return flat;
  const { motion, online_since, last_seen_at, ...rest } = value.enrichment;
  const enrichment: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(rest)) if (member !== null) enrichment[name] = member;
  if (motion !== null) enrichment['motion'] = { state: motion.state, since: motion.since / 1e6 };
  if (online_since !== null) enrichment['online_since'] = online_since / 1e6;
  if (last_seen_at !== null) enrichment['last_seen_at'] = last_seen_at / 1e6;
  flat['enrichment'] = enrichment;
  return flat;
}
