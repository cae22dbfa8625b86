export { loadConfig, definition, type EdgeConfig } from './config.js';
export { createEdge, EDGE_TOPICS, type Edge, type EdgeDeps } from './edge.js';
export { edgeMetrics, udpKernelDrops } from './metrics.js';
