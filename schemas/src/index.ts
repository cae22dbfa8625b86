export * from './apply.js';
export * from './codec.js';
export * from './errors.js';
export * from './flat.js';
export * from './records.generated.js';
export * from './registry.js';
export * from './topics.js';
export { TelemetryOutline } from './telemetry-outline.generated.js';
