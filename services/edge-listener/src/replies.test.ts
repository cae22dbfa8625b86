import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReplyQueue, type Owed, type ReplyResult } from './replies.js';

const frameOf = (n: number): Uint8Array => Uint8Array.of(n >> 8, n & 255);
const owed = (n: number, more: Partial<Owed> = {}): Owed => ({
  frame: frameOf(n),
  reply: frameOf(n),
  receivedMs: 0,
  ageMaxMs: null,
  state: 'pending',
  ...more,
});
function sink() {
  const results: ReplyResult[] = [];
  return { results, settled: (_: Owed, result: ReplyResult): void => void results.push(result) };
}
const numbers = (writes: readonly Uint8Array[]): number[] => writes.map((bytes) => bytes[0]! * 256 + bytes[1]!);

describe('ReplyQueue', () => {
  it('holds an answer back until every frame before it is decided', () => {
    const queue = new ReplyQueue(true);
    const [first, second] = [owed(1), owed(2)];
    queue.push(first);
    queue.push(second);
    second.state = 'committed';
    const told = sink();
    expect(queue.flush(0, true, told)).toEqual([]);
    first.state = 'committed';
    expect(numbers(queue.flush(0, true, told))).toEqual([1, 2]);
    expect(told.results).toEqual(['acked', 'acked']);
    expect(queue.length).toBe(0);
  });

  it('sends nothing after a commit that failed on a stream, but goes on with datagrams', () => {
    for (const ordered of [true, false]) {
      const queue = new ReplyQueue(ordered);
      for (const state of ['committed', 'failed', 'committed'] as const) queue.push(owed(7, { state }));
      const told = sink();
      expect(queue.flush(0, true, told).length).toBe(ordered ? 1 : 2);
      expect(told.results).toEqual(['acked', 'nacked', ordered ? 'unanswered' : 'acked']);
      expect(queue.broken).toBe(ordered);
    }
  });

  it('never sends an answer that is older than its age', () => {
    const queue = new ReplyQueue(false);
    queue.push(owed(1, { ageMaxMs: 100, receivedMs: 0, state: 'committed' }));
    queue.push(owed(2, { ageMaxMs: 100, receivedMs: 1, state: 'committed' }));
    expect(numbers(queue.flush(101, true, sink()))).toEqual([2]);
  });

  it('takes a frame for a copy until the answer of the first one has left, and not after a failed commit', () => {
    const queue = new ReplyQueue(true);
    const first = owed(1);
    queue.push(first);
    expect([frameOf(1), frameOf(2), Uint8Array.of(1)].map((frame) => queue.hasCopy(frame, 0))).toEqual([
      true,
      false,
      false,
    ]);
    first.state = 'committed';
    expect(queue.hasCopy(frameOf(1), 0)).toBe(true);
    queue.flush(0, true, sink());
    expect(queue.hasCopy(frameOf(1), 0)).toBe(false);
    queue.push(owed(2, { state: 'failed' }));
    expect(queue.hasCopy(frameOf(2), 0)).toBe(false);
  });

  it('knows each of thousands of pending frames, and none of them once it is answered', () => {
    const queue = new ReplyQueue(true);
    const frames = Array.from({ length: 5_000 }, (_, n) => owed(n));
    for (const frame of frames) queue.push(frame);
    expect(frames.every((frame) => queue.hasCopy(frame.frame, 0))).toBe(true);
    expect(queue.hasCopy(frameOf(5_000), 0)).toBe(false);
    for (const frame of frames.slice(0, 4_000)) frame.state = 'committed';
    queue.flush(0, true, sink());
    expect(frames.filter((frame) => queue.hasCopy(frame.frame, 0)).length).toBe(1_000);
  });

  it('takes a copy of an answered datagram for the doubling of the network until the device itself can have sent again', () => {
    const queue = new ReplyQueue(false);
    queue.push(owed(1, { ageMaxMs: 100, receivedMs: 0, state: 'committed' }));
    queue.push(owed(2, { ageMaxMs: null, receivedMs: 0, state: 'committed' }));
    queue.flush(5, true, sink());
    expect([5, 100, 101].map((nowMs) => queue.hasCopy(frameOf(1), nowMs))).toEqual([true, true, false]);
    // An answer that names its frame may come twice.
    expect(queue.hasCopy(frameOf(2), 5)).toBe(false);
  });

  it('tells every frame one result in order, and writes every answer of a good stream, however commits and flushes come', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ hasReply: fc.boolean(), later: fc.boolean() }), { maxLength: 60 }), (steps) => {
        const queue = new ReplyQueue(true);
        const frames = steps.map((step, n) => owed(n, { reply: step.hasReply ? frameOf(n) : null }));
        const told: Owed[] = [];
        const results = { settled: (one: Owed): void => void told.push(one) };
        const written: number[] = [];
        for (const frame of frames) queue.push(frame);
        for (const late of [false, true])
          frames.forEach((frame, n) => {
            if (steps[n]!.later !== late) return;
            frame.state = 'committed';
            written.push(...numbers(queue.flush(0, true, results)));
          });
        expect(told).toEqual(frames);
        expect(written).toEqual(frames.flatMap((frame, n) => (frame.reply === null ? [] : [n])));
      }),
    );
  });
});
