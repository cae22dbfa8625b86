import { describe, expect, it } from 'vitest';
import { parseVectorLine } from './vector-line.js';

const VECTOR = {
  id: 'a',
  protocol: 'astra',
  transport: 'tcp',
  kind: 'decode',
  now: '2027-01-01T00:00:00Z',
  chunks: ['06'],
};

describe('lines of vectors', () => {
  it('takes a vector as it stands', () => {
    expect(parseVectorLine(JSON.stringify(VECTOR), 1)).toEqual({ kind: 'vector', vector: VECTOR });
  });

  it.each([
    ['{', 'line 3', /^line 3: not JSON/],
    ['[]', 'line 3', /^line 3: not an object/],
    [JSON.stringify({ ...VECTOR, protocol: 'gt06' }), 'a', /protocol: give one of astra, h02, jt808, atrack/],
    [JSON.stringify({ ...VECTOR, transport: 'sctp' }), 'a', /transport: give one of/],
    [JSON.stringify({ ...VECTOR, kind: 'x' }), 'a', /kind: give one of/],
    [JSON.stringify({ ...VECTOR, now: 5 }), 'a', /now: missing/],
    [JSON.stringify({ ...VECTOR, id: undefined }), 'line 3', /id: missing/],
    [JSON.stringify({ ...VECTOR, chunks: [6] }), 'a', /chunks: give a list/],
    [JSON.stringify({ ...VECTOR, command: { name: 'x' } }), 'a', /command: give/],
  ])('names the field at fault in %s', (line, id, error) => {
    const read = parseVectorLine(line, 3);
    expect(read).toMatchObject({ kind: 'bad', id });
    expect(read.kind === 'bad' && read.error).toMatch(error);
  });
});
