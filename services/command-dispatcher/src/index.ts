export { loadConfig, definition } from './config.js';
export { dispatcherMetrics } from './metrics.js';
