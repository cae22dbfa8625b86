/**
 * Scripted drives against what was driven: starts and halts within one reporting interval, distances within a hundredth, each event at its time,
 * and no trip through a night of drift. GNSS noise is of the usual size; what it does not show is how receivers really err.
 */
import { describe, expect, it } from 'vitest';
import { truthFindings } from './check.js';
import { scriptedFleet } from './fleet.js';

const SEED = Number(process.env['FLEETWIRE_SEED'] ?? 20260504);
const RUNS = Number(process.env['FLEETWIRE_SHUFFLE_RUNS'] ?? 1);

describe('drives of which the truth is known', () => {
  it.each(Array.from({ length: Math.max(1, RUNS) }, (_, i) => SEED + i))(
    'are told as they were, with seed %i',
    (seed) => {
      const fleet = scriptedFleet({ seed, devices: RUNS > 1 ? 50 : 8, hours: 12, calm: true, sparse: 1 });
      const trips = fleet.devices.reduce((sum, device) => sum + device.trips.length, 0);
      expect(trips).toBeGreaterThan(20);
      expect(truthFindings(fleet)).toEqual([]);
    },
    600_000,
  );
});
