/**
 * A day of fifty devices ends in the same trips, stops, visits and events whatever the order of arrival: shuffled within the horizon, doubled,
 * in black-spot blocks, and with kills in between that leave nothing but the state records. The short form gives each device one order of
 * arrival; FLEETWIRE_SHUFFLE_RUNS gives every device every order, for so many seeds. What it does not show: changes of fences or limits in mid-day.
 */
import { describe, expect, it } from 'vitest';
import { delivered, inOrder, orderFindings } from './check.js';
import { MODES } from './delivery.js';
import { scriptedFleet, type FleetOptions } from './fleet.js';

const SEED = Number(process.env['FLEETWIRE_SEED'] ?? 20260504);
const RUNS = Number(process.env['FLEETWIRE_SHUFFLE_RUNS'] ?? 0);
const SHORT: FleetOptions = { seed: SEED, devices: 50, hours: 24, calm: false, sparse: 6 };
/** Every kind of record and event that the fold makes of what these devices do. */
const KINDS = [
  ['trip', 'stop', 'visit', 'moving', 'stopped', 'trip_start', 'trip_end', 'ignition_on', 'ignition_off', 'idle'],
  ['overspeed', 'harsh_braking', 'geofence_enter', 'geofence_exit', 'geofence_dwell', 'geofence_cross'],
  ['sos', 'jamming', 'power_cut', 'panic_button', 'door'],
].flat();

describe(`a day of fifty devices, seed ${SEED}`, () => {
  it('ends the same whatever the order of arrival, with kills in between, and publishes each report once', () => {
    const fleet = scriptedFleet(SHORT);
    const want = inOrder(fleet);
    const have = delivered(fleet, (i) => MODES[i % MODES.length]!, SEED + 1);
    expect(orderFindings(want, have)).toEqual([]);
    expect(have.duplicates).toBeGreaterThan(100);
    expect(have.kills).toBeGreaterThan(1);
    const said = [...want.finals().values()].join('\n');
    expect(KINDS.filter((kind) => !said.includes(`":"${kind}"`))).toEqual([]);
  }, 120_000);

  // The long form, `npm run test:shuffle`.
  if (RUNS > 0)
    it('ends the same in every order of arrival, for each device and many seeds', () => {
      for (let n = 0; n < RUNS; n++) {
        const fleet = scriptedFleet({ ...SHORT, seed: SEED + n, sparse: 1 + (n % 3) });
        const want = inOrder(fleet);
        for (const [m, mode] of MODES.entries())
          expect([
            n,
            mode,
            orderFindings(
              want,
              delivered(fleet, () => mode, SEED + n * 10 + m),
            ),
          ]).toEqual([n, mode, []]);
      }
    }, 3_600_000);
});
