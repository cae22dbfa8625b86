/** telemetry → telemetry-enriched, device-state, events, trips, duplicates; exactly once. */
import {
  bugDeadLetter,
  kafkaConnection,
  connectCodec,
  processorMetrics,
  processorPart,
  runService,
} from '@fleetwire/service';
import { connect } from '@fleetwire/streaming';
import { loadConfig } from './config.js';
import { GroupBook } from './devices.js';
import { FenceBook } from './geofence/book.js';
import { enricherMetrics } from './metrics.js';
import { DEVICES, EnricherTask, SESSIONS, STAGE, STATE_TOPIC, TELEMETRY } from './task.js';
import { fencesPart, groupsPart, GEOFENCES } from './whole-tables.js';

const TOPICS = [
  TELEMETRY,
  'telemetry-enriched',
  'device-state',
  'events',
  'trips',
  'duplicates',
  'dead-letters',
  STATE_TOPIC,
  SESSIONS,
  DEVICES,
  GEOFENCES,
] as const;
/** Records of a transaction: more make it cheaper a record, fewer make it seen sooner. */
const BATCH_RECORDS_MAX = 1_000;
/** Reports of so long are fetched together. */
const FETCH_MS = 50;
/** And those of a partition are committed together: a transaction of one report costs nearly as much as one of a hundred. */
const COMMIT_MS = 300;

await runService({
  name: 'enricher',
  env: process.env,
  loadConfig,
  build: async ({ config, log, metrics, tracer }) => {
    const codec = await connectCodec(config, log, TOPICS);
    const streams = connect(kafkaConnection(config, log));
    const admin = streams.admin();
    const partitions = await admin.partitionCount(TELEMETRY);
    await admin.close();
    const groups = new GroupBook();
    const fences = new FenceBook();
    const loop = processorMetrics(metrics, [TELEMETRY], tracer);
    const deps = {
      codec,
      partitions,
      groups,
      fences,
      metrics: enricherMetrics(metrics),
      tracer,
      deadLetters: loop.deadLetters,
    };
    const processor = streams.processor({
      group: 'fleetwire-enricher',
      inputs: [TELEMETRY],
      tables: [SESSIONS, DEVICES],
      state: STATE_TOPIC,
      guarantee: 'exactly_once',
      batchRecordsMax: BATCH_RECORDS_MAX,
      pace: { fetchMs: FETCH_MS, commitMs: COMMIT_MS },
      createTask: (partition) => new EnricherTask(partition, deps),
      deadLetter: bugDeadLetter(codec, STAGE, null, loop.deadLetters),
      metrics: loop,
      log,
    });
    const whole = { streams, codec, log, metrics: deps.metrics };
    // Fences and groups are known before the first report is folded.
    return [fencesPart(whole, fences), groupsPart(whole, groups), processorPart(processor)];
  },
});
