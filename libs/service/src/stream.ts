/** What every service with a processor needs of it: its metrics, its probes and its place in the order of starting and stopping. */
import type { Processor, ProcessorMetrics } from '@fleetwire/streaming';
import { RECORD_FAILURES, type DeadLetterCounts } from './dead-letter.js';
import type { Metrics } from './metrics.js';
import type { Part } from './run.js';
import type { Tracer } from './tracing.js';

/** Silence of the Kafka client after which the process is taken for stuck and restarted. A broker outage alone keeps retrying. */
export const CLIENT_SILENCE_MAX_MS = 300_000;

/** A lag that was not told for that long belongs to another process by now: the loop tells it every second. */
const LAG_STALE_MS = 10_000;

/** Declares the metrics of the loop and returns where it reports them. With a tracer, histograms show a trace as an example. */
export function processorMetrics(
  metrics: Metrics,
  inputs: readonly string[],
  tracer: Tracer | null = null,
): ProcessorMetrics & { readonly deadLetters: DeadLetterCounts } {
  const records = metrics.counter({
    name: 'fleetwire_consumed_records_total',
    help: 'records of an input topic that were processed and committed',
    labels: { topic: inputs },
  });
  const outputs = metrics.counter({
    name: 'fleetwire_produced_records_total',
    help: 'records that those steps wrote',
    labels: { topic: inputs },
  });
  const seconds = metrics.histogram({
    name: 'fleetwire_step_duration_seconds',
    help: 'time of one step over a batch, until it was committed',
    labels: { topic: inputs },
  });
  const age = metrics.histogram({
    name: 'fleetwire_record_age_seconds',
    help: 'age of the last record of a batch when it was committed',
    labels: { topic: inputs },
  });
  const partitions = new Map<string, PartitionLag>();
  const of = (topic: string, partition: number): PartitionLag => {
    const key = `${topic} ${partition}`;
    let known = partitions.get(key);
    if (known === undefined) partitions.set(key, (known = new PartitionLag()));
    return known;
  };
  const at = (labels: Readonly<Record<string, string>>): PartitionLag | undefined =>
    partitions.get(`${labels['topic'] ?? ''} ${labels['partition'] ?? ''}`);
  const lag = metrics.gauge({
    name: 'fleetwire_lag_records',
    help: 'records behind the end of the partition',
    labels: { topic: null, partition: null },
    collect: (series) => {
      for (const { labels, handle } of series.all()) handle.value = at(labels)?.records() ?? 0;
    },
  });
  const lagSeconds = metrics.gauge({
    name: 'fleetwire_lag_seconds',
    help: 'how old the oldest unread record of the partition may be; 0 when all are read',
    labels: { topic: null, partition: null },
    collect: (series) => {
      for (const { labels, handle } of series.all()) handle.value = at(labels)?.seconds(Date.now()) ?? 0;
    },
  });
  const deadLetters = metrics.counter({
    name: 'fleetwire_dlq_records_total',
    help: 'whole records that were given up: bug, wrong_partition (written by another partitioner), invalid (not readable)',
    labels: { stage: [metrics.service], reason: RECORD_FAILURES },
  });
  const failed = metrics.counter({
    name: 'fleetwire_transactions_failed_total',
    help: 'batches that were not committed and began again, by reason',
    labels: { reason: null },
  });
  const restored = metrics.counter({
    name: 'fleetwire_restored_records_total',
    help: 'records of state and tables read before a partition was ready',
  });
  const restoreSeconds = metrics.histogram({
    name: 'fleetwire_restore_duration_seconds',
    help: 'time from the assignment of a partition until it was ready',
  });
  return {
    batch(info) {
      records.of({ topic: info.topic }).inc(info.records);
      outputs.of({ topic: info.topic }).inc(info.outputs);
      seconds.of({ topic: info.topic }).observe(info.seconds);
      age
        .of({ topic: info.topic })
        .observe(Math.max(0, Date.now() - info.lastTimestampMs) / 1000, tracer?.exampleOf(info.topic));
      of(info.topic, info.partition).processed(info.lastTimestampMs);
    },
    deadLetters: { count: (reason) => deadLetters.of({ stage: metrics.service, reason }).inc() },
    transactionFailed: (reason) => failed.of({ reason }).inc(),
    lag(topic, partition, count) {
      of(topic, partition).told(count, Date.now());
      // The series exist from the first word on; their values are asked for by a scrape.
      lag.of({ topic, partition: String(partition) });
      lagSeconds.of({ topic, partition: String(partition) });
    },
    restored(_partition, count, time) {
      restored.of({}).inc(count);
      restoreSeconds.of({}).observe(time);
    },
  };
}

/**
 * How far a partition is behind, in records and in seconds. The next unread record is younger than the last one processed, and was written after the last time at
 * which nothing was unread: the younger of the two is the nearest bound of its age from above. Before either is known it is the time since the partition was taken.
 */
export class PartitionLag {
  #records = 0;
  #toldAt = 0;
  #boundMs = 0;

  /** `count` records are unread. */
  told(count: number, nowMs: number): void {
    if (count === 0 || this.#boundMs === 0 || this.#stale()) this.#boundMs = Math.max(this.#boundMs, nowMs);
    this.#records = count;
    this.#toldAt = performance.now();
  }
  /** Everything up to a record of that time is processed. */
  processed(timestampMs: number): void {
    // A backlog is older than the time at which the partition was taken: what is processed tells.
    this.#boundMs = this.#records > 0 || this.#boundMs === 0 ? timestampMs : Math.max(this.#boundMs, timestampMs);
  }
  /** 0 once it is not told any more: the partition went to another process. */
  records(): number {
    return this.#stale() ? 0 : this.#records;
  }
  seconds(nowMs: number): number {
    return this.records() === 0 ? 0 : Math.max(0, nowMs - this.#boundMs) / 1000;
  }
  #stale(): boolean {
    return performance.now() - this.#toldAt > LAG_STALE_MS;
  }
}

/** The processor as a part of a service. Ready when every assigned partition is; an operator's stop keeps it unready. */
export function processorPart(processor: Processor): Part {
  return {
    name: 'processor',
    start: () => processor.start(),
    stop: () => processor.stop(),
    failed: processor.failed,
    live: () => {
      const { silenceMs } = processor.status();
      return silenceMs < CLIENT_SILENCE_MAX_MS || `the Kafka client has been silent for ${Math.round(silenceMs)} ms`;
    },
    ready: () => {
      const { assigned, ready, stopped } = processor.status();
      const first = stopped[0];
      if (first !== undefined) return `${first.topic}-${first.partition} is stopped: ${first.reason}`;
      return ready.length === assigned.length || `${ready.length} of ${assigned.length} partitions are ready`;
    },
  };
}
