import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { HORIZON_US, logKey, ReportLog, RING_MAX, SEGMENT_ENTRIES } from './report-log.js';

const id = (n: number): string => n.toString(16).padStart(16, '0').padEnd(32, '0');
const at = (n: number, timeUs = 1e15 + n * 1e6, revision = 0) => logKey(id(n), timeUs, revision);

/** Writes a log as the state topic would hold it, and reads it again. */
function restored(log: ReportLog, segments: Map<number, Buffer>): ReportLog {
  const { written, dropped } = log.takeChanges();
  for (const { number, bytes } of written) segments.set(number, Buffer.from(bytes));
  for (const number of dropped) segments.delete(number);
  const again = new ReportLog();
  for (const [number, bytes] of segments) again.restore(number, bytes);
  again.decodeHead(log.encodeHead());
  return again;
}

describe('the report log', () => {
  it('knows a report again in the open segment, in a closed one and after a restart', () => {
    let log = new ReportLog();
    const segments = new Map<number, Buffer>();
    for (let n = 0; n < SEGMENT_ENTRIES * 3 + 5; n++) {
      expect(log.take(at(n), true)).toBe('new');
      if (n % 10 === 0) log = restored(log, segments);
    }
    log = restored(log, segments);
    for (let n = 0; n < SEGMENT_ENTRIES * 3 + 5; n++) expect(log.take(at(n), true)).toBe('in_log');
  });

  it('lets a higher revision through once and refuses a lower one', () => {
    let log = new ReportLog();
    const segments = new Map<number, Buffer>();
    for (let n = 0; n < SEGMENT_ENTRIES + 1; n++) log.take(at(n), true);
    log = restored(log, segments);
    expect(log.take(at(3, undefined, 1), true)).toBe('higher_revision');
    log = restored(log, segments);
    expect(log.take(at(3, undefined, 1), true)).toBe('in_log');
    expect(log.take(at(3, undefined, 0), true)).toBe('lower_revision');
  });

  it('tells reports of one second apart by their identity', () => {
    const log = new ReportLog();
    expect(log.take(at(1, 5), true)).toBe('new');
    expect(log.take(at(2, 5), true)).toBe('new');
    expect(log.take(at(1, 5), true)).toBe('in_log');
  });

  it('forgets segments only when the horizon has passed all of their reports', () => {
    const log = new ReportLog();
    for (let n = 0; n < SEGMENT_ENTRIES; n++) log.take(at(n), true);
    log.takeChanges();
    log.prune(1e15 + (SEGMENT_ENTRIES - 1) * 1e6 + HORIZON_US);
    expect(log.takeChanges().dropped).toEqual([]);
    log.prune(1e15 + SEGMENT_ENTRIES * 1e6 + HORIZON_US);
    expect(log.takeChanges().dropped).toEqual([0]);
    expect(log.size).toBe(0);
  });

  it('knows the last reports beyond the horizon by a bounded ring', () => {
    const log = new ReportLog();
    for (let n = 0; n < RING_MAX + 1; n++) expect(log.take(at(n), false)).toBe('new');
    expect(log.take(at(RING_MAX), false)).toBe('in_ring');
    expect(log.take(at(0), false)).toBe('new');
  });

  it('passes each report exactly once, in any order, with repeats and restarts anywhere', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(60), fc.boolean()), { maxLength: 300 }), (deliveries) => {
        let log = new ReportLog();
        const segments = new Map<number, Buffer>();
        const seen = new Set<number>();
        for (const [n, restart] of deliveries) {
          expect(log.take(at(n), true)).toBe(seen.has(n) ? 'in_log' : 'new');
          seen.add(n);
          if (restart) log = restored(log, segments);
        }
      }),
      { seed: 5, numRuns: 200 },
    );
  });
});
