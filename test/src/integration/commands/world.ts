import { inject } from 'vitest';
import { CommandWorld } from '../../harness/commands/world.js';
import '../../setup/provided.js';

/** The services on the broker that all tests of a run share. */
export const startWorld = (): Promise<CommandWorld> =>
  CommandWorld.start({ brokers: inject('brokers'), registry: inject('registry') });
