/** One line that shows that the stream flows: read from the services' metrics, pure. */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Lines of the Prometheus text form; what is none is passed over. */
export function parseSamples(text: string): readonly Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match === null) continue;
    const value = match[3] === '+Inf' ? Infinity : Number(match[3]);
    if (Number.isNaN(value)) continue;
    samples.push({ name: match[1]!, labels: parseLabels(match[2] ?? ''), value });
  }
  return samples;
}

function parseLabels(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries([...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map((m) => [m[1]!, m[2]!]));
}

/** Counters since the services started; `ackSeconds` by upper bound, cumulative as Prometheus has them. */
export interface Totals {
  readonly connections: number;
  readonly frames: number;
  readonly acked: number;
  readonly decoded: number;
  readonly enriched: number;
  readonly deadLetters: number;
  readonly ackSeconds: ReadonlyMap<number, number>;
}

const sum = (
  samples: readonly Sample[],
  name: string,
  where: (labels: Sample['labels']) => boolean = () => true,
): number => samples.reduce((total, s) => (s.name === name && where(s.labels) ? total + s.value : total), 0);

/** The edge's and the decoder's; each counts what it wrote itself. */
const DEAD_LETTERS = ['fleetwire_dlq_records_total', 'fleetwire_decode_rejections_total'];

/** Adds up the samples of all services. */
export function totalsOf(samples: readonly Sample[]): Totals {
  const ackSeconds = new Map<number, number>();
  for (const { name, labels, value } of samples) {
    if (name !== 'fleetwire_edge_ack_latency_seconds_bucket') continue;
    const bound = labels['le'] === '+Inf' ? Infinity : Number(labels['le']);
    ackSeconds.set(bound, (ackSeconds.get(bound) ?? 0) + value);
  }
  return {
    connections: sum(samples, 'fleetwire_edge_connections'),
    frames: sum(samples, 'fleetwire_edge_frames_total'),
    acked: sum(samples, 'fleetwire_edge_ack_latency_seconds_count'),
    decoded: sum(samples, 'fleetwire_reports_decoded_total', (l) => l['kind'] === 'report'),
    enriched: sum(
      samples,
      'fleetwire_reports_enriched_total',
      (l) => l['outcome'] !== 'presence' && l['outcome'] !== 'duplicate',
    ),
    deadLetters: DEAD_LETTERS.reduce((total, name) => total + sum(samples, name), 0),
    ackSeconds,
  };
}

/** Seconds below which a share `q` of what came between two scrapes lies, linear within its bucket; null: nothing came. */
export function quantile(before: Totals['ackSeconds'], after: Totals['ackSeconds'], q: number): number | null {
  const bounds = [...after.keys()].sort((a, b) => a - b);
  // A service that was started again counts from 0: then its whole count is what came.
  const counts = bounds.map((bound) => Math.max(0, after.get(bound)! - (before.get(bound) ?? 0)));
  const total = counts.at(-1) ?? 0;
  if (total === 0) return null;
  const rank = q * total;
  const at = counts.findIndex((count) => count >= rank);
  const [lower, below] = at === 0 ? [0, 0] : [bounds[at - 1]!, counts[at - 1]!];
  const upper = bounds[at]!;
  // Beyond the last bound nothing is known but that it is more.
  if (upper === Infinity) return lower;
  return lower + ((rank - below) / (counts[at]! - below)) * (upper - lower);
}

/** `40 connections · 39.8 frames/s · acked 1,204 · decoded 1,180 · enriched 1,180 · ack p50 12 ms p99 31 ms · dead letters 0`. */
export function figureLine(before: Totals, after: Totals, seconds: number): string {
  const number = (n: number): string => n.toLocaleString('en-US', { maximumFractionDigits: 0 });
  const ms = (s: number | null): string => (s === null ? '–' : `${(s * 1000).toFixed(0)} ms`);
  const rate = Math.max(0, after.frames - before.frames) / seconds;
  return [
    `${number(after.connections)} connections`,
    `${rate.toFixed(rate < 100 ? 1 : 0)} frames/s`,
    `acked ${number(after.acked)}`,
    `decoded ${number(after.decoded)}`,
    `enriched ${number(after.enriched)}`,
    `ack p50 ${ms(quantile(before.ackSeconds, after.ackSeconds, 0.5))} p99 ${ms(quantile(before.ackSeconds, after.ackSeconds, 0.99))}`,
    `dead letters ${number(after.deadLetters)}`,
  ].join(' · ');
}
