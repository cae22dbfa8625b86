/** Device sockets → raw-frames, dead-letters, device-sessions; edge-commands → device sockets, command-reports. */
import { kafkaConnection, connectCodec, runService } from '@fleetwire/service';
import { connect } from '@fleetwire/streaming';
import { loadConfig } from './config.js';
import { createEdge, EDGE_TOPICS } from './edge.js';
import { podCostPart } from './pod-cost.js';

await runService({
  name: 'edge-listener',
  env: process.env,
  loadConfig,
  readyWhileStopping: true,
  build: async ({ config, log, metrics, tracer }) => {
    const codec = await connectCodec(config, log, EDGE_TOPICS);
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
