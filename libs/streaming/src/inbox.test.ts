import { describe, expect, it } from 'vitest';
import type { Fetched } from './group.js';
import { Inbox, QueuedFeed } from './inbox.js';

/** A control that notes what it is told. */
function playControl() {
  const told: string[] = [];
  return {
    told,
    pause: (topic: string) => void told.push(`pause ${topic}`),
    resume: (topic: string) => void told.push(`resume ${topic}`),
    seek: (topic: string, _partition: number, offset: number) => void told.push(`seek ${topic} ${offset}`),
  };
}

const fetched = (topic: string, from: number, count: number): Fetched => ({
  topic,
  partition: 0,
  fetchedOffset: from,
  nextOffset: from + count,
  end: 1_000,
  highWatermark: 1_000,
  messages: Array.from({ length: count }, (_, i) => ({
    key: null,
    value: null,
    timestamp: '0',
    attributes: 0,
    offset: String(from + i),
    headers: {},
  })),
});
const never = () => false;

describe('an inbox', () => {
  it('gives records in order, at most a batch, of one feed at a time', () => {
    const inbox = new Inbox(playControl(), 100);
    const [a, b] = [new QueuedFeed('input', 'a', 0, 0), new QueuedFeed('input', 'b', 0, 0)];
    inbox.offer(a, fetched('a', 0, 3));
    inbox.offer(a, fetched('a', 3, 4));
    inbox.offer(b, fetched('b', 0, 2));
    const first = inbox.takeInput(5, never)!;
    expect(first.records.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4]);
    expect(first.end).toBe(5);
    expect(inbox.takeInput(5, never)!.records.map(({ offset }) => offset)).toEqual([5, 6]);
    expect(inbox.takeInput(5, never)!.feed).toBe(b);
    expect(inbox.takeInput(5, never)).toBeNull();
  });

  it('leaves out what was taken before, and seeks back rather than skip', () => {
    const control = playControl();
    const inbox = new Inbox(control, 100);
    const feed = new QueuedFeed('input', 'a', 0, 0);
    expect(inbox.offer(feed, fetched('a', 0, 5))).toBe(true);
    expect(inbox.offer(feed, fetched('a', 3, 4))).toBe(true);
    expect(inbox.takeInput(100, never)!.records.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(inbox.offer(feed, fetched('a', 9, 1))).toBe(false);
    expect(control.told).toContain('seek a 7');
  });

  it('pauses a feed of which much waits and resumes it when enough is done', () => {
    const control = playControl();
    const inbox = new Inbox(control, 10);
    const feed = new QueuedFeed('input', 'a', 0, 0);
    inbox.open(feed);
    inbox.offer(feed, fetched('a', 0, 20));
    expect(control.told.at(-1)).toBe('pause a');
    inbox.done(inbox.takeInput(10, never)!);
    expect(control.told.at(-1)).toBe('resume a');
  });

  it('sets position and pause again after a join', () => {
    const control = playControl();
    const inbox = new Inbox(control, 10);
    const feed = new QueuedFeed('input', 'a', 0, 7);
    inbox.open(feed);
    inbox.offer(feed, fetched('a', 7, 50));
    control.told.length = 0;
    inbox.restore(feed);
    expect(control.told).toEqual(['seek a 57', 'pause a']);
  });

  it('gives a suspected record alone, and what is put back first of all', () => {
    const inbox = new Inbox(playControl(), 100);
    const feed = new QueuedFeed('input', 'a', 0, 0);
    inbox.offer(feed, fetched('a', 0, 4));
    const batch = inbox.takeInput(100, never)!;
    inbox.offer(feed, fetched('a', 4, 1));
    inbox.putBack(batch);
    const alone = (_feed: QueuedFeed, offset: number) => offset < 2;
    expect(inbox.takeInput(100, alone)!.records.map(({ offset }) => offset)).toEqual([0]);
    expect(inbox.takeInput(100, alone)!.records.map(({ offset }) => offset)).toEqual([1]);
    expect(inbox.takeInput(100, alone)!.records.map(({ offset }) => offset)).toEqual([2, 3, 4]);
  });

  it('passes on how far a fetch without visible records came', () => {
    const inbox = new Inbox(playControl(), 100);
    const feed = new QueuedFeed('table', 'a', 0, 0);
    inbox.offer(feed, { ...fetched('a', 0, 0), nextOffset: 12, end: 12 });
    const chunk = inbox.takeLoad(100)!;
    inbox.done(chunk);
    expect(feed.applied).toBe(12);
  });

  it('lets input gather until there is a batch of it, or the time is over, or it is notified of an end', async () => {
    const inbox = new Inbox(playControl(), 100);
    const feed = new QueuedFeed('input', 'a', 0, 0);
    const far = (): number => performance.now() + 600_000;
    await inbox.gather(5, far(), never); // nothing waits: nothing to gather
    inbox.offer(feed, fetched('a', 0, 2));
    let gathered = false;
    const gathering = inbox.gather(5, far(), never).then(() => (gathered = true));
    inbox.offer(feed, fetched('a', 2, 2));
    await new Promise((resolve) => setImmediate(resolve));
    expect(gathered).toBe(false);
    inbox.offer(feed, fetched('a', 4, 1));
    await gathering;

    await inbox.gather(100, performance.now() + 1, never);
    let ended = false;
    const stopped = inbox.gather(100, far(), () => ended);
    ended = true;
    inbox.notify();
    await stopped;
    expect(inbox.takeInput(100, never)!.records).toHaveLength(5);
  });

  it('does not let tables and state wait, nor gathered input for them', async () => {
    const inbox = new Inbox(playControl(), 100);
    const [input, table] = [new QueuedFeed('input', 'a', 0, 0), new QueuedFeed('table', 't', 0, 0)];
    inbox.offer(input, fetched('a', 0, 1));
    inbox.offer(table, fetched('t', 0, 1));
    expect(await inbox.gather(100, performance.now() + 600_000, never)).toBe(false);
    expect(await inbox.gather(100, performance.now() - 1, never)).toBe(true);
    expect(inbox.takeLoad(100)!.feed).toBe(table);
    expect(inbox.takeLoad(100)).toBeNull();
    expect(inbox.empty).toBe(false);
  });

  it('does not part input by what came to be loaded in between', () => {
    const inbox = new Inbox(playControl(), 100);
    const [input, table] = [new QueuedFeed('input', 'a', 0, 0), new QueuedFeed('table', 't', 0, 0)];
    for (let at = 0; at < 3; at++) {
      inbox.offer(input, fetched('a', at, 1));
      inbox.offer(table, fetched('t', at, 1));
    }
    expect(inbox.takeInput(100, never)!.records).toHaveLength(3);
    expect(inbox.takeLoad(100)!.records).toHaveLength(3);
  });
});
