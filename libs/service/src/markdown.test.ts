import { describe, expect, it } from 'vitest';
import { readTable } from './markdown.js';

describe('readTable', () => {
  it('reads the rows of one table whatever its padding, and nothing of the next', () => {
    const markdown = '# x\n\n| a   | b |\n| --- | :-: |\n| 1   | `2` |\n\n| c |\n|---|\n| 3 |\n';
    expect(readTable(markdown, 'a')).toEqual(['| a | b |', '| 1 | `2` |']);
    expect(readTable(markdown, 'c')).toEqual(['| c |', '| 3 |']);
    expect(readTable(markdown, 'd')).toEqual([]);
  });
});
