export { loadConfig } from './config.js';
export { decoderMetrics } from './metrics.js';
