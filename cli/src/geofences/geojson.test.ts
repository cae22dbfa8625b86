import { describe, expect, it } from 'vitest';
import { parseGeoJson } from './geojson.js';

const NOW = 1_777_777_777_000_000;
const feature = (geometry: unknown, properties: object = {}, id: unknown = 'f'): string =>
  JSON.stringify({ type: 'Feature', id, properties, geometry });
const SQUARE = [
  [0, 0],
  [2, 0],
  [2, 2],
  [0, 2],
  [0, 0],
];
const polygon = (...rings: unknown[]): object => ({ type: 'Polygon', coordinates: rings });

describe('GeoJSON', () => {
  it('makes circles, corridors, polygons with holes and several polygons, with what properties say', () => {
    const circle = parseGeoJson(
      feature(
        { type: 'Point', coordinates: [8, 50] },
        { radius_m: 150, events: ['enter'], valid_from: '2026-01-01T00:00:00Z' },
      ),
      NOW,
    );
    expect(circle.problems).toEqual([]);
    expect(circle.fences).toMatchObject([
      {
        id: 'f',
        name: 'f',
        shape: 'circle',
        center: { latitude: 50, longitude: 8 },
        radius_m: 150,
        events: ['enter'],
        version: NOW,
        valid_from: 1_767_225_600_000_000,
      },
    ]);
    const line = parseGeoJson(
      feature(
        {
          type: 'LineString',
          coordinates: [
            [8, 50],
            [9, 50],
          ],
        },
        { width_m: 40 },
      ),
      NOW,
    );
    expect(line.fences).toMatchObject([{ shape: 'corridor', width_m: 40, path: [{ longitude: 8 }, { longitude: 9 }] }]);
    const hole = [
      [0.5, 0.5],
      [1, 0.5],
      [1, 1],
      [0.5, 0.5],
    ];
    const many = parseGeoJson(
      JSON.stringify({
        type: 'FeatureCollection',
        features: [
          { type: 'Feature', id: 1, properties: { name: 'A' }, geometry: polygon(SQUARE, hole) },
          {
            type: 'Feature',
            id: 2,
            properties: null,
            geometry: { type: 'MultiPolygon', coordinates: [[SQUARE], [SQUARE, hole]] },
          },
        ],
      }),
      NOW,
    );
    expect(many.problems).toEqual([]);
    expect(many.fences.map(({ id, rings }) => [id, rings?.length])).toEqual([
      ['1', 2],
      ['2', 3],
    ]);
  });

  it('takes a polygon over the antimeridian for what it is, and no crossing', () => {
    const ring = [
      [179, 0],
      [-179, 0],
      [-179, 2],
      [179, 2],
      [179, 0],
    ];
    expect(parseGeoJson(feature(polygon(ring)), NOW).problems).toEqual([]);
  });

  it.each([
    ['{', 'is not JSON'],
    [
      feature(polygon([...SQUARE.slice(0, 2), [2, 95], ...SQUARE.slice(3)])),
      'feature.geometry.coordinates[0][2][1]: 95 is no latitude',
    ],
    [feature(polygon(SQUARE, [...SQUARE.slice(0, 4), [1, 1]])), 'feature.geometry.coordinates[1][4]: the last vertex'],
    [
      feature(
        polygon([
          [0, 0],
          [2, 2],
          [2, 0],
          [0, 2],
          [0, 0],
        ]),
      ),
      'feature.geometry.coordinates[0][0]: the edge that begins here crosses',
    ],
    [
      feature(
        polygon([
          [0, 0],
          [0, 0],
          [2, 0],
          [2, 2],
          [0, 0],
        ]),
      ),
      'feature.geometry.coordinates[0][1]: is the vertex before it',
    ],
    [
      feature(
        polygon([
          [0, 0],
          [1, 1],
          [0, 0],
        ]),
      ),
      'feature.geometry.coordinates[0]: give at least 4',
    ],
    [feature({ type: 'Point', coordinates: [200, 5] }, { radius_m: 5 }), 'coordinates[0]: 200 is no longitude'],
    [feature({ type: 'Point', coordinates: [8, 50] }), 'feature.properties.radius_m: give a number of metres'],
    [feature({ type: 'Sphere' }), 'feature.geometry.type: give Point'],
    [
      feature({ type: 'Point', coordinates: [8, 50] }, { radius_m: 5, events: ['leave'] }),
      'feature.properties.events: give a list of enter',
    ],
    [
      feature({ type: 'Point', coordinates: [8, 50] }, { radius_m: 5, valid_from: 'soon' }),
      'feature.properties.valid_from: give a time',
    ],
    [
      feature({ type: 'Point', coordinates: [8, 50] }, { radius_m: 5, valid_from: '2099-01-01T00:00:00Z' }),
      'feature.properties.valid_from: give a time within the next 14 days',
    ],
    [feature(polygon(SQUARE), {}, 'a|b'), 'feature.id: give'],
  ])('names the field and the vertex of %s', (text, problem) => {
    const { fences, problems } = parseGeoJson(text, NOW);
    expect(fences).toEqual([]);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });
});
