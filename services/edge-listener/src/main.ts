/** Device sockets → raw-frames, dead-letters, device-sessions; edge-commands → device sockets, command-reports. */
import { kafkaConnection, registryAccess, runService } from '@fleetwire/service';
import { Codec } from '@fleetwire/schemas';
import { connect } from '@fleetwire/streaming';
import { loadConfig } from './config.js';
import { createEdge, EDGE_TOPICS } from './edge.js';
import { podCostPart } from './pod-cost.js';

/** A registry that is away at the start is waited for that long. */
const REGISTRY_TIMEOUT_MS = 60_000;

await runService({
  name: 'edge-listener',
  env: process.env,
  loadConfig,
  readyWhileStopping: true,
  build: async ({ config, log, metrics, tracer }) => {
    const codec = await Codec.connect({
      registryUrl: config.schemaRegistryUrl,
      access: registryAccess(config, log),
      topics: EDGE_TOPICS,
      log: (message, fields) => log.info(fields, message),
      timeoutMs: REGISTRY_TIMEOUT_MS,
    });
    const streams = connect(kafkaConnection(config, log));
    const edge = createEdge({ config, codec, streams, log, metrics, tracer });
    const connections = (): number =>
      edge.metrics.connections
        .all()
        .reduce((sum, { labels, handle }) => sum + (labels['transport'] === 'tcp' ? handle.value : 0), 0);
    const podCost = podCostPart({ config, connections, log });
    return podCost === null ? edge.parts : [...edge.parts, podCost];
  },
});
