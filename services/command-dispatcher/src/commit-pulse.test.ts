import { describe, expect, it } from 'vitest';
import { BEAT_EVERY_MS, COMMIT_AGE_MAX_MS, CommitPulse } from './commit-pulse.js';
import { LEASE_MS, Leases } from './leases.js';

describe('the pulse of commits', () => {
  it('asks one partition for a beat when nothing was committed for a while', () => {
    const pulse = new CommitPulse();
    expect(pulse.healthy(0)).toBe(false);
    expect([pulse.beatDue(0), pulse.beatDue(1)]).toEqual([true, false]);
    pulse.committed(10);
    expect(pulse.beatDue(10 + BEAT_EVERY_MS - 1)).toBe(false);
    expect(pulse.beatDue(10 + BEAT_EVERY_MS)).toBe(true);
    expect(pulse.healthy(10 + COMMIT_AGE_MAX_MS - 1)).toBe(true);
    expect(pulse.healthy(10 + COMMIT_AGE_MAX_MS)).toBe(false);
  });

  it('stops the clock of leases in an outage, so that no lease lapses by it', () => {
    const pulse = new CommitPulse();
    const leases = new Leases();
    leases.renew('edge-a', false);
    const run = (fromMs: number, toMs: number, commits: boolean): void => {
      for (let nowMs = fromMs; nowMs < toMs; nowMs += 1_000) {
        if (commits) pulse.committed(nowMs);
        leases.look(nowMs, pulse.healthy(nowMs));
      }
    };
    run(0, 5_000, true);
    run(5_000, 600_000, false);
    expect(leases.alive('edge-a')).toBe(true);
    run(600_000, 600_000 + LEASE_MS, true);
    expect(leases.alive('edge-a')).toBe(false);
  });
});
