import { describe, expect, it } from 'vitest';
import { luhn } from '../astra/imei.js';
import { createFleet } from './fleet.js';
import { identOf, withLuhn } from './idents.js';

const START_MS = Date.UTC(2027, 0, 4, 7);

describe('a fleet', () => {
  it('is the same for the same seed, and has no identity twice', () => {
    const make = (seed: number) =>
      createFleet({ protocol: 'mixed', transport: 'tcp', count: 200, seed, startMs: START_MS });
    const bytes = (seed: number) => make(seed).map((tracker) => [tracker.ident, ...tracker.onConnect(START_MS)]);
    expect(bytes(4)).toEqual(bytes(4));
    const idents = [...make(4), ...make(5)].map((tracker) => tracker.ident);
    expect(new Set(idents).size).toBe(400);
  });

  it('speaks all protocols in turn when it is mixed', () => {
    const fleet = createFleet({ protocol: 'mixed', transport: 'tcp', count: 8, seed: 1, startMs: START_MS });
    expect(fleet.map((tracker) => tracker.protocol)).toEqual([
      ...['astra', 'h02', 'jt808', 'atrack'],
      ...['astra', 'h02', 'jt808', 'atrack'],
    ]);
  });

  it('gives IMEIs with a good check digit', () => {
    expect(withLuhn('86087304176148')).toBe('860873041761486');
    for (let index = 0; index < 50; index++) expect(luhn(identOf('astra', 9, index))).toBe(true);
  });

  it('never has two frames out over UDP where acknowledgements name none', () => {
    for (const tracker of createFleet({
      protocol: 'h02',
      transport: 'udp',
      count: 2,
      seed: 1,
      startMs: START_MS,
      window: 8,
    })) {
      tracker.onConnect(START_MS);
      expect(tracker.report(START_MS)).toHaveLength(1);
      expect(tracker.report(START_MS + 1_000)).toEqual([]);
    }
  });
});
