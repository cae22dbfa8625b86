export * from './answers.js';
export * from './catalogue.js';
export * from './markdown.js';
export { problemOfArguments, remedyOf, type ArgProblem, type ArgSchema, type ArgumentsSchema } from './schema.js';
export * from './settings.js';
export { expiresS, isDangerous, isLeaving, type Args, type CommandSpec, type Retry, type SettingLink } from './spec.js';
