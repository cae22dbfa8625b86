export { loadConfig, definition } from './config.js';
export { enricherMetrics } from './metrics.js';
export { definition as placesDefinition } from './places/config.js';
