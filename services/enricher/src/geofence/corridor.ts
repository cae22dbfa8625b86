/** A line on the sphere: distance of a point from great-circle legs, by vectors, so that no place is special. */
import type { Point } from '../fold/distance.js';
import type { Box } from './shape.js';

type Vector = readonly [number, number, number];

const RAD = Math.PI / 180;
const EARTH_RADIUS_M = 6371008.8;
/** Long legs are cut into pieces of this length (radians), so that a piece lies almost straight in its box. */
const PIECE = 0.5 * RAD;

interface Leg {
  readonly from: Vector;
  readonly to: Vector;
  /** Normal of the leg's plane, of length 1; null: both ends are one point. */
  readonly normal: Vector | null;
}

export class Corridor {
  readonly #legs: readonly Leg[];
  readonly #pieces: readonly Point[];

  constructor(path: readonly Point[]) {
    const vectors = path.map(vectorOf);
    const legs: Leg[] = [];
    for (let i = 1; i < vectors.length; i++) legs.push(legOf(vectors[i - 1]!, vectors[i]!));
    if (vectors.length === 1) legs.push(legOf(vectors[0]!, vectors[0]!));
    this.#legs = legs;
    this.#pieces = legs.flatMap(piecesOf);
  }

  /** Metres from the line. */
  distanceM(point: Point): number {
    const at = vectorOf(point);
    return this.#legs.reduce((nearest, leg) => Math.min(nearest, distanceTo(leg, at)), Infinity) * EARTH_RADIUS_M;
  }

  /** The box of everything within `metres` of the line. */
  box(metres: number): Box {
    // A piece bulges from its chord by less than a hundredth of its length, and is all over a box of its ends so widened.
    const reach = metres / EARTH_RADIUS_M / RAD + PIECE / RAD / 100;
    let [west, east, south, north] = [Infinity, -Infinity, Infinity, -Infinity];
    let before = this.#pieces[0]!.longitude;
    for (const { latitude, longitude } of this.#pieces) {
      // Continued over the antimeridian.
      const x = before + ((((longitude - before) % 360) + 540) % 360) - 180;
      const poles = Math.abs(latitude) + reach >= 90;
      const width = poles ? 360 : Math.asin(Math.min(1, Math.sin(reach * RAD) / Math.cos(latitude * RAD))) / RAD;
      west = Math.min(west, x - width);
      east = Math.max(east, x + width);
      south = Math.min(south, latitude - reach);
      north = Math.max(north, latitude + reach);
      before = x;
    }
    return east - west >= 360 ? { west: -180, east: 180, south, north } : { west, east, south, north };
  }
}

function vectorOf({ latitude, longitude }: Point): Vector {
  const [lat, lon] = [latitude * RAD, longitude * RAD];
  return [Math.cos(lat) * Math.cos(lon), Math.cos(lat) * Math.sin(lon), Math.sin(lat)];
}
const pointOf = ([x, y, z]: Vector): Point => ({
  latitude: Math.atan2(z, Math.hypot(x, y)) / RAD,
  longitude: Math.atan2(y, x) / RAD,
});
const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
const length = (a: Vector): number => Math.hypot(a[0], a[1], a[2]);
/** Angle between two directions; exact for small ones, where the arc cosine is not. */
const angle = (a: Vector, b: Vector): number => Math.atan2(length(cross(a, b)), dot(a, b));

function legOf(from: Vector, to: Vector): Leg {
  const normal = cross(from, to);
  const size = length(normal);
  return { from, to, normal: size < 1e-15 ? null : [normal[0] / size, normal[1] / size, normal[2] / size] };
}

function distanceTo({ from, to, normal }: Leg, at: Vector): number {
  const ends = Math.min(angle(from, at), angle(to, at));
  if (normal === null) return ends;
  // The foot of the perpendicular lies on the leg when it is ahead of its start and before its end.
  const beside = dot(cross(normal, from), at) >= 0 && dot(cross(to, normal), at) >= 0;
  return beside ? Math.abs(Math.asin(Math.max(-1, Math.min(1, dot(normal, at))))) : ends;
}

function piecesOf({ from, to, normal }: Leg): Point[] {
  if (normal === null) return [pointOf(from)];
  const whole = angle(from, to);
  const count = Math.max(1, Math.ceil(whole / PIECE));
  const aside = cross(normal, from);
  return Array.from({ length: count + 1 }, (_, i) => {
    const a = (whole * i) / count;
    const [c, s] = [Math.cos(a), Math.sin(a)];
    return pointOf([from[0] * c + aside[0] * s, from[1] * c + aside[1] * s, from[2] * c + aside[2] * s]);
  });
}
