export { loadConfig, definition } from './config.js';
export { decoderMetrics } from './metrics.js';
