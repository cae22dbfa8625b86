/**
 * The drain of an edge beside another, in small: some hundred devices that send all the time, commands under way. `npm run bench:drain` does it
 * with ten thousand and judges the rate; here a busy machine may be late, but never faster than it was told.
 */
import { describe, expect, inject, it } from 'vitest';
import { measureDrain, type DrainOptions } from '../harness/drain.js';
import '../setup/provided.js';

const small = (): DrainOptions => ({
  brokers: inject('brokers'),
  registry: inject('registry'),
  connections: 300,
  rate: 100,
  shedPerSecond: 150,
  lameDuckMs: 500,
  commands: 12,
  storm: true,
  acceptsPerSecond: 500,
  say: () => undefined,
});

describe('an edge that drains beside another', () => {
  it(
    'cuts each device once, at its rate, loses and leaves nothing, and ends with 0',
    { timeout: 600_000 },
    async () => {
      const figures = await measureDrain(small());
      const told = JSON.stringify(figures);
      expect(figures, told).toMatchObject({
        exitCode: 0,
        neverCut: 0,
        lost: 0,
        unanswered: 0,
        sessionsLeft: 0,
        commandFindings: [],
        readyInLameDuck: true,
        readyWhileShedding: false,
      });
      // A machine that is very late for its answers closes connections for that, and is not to be blamed on the drain.
      expect(figures.cutMoreOften, told).toBeLessThanOrEqual(figures.cutForAge);
      expect(figures.committedUnanswered, told).toBeLessThanOrEqual(figures.cutForAge);
      expect(figures.shedPerSecond, told).toBeLessThanOrEqual(1.1 * 150);
      expect(figures.framesAcknowledged, told).toBeGreaterThan(300);
      expect(figures.commandsSent, told).toBeGreaterThan(0);
      expect(figures.storm!.placesMoved, told).toBeLessThan(0.5);
    },
  );
});
