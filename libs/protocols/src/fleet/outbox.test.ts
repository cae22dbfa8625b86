import { describe, expect, it } from 'vitest';
import { Drive } from './drive.js';
import { Outbox } from './outbox.js';

const START_MS = Date.UTC(2027, 0, 4, 7);
const reading = new Drive({ seed: 1, startMs: START_MS, latitude: 51.5, longitude: -0.12 }).read(START_MS);
const outbox = (window = 2, readingsMax = 10): Outbox => new Outbox({ window, readingsMax, timeoutMs: 10_000 });

function fill(box: Outbox, count: number): void {
  for (let i = 0; i < count; i++) box.add(reading, false);
}
function send(box: Outbox, count: number, key: number, nowMs = 0): number[] {
  const taken = box.take(count);
  box.sent(taken, key, nowMs);
  return taken.map((stored) => stored.sequence);
}

describe('the recorder of unconfirmed readings', () => {
  it('hands out readings in order and none while the window is full', () => {
    const box = outbox();
    fill(box, 5);
    expect(send(box, 2, 1)).toEqual([0, 1]);
    expect(send(box, 1, 2)).toEqual([2]);
    expect(box.take(2)).toEqual([]);
    expect(box.unconfirmedCount).toBe(5);
  });

  it('forgets the oldest frame by a confirmation that names none, and the named one by one that does', () => {
    const box = outbox();
    fill(box, 4);
    send(box, 1, 11, 100);
    send(box, 1, 12, 200);
    expect(box.acknowledgeOldest(300)).toMatchObject({ key: 11, sentMs: 100 });
    send(box, 1, 13, 300);
    expect(box.acknowledge(13, 400)).toMatchObject({ key: 13 });
    expect(box.acknowledge(13, 400)).toBeNull();
    expect(box.unconfirmedCount).toBe(2);
  });

  it('does not take a confirmation when nothing is out', () => {
    const box = outbox();
    fill(box, 1);
    expect(box.acknowledgeOldest(0)).toBeNull();
    expect(box.unconfirmedCount).toBe(1);
  });

  it('sends everything that was out again, first, in order, and marked as buffered', () => {
    const box = outbox();
    fill(box, 4);
    send(box, 2, 1);
    send(box, 1, 2);
    expect(box.rewind()).toBe(2);
    const again = box.take(10);
    expect(again.map((stored) => stored.sequence)).toEqual([0, 1, 2, 3]);
    expect(again.map((stored) => stored.buffered)).toEqual([true, true, true, false]);
  });

  it('gives up the oldest reading when it is full, and counts it', () => {
    const box = outbox(2, 3);
    fill(box, 5);
    expect(box.droppedCount).toBe(2);
    expect(box.take(9).map((stored) => stored.sequence)).toEqual([2, 3, 4]);
  });

  it('waits for its time-out from the last sign of life, and not at all when nothing is out', () => {
    const box = outbox();
    fill(box, 3);
    expect(box.timeoutAtMs).toBeNull();
    send(box, 1, 1, 1_000);
    send(box, 1, 2, 5_000);
    expect(box.timeoutAtMs).toBe(11_000);
    box.acknowledgeOldest(6_000);
    expect(box.timeoutAtMs).toBe(16_000);
    box.acknowledgeOldest(7_000);
    expect(box.timeoutAtMs).toBeNull();
  });

  it('keeps order through thousands of readings', () => {
    const box = outbox(1, 100_000);
    const seen: number[] = [];
    for (let round = 0; round < 2_000; round++) {
      fill(box, 3);
      seen.push(...send(box, 2, round));
      box.acknowledge(round, 0);
    }
    expect(seen).toEqual(Array.from({ length: 4_000 }, (_, i) => i));
    expect(box.unconfirmedCount).toBe(2_000);
  });
});
