export { loadConfig } from './config.js';
export { dispatcherMetrics } from './metrics.js';
