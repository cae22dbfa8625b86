/**
 * The fuzzer for a moment with a fixed seed, and that it finds each defect that is put in on purpose. The long run is `npm run fuzz`.
 * It can not prove that no input breaks a protocol; it says that so many did not.
 */
import { describe, expect, it } from 'vitest';
import { checkIdentities } from './identity.js';
import { fuzz } from './run.js';
import { DEFECTS, withDefect, type Defect } from './targets.js';

const SEED = 20260401;
const FRAMES = 12_000;
/** Far more than is needed, so that a slow machine sees the same frames. */
const SECONDS = 60;

/** What each defect must be found as. */
const SIGN: Readonly<Record<Defect, string>> = {
  throws: 'exception',
  loses: 'lost',
  stalls: 'slow',
  forgets: 'unstable',
  strange: 'strange_reason',
};

describe(`damaged frames, seed ${SEED}`, () => {
  it('break no protocol, stop none for longer than a moment, and hide no good frame behind them', () => {
    const result = fuzz({ seed: SEED, frames: FRAMES, seconds: SECONDS });
    expect(result.findings.map(({ kind, detail, case: number }) => `${number} ${kind}: ${detail}`)).toEqual([]);
    expect(result.frames).toBeGreaterThanOrEqual(FRAMES);
    expect(result.reports).toBeGreaterThan(FRAMES / 4);
    expect(result.beacons).toBeGreaterThan(1000);
  }, 120_000);

  it.each(DEFECTS)(
    'show a protocol that %s',
    (defect) => {
      const result = fuzz({
        seed: SEED,
        frames: FRAMES,
        seconds: SECONDS,
        families: withDefect(defect),
        findingsMax: 1,
      });
      expect(result.findings.map((finding) => finding.kind)).toContain(SIGN[defect]);
    },
    120_000,
  );
});

describe('message ids', () => {
  it('stay when a report is sent again otherwise, and differ between reports', () => {
    const result = checkIdentities({ seed: SEED, reports: 16_000 });
    expect(result.problems).toEqual([]);
    expect(result.resent).toBeGreaterThanOrEqual(8000);
    expect(result.corpusIds).toBeGreaterThan(500);
  }, 60_000);
});
