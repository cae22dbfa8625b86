import { describe, expect, it } from 'vitest';
import { PressureGate, RAMP_STEPS, STALL_MS, type PressureState } from './pressure.js';

const CALM: PressureState = { producerPressed: false, waitingSinceMs: null, lastFailureMs: -Infinity, lastCommitMs: 0 };
function sockets(count: number) {
  return Array.from({ length: count }, () => {
    const one = { pressed: false, press: () => void (one.pressed = true), unpress: () => void (one.pressed = false) };
    return one;
  });
}

describe('PressureGate', () => {
  it('closes before all sockets at the high mark, and before new ones', () => {
    const gate = new PressureGate(1000, () => undefined);
    const all = sockets(3);
    gate.look({ ...CALM, producerPressed: true }, 0, () => all);
    const [late] = sockets(1);
    gate.admit(late!);
    expect([...all, late!].every((one) => one.pressed)).toBe(true);
  });

  it('opens a slice at a time, first stopped first', () => {
    const gate = new PressureGate(1000, () => undefined);
    const all = sockets(2 * RAMP_STEPS);
    gate.look({ ...CALM, producerPressed: true }, 0, () => all);
    gate.look(CALM, 100, () => all);
    expect(all.map((one) => one.pressed).indexOf(true)).toBe(2);
    gate.look(CALM, 100 + 1000 / RAMP_STEPS, () => all);
    expect(all.map((one) => one.pressed).indexOf(true)).toBe(4);
    gate.look(CALM, 100 + 2000, () => all);
    expect(all.some((one) => one.pressed)).toBe(false);
  });

  it('closes again in the middle of the ramp', () => {
    const gate = new PressureGate(1000, () => undefined);
    const all = sockets(RAMP_STEPS);
    gate.look({ ...CALM, producerPressed: true }, 0, () => all);
    gate.look(CALM, 100, () => all);
    gate.look({ ...CALM, producerPressed: true }, 101, () => all);
    expect(all.every((one) => one.pressed)).toBe(true);
  });

  it('closes when nothing is committed for a while though something waits', () => {
    const gate = new PressureGate(0, () => undefined);
    gate.look({ ...CALM, waitingSinceMs: 0 }, STALL_MS - 1, () => []);
    expect(gate.closed).toBe(false);
    gate.look({ ...CALM, waitingSinceMs: 0 }, STALL_MS, () => []);
    expect(gate.closed).toBe(true);
  });

  it('stays closed after a failed commit until something is committed again', () => {
    const changes: boolean[] = [];
    const gate = new PressureGate(0, (closed) => changes.push(closed));
    gate.look({ ...CALM, lastFailureMs: 10 }, 11, () => []);
    gate.look({ ...CALM, lastFailureMs: 10 }, 99_999, () => []);
    expect(gate.closed).toBe(true);
    gate.look({ ...CALM, lastFailureMs: 10, lastCommitMs: 12 }, 100_000, () => []);
    expect(changes).toEqual([true, false]);
  });

  it('forgets a socket that is gone', () => {
    const gate = new PressureGate(0, () => undefined);
    const all = sockets(1);
    gate.look({ ...CALM, producerPressed: true }, 0, () => all);
    gate.forget(all[0]!);
    gate.look(CALM, 1, () => all);
    expect(all[0]!.pressed).toBe(true);
  });
});
