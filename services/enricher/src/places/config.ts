import {
  checkCommon,
  choice,
  commonVariables,
  defineConfig,
  integer,
  optional,
  text,
  type ConfigOf,
} from '@fleetwire/service';

/** towns: nearest populated place of GeoNames; file: the nearest of FLEETWIRE_PLACES_FILE; none: cells alone. */
export const PROVIDERS = ['towns', 'file', 'none'] as const;

const SPEC = {
  ...commonVariables('places', 9205),
  provider: choice('FLEETWIRE_PLACES_PROVIDER', PROVIDERS, {
    meaning: `where names come from: ${PROVIDERS.join(', ')}`,
    default: 'towns',
  }),
  placesFile: optional(
    text('FLEETWIRE_PLACES_FILE', {
      meaning: 'CSV of places: latitude, longitude, label, and street, city, region, postcode, country_code, language',
    }),
  ),
  cellsFile: optional(
    text('FLEETWIRE_CELLS_FILE', {
      meaning: 'CSV of network cells: mcc, mnc, lac, cellid, latitude, longitude; none: cells are not looked up',
    }),
  ),
  maxKm: integer('FLEETWIRE_PLACES_MAX_KM', {
    meaning: 'a place farther away than this says nothing, km',
    default: 50,
    min: 1,
    max: 20_000,
  }),
  resolution: integer('FLEETWIRE_PLACES_RESOLUTION', {
    meaning: 'resolution of the H3 cells that are keys of places: 9 is some 200 m, 7 some 1.4 km',
    default: 9,
    min: 0,
    max: 15,
  }),
} as const;

export const definition = defineConfig('places', SPEC, (config) => [
  ...checkCommon(config),
  ...(config.provider === 'file' && config.placesFile === null
    ? [
        {
          variable: 'FLEETWIRE_PLACES_FILE',
          problem: 'is not set',
          remedy: 'Name the CSV file, or take another provider.',
        },
      ]
    : []),
]);
export type PlacesConfig = ConfigOf<typeof SPEC>;
export const { load: loadConfig } = definition;
