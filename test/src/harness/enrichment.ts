/**
 * What the enricher should have made of `telemetry`, against what readers of committed records find: the same records through one task in
 * process, in the order of the log and without a fault. Reports once and in order; odometer, hours, trip, motion and events of each; and
 * the last words of trips and events.
 */
import { differences, LastWords, TaskRun } from '@fleetwire/enricher/testing';
import { Codec, type EnrichedTelemetry, type Geofence } from '@fleetwire/schemas';
import { readAll } from './topics.js';
import type { Stack } from './stack.js';

export interface EnrichmentFindings {
  readonly missing: readonly string[];
  readonly doubled: readonly string[];
  readonly outOfOrder: readonly string[];
  /** Reports whose counters are not those of the fold, with both. */
  readonly wrongCounters: readonly string[];
  /** Trips and events that differ, are missing or too much; and revisions that did not go up. */
  readonly wrongWords: readonly string[];
}

/** The promise, as an expectation. */
export const RIGHT: EnrichmentFindings = {
  missing: [],
  doubled: [],
  outOfOrder: [],
  wrongCounters: [],
  wrongWords: [],
};

interface Row {
  readonly name: string;
  readonly ident: string;
  readonly late: boolean;
  readonly counters: string;
}

const rowOf = (row: EnrichedTelemetry): Row => {
  const { enrichment } = row;
  // Presence is by the server's clock.
  const counted = { ...enrichment, online: null, online_since: null, last_seen_at: null };
  return {
    name: `${row.ident}/${row.message_id}/${row.revision}`,
    ident: row.ident,
    late: enrichment?.late === true,
    counters: JSON.stringify(counted),
  };
};

/** `fences`: what stood in `geofences` before the first report. */
export async function enrichmentFindings(
  stack: Stack,
  fences: readonly Geofence[] = [],
): Promise<EnrichmentFindings & { readonly compared: number; readonly words: number }> {
  const topics = ['telemetry', 'telemetry-enriched', 'events', 'trips'] as const;
  const codec = await Codec.connect({ registryUrl: stack.registry.url, topics, timeoutMs: 10_000 });
  const want: Row[] = [];
  const reference = new TaskRun({ devices: [], groups: [], fences }, ({ topic, value }) => {
    if (topic === 'telemetry-enriched' && value !== null) want.push(rowOf(local.decode(topic, value)));
  });
  const local = Codec.local(['telemetry-enriched']);
  for (const record of await readAll(stack.streams, 'telemetry'))
    reference.deliver([[codec.decode('telemetry', record.value!)]], null);

  const have = (await readAll(stack.streams, 'telemetry-enriched')).map(({ value }) =>
    rowOf(codec.decode('telemetry-enriched', value!)),
  );
  const words = new LastWords();
  for (const topic of ['events', 'trips'] as const)
    for (const { key, value } of await readAll(stack.streams, topic))
      if (value !== null) words.take(`${topic}|${String(key)}`, codec.decode(topic, value));

  const found = compareRows(want, have);
  const wrongWords = [...differences(reference.finals(), words.finals()), ...words.backwards];
  return { ...found, wrongWords, compared: have.length, words: reference.finals().size };
}

function compareRows(want: readonly Row[], have: readonly Row[]): Omit<EnrichmentFindings, 'wrongWords'> {
  const known = new Map(have.map((row) => [row.name, row]));
  const seen = new Set<string>();
  const doubled = have.filter(({ name }) => seen.has(name) || !seen.add(name)).map(({ name }) => name);
  // What stands behind a late report depends on where its batch ended.
  const late = new Set([...want, ...have].filter((row) => row.late).map(({ ident }) => ident));
  const wrongCounters = want.flatMap(({ name, ident, counters }) => {
    const other = known.get(name)?.counters ?? counters;
    return other === counters || late.has(ident) ? [] : [`${name}: ${counters} instead of ${other}`];
  });
  return {
    missing: want.filter(({ name }) => !known.has(name)).map(({ name }) => name),
    doubled,
    outOfOrder: outOfOrder(want, have),
    wrongCounters,
  };
}

/** Reports of a device that came out in another order than they stand in telemetry. */
function outOfOrder(want: readonly Row[], have: readonly Row[]): string[] {
  const place = new Map(want.map(({ name }, i) => [name, i]));
  const last = new Map<string, number>();
  return have.flatMap(({ name, ident }) => {
    const at = place.get(name) ?? -1;
    const before = last.get(ident) ?? -1;
    last.set(ident, Math.max(at, before));
    return at >= 0 && at < before ? [name] : [];
  });
}
