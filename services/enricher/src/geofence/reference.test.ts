/**
 * Geofences against a library of spherical geometry (d3-geo): random polygons with holes, circles and corridors anywhere on the globe, over the antimeridian and
 * round the poles. Edges of our polygons are straight in longitude and latitude; for the library they are cut into short pieces. Points within a
 * metre or two of a border are left out: there the two may differ by rounding.
 */
import { geoArea, geoContains, geoDistance, geoInterpolate, type GeoPermissibleObjects } from 'd3-geo';
import { describe, expect, it } from 'vitest';
import type { Point } from '../fold/distance.js';
import { seeded, type Random } from '../scripted/random.js';
import { geofence } from '../testing.js';
import { FenceBook } from './book.js';
import { circle, corridor, polygon, type Shape } from './shape.js';

const EARTH_M = 6371008.8;
const SEED = Number(process.env['FLEETWIRE_SEED'] ?? 4);
const SHAPES = Number(process.env['FLEETWIRE_GEOMETRY_SHAPES'] ?? 40);
const POINTS = 25;
/** Pieces of an edge are this long at most, degrees. */
const PIECE = 0.2;

const wrap = (degrees: number): number => ((((degrees + 180) % 360) + 360) % 360) - 180;
const at = (latitude: number, longitude: number): Point => ({ latitude, longitude: wrap(longitude) });
const toPair = ({ longitude, latitude }: Point): [number, number] => [longitude, latitude];

/** A place for a shape: anywhere, on the antimeridian, or next to a pole. */
function somewhere(random: Random): Point {
  const kind = random.below(4);
  if (kind === 0) return at(random.between(-70, 70), random.between(179, 181));
  if (kind === 1) return at(random.between(86, 89.5) * (random.chance(0.5) ? 1 : -1), random.between(-180, 180));
  return at(random.between(-80, 80), random.between(-180, 180));
}

/** A star-like ring round a centre, in degrees of longitude and latitude, or one that goes round a pole. */
function ringAround(center: Point, size: number, random: Random): Point[] {
  const count = 3 + random.below(9);
  return Array.from({ length: count }, (_, i) => {
    const angle = ((i + random.next() * 0.8) / count) * 2 * Math.PI;
    const far = size * random.between(0.4, 1);
    const latitude = Math.max(-89.9, Math.min(89.9, center.latitude + Math.sin(angle) * far));
    return at(latitude, center.longitude + Math.cos(angle) * far);
  });
}
function ringRoundPole(side: number, random: Random): Point[] {
  const count = 5 + random.below(8);
  return Array.from({ length: count }, (_, i) =>
    at(side * random.between(75, 88), ((i + random.next() * 0.8) / count) * 360 - 180),
  );
}

/** The ring for the library: edges in pieces, closed, turning so that it holds the smaller part of the globe. */
function dense(ring: readonly Point[]): [number, number][] {
  const pairs: [number, number][] = [];
  for (const [i, from] of ring.entries()) {
    const to = ring[(i + 1) % ring.length]!;
    const dx = wrap(to.longitude - from.longitude);
    const dy = to.latitude - from.latitude;
    const pieces = Math.max(1, Math.ceil(Math.max(Math.abs(dx), Math.abs(dy)) / PIECE));
    for (let n = 0; n < pieces; n++)
      pairs.push([wrap(from.longitude + (dx * n) / pieces), from.latitude + (dy * n) / pieces]);
  }
  pairs.push(pairs[0]!);
  const area = geoArea({ type: 'Polygon', coordinates: [pairs] });
  return area > 2 * Math.PI ? pairs.reverse() : pairs;
}

function expectSame(shape: Shape, place: Point, inside: boolean, marginM: number, what: string): number {
  const metres = shape.distanceM(place);
  if (Math.abs(metres) < marginM) return 0;
  expect([what, place, metres < 0]).toEqual([what, place, inside]);
  return 1;
}

/** The index must find what holds a point. */
function expectFound(fence: Parameters<typeof geofence>[0], place: Point, inside: boolean): void {
  const fences = new FenceBook();
  fences.put(fence.id, geofence(fence), 0);
  const found = fences.of({ ident: 'd', tenant: null, group: null })!.near(place, 1);
  if (inside) expect([fence, place, found.length]).toEqual([fence, place, 1]);
}

describe(`geofences and a reference library, seed ${SEED}`, () => {
  it('agree on polygons with holes, over the antimeridian and round the poles', () => {
    const random = seeded(SEED);
    let compared = 0;
    for (let n = 0; n < SHAPES; n++) {
      const side = random.chance(0.5) ? 1 : -1;
      const polar = n % 5 === 0;
      const center = polar
        ? at(88 * side, random.between(-180, 180))
        : at(random.between(-75, 75), n % 2 === 0 ? 180 : random.between(-180, 180));
      const size = random.between(0.05, 8);
      const outer = polar ? ringRoundPole(side, random) : ringAround(center, size, random);
      const hole = polar ? [] : ringAround(center, size * 0.2, random);
      const shape = polygon(hole.length === 0 ? [outer] : [outer, hole]);
      const library: GeoPermissibleObjects[] = [outer, hole]
        .filter((ring) => ring.length > 0)
        .map((ring) => ({ type: 'Polygon', coordinates: [dense(ring)] }));
      for (let p = 0; p < POINTS; p++) {
        const reach = polar ? 14 : size * 1.2;
        const latitude = Math.max(-90, Math.min(90, center.latitude + random.between(-1, 1) * reach));
        const place = at(
          latitude,
          polar ? random.between(-180, 180) : center.longitude + random.between(-1, 1) * reach,
        );
        // Even and odd, as the rings of a shape are one list.
        const inside = library.filter((ring) => geoContains(ring, toPair(place))).length % 2 === 1;
        // A piece of a parallel bulges from its great circle by some metres at most.
        compared += expectSame(shape, place, inside, 25, `polygon ${n}`);
        if (p < 5)
          expectFound({ id: 'p', shape: 'polygon', rings: hole.length === 0 ? [outer] : [outer, hole] }, place, inside);
      }
    }
    expect(compared).toBeGreaterThan(SHAPES * POINTS * 0.9);
  }, 60_000);

  it('agree on circles', () => {
    const random = seeded(SEED + 1);
    let compared = 0;
    for (let n = 0; n < SHAPES; n++) {
      const center = somewhere(random);
      const radiusM = 20 * 10 ** random.between(0, 4);
      const shape = circle(center, radiusM);
      const span = (radiusM / 111_195) * 1.5;
      for (let p = 0; p < POINTS; p++) {
        const latitude = Math.max(-90, Math.min(90, center.latitude + random.between(-1, 1) * span));
        const narrow = Math.max(0.005, Math.cos((center.latitude * Math.PI) / 180));
        const place = at(latitude, center.longitude + (random.between(-1, 1) * span) / narrow);
        const metres = geoDistance(toPair(center), toPair(place)) * EARTH_M;
        expect(Math.abs(shape.distanceM(place) - (metres - radiusM))).toBeLessThan(0.01);
        compared += expectSame(shape, place, metres < radiusM, 0.01, `circle ${n}`);
        if (p < 5) expectFound({ id: 'c', shape: 'circle', center, radius_m: radiusM }, place, metres < radiusM - 0.01);
      }
    }
    expect(compared).toBeGreaterThan(SHAPES * POINTS * 0.9);
  }, 60_000);

  it('agree on corridors', () => {
    const random = seeded(SEED + 2);
    let compared = 0;
    for (let n = 0; n < SHAPES; n++) {
      const start = somewhere(random);
      const span = random.between(0.01, 1);
      const path = [start];
      for (let i = 0; i < 1 + random.below(4); i++) {
        const { latitude, longitude } = path.at(-1)!;
        const next = Math.max(-89.9, Math.min(89.9, latitude + random.between(-1, 1) * span));
        path.push(at(next, longitude + random.between(-1, 1) * span * 2));
      }
      const widthM = random.between(500, 20_000);
      const shape = corridor(path, widthM);
      const samples = path.slice(1).flatMap((to, i) => {
        const along = geoInterpolate(toPair(path[i]!), toPair(to));
        return Array.from({ length: 201 }, (_, s) => along(s / 200));
      });
      for (let p = 0; p < POINTS; p++) {
        const [longitude, latitude] = samples[random.below(samples.length)]!;
        const off = (widthM / 111_195) * random.between(0, 1.2);
        const angle = random.between(0, 2 * Math.PI);
        const far = Math.max(-90, Math.min(90, latitude + Math.sin(angle) * off));
        const place = at(
          far,
          longitude + (Math.cos(angle) * off) / Math.max(0.005, Math.cos((latitude * Math.PI) / 180)),
        );
        const metres = Math.min(...samples.map((sample) => geoDistance(sample, toPair(place)))) * EARTH_M;
        // Samples stand up to some hundred metres apart, and the line passes nearer than the nearest of them.
        const apart = (span * 3 * 111_195) / 200;
        const marginM = 1 + (apart * apart) / widthM;
        compared += expectSame(shape, place, metres < widthM / 2, marginM, `corridor ${n}`);
        if (p < 5)
          expectFound({ id: 'r', shape: 'corridor', path, width_m: widthM }, place, metres < widthM / 2 - marginM);
      }
    }
    expect(compared).toBeGreaterThan(SHAPES * POINTS * 0.5);
  }, 60_000);
});
