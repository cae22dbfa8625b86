/** Online and offline by the server's clock: three times the interval learnt for what the device does, and never at once. */
import { describe, expect, it } from 'vitest';
import { Liveness, SILENCE_MAX_US, SILENCE_MIN_US, SILENCE_UNKNOWN_US, type Mode } from './presence.js';

const SECOND = 1_000_000;
const START = 1_000_000 * SECOND;

/** A device that was heard so many times, each so many seconds, while it did this; and when it was heard last. */
function heard(liveness: Liveness, mode: Mode, everyS: number, count: number, fromUs: number): number {
  let at = fromUs;
  for (let i = 0; i < count; i++) liveness.seen((at += everyS * SECOND), mode);
  return at;
}
/** Silence after which it is offline, s. */
const silenceS = ({ deadlineUs, state }: Liveness): number => (deadlineUs - state.lastSeenUs) / SECOND;
/** As it comes back from a state record. */
const restored = ({ state }: Liveness): Liveness => new Liveness({ ...state, intervals: [...state.intervals] });

describe('presence', () => {
  it('learns an interval for moving, parked and asleep each, and keeps them over a restart', () => {
    let liveness = new Liveness();
    let at = heard(liveness, 'moving', 60, 20, START);
    expect(silenceS(liveness)).toBe(180);
    at = heard(liveness, 'parked', 600, 20, at);
    expect(silenceS(liveness)).toBe(1800);
    liveness = restored(liveness);
    at = heard(liveness, 'asleep', 7200, 5, at);
    expect(silenceS(liveness)).toBe(21_600);
    liveness = restored(liveness);
    // The first report of the drive ends the sleep; from then on the interval of drives counts.
    liveness.seen(at + 60 * SECOND, 'moving');
    expect(Math.round(silenceS(liveness) / 60)).toBeLessThanOrEqual(30);
  });

  it('waits at least two minutes and at most a day, and ten minutes while nothing is learnt', () => {
    const fast = new Liveness();
    heard(fast, 'moving', 5, 50, START);
    expect(fast.deadlineUs - fast.state.lastSeenUs).toBe(SILENCE_MIN_US);
    const slow = new Liveness();
    heard(slow, 'asleep', 200_000, 5, START);
    expect(slow.deadlineUs - slow.state.lastSeenUs).toBe(SILENCE_MAX_US);
    const fresh = new Liveness();
    fresh.seen(START, null);
    expect(fresh.deadlineUs - fresh.state.lastSeenUs).toBe(SILENCE_UNKNOWN_US);
  });

  it('goes offline once, dated to the end of what was waited for, and comes back once; in whole microseconds', () => {
    const liveness = new Liveness();
    let at = START;
    // Intervals whose mean has fractions.
    for (const s of [300, 301, 299, 300.5, 297]) liveness.seen((at += s * SECOND), 'parked');
    const deadline = liveness.deadlineUs;
    expect(Number.isInteger(deadline)).toBe(true);
    expect([liveness.judge(deadline), liveness.judge(deadline + 1), liveness.judge(deadline + 2)]).toEqual([
      false,
      true,
      false,
    ]);
    expect(liveness.state).toMatchObject({ online: false, onlineSinceUs: deadline });
    expect([liveness.seen(deadline + 9, null), liveness.seen(deadline + 10, null)]).toEqual([true, false]);
  });

  it('takes a batch of stored reports for one sign of life', () => {
    const liveness = new Liveness();
    let at = heard(liveness, 'moving', 60, 10, START);
    for (let i = 0; i < 100; i++) liveness.seen((at += 1000), 'moving');
    expect(silenceS(liveness)).toBe(180);
  });
});
