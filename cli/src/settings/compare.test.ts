import { describe, expect, it } from 'vitest';
import type { Setting } from '@fleetwire/schemas';
import { compareSettings } from './compare.js';

const setting = (name: string, side: Setting['side'], value: unknown): Setting => ({
  ident: '1',
  name,
  side,
  value: value === undefined ? null : JSON.stringify(value),
  at: 1_800_000_000_000_000,
  by: null,
  command_id: null,
  source: side === 'reported' ? 'reply' : null,
  source_offset: null,
  history: [],
  waiting: [],
  waiting_dropped: 0,
});

describe('settings side by side', () => {
  it('are in step, drift, are unknown or were never wanted', () => {
    const rows = compareSettings([
      setting('b', 'desired', 1),
      setting('b', 'reported', 2),
      setting('a', 'desired', 1),
      setting('a', 'reported', 1),
      setting('c', 'desired', 1),
      setting('d', 'reported', { form: '%SA' }),
    ]);
    expect(rows.map(({ setting, status }) => [setting, status])).toEqual([
      ['a', 'in_sync'],
      ['b', 'drift'],
      ['c', 'unknown'],
      ['d', 'not_set'],
    ]);
    expect(rows[0]).toEqual({
      ident: '1',
      setting: 'a',
      desired: 1,
      reported: 1,
      status: 'in_sync',
      desired_at: '2027-01-15T08:00:00.000Z',
      reported_at: '2027-01-15T08:00:00.000Z',
      source: 'reply',
    });
  });

  it('have no value while a report waits for them', () => {
    expect(compareSettings([setting('form', 'reported', undefined)])).toMatchObject([{ status: 'not_set' }]);
  });
});
