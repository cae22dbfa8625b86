/**
 * Reads and checks the catalogue. All problems are reported at once, each with file, line and what would do.
 *
 * Columns: name, type, unit, range (`-90..90`, `0..`), hot (place in the record, or `ain.1=33 ain.2=34` in a family), seed (product
 * pages that list it), sources (`astra: module 2; atrack: %VS`), meaning. An empty cell means none.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  PARAMETER_TYPES,
  FAMILY_SEGMENTS,
  SEEDS,
  SOURCE_KINDS,
  UNITS,
  fieldOf,
  isFamily,
  patternOf,
  type HotField,
  type Parameter,
  type Source,
} from './parameter.js';

export const COLUMNS = ['name', 'type', 'unit', 'range', 'hot', 'seed', 'sources', 'meaning'] as const;
const NAME = new RegExp(`^[a-z][a-z0-9_]*(\\.([a-z0-9_]+|${Object.keys(FAMILY_SEGMENTS).join('|')}))*$`);

export interface Catalogue {
  /** In the order of files and rows. */
  readonly parameters: readonly Parameter[];
  /** In the order of the record. */
  readonly hot: readonly HotField[];
  /** The parameter that a dotted name belongs to; undefined: not in the catalogue. */
  find(name: string): Parameter | undefined;
}

/** The catalogue does not hold together; `problems` has one line each. */
export class CatalogueError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`the parameter catalogue has ${problems.length} problems:\n${problems.join('\n')}`);
    this.name = 'CatalogueError';
  }
}

const member = <T extends string>(list: readonly T[], value: string): T | undefined =>
  list.find((entry) => entry === value);

function parseRange(text: string): { min: number | null; max: number | null } | undefined {
  if (text === '') return { min: null, max: null };
  const [from, to, more] = text.split('..');
  if (from === undefined || to === undefined || more !== undefined) return undefined;
  const min = from === '' ? null : Number(from);
  const max = to === '' ? null : Number(to);
  if (Number.isNaN(min) || Number.isNaN(max)) return undefined;
  return min !== null && max !== null && min >= max ? undefined : { min, max };
}

function parseHot(text: string, name: string): Map<string, number> | undefined {
  const hot = new Map<string, number>();
  if (text === '') return hot;
  for (const entry of text.split(' ')) {
    const [left, right] = entry.includes('=') ? entry.split('=') : [name, entry];
    const place = Number(right);
    if (left === undefined || !Number.isInteger(place) || place < 1) return undefined;
    hot.set(left, place);
  }
  return hot;
}

function parseSources(text: string): Source[] | undefined {
  const sources: Source[] = [];
  for (const entry of text.split(';')) {
    const colon = entry.indexOf(':');
    const kind = member(SOURCE_KINDS, entry.slice(0, colon).trim());
    const field = entry.slice(colon + 1).trim();
    if (colon < 0 || kind === undefined || field === '') return undefined;
    sources.push({ kind, field });
  }
  return sources;
}

/** One row; `complain` is told what is wrong with it. Null: not usable. */
function parseRow(line: string, group: string, complain: (problem: string) => void): Parameter | null {
  const cells = line.split('\t');
  if (cells.length !== COLUMNS.length) {
    complain(`has ${cells.length} cells, ${COLUMNS.length} are needed: ${COLUMNS.join(', ')}`);
    return null;
  }
  const [name, typeText, unitText, rangeText, hotText, seedText, sourceText, meaning] = cells.map((cell) =>
    cell.trim(),
  ) as [string, string, string, string, string, string, string, string];
  const type = member(PARAMETER_TYPES, typeText);
  const unit = unitText === '' ? null : member(UNITS, unitText);
  const range = parseRange(rangeText);
  const hot = parseHot(hotText, name);
  const sources = parseSources(sourceText);
  const seeds = seedText === '' ? [] : seedText.split(' ').map((seed) => member(SEEDS, seed));
  if (!NAME.test(name))
    complain(`name ${name}: dotted lower-case words, or ${Object.keys(FAMILY_SEGMENTS).join(', ')}`);
  if (type === undefined) complain(`${name}: type ${typeText} is none of ${PARAMETER_TYPES.join(', ')}`);
  if (unit === undefined) complain(`${name}: unit ${unitText} is none of ${UNITS.join(', ')}`);
  if (range === undefined) complain(`${name}: range ${rangeText} is not min..max with min below max`);
  if (hot === undefined) complain(`${name}: hot ${hotText} is neither a place from 1 nor name=place pairs`);
  if (sources === undefined) complain(`${name}: sources ${sourceText} must be "kind: field; kind: field"`);
  if (seeds.includes(undefined)) complain(`${name}: seed ${seedText} must be words of ${SEEDS.join(', ')}`);
  if (meaning === '') complain(`${name}: the meaning is missing`);
  if (type === undefined || unit === undefined || range === undefined || hot === undefined || sources === undefined)
    return null;
  const named = seeds.filter((seed) => seed !== undefined);
  return { name, type, unit, ...range, hot, seeds: named, sources, meaning, group };
}

function hotFields(parameters: readonly Parameter[], problems: string[]): HotField[] {
  const byPlace = new Map<number, HotField>();
  for (const parameter of parameters) {
    const { type } = parameter;
    for (const [name, place] of parameter.hot) {
      if (type === 'array' || type === 'any') {
        problems.push(`${name}: an ${type} cannot be hot`);
        continue;
      }
      if (!patternOf(parameter).test(name)) problems.push(`${parameter.name}: ${name} is no member of this family`);
      if (byPlace.has(place)) problems.push(`${name}: hot place ${place} is taken by ${byPlace.get(place)!.name}`);
      byPlace.set(place, { name, field: fieldOf(name), type, parameter });
    }
  }
  const fields = [...byPlace].sort(([a], [b]) => a - b);
  const gap = fields.findIndex(([place], index) => place !== index + 1);
  if (gap >= 0) problems.push(`hot place ${gap + 1} is not taken: places run from 1 without gaps`);
  return fields.map(([, field]) => field);
}

/** Catalogue of the given files (name without ending → text). Throws CatalogueError. */
export function parseCatalogue(files: ReadonlyMap<string, string>): Catalogue {
  const problems: string[] = [];
  const parameters: Parameter[] = [];
  const seen = new Map<string, string>();
  for (const [group, text] of files) {
    const lines = text.split('\n');
    if (lines[0] !== COLUMNS.join('\t'))
      problems.push(`${group}.tsv:1: the first line must name the columns: ${COLUMNS.join(', ')}`);
    lines.forEach((line, index) => {
      if (index === 0 || line === '' || line.startsWith('#')) return;
      const where = `${group}.tsv:${index + 1}`;
      const parameter = parseRow(line, group, (problem) => problems.push(`${where}: ${problem}`));
      if (parameter === null) return;
      const other = seen.get(parameter.name);
      if (other !== undefined) problems.push(`${where}: ${parameter.name} is already at ${other}`);
      seen.set(parameter.name, where);
      parameters.push(parameter);
    });
  }
  const hot = hotFields(parameters, problems);
  if (problems.length > 0) throw new CatalogueError(problems);
  const exact = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  const families = parameters.filter(isFamily).map((parameter) => ({ parameter, pattern: patternOf(parameter) }));
  const find = (name: string): Parameter | undefined =>
    exact.get(name) ?? families.find(({ pattern }) => pattern.test(name))?.parameter;
  return { parameters, hot, find };
}

/** Folder of the catalogue's files; the same from `src` and from `dist`. */
export const PARAMETERS_DIR = fileURLToPath(new URL('../../parameters/', import.meta.url));

/** Reads `schemas/parameters`. Throws CatalogueError, or the file system's error. */
export function loadCatalogue(dir: string = PARAMETERS_DIR): Catalogue {
  const names = readdirSync(dir).filter((name) => name.endsWith('.tsv'));
  return parseCatalogue(
    new Map(names.sort().map((name) => [name.slice(0, -'.tsv'.length), readFileSync(join(dir, name), 'utf8')])),
  );
}
