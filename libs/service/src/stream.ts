/** What every service with a processor needs of it: its metrics, its probes and its place in the order of starting and stopping. */
import type { Processor, ProcessorMetrics } from '@fleetwire/streaming';
import type { Metrics } from './metrics.js';
import type { Part } from './run.js';

/** Silence of the Kafka client after which the process is taken for stuck and restarted. A broker outage alone keeps retrying. */
export const CLIENT_SILENCE_MAX_MS = 300_000;

/** A lag that was not told for that long belongs to another process by now: the loop tells it every second. */
const LAG_STALE_MS = 10_000;

/** Declares the metrics of the loop and returns where it reports them. Lag in seconds is the age of the last record processed. */
export function processorMetrics(metrics: Metrics, inputs: readonly string[]): ProcessorMetrics {
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
  /** When the lag of a partition was last told, by `topic partition`: one that left this process is told no more. */
  const toldMs = new Map<string, number>();
  const lag = metrics.gauge({
    name: 'fleetwire_lag_records',
    help: 'records behind the end of the partition',
    labels: { topic: null, partition: null },
    collect: (series) => {
      for (const { labels, handle } of series.all()) {
        const told = toldMs.get(`${labels['topic'] ?? ''} ${labels['partition'] ?? ''}`) ?? 0;
        if (performance.now() - told > LAG_STALE_MS) handle.value = 0;
      }
    },
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
      age.of({ topic: info.topic }).observe(Math.max(0, Date.now() - info.lastTimestampMs) / 1000);
    },
    transactionFailed: (reason) => failed.of({ reason }).inc(),
    lag(topic, partition, count) {
      toldMs.set(`${topic} ${partition}`, performance.now());
      lag.of({ topic, partition: String(partition) }).value = count;
    },
    restored(_partition, count, time) {
      restored.of({}).inc(count);
      restoreSeconds.of({}).observe(time);
    },
  };
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
