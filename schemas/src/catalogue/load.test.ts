import { describe, expect, it } from 'vitest';
import { COLUMNS, CatalogueError, parseCatalogue } from './load.js';

const HEAD = COLUMNS.join('\t');
const row = (cells: Partial<Record<(typeof COLUMNS)[number], string>>): string =>
  COLUMNS.map((column) => ({ name: 'a.b', type: 'number', sources: 'astra: module 1', meaning: 'A value.', ...cells })[column] ?? '').join('\t'); // prettier-ignore
const parse = (...rows: string[]): ReturnType<typeof parseCatalogue> =>
  parseCatalogue(new Map([['file', [HEAD, ...rows, ''].join('\n')]]));
function problems(...rows: string[]): readonly string[] {
  try {
    parse(...rows);
    return [];
  } catch (error: unknown) {
    if (error instanceof CatalogueError) return error.problems;
    throw error;
  }
}

describe('parseCatalogue', () => {
  it('reads unit, range, hot place, pages and sources of a row', () => {
    const rows = [row({ unit: 'km/h', range: '0..250', hot: '1', seed: 'astra atrack', sources: 'astra: module 2; atrack: %VS' })]; // prettier-ignore
    const [parameter] = parse(...rows).parameters;
    expect(parameter).toMatchObject({ name: 'a.b', unit: 'km/h', min: 0, max: 250, seeds: ['astra', 'atrack'] });
    expect(parameter?.sources).toEqual([
      { kind: 'astra', field: 'module 2' },
      { kind: 'atrack', field: '%VS' },
    ]);
    expect(parameter?.hot.get('a.b')).toBe(1);
  });

  it('reads half-open ranges', () => {
    expect(parse(row({ range: '-40..' })).parameters[0]).toMatchObject({ min: -40, max: null });
    expect(parse(row({ range: '..0' })).parameters[0]).toMatchObject({ min: null, max: 0 });
  });

  it('gives hot members of a family their places', () => {
    const { hot } = parse(row({ name: 'ain.N', hot: 'ain.1=2 ain.2=1' }));
    expect(hot.map(({ field }) => field)).toEqual(['ain_2', 'ain_1']);
  });

  it.each([
    [{ type: 'float' }, 'type float is none of'],
    [{ unit: 'mph' }, 'unit mph is none of'],
    [{ range: '5..1' }, 'range 5..1'],
    [{ range: '5' }, 'range 5'],
    [{ hot: '0' }, 'hot 0'],
    [{ sources: 'radio: x' }, 'sources radio: x'],
    [{ sources: '' }, 'must be "kind: field'],
    [{ seed: 'page' }, 'seed page'],
    [{ meaning: '' }, 'the meaning is missing'],
    [{ name: 'A.b' }, 'name A.b'],
    [{ hot: '2' }, 'hot place 1 is not taken'],
    [{ type: 'array', hot: '1' }, 'an array cannot be hot'],
    [{ name: 'ain.N', hot: 'ain.x=1' }, 'ain.x is no member'],
  ])('refuses %j with file, line and reason', (cells, reason) => {
    const [problem] = problems(row(cells));
    expect(problem).toContain(reason);
  });

  it('reports all problems at once, each with its line', () => {
    const found = problems(row({ unit: 'mph' }), row({ name: 'c' }), row({ name: 'c' }), 'too few');
    expect(found).toHaveLength(3);
    expect(found[0]).toMatch(/^file\.tsv:2: /);
    expect(found[1]).toBe('file.tsv:4: c is already at file.tsv:3');
    expect(found[2]).toMatch(/^file\.tsv:5: has 1 cells/);
  });

  it('refuses two parameters in one hot place', () => {
    expect(problems(row({ hot: '1' }), row({ name: 'c', hot: '1' }))).toContain('c: hot place 1 is taken by a.b');
  });

  it('refuses a file whose first line does not name the columns', () => {
    expect(() => parseCatalogue(new Map([['file', 'name\ttype\n']]))).toThrow('the first line must name the columns');
  });
});
