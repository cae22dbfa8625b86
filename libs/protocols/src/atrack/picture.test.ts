import { describe, expect, it } from 'vitest';
import { atrack } from './index.js';
import { pictureFrames } from './simulate.js';
import { UNIT, decodeFrame } from './testing.js';

const data = Uint8Array.from({ length: 70_000 }, (_, i) => (i < 2 ? [0xff, 0xd8][i]! : i % 251));

describe('a picture', () => {
  it.each([0, 1] as const)('is joined from its pieces, numbered from %s, in any order', (base) => {
    const frames = pictureFrames(UNIT, 1, 1_700_000_000, data, 1000, base);
    const parts = frames.map((frame) => ({ frame, part: atrack.part!(frame)! }));
    expect(new Set(parts.map((p) => p.part.index))).toEqual(new Set(frames.keys()));
    expect(new Set(parts.map((p) => `${p.part.set} ${p.part.count}`)).size).toBe(1);
    const inOrder = parts.sort((a, b) => a.part.index - b.part.index).map((p) => p.frame);
    const joined = atrack.join!(inOrder);
    expect(atrack.part!(joined)).toBeNull();
    const decoded = decodeFrame(joined);
    expect(decoded).toMatchObject({ reports: [], rejected: [] });
    expect(decoded.media?.type).toBe('image/jpeg');
    expect(decoded.media?.bytes).toEqual(data);
  });

  it('of one piece stands alone', () => {
    const [frame] = pictureFrames(UNIT, 1, 1_700_000_000, data.slice(0, 10), 1000, 0);
    expect(atrack.part!(frame!)).toBeNull();
    expect(decodeFrame(frame!).media?.bytes).toEqual(data.slice(0, 10));
  });

  it('is not made of a lone piece of several, and a piece that is not whole is refused', () => {
    const [frame] = pictureFrames(UNIT, 1, 1_700_000_000, data.slice(0, 20), 10, 0);
    expect(decodeFrame(frame!)).toEqual({ reports: [], responses: [], rejected: [], learnt: [] });
    const short = frame!.slice(0, frame!.length - 1);
    expect(atrack.part!(short)).toBeNull();
    expect(decodeFrame(short).rejected).toMatchObject([{ reason: 'body_short', path: 'picture' }]);
  });

  it('is not seen in other frames', () => {
    for (const bytes of [new Uint8Array(0), new Uint8Array(3), new Uint8Array(40)])
      expect(atrack.part!(bytes)).toBeNull();
  });
});
