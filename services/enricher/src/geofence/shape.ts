/**
 * Shapes on the globe: how far a point is from their border, and which boxes hold them.
 *
 * Polygon edges are straight in longitude and latitude, as GeoJSON has them, with longitudes continued over the antimeridian: each edge is the
 * shorter way round. A ring that goes round a pole holds it. Circles and corridors are measured on the sphere, so that poles and the
 * antimeridian are places like any other. Boundaries count as inside, up to rounding.
 */
import { distanceKm, type Point } from '../fold/distance.js';
import { Corridor } from './corridor.js';

/** Degrees; west may be below −180 and east above 180 when the shape lies over the antimeridian. */
export interface Box {
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
}

export interface Shape {
  readonly box: Box;
  /** Half of the smallest extent, m. */
  readonly halfM: number;
  /** Metres to the border, negative inside. Exact near the border; far from it only its sign and order of size are. */
  distanceM(point: Point): number;
}

export const METRES_PER_DEGREE = (Math.PI / 180) * 6371008.8;
const RAD = Math.PI / 180;

/** Degrees of longitude that are `metres` at a latitude; 360 next to a pole. */
export function longitudeSpan(metres: number, latitude: number): number {
  // On the sphere: the widest longitude of a cap, which touches its meridian.
  const cap = Math.sin(Math.min(Math.PI / 2, metres / METRES_PER_DEGREE / (180 / Math.PI)));
  const width = Math.cos(latitude * RAD);
  return cap >= width ? 360 : Math.asin(cap / width) / RAD;
}

export function circle(center: Point, radiusM: number): Shape {
  const span = radiusM / METRES_PER_DEGREE;
  const [south, north] = [center.latitude - span, center.latitude + span];
  const wide = north >= 90 || south <= -90 ? 360 : longitudeSpan(radiusM, center.latitude);
  const box =
    wide >= 180
      ? { west: -180, east: 180, south, north }
      : { west: center.longitude - wide, east: center.longitude + wide, south, north };
  return { box, halfM: radiusM, distanceM: (point) => distanceKm(center, point) * 1000 - radiusM };
}

export function corridor(path: readonly Point[], widthM: number): Shape {
  const line = new Corridor(path);
  return { box: line.box(widthM / 2), halfM: widthM / 2, distanceM: (point) => line.distanceM(point) - widthM / 2 };
}

/** A ring as numbers: x (longitude, continued) and y (latitude) of each vertex, closed. */
interface Ring {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly west: number;
  readonly east: number;
}

/** Rings of one or several polygons; a point in an odd number of them is inside, so that holes are holes. */
export function polygon(rings: readonly (readonly Point[])[]): Shape {
  const lines = rings.map(ringOf);
  let [west, east, south, north] = [Infinity, -Infinity, Infinity, -Infinity];
  let halfM = Infinity;
  for (const ring of lines) {
    // Rings of one shape lie side by side: the later ones go where the first is.
    const shift = west === Infinity ? 0 : 360 * Math.round(((west + east) / 2 - (ring.west + ring.east) / 2) / 360);
    west = Math.min(west, ring.west + shift);
    east = Math.max(east, ring.east + shift);
    for (const y of ring.y) [south, north] = [Math.min(south, y), Math.max(north, y)];
  }
  if (lines.length > 0) {
    const middle = Math.cos(((south + north) / 2) * RAD);
    halfM = (Math.min(north - south, (east - west) * Math.max(middle, 0.01)) / 2) * METRES_PER_DEGREE;
  }
  const box = east - west >= 360 ? { west: -180, east: 180, south, north } : { west, east, south, north };
  return { box, halfM, distanceM: (point) => ringsDistanceM(lines, point) };
}

function ringOf(points: readonly Point[]): Ring {
  const first = points[0]!;
  const last = points.at(-1)!;
  const closed = points.length > 1 && first.latitude === last.latitude && first.longitude === last.longitude;
  const open = closed ? points.slice(0, -1) : points;
  const x = [first.longitude];
  const y = [first.latitude];
  for (let i = 1; i <= open.length; i++) {
    const to = open[i % open.length]!;
    const from = open[i - 1]!;
    x.push(x[i - 1]! + edgeSpan(to.longitude - from.longitude));
    y.push(to.latitude);
  }
  const turn = Math.round((x.at(-1)! - x[0]!) / 360);
  if (turn !== 0) {
    // Once round the earth: the ring holds the pole that it is nearer to, so it is closed over that pole.
    x[x.length - 1] = x[0]! + 360 * turn;
    const pole = y.reduce((sum, value) => sum + value, 0) >= 0 ? 90 : -90;
    x.push(x.at(-1)!, x[0]!, x[0]!);
    y.push(pole, pole, y[0]!);
  }
  return { x: Float64Array.from(x), y: Float64Array.from(y), west: Math.min(...x), east: Math.max(...x) };
}

/** The shorter way round; from −180 to 180 is once round the earth, as maps draw it. */
const edgeSpan = (degrees: number): number => (Math.abs(degrees) === 360 ? degrees : shorter(degrees));

/** A difference of longitudes, the shorter way round. */
export function shorter(degrees: number): number {
  const turned = ((degrees % 360) + 540) % 360;
  return turned - 180;
}

/** Next to a pole: at the pole itself no longitude has a meaning. */
const LATITUDE_MAX = 90 - 1e-9;

function ringsDistanceM(rings: readonly Ring[], given: Point): number {
  const latitude = Math.max(-LATITUDE_MAX, Math.min(LATITUDE_MAX, given.latitude));
  // On a grid of 0.1 mm: a longitude just left of a ring's seam would be rounded onto it when 360° are added.
  const point = { latitude, longitude: Math.round(given.longitude * 1e9) / 1e9 };
  let inside = false;
  let nearest = Infinity;
  // Metres on a plane that touches the globe at the point: exact where the border is near.
  const scale = Math.max(Math.cos(point.latitude * RAD), 1e-9);
  for (const ring of rings) {
    // A ring may stand at any multiple of 360°: the point is put beside it, to the west-most place that is not left of it.
    let longitude = point.longitude + 360 * Math.ceil((ring.west - point.longitude) / 360);
    let held = false;
    for (; longitude <= ring.east; longitude += 360) if (isIn(ring, longitude, point.latitude)) held = !held;
    if (held) inside = !inside;
    nearest = Math.min(nearest, borderDegrees(ring, point, scale));
  }
  return (inside ? -nearest : nearest) * METRES_PER_DEGREE;
}

/** Whether a ray to the east crosses the ring an odd number of times. Edges are half open in latitude, so that a vertex counts once. */
function isIn({ x, y }: Ring, longitude: number, latitude: number): boolean {
  let odd = false;
  for (let i = 1; i < x.length; i++) {
    const [x0, y0, x1, y1] = [x[i - 1]!, y[i - 1]!, x[i]!, y[i]!];
    if (y0 > latitude === y1 > latitude) continue;
    // The side of the edge by a cross product: no division, so no edge is too flat.
    const side = (x1 - x0) * (latitude - y0) - (y1 - y0) * (longitude - x0);
    if (y1 > y0 ? side > 0 : side < 0) odd = !odd;
  }
  return odd;
}

function borderDegrees({ x, y }: Ring, point: Point, scale: number): number {
  let nearest = Infinity;
  for (let i = 1; i < x.length; i++) {
    // Edges along a pole's parallel have no length on the globe: they close a ring, and are no border.
    if (Math.abs(y[i - 1]!) >= 90 || Math.abs(y[i]!) >= 90) continue;
    const dx = (x[i]! - x[i - 1]!) * scale;
    const dy = y[i]! - y[i - 1]!;
    const px = shorter(point.longitude - x[i - 1]!) * scale;
    // The edge may lie on the other side of the turn than its first vertex.
    for (const turn of Math.abs(dx) > 90 * scale ? [-360 * scale, 0, 360 * scale] : [0]) {
      const qx = px + turn;
      const py = point.latitude - y[i - 1]!;
      const length = dx * dx + dy * dy;
      const along = length === 0 ? 0 : Math.max(0, Math.min(1, (qx * dx + py * dy) / length));
      nearest = Math.min(nearest, Math.hypot(qx - along * dx, py - along * dy));
    }
  }
  return nearest;
}
