import { describe, expect, it } from 'vitest';
import { choiceOption, integerOption, positiveOption } from './options.js';

describe('option values', () => {
  it('takes whole numbers within their bounds only', () => {
    const read = integerOption('--devices', 1, 100);
    expect(read('100')).toBe(100);
    for (const bad of ['0', '101', '1.5', 'x', '', '1e2', ' 1'])
      expect(() => read(bad)).toThrow(
        expect.objectContaining({ exitCode: 2, remedy: 'give a whole number from 1 to 100' }),
      );
  });

  it('takes numbers above zero up to their bound', () => {
    const read = positiveOption('--rate', 1_000);
    expect(read('0.5')).toBe(0.5);
    for (const bad of ['0', '-1', '1001', 'NaN', '', ' ']) expect(() => read(bad)).toThrow(/--rate/);
  });

  it('takes one of a closed list and names the list', () => {
    const read = choiceOption('--transport', ['tcp', 'udp'] as const);
    expect(read('udp')).toBe('udp');
    expect(() => read('sctp')).toThrow(expect.objectContaining({ remedy: 'give one of tcp, udp' }));
  });
});
