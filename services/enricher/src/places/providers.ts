/** The providers that a configuration names; a new one is added here. */
import type { PlacesConfig } from './config.js';
import { fileCells, filePlaces } from './files.js';
import { townsProvider } from './towns.js';
import type { CellProvider, PlaceProvider } from './provider.js';

const NOWHERE: PlaceProvider = { source: 'none', find: () => null };

type Wanted = Pick<PlacesConfig, 'provider' | 'placesFile' | 'cellsFile' | 'maxKm'>;

/** Reads their files. Throws when one can not be used, naming file, line and what is wrong. */
export async function providersOf(config: Wanted): Promise<{ places: PlaceProvider; cells: CellProvider | null }> {
  const { provider, placesFile, cellsFile, maxKm } = config;
  const places =
    provider === 'towns'
      ? await townsProvider(maxKm)
      : provider === 'file' && placesFile !== null
        ? await filePlaces(placesFile, maxKm)
        : NOWHERE;
  return { places, cells: cellsFile === null ? null : await fileCells(cellsFile) };
}
