import { Report } from '@fleetwire/protocols';
import { describe, expect, it } from 'vitest';
import { FIX_AGE_DEFAULT_S, judge, judgeReports } from './conditions.js';

const NOW_US = 1_700_000_000_000_000;
function fix(ageS: number, more: Partial<Report> = {}): Report {
  const report = new Report();
  return Object.assign(report, {
    timestamp: NOW_US - ageS * 1e6,
    position_latitude: 52,
    position_longitude: 4,
    position_speed: 3,
    engine_ignition_status: false,
    ...more,
  });
}
const SLOW = { max_speed: 5, ignition_off: null, max_fix_age_s: 30 };
const OFF = { max_speed: null, ignition_off: true, max_fix_age_s: null };
const cause = (condition: Parameters<typeof judgeReports>[0], ...reports: Report[]): string => {
  const judgement = judgeReports(condition, reports, NOW_US);
  return judgement.holds ? 'holds' : judgement.cause;
};

describe('a condition', () => {
  it('holds on a fresh fix that satisfies it', () => {
    expect([cause(SLOW, fix(29)), cause(OFF, fix(FIX_AGE_DEFAULT_S - 1))]).toEqual(['holds', 'holds']);
  });

  it('is not met by a device that is too fast, or whose ignition is on', () => {
    expect(cause(SLOW, fix(1, { position_speed: 5.1 }))).toBe('condition_not_met');
    expect(cause(OFF, fix(1, { engine_ignition_status: true }))).toBe('condition_not_met');
  });

  it('is unknown when the fix is stale, missing, invalid, ahead of us or doubtful', () => {
    expect(cause(SLOW, fix(31))).toBe('condition_unknown');
    expect(cause(SLOW)).toBe('condition_unknown');
    expect(cause(SLOW, fix(1, { position_latitude: null }))).toBe('condition_unknown');
    expect(cause(SLOW, fix(1, { position_valid: false }))).toBe('condition_unknown');
    expect(cause(SLOW, fix(-301))).toBe('condition_unknown');
    expect(cause(SLOW, fix(1, { quality: ['clock_suspect'] }))).toBe('condition_unknown');
    expect(cause(SLOW, fix(1, { position_speed: null }))).toBe('condition_unknown');
    expect(cause(OFF, fix(1, { engine_ignition_status: null }))).toBe('condition_unknown');
  });

  it('is judged on the newest report of the frame, whatever its place', () => {
    expect(cause(SLOW, fix(1, { position_speed: 90 }), fix(20))).toBe('condition_not_met');
  });

  it('is unknown for another device than the one that sent the last frame, and holds when there is none', () => {
    const last = { protocol: 'h02', ident: '1', frame: new Uint8Array(0), context: {}, receivedAtUs: NOW_US } as const;
    expect(judge(SLOW, last, '2', {}, NOW_US)).toMatchObject({ cause: 'condition_unknown' });
    expect(judge(SLOW, null, '2', {}, NOW_US)).toMatchObject({ cause: 'condition_unknown' });
    expect(judge(null, null, '2', {}, NOW_US)).toEqual({ holds: true });
  });
});
