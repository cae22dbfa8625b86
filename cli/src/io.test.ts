import { describe, expect, it } from 'vitest';
import { linesOf, textOf, toJson } from './io.js';

async function* chunks(...parts: (Buffer | string)[]): AsyncGenerator<Buffer | string> {
  for (const part of parts) yield await Promise.resolve(part);
}
async function all(input: AsyncIterable<string>): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of input) lines.push(line);
  return lines;
}

describe('input', () => {
  it('gives the same lines however the bytes are cut, letters of several bytes included', async () => {
    const bytes = Buffer.from('ä€\r\n\nzwei\nletzte');
    for (let at = 0; at <= bytes.length; at++)
      expect(await all(linesOf(chunks(bytes.subarray(0, at), bytes.subarray(at))))).toEqual([
        'ä€',
        '',
        'zwei',
        'letzte',
      ]);
  });

  it('gives no line for no input, and none behind the last end', async () => {
    expect(await all(linesOf(chunks()))).toEqual([]);
    expect(await all(linesOf(chunks('a\n')))).toEqual(['a']);
  });

  it('refuses more than it was told to take', async () => {
    await expect(textOf(chunks('12345', '6'), 5)).rejects.toThrow(/longer than 5 bytes/);
    expect(await textOf(chunks('12', '345'), 5)).toBe('12345');
  });
});

describe('JSON output', () => {
  it('writes bytes as hex, big numbers as text and maps as objects', () => {
    expect(
      toJson({ a: Buffer.from([1, 255]), b: new Uint8Array([16]), c: 5n, d: 2n ** 60n, e: new Map([['x', 1]]) }),
    ).toBe('{"a":"01ff","b":"10","c":5,"d":"1152921504606846976","e":{"x":1}}');
  });
});
