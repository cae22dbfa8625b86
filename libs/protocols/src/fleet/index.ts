/**
 * Simulated trackers: pure state machines that drive, report, resend and answer. They live beside the protocols and not in them,
 * because a fleet speaks several. Exported as `@fleetwire/protocols/fleet`.
 */
export * from './astra-device.js';
export * from './atrack-device.js';
export * from './drive.js';
export * from './fleet.js';
export * from './h02-device.js';
export * from './idents.js';
export * from './jt808-device.js';
export * from './outbox.js';
export * from './tracker.js';
