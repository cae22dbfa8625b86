import { describe, expect, it } from 'vitest';
import { seeded } from './testing/random.js';
import { Agenda } from './agenda.js';

describe('the agenda', () => {
  it('tells each device once, when its time has come, the newest time said counting', () => {
    const agenda = new Agenda();
    agenda.set('a', 100);
    agenda.set('b', 50);
    agenda.set('a', 20);
    agenda.set('c', 10);
    agenda.set('c', null);
    expect(agenda.take(9)).toEqual([]);
    expect(agenda.take(60)).toEqual(['a', 'b']);
    expect(agenda.take(1_000)).toEqual([]);
    expect(agenda.size).toBe(0);
  });

  it('tells a device early that was woken, and not one that waits for nothing', () => {
    const agenda = new Agenda();
    agenda.set('a', 100);
    agenda.wake('a');
    agenda.wake('z');
    expect(agenda.take(0)).toEqual(['a']);
    expect(agenda.take(100)).toEqual([]);
  });

  it('agrees with a list that is sorted anew each time', () => {
    const random = seeded(5);
    const agenda = new Agenda();
    const model = new Map<string, number>();
    for (let now = 0; now < 4_000; now++) {
      for (let i = random(6); i > 0; i--) {
        const ident = String(random(200));
        const at = random(4) === 0 ? null : now + 1 + random(400);
        agenda.set(ident, at);
        if (at === null) model.delete(ident);
        else model.set(ident, at);
      }
      const due = [...model].filter(([, at]) => at <= now).map(([ident]) => ident);
      for (const ident of due) model.delete(ident);
      expect([...agenda.take(now)].sort()).toEqual(due.sort());
    }
    expect(agenda.size).toBe(model.size);
  });
});
