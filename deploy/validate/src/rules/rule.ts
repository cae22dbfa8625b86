import type { Problem } from '../manifest.js';
import type { World } from '../world.js';

/** Looks at all manifests together and says what is wrong. */
export type Rule = (world: World) => readonly Problem[];
