/**
 * Metrics on a prom-client registry, with the project's rules built in: names begin with `fleetwire_`, counters end in `_total`, every
 * label set exists at 0 from the start, and what is dynamic is bounded.
 *
 * Counting is an addition on a handle that the caller keeps (`const acked = frames.of('astra', 'acked'); acked.inc()`); the registry
 * is filled when it is scraped. A hot path may count per frame without a thought.
 */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics, type RegistryContentType } from 'prom-client';

/** Label → its values; null: known only at run time (topic, partition), bounded by `SERIES_MAX`. */
export type LabelSpec = Readonly<Record<string, readonly string[] | null>>;
/** One value a label, in the order of the spec. */
type ValuesOf<L extends LabelSpec> = { [K in keyof L]: L[K] extends readonly (infer V extends string)[] ? V : string };

/** Series of one metric; beyond it a label set counts into the one whose values are all `other`. */
export const SERIES_MAX = 2_000;

/** Buckets that resolve the objectives of 60 ms and 1 s, from 1 ms to a minute. */
export const LATENCY_BUCKETS_SECONDS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.15, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30,
  60,
];

/** A text for a scraper, and what it is. */
export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

/** Gauges of the client library that are named like counters; the same numbers stand beside them, by kind. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** A handle of one label set. */
export interface Count {
  /** Since the start. */
  readonly value: number;
  inc(by?: number): void;
}
export interface Level {
  value: number;
}
export interface Observed {
  /** `traceId`: the value is shown as an example, with the trace that it comes from. */
  observe(value: number, traceId?: string): void;
}
export interface Series<L extends LabelSpec, H> {
  readonly name: string;
  /** The handle of a label set; keep it where it is used often. */
  of(labels: ValuesOf<L>): H;
  /** All handles so far with their labels. */
  readonly all: () => readonly { readonly labels: Readonly<Record<string, string>>; readonly handle: H }[];
}

/** One row of the metric table of a README. */
export interface MetricRow {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Label names. */
  readonly labels: readonly string[];
  /** Label → its values; null: known only at run time. */
  readonly values: LabelSpec;
  readonly help: string;
}

interface MetricOptions<L extends LabelSpec> {
  readonly name: string;
  readonly help: string;
  readonly labels?: L;
}

class LocalCount implements Count {
  value = 0;
  inc(by = 1): void {
    this.value += by;
  }
}

/** The metrics of one service. */
export class Metrics {
  readonly registry = new Registry<RegistryContentType>();
  readonly #exemplars: boolean;
  /** Texts are made one after the other: the form of a text is a state of the registry. */
  #exposed: Promise<unknown> = Promise.resolve();
  readonly #rows: MetricRow[] = [];

  /** Name of the service: label `app`. */
  readonly service: string;

  /** `service` becomes the label `app` of everything. `exemplars`: histograms keep the traces that they are given, and the text is OpenMetrics for who asks for it. */
  constructor(service: string, options: { readonly process?: boolean; readonly exemplars?: boolean } = {}) {
    this.service = service;
    this.#exemplars = options.exemplars ?? false;
    // Metrics that keep exemplars can only be declared on a registry of that form.
    if (this.#exemplars) this.registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    this.registry.setDefaultLabels({ app: service });
    if (options.process ?? true) {
      collectDefaultMetrics({ register: this.registry });
      for (const name of MISNAMED) this.registry.removeSingleMetric(name);
    }
  }

  /** What was declared, in order; the process metrics are not in it. */
  get rows(): readonly MetricRow[] {
    return this.#rows;
  }

  /** `collect`, when given, runs at each scrape and may count what it finds. */
  counter<const L extends LabelSpec>(
    options: MetricOptions<L> & { readonly collect?: (series: Series<L, Count>) => void },
  ): Series<L, Count> {
    if (!options.name.endsWith('_total')) throw new Error(`The counter ${options.name} must end in _total.`);
    this.#declare(options, 'counter');
    const series = new SeriesMap<L, LocalCount>(options, () => new LocalCount());
    new Counter({
      name: options.name,
      help: options.help,
      labelNames: Object.keys(options.labels ?? {}),
      registers: [this.registry],
      collect() {
        options.collect?.(series);
        this.reset();
        for (const { labels, handle } of series.all()) this.inc(labels, handle.value);
      },
    });
    return series;
  }

  /** `collect`, when given, runs at each scrape and sets the levels. */
  gauge<const L extends LabelSpec>(
    options: MetricOptions<L> & { readonly collect?: (series: Series<L, Level>) => void },
  ): Series<L, Level> {
    this.#declare(options, 'gauge');
    const series = new SeriesMap<L, Level>(options, () => ({ value: 0 }));
    new Gauge({
      name: options.name,
      help: options.help,
      labelNames: Object.keys(options.labels ?? {}),
      registers: [this.registry],
      collect() {
        options.collect?.(series);
        this.reset();
        for (const { labels, handle } of series.all()) this.set(labels, handle.value);
      },
    });
    return series;
  }

  histogram<const L extends LabelSpec>(
    options: MetricOptions<L> & { readonly buckets?: readonly number[] },
  ): Series<L, Observed> {
    this.#declare(options, 'histogram');
    const histogram = new Histogram({
      name: options.name,
      help: options.help,
      labelNames: Object.keys(options.labels ?? {}),
      buckets: [...(options.buckets ?? LATENCY_BUCKETS_SECONDS)],
      registers: [this.registry],
      enableExemplars: this.#exemplars,
    });
    return new SeriesMap<L, Observed>(options, (labels) => {
      histogram.zero(labels);
      if (!this.#exemplars) return histogram.labels(labels);
      return {
        observe: (value, traceId) =>
          histogram.observe({ labels, value, exemplarLabels: traceId === undefined ? {} : { trace_id: traceId } }),
      };
    });
  }

  /** The text that Prometheus reads. */
  async expose(): Promise<string> {
    return (await this.exposition(false)).text;
  }

  /** OpenMetrics, with examples, when that is asked for and exemplars are kept; the format of Prometheus otherwise. */
  exposition(openMetrics: boolean): Promise<Exposition> {
    const contentType =
      openMetrics && this.#exemplars ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE;
    const exposed = this.#exposed.then(async () => {
      this.registry.setContentType(contentType);
      try {
        return { contentType, text: await this.registry.metrics() };
      } finally {
        // The library takes the suffix off its own counters when it writes OpenMetrics, for good.
        for (const metric of this.registry.getMetricsAsArray())
          if (String(metric.type) === 'counter' && !metric.name.endsWith('_total')) metric.name += '_total';
      }
    });
    this.#exposed = exposed.catch(() => undefined);
    return exposed;
  }

  #declare(options: MetricOptions<LabelSpec>, type: MetricRow['type']): void {
    if (!/^fleetwire_[a-z0-9]+(_[a-z0-9]+)*$/.test(options.name))
      throw new Error(`The metric ${options.name} must be snake_case and begin with fleetwire_.`);
    const values = options.labels ?? {};
    this.#rows.push({ name: options.name, type, labels: Object.keys(values), values, help: options.help });
  }
}

class SeriesMap<L extends LabelSpec, H> implements Series<L, H> {
  readonly name: string;
  readonly #names: readonly string[];
  readonly #make: (labels: Record<string, string>) => H;
  readonly #entries = new Map<string, { readonly labels: Record<string, string>; readonly handle: H }>();

  constructor(options: MetricOptions<L>, make: (labels: Record<string, string>) => H) {
    this.name = options.name;
    const spec: LabelSpec = options.labels ?? {};
    this.#names = Object.keys(spec);
    this.#make = make;
    for (const labels of product(spec)) this.#entry(labels);
  }

  of(labels: ValuesOf<L>): H {
    return this.#entry(labels);
  }

  all = (): readonly { readonly labels: Readonly<Record<string, string>>; readonly handle: H }[] => [
    ...this.#entries.values(),
  ];

  #entry(labels: Readonly<Record<string, string>>): H {
    const key = this.#names.map((name) => labels[name] ?? '').join('\u0000');
    const known = this.#entries.get(key);
    if (known !== undefined) return known.handle;
    if (this.#entries.size >= SERIES_MAX) {
      const other = Object.fromEntries(this.#names.map((name) => [name, 'other']));
      const otherKey = this.#names.map(() => 'other').join('\u0000');
      const overflow = this.#entries.get(otherKey) ?? { labels: other, handle: this.#make(other) };
      this.#entries.set(otherKey, overflow);
      return overflow.handle;
    }
    const kept = Object.fromEntries(this.#names.map((name) => [name, labels[name] ?? '']));
    const entry = { labels: kept, handle: this.#make(kept) };
    this.#entries.set(key, entry);
    return entry.handle;
  }
}

/** Every label set of closed labels; none when a label is open. */
function product(spec: LabelSpec): readonly Record<string, string>[] {
  let sets: Record<string, string>[] = [{}];
  for (const [name, values] of Object.entries(spec)) {
    if (values === null) return [];
    sets = sets.flatMap((set) => values.map((value) => ({ ...set, [name]: value })));
  }
  return sets;
}

/** The table as Markdown lines for a README. */
export function metricTable(rows: readonly MetricRow[]): readonly string[] {
  return [
    '| metric | type | labels | meaning |',
    '|---|---|---|---|',
    ...rows.map(
      (row) => `| \`${row.name}\` | ${row.type} | ${row.labels.map((l) => `\`${l}\``).join(', ')} | ${row.help} |`,
    ),
  ];
}
