export { loadConfig } from './config.js';
export { enricherMetrics } from './metrics.js';
