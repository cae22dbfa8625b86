/** raw-frames → telemetry, dead-letters, command-reports, device-settings. */
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
import { FormQueries } from './form-queries.js';
import { decoderMetrics } from './metrics.js';
import { STAGE } from './records.js';
import { RAW_FRAMES, DecoderTask } from './task.js';
import { VERSION } from './version.js';

const TOPICS = [
  'raw-frames',
  'telemetry',
  'dead-letters',
  'command-reports',
  'commands',
  'devices',
  'device-settings',
  'media',
] as const;
/** Records a step is given: about 100 ms of work, so that a rebalance never waits long. */
const BATCH_RECORDS_MAX = 2000;
/** Frames of so long are fetched together: a fetch of one costs as much as a fetch of a hundred. */
const FETCH_MS = 40;

await runService({
  name: 'decoder',
  env: process.env,
  loadConfig,
  build: async ({ config, log, metrics, tracer }) => {
    const codec = await connectCodec(config, log, TOPICS);
    const streams = connect(kafkaConnection(config, log));
    const admin = streams.admin();
    const partitions = await admin.partitionCount(RAW_FRAMES);
    await admin.close();
    const loop = processorMetrics(metrics, [RAW_FRAMES], tracer);
    const deps = {
      codec,
      version: VERSION,
      partitions,
      refetch: (partition: number, offsets: readonly number[]) => streams.fetchAt(RAW_FRAMES, partition, offsets),
      formQueries: new FormQueries(),
      metrics: decoderMetrics(metrics),
      log,
      mediaTopic: config.media,
      tracer,
      deadLetters: loop.deadLetters,
    };
    const processor = streams.processor({
      group: 'fleetwire-decoder',
      inputs: [RAW_FRAMES],
      tables: ['devices', 'device-settings'],
      guarantee: 'at_least_once',
      batchRecordsMax: BATCH_RECORDS_MAX,
      pace: { fetchMs: FETCH_MS },
      createTask: (partition) => new DecoderTask(partition, deps),
      deadLetter: bugDeadLetter(codec, STAGE, VERSION, loop.deadLetters),
      metrics: loop,
      log,
    });
    return [processorPart(processor)];
  },
});
