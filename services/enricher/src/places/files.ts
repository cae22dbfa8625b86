/** Providers that read what an operator has: places of one's own (depots, customers), and positions of network cells. */
import { readFile } from 'node:fs/promises';
import type { Point } from '../fold/distance.js';
import { numberIn, parseCsv, type CsvRow } from './csv.js';
import { Nearest } from './nearest.js';
import { cellKey, type CellProvider, type PlaceProvider, type PlaceText } from './provider.js';

const pointOf = (row: CsvRow): Point => ({
  latitude: numberIn(row, 'latitude', -90, 90),
  longitude: numberIn(row, 'longitude', -180, 180),
});

/** Columns: latitude, longitude, label; and street, city, region, postcode, country_code, language where they are known. */
export async function filePlaces(path: string, maxKm: number): Promise<PlaceProvider> {
  const rows = await rowsOf(path, ['latitude', 'longitude', 'label'], (row) => {
    const of = (column: keyof PlaceText): string | null => row.values[column] || null;
    return {
      ...pointOf(row),
      text: {
        label: of('label'),
        street: of('street'),
        city: of('city'),
        region: of('region'),
        postcode: of('postcode'),
        country_code: of('country_code'),
        language: of('language'),
      },
    };
  });
  const nearest = new Nearest(rows);
  return { source: 'file', find: (point) => nearest.of(point, maxKm)?.text ?? null };
}

/** Columns: mcc, mnc, lac, cellid, latitude, longitude. */
export async function fileCells(path: string): Promise<CellProvider> {
  const code = (row: CsvRow, column: string): number => numberIn(row, column, 0, 2 ** 36);
  const rows = await rowsOf(path, ['mcc', 'mnc', 'lac', 'cellid', 'latitude', 'longitude'], (row) => {
    const cell = { mcc: code(row, 'mcc'), mnc: code(row, 'mnc'), lac: code(row, 'lac'), cellid: code(row, 'cellid') };
    return [cellKey(cell), pointOf(row)] as const;
  });
  const cells = new Map(rows);
  return { source: 'cells file', locate: (cell) => cells.get(cellKey(cell)) ?? null };
}

/** Throws with the file, the line and what is wrong there. */
async function rowsOf<T>(path: string, needed: readonly string[], use: (row: CsvRow) => T): Promise<T[]> {
  try {
    return parseCsv(await readFile(path, 'utf8'), needed).map(use);
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
