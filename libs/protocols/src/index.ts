export * from './protocol.js';
export * from './catalogue/report.generated.js';
export * from './catalogue/set.js';
export * from './wire/identity.js';
