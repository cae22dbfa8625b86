import { describe, expect, it } from 'vitest';
import { QueuedFeed } from './inbox.js';
import { Loading } from './loading.js';
import type { InRecord } from './ports.js';
import { BARRIER_KEY } from './transaction.js';

const record = (offset: number, key: string, value: string | null): InRecord => ({
  topic: 's',
  partition: 0,
  offset,
  key: Buffer.from(key),
  value: value === null ? null : Buffer.from(value),
  headers: {},
  timestampMs: 0,
});
const state = (): QueuedFeed => new QueuedFeed('state', 's', 0, 0);

describe('loading a partition', () => {
  it('is complete when every table is at its end and the state at the barrier', () => {
    const loading = new Loading({ id: 'mine', offset: 9 });
    const [feed, table] = [state(), new QueuedFeed('table', 't', 0, 0)];
    loading.addState(feed);
    loading.addTable(table, 5);
    feed.applied = 10;
    expect(loading.complete).toBe(false);
    table.applied = 5;
    expect(loading.complete).toBe(true);
  });

  it('shows the task no barrier, neither ours nor those of former owners', () => {
    const loading = new Loading({ id: 'mine', offset: 9 });
    const records = [record(3, 'device', 'x'), record(5, BARRIER_KEY, 'former'), record(9, BARRIER_KEY, 'mine')];
    expect(loading.visible({ feed: state(), records, end: 10 }).map(({ offset }) => offset)).toEqual([3]);
  });

  it('does not go on past the place of a barrier that was not there', () => {
    const loading = new Loading({ id: 'mine', offset: 9 });
    const chunk = { feed: state(), records: [record(9, BARRIER_KEY, 'of another')], end: 10 };
    expect(() => loading.visible(chunk)).toThrow(/barrier at 9/);
  });

  it('takes state without any offset for expired offsets, but tombstones alone for none', () => {
    const loading = new Loading({ id: 'mine', offset: 9 });
    expect(loading.offsetsExpired(['in'], new Map())).toBe(false);
    loading.visible({ feed: state(), records: [record(1, 'device', null)], end: 2 });
    expect(loading.offsetsExpired(['in'], new Map())).toBe(false);
    loading.visible({ feed: state(), records: [record(2, 'device', 'x')], end: 3 });
    expect(loading.offsetsExpired(['in', 'also'], new Map())).toBe(true);
    expect(loading.offsetsExpired(['in', 'also'], new Map([['also', 4]]))).toBe(false);
  });
});
