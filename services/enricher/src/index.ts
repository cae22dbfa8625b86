export { loadConfig, definition } from './config.js';
export { enricherMetrics } from './metrics.js';
