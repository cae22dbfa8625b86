/** Geometry against random points: near and far, over the antimeridian and at the poles. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distanceKm, type Point } from '../fold/distance.js';
import { geofence } from '../testing.js';
import { FenceBook, KEPT_US, VERSIONS_MAX } from './book.js';
import { circle, corridor, polygon } from './shape.js';
import { shapeOf } from './shape-of.js';

const latitude = fc.double({ min: -90, max: 90, noNaN: true });
const longitude = fc.double({ min: -180, max: 180, noNaN: true });
const point = fc.record({ latitude, longitude });
/** A part of an extent, never on its ends. */
const part = fc.integer({ min: -300, max: 1300 }).map((n) => n / 1000 + 0.0005);
const RUNS = { seed: 11, numRuns: 2000 };
const wrap = (degrees: number): number => ((((degrees + 180) % 360) + 360) % 360) - 180;
const at = (lat: number, lon: number): Point => ({ latitude: lat, longitude: wrap(lon) });
const box = (south: number, west: number, north: number, east: number): Point[] => [
  at(south, west),
  at(south, east),
  at(north, east),
  at(north, west),
];

/** The point that lies `metres` from `from` in a direction (degrees). */
function away(from: Point, metres: number, direction: number): Point {
  const rad = Math.PI / 180;
  const [lat, angle, course] = [from.latitude * rad, metres / 6371008.8, direction * rad];
  const sin = Math.sin(lat) * Math.cos(angle) + Math.cos(lat) * Math.sin(angle) * Math.cos(course);
  const lon = Math.atan2(Math.sin(course) * Math.sin(angle) * Math.cos(lat), Math.cos(angle) - Math.sin(lat) * sin);
  return at(Math.asin(sin) / rad, from.longitude + lon / rad);
}

describe('a circle', () => {
  it('holds what is nearer than its radius, anywhere on the globe, and its index finds it', () => {
    fc.assert(
      fc.property(
        point,
        fc.double({ min: 20, max: 50_000, noNaN: true }),
        fc.double({ min: 0, max: 2, noNaN: true }),
        fc.nat(359),
        (center, radius, part, direction) => {
          const fences = new FenceBook();
          fences.put('c', geofence({ id: 'c', shape: 'circle', center, radius_m: radius }), 0);
          const place = away(center, radius * part, direction);
          const metres = distanceKm(center, place) * 1000;
          fc.pre(Math.abs(metres - radius) > 0.01);
          const found = fences.of({ ident: 'd', tenant: null, group: null })!.near(place, 1);
          expect(circle(center, radius).distanceM(place)).toBeCloseTo(metres - radius, 3);
          if (metres < radius) expect(found.map(({ id }) => id)).toEqual(['c']);
          expect(found.some((fence) => fence.distanceM(place) <= 0)).toBe(metres < radius);
        },
      ),
      RUNS,
    );
  });
});

describe('a polygon', () => {
  it('holds a box wherever it lies, over the antimeridian too, and its index finds it', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -80, max: 70, noNaN: true }),
        longitude,
        fc.double({ min: 0.001, max: 9, noNaN: true }),
        fc.double({ min: 0.001, max: 130, noNaN: true }),
        part,
        part,
        (south, west, height, width, up, right) => {
          const inside = up > 0 && up < 1 && right > 0 && right < 1;
          const place = at(south + height * up, west + width * right);
          const ring = box(south, west, south + height, west + width);
          const fences = new FenceBook();
          fences.put('p', geofence({ id: 'p', shape: 'polygon', rings: [ring] }), 0);
          const found = fences.of({ ident: 'd', tenant: null, group: null })!.near(place, 1);
          expect(polygon([ring]).distanceM(place) < 0).toBe(inside);
          expect(found.some((fence) => fence.distanceM(place) < 0)).toBe(inside);
        },
      ),
      RUNS,
    );
  });

  it('has holes, and may be several', () => {
    const shape = polygon([box(0, 0, 10, 10), box(4, 4, 6, 6), box(0, 178, 10, 188)]);
    for (const [lat, lon] of [
      [1, 1],
      [3.9, 5],
      [5, 179],
      [5, -173],
    ] as const)
      expect(shape.distanceM(at(lat, lon))).toBeLessThan(0);
    for (const [lat, lon] of [
      [5, 5],
      [5, 11],
      [5, -171],
      [-1, 5],
    ] as const)
      expect(shape.distanceM(at(lat, lon))).toBeGreaterThan(0);
  });

  it.each([1, -1])('holds the pole that its ring goes round, and the pole itself (%i)', (side) => {
    const ring = [0, 60, 120, 180, -120, -60].map((lon) => at(80 * side, lon));
    const world = [
      at(80 * side, -180),
      { latitude: 80 * side, longitude: 180 },
      { latitude: 90 * side, longitude: 180 },
      at(90 * side, -180),
    ];
    for (const shape of [polygon([ring]), polygon([world])]) {
      fc.assert(
        fc.property(longitude, fc.double({ min: 70, max: 90, noNaN: true }), (lon, lat) => {
          fc.pre(Math.abs(lat - 80) > 1e-6);
          expect(shape.distanceM({ latitude: lat * side, longitude: lon }) < 0).toBe(lat > 80);
        }),
        RUNS,
      );
      expect(shape.distanceM({ latitude: 90 * side, longitude: 17 })).toBeLessThan(0);
      expect(shape.distanceM({ latitude: -90 * side, longitude: 17 })).toBeGreaterThan(0);
    }
  });

  it('is as far from a point as its nearest edge, to a hundredth, where that is near', () => {
    const ring = box(50, 179.99, 50.02, 180.02);
    for (const metres of [5, 30, 100, 500]) {
      const west = away(at(50.01, 179.99), metres, 270);
      const east = away(at(50.01, 180.02), metres, 90);
      for (const place of [west, east])
        expect(Math.abs(polygon([ring]).distanceM(place) / metres - 1)).toBeLessThan(0.01);
    }
  });
});

describe('a corridor', () => {
  it('holds what is within half its width of its line, anywhere, and its index finds it', () => {
    fc.assert(
      fc.property(
        point,
        fc.nat(359),
        fc.double({ min: 10, max: 400_000, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: -3, max: 3, noNaN: true }),
        (from, direction, length, along, aside) => {
          fc.pre(Math.abs(from.latitude) < 89.999 && Math.abs(Math.abs(aside) - 1) > 0.01);
          const to = away(from, length, direction);
          const foot = away(from, length * along, direction);
          // Direction of the line at the foot: towards its end, or away from its start.
          const ahead = along < 0.5 ? bearing(foot, to) : bearing(foot, from) + 180;
          const place = away(foot, 50 * Math.abs(aside), ahead + (aside > 0 ? 90 : -90));
          fc.pre(length > 100 && Math.abs(foot.latitude) < 89.99);
          const inside = Math.abs(aside) < 1;
          expect(corridor([from, to], 100).distanceM(place) < 0).toBe(inside);
          const fences = new FenceBook();
          fences.put('r', geofence({ id: 'r', shape: 'corridor', path: [from, to], width_m: 100 }), 0);
          const found = fences.of({ ident: 'd', tenant: null, group: null })!.near(place, 1);
          expect(found.some((fence) => fence.distanceM(place) < 0)).toBe(inside);
        },
      ),
      { seed: 3, numRuns: 1500 },
    );
  });

  it('ends round at its ends', () => {
    const shape = corridor([at(10, 179.9), at(10, 180.1)], 200);
    expect(shape.distanceM(away(at(10, 180.1), 90, 90))).toBeLessThan(0);
    expect(shape.distanceM(away(at(10, 180.1), 110, 90))).toBeGreaterThan(0);
  });
});

function bearing(a: Point, b: Point): number {
  const rad = Math.PI / 180;
  const dLon = (b.longitude - a.longitude) * rad;
  const y = Math.sin(dLon) * Math.cos(b.latitude * rad);
  const x =
    Math.cos(a.latitude * rad) * Math.sin(b.latitude * rad) -
    Math.sin(a.latitude * rad) * Math.cos(b.latitude * rad) * Math.cos(dLon);
  return Math.atan2(y, x) / rad;
}

describe('a geofence record', () => {
  it.each([
    [{ shape: 'circle', center: null, radius_m: 5 }, 'center'],
    [{ shape: 'circle', center: at(0, 0), radius_m: -1 }, 'radius_m'],
    [{ shape: 'polygon', rings: [] }, 'rings'],
    [{ shape: 'polygon', rings: [[at(0, 0), at(0, 1), { latitude: 95, longitude: 0 }]] }, 'rings[0][2]'],
    [{ shape: 'corridor', path: [at(0, 0)], width_m: 5 }, 'path'],
  ] as const)('with a shape that can not be used is refused, by the name of its field', (over, field) => {
    const shape = shapeOf(
      geofence({ id: 'x', ...over, rings: 'rings' in over ? over.rings.map((ring) => [...ring]) : [] }),
    );
    expect('problem' in shape && shape.problem).toContain(`${field}:`);
  });

  it('is kept in its older versions for as long as the topic keeps them, and not for ever', () => {
    const fences = new FenceBook();
    const near = (atUs: number): number[] =>
      (fences.of({ ident: 'd', tenant: null, group: null })?.near(at(0, 0), atUs) ?? []).map(({ version }) => version);
    const put = (version: number, atUs: number): string | null =>
      fences.put(
        'a',
        geofence({ id: 'a', shape: 'circle', center: at(0, 0), radius_m: 100, version, valid_from: atUs }),
        atUs,
      );
    for (let n = 0; n < 100; n++) put(n, n * 1000);
    expect([near(500), near(50_500), near(99_500)]).toEqual([[0], [50], [99]]);
    put(100, KEPT_US + 50_000);
    expect([near(49_500), near(50_500)]).toEqual([[], [50]]);
    fences.put('a', null, KEPT_US + 60_000);
    fences.put('b', geofence({ id: 'b', shape: 'circle', center: at(5, 5), radius_m: 100 }), 3 * KEPT_US);
    fences.put('a', null, 3 * KEPT_US);
    expect(fences.size).toBe(1);
    for (let n = 0; n < 2 * VERSIONS_MAX; n++) put(n, 3 * KEPT_US + n);
    expect([near(3 * KEPT_US + VERSIONS_MAX - 1), near(3 * KEPT_US + VERSIONS_MAX)]).toEqual([[], [VERSIONS_MAX]]);
  });

  it('counts from its valid_from on, until the next version, its valid_to or its end; and for whom it is', () => {
    const fences = new FenceBook();
    const near = (atUs: number, owner: { group?: string; tenant?: string | null; ident?: string } = {}): number[] =>
      fences
        .of({ ident: owner.ident ?? 'd', tenant: owner.tenant ?? null, group: owner.group ?? null })!
        .near(at(0, 0), atUs)
        .map(({ version }) => version);
    const one = { id: 'a', shape: 'circle', center: at(0, 0), radius_m: 100 } as const;
    fences.put('a', geofence({ ...one, version: 1, valid_from: 100 }), 0);
    fences.put('a', geofence({ ...one, version: 2, valid_from: 200, valid_to: 300 }), 0);
    expect([99, 100, 199, 200, 299, 300].map((t) => near(t))).toEqual([[], [1], [1], [2], [2], []]);
    fences.put('a', geofence({ ...one, version: 3, valid_from: 400, groups: ['vans'], idents: ['x'] }), 0);
    expect([
      near(400),
      near(400, { group: 'vans' }),
      near(400, { ident: 'x' }),
      near(400, { tenant: 't', group: 'vans' }),
    ]).toEqual([[], [3], [3], []]);
    fences.put('a', null, 450);
    expect([near(449, { ident: 'x' }), near(450, { ident: 'x' })]).toEqual([[3], []]);
    fences.put('a', geofence({ ...one, version: 4, valid_from: 500, enabled: false }), 0);
    expect(near(500)).toEqual([]);
  });
});
