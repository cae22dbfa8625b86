import { Fleet, type FleetOptions } from './fleet.js';
import type { Stack } from './stack.js';
import { waitFor } from './wait.js';

/** Decides what devices report, and what fails when. Another one: `FLEETWIRE_SEED=…`. */
export const SEED = Number(process.env['FLEETWIRE_SEED'] ?? 20260401);

/** The fleet of one test at a time, at the edges of a stack. */
export class Driver {
  #fleet: Fleet | null = null;

  drive(stack: Stack, options: Partial<FleetOptions>): Fleet {
    this.#fleet = new Fleet({
      seed: SEED,
      devices: 40,
      everyMs: 300,
      transport: 'tcp',
      ports: stack.ports,
      ...options,
    });
    this.#fleet.start();
    return this.#fleet;
  }

  /** Waits until the fleet has been told of so many more reports. */
  async acknowledged(more: number): Promise<void> {
    const { ledger } = this.#fleet!;
    const goal = ledger.acknowledgedCount + more;
    await waitFor(`${more} more acknowledgements`, () => ledger.acknowledgedCount >= goal);
  }

  stop(): void {
    this.#fleet?.stop();
    this.#fleet = null;
  }
}
