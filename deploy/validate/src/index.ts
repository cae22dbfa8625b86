/** What the operations tests use: where things are, the rendering, and the schemas as files for other validators. */
export { parseManifests, type Manifest } from './manifest.js';
export { render, RENDERED, RENDERINGS, renderedHead, ROOT, sourceDigest } from './render.js';
export { ALERT_NAMES, GROUPS } from './ops/rules.js';
export { schemaFiles } from './schema-files.js';
