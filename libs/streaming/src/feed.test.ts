import { describe, expect, it } from 'vitest';
import { Feed } from './feed.js';

describe('a feed', () => {
  it('takes what follows, and only what is new of what comes twice', () => {
    const feed = new Feed('t', 0, 10);
    expect(feed.take({ fetchedOffset: 10, nextOffset: 15, end: 30 }, 1)).toEqual({ kind: 'ok', from: 10 });
    expect(feed.take({ fetchedOffset: 12, nextOffset: 20, end: 30 }, 2)).toEqual({ kind: 'ok', from: 15 });
    expect(feed.next).toBe(20);
  });

  it('refuses a fetch that would leave records out', () => {
    const feed = new Feed('t', 0, 10);
    expect(feed.take({ fetchedOffset: 11, nextOffset: 15, end: 30 }, 1)).toEqual({ kind: 'gap' });
    expect(feed.next).toBe(10);
  });

  it('never goes back, whatever an old fetch says', () => {
    const feed = new Feed('t', 0, 10);
    feed.take({ fetchedOffset: 0, nextOffset: 5, end: 5 }, 1);
    expect(feed.next).toBe(10);
  });

  it('knows the end by its position, control records and empty fetches included', () => {
    const feed = new Feed('t', 0, 10);
    feed.take({ fetchedOffset: 10, nextOffset: 19, end: 20 }, 1);
    expect(feed.atEndMs).toBeNull();
    feed.take({ fetchedOffset: 19, nextOffset: 20, end: 20 }, 2);
    expect(feed.atEndMs).toBe(2);
  });
});
