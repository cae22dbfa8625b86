import { describe, expect, it } from 'vitest';
import { durationOption, formatDuration, parseDuration } from './duration.js';

describe('durations', () => {
  it.each([
    ['500ms', 500],
    ['3s', 3_000],
    ['1.5s', 1_500],
    ['10m', 600_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['0s', 0],
  ])('reads %s as %i ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each(['', '3', 's', '-3s', '3 s', '3sec', '1e3s', '3s5'])('refuses "%s"', (text) =>
    expect(parseDuration(text)).toBeNull(),
  );

  it('names the option and the remedy when it refuses', () => {
    const containing = (text: string): unknown => expect.stringContaining(text);
    expect(() => durationOption('--idle')('soon')).toThrow(
      expect.objectContaining({ message: containing('--idle'), exitCode: 2, remedy: containing('3s') }),
    );
  });

  it('writes durations for people', () => {
    expect([12, 1_234, 61_000, 7_260_000].map(formatDuration)).toEqual(['12ms', '1.2s', '1m1s', '2h1m']);
  });
});
