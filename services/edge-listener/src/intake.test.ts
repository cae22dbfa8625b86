import { describe, expect, it, vi } from 'vitest';
import { Intake, Slots } from './intake.js';

describe('Intake', () => {
  it('begins a storm in the order of its arrival, at its rate, and leaves out who has gone', () => {
    vi.useFakeTimers();
    try {
      let nowMs = 0;
      const intake = new Intake<{ destroyed: boolean }>(1_000, { wallMs: () => 0, monotonicMs: () => nowMs });
      const begun: number[] = [];
      const sockets = Array.from({ length: 1_000 }, (_, i) => ({ destroyed: i === 150 }));
      sockets.forEach((socket, i) => intake.add(socket, () => begun.push(i)));
      expect(begun).toHaveLength(100); // The burst of a tenth of a second.
      for (const counts = [begun.length]; intake.length > 0; counts.push(begun.length)) {
        nowMs += 20;
        vi.advanceTimersByTime(20);
        expect(begun.length - counts.at(-1)!).toBeLessThanOrEqual(21);
      }
      expect(nowMs).toBeGreaterThanOrEqual(880);
      expect(nowMs).toBeLessThanOrEqual(920);
      expect(begun).toEqual(sockets.flatMap((socket, i) => (socket.destroyed ? [] : [i])));
    } finally {
      vi.useRealTimers();
    }
  });

  it('gives up those that wait when it closes', () => {
    const intake = new Intake<{ destroyed: boolean }>(10, { wallMs: () => 0, monotonicMs: () => 0 });
    const [first, second] = [{ destroyed: false }, { destroyed: false }];
    const begun: object[] = [];
    for (const one of [first, second]) intake.add(one, () => begun.push(one));
    expect(begun).toEqual([first]);
    expect(intake.close()).toEqual([second]);
    expect(intake.length).toBe(0);
  });
});

describe('Slots', () => {
  it('has at most so many at the same time, in order, however many give theirs back at once', () => {
    const slots = new Slots(2);
    const releases: (() => void)[] = [];
    const begun: number[] = [];
    for (let i = 0; i < 4; i++)
      slots.take((release) => {
        begun.push(i);
        releases.push(release);
      });
    expect([begun, slots.waiting]).toEqual([[0, 1], 2]);
    releases[0]?.();
    releases[0]?.();
    expect([begun, slots.taken]).toEqual([[0, 1, 2], 2]);
    let gone = 0;
    for (let i = 0; i < 50_000; i++)
      slots.take((release) => {
        gone++;
        release();
      });
    releases[1]?.();
    expect([begun, gone]).toEqual([[0, 1, 2, 3], 0]);
    releases[2]?.();
    expect([gone, slots.taken]).toEqual([50_000, 1]);
  });
});
