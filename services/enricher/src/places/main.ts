/** trips, telemetry-enriched → places: names of places, beside the stream. Off unless it is started: nothing waits for it. */
import {
  bugDeadLetter,
  kafkaConnection,
  processorMetrics,
  processorPart,
  connectCodec,
  runService,
} from '@fleetwire/service';
import { connect } from '@fleetwire/streaming';
import { loadConfig } from './config.js';
import { placesMetrics } from './metrics.js';
import { providersOf } from './providers.js';
import { ENRICHED, PLACES, PlacesTask, TRIPS } from './task.js';

const TOPICS = [TRIPS, ENRICHED, PLACES, 'dead-letters'] as const;
const BATCH_RECORDS_MAX = 500;

await runService({
  name: 'places',
  env: process.env,
  loadConfig,
  build: async ({ config, log, metrics }) => {
    const { places, cells } = await providersOf(config);
    const codec = await connectCodec(config, log, TOPICS);
    // Reports are read for their cells alone.
    const inputs = cells === null ? [TRIPS] : [TRIPS, ENRICHED];
    const known = new Set<string>();
    const deps = { codec, places, cells, resolution: config.resolution, metrics: placesMetrics(metrics), known };
    const processor = connect(kafkaConnection(config, log)).processor({
      group: 'fleetwire-places',
      inputs,
      guarantee: 'at_least_once',
      batchRecordsMax: BATCH_RECORDS_MAX,
      createTask: () => new PlacesTask(deps),
      deadLetter: bugDeadLetter(codec, 'enricher', null),
      metrics: processorMetrics(metrics, inputs),
      log,
    });
    return [processorPart(processor)];
  },
});
