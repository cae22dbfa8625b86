/**
 * GeoJSON as geofence records. A Feature is a fence: its geometry is the shape, its properties are the record's other fields.
 *
 *   Point        circle; properties.radius_m
 *   Polygon, MultiPolygon   polygon with holes
 *   LineString   corridor; properties.width_m
 *
 * Each problem names the feature, the field and, in coordinates, the vertex.
 */
import type { GeofenceDraft, GeoPoint } from '@fleetwire/schemas';

export const EVENTS = ['enter', 'exit', 'dwell', 'cross'] as const;
const VERTICES_MAX = 10_000;

type Json = Readonly<Record<string, unknown>>;
const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export interface ParsedFences {
  readonly fences: readonly GeofenceDraft[];
  readonly problems: readonly string[];
}

/** A problem with its place in front; thrown inside this module alone. */
class Problem extends Error {}
function wrong(where: string, what: string): never {
  throw new Problem(`${where}: ${what}`);
}

/** The version before is not kept in the topic for ever: it must be there until the new one counts. */
const AHEAD_MAX_DAYS = 14;
const AHEAD_MAX_US = AHEAD_MAX_DAYS * 86_400 * 1_000_000;

/** Reads a Feature or a FeatureCollection. `nowUs`: valid_from and version of those that say none. */
export function parseGeoJson(text: string, nowUs: number): ParsedFences {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { fences: [], problems: [`is not JSON: ${error instanceof Error ? error.message : String(error)}`] };
  }
  const features = isRecord(json) && json['type'] === 'FeatureCollection' ? json['features'] : [json];
  if (!Array.isArray(features)) return { fences: [], problems: ['features: give a list of Features'] };
  const fences: GeofenceDraft[] = [];
  const problems: string[] = [];
  for (const [index, feature] of features.entries()) {
    try {
      fences.push(fenceOf(feature, features.length === 1 ? 'feature' : `features[${index}]`, nowUs));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      problems.push(error.message);
    }
  }
  return { fences, problems };
}

function fenceOf(feature: unknown, where: string, nowUs: number): GeofenceDraft {
  if (!isRecord(feature) || feature['type'] !== 'Feature')
    wrong(where, 'give a GeoJSON Feature, or a FeatureCollection of them');
  const properties = isRecord(feature['properties']) ? feature['properties'] : {};
  const id = feature['id'] ?? properties['id'];
  if ((typeof id !== 'string' && typeof id !== 'number') || !/^[\x21-\x7b\x7d\x7e]{1,64}$/.test(String(id)))
    wrong(`${where}.id`, 'give 1 to 64 printable characters without blanks and bars');
  const name = properties['name'] ?? String(id);
  if (typeof name !== 'string') wrong(`${where}.properties.name`, 'give a text');
  if (!isRecord(feature['geometry'])) wrong(`${where}.geometry`, 'give a geometry');
  const from = timeOf(properties['valid_from'], `${where}.properties.valid_from`) ?? nowUs;
  if (from > nowUs + AHEAD_MAX_US)
    wrong(`${where}.properties.valid_from`, `give a time within the next ${AHEAD_MAX_DAYS} days`);
  const to = timeOf(properties['valid_to'], `${where}.properties.valid_to`);
  if (to !== null && to <= from) wrong(`${where}.properties.valid_to`, 'must be after valid_from');
  return {
    id: String(id),
    name,
    version: numberOf(properties, 'version', where, 0) ?? nowUs,
    valid_from: from,
    valid_to: to,
    ...shapeOf(feature['geometry'], properties, where),
    enabled: properties['enabled'] !== false,
    events: eventsOf(properties['events'], where),
    dwell_s: numberOf(properties, 'dwell_s', where, 0),
    margin_m: numberOf(properties, 'margin_m', where, 0),
    speed_limit: numberOf(properties, 'speed_limit', where, 1),
    groups: textsOf(properties, 'groups', where),
    idents: textsOf(properties, 'idents', where),
    tenant: typeof properties['tenant'] === 'string' ? properties['tenant'] : null,
    updated_at: nowUs,
    updated_by: 'cli',
  };
}

type ShapeFields = Pick<GeofenceDraft, 'shape'> &
  Partial<Pick<GeofenceDraft, 'center' | 'radius_m' | 'rings' | 'path' | 'width_m'>>;

function shapeOf(geometry: Json, properties: Json, where: string): ShapeFields {
  const at = `${where}.geometry.coordinates`;
  const coordinates = geometry['coordinates'];
  const needed = (name: string): number =>
    numberOf(properties, name, where, 1e-3) ?? wrong(`${where}.properties.${name}`, 'give a number of metres above 0');
  switch (geometry['type']) {
    case 'Point':
      return { shape: 'circle', center: pointOf(coordinates, at), radius_m: needed('radius_m') };
    case 'LineString':
      return { shape: 'corridor', path: lineOf(coordinates, at, 2), width_m: needed('width_m') };
    case 'Polygon':
      return { shape: 'polygon', rings: ringsOf(coordinates, at) };
    case 'MultiPolygon':
      return {
        shape: 'polygon',
        rings: listOf(coordinates, at, 1).flatMap((polygon, i) => ringsOf(polygon, `${at}[${i}]`)),
      };
    default:
      return wrong(`${where}.geometry.type`, 'give Point, LineString, Polygon or MultiPolygon');
  }
}

function listOf(value: unknown, at: string, least: number): readonly unknown[] {
  if (!Array.isArray(value)) wrong(at, 'give a list');
  if (value.length < least) wrong(at, `give at least ${least}`);
  if (value.length > VERTICES_MAX) wrong(at, `give at most ${VERTICES_MAX}`);
  return value as readonly unknown[];
}

function pointOf(value: unknown, at: string): GeoPoint {
  const [longitude, latitude] = listOf(value, at, 2);
  if (typeof longitude !== 'number' || !(Math.abs(longitude) <= 180))
    wrong(`${at}[0]`, `${JSON.stringify(longitude)} is no longitude from -180 to 180 (longitude comes first)`);
  if (typeof latitude !== 'number' || !(Math.abs(latitude) <= 90))
    wrong(`${at}[1]`, `${JSON.stringify(latitude)} is no latitude from -90 to 90 (longitude comes first)`);
  return { latitude, longitude };
}

const lineOf = (value: unknown, at: string, least: number): GeoPoint[] =>
  listOf(value, at, least).map((point, i) => pointOf(point, `${at}[${i}]`));

function ringsOf(value: unknown, at: string): GeoPoint[][] {
  return listOf(value, at, 1).map((ring, r) => {
    const points = lineOf(ring, `${at}[${r}]`, 4);
    const [first, last] = [points[0]!, points.at(-1)!];
    if (first.latitude !== last.latitude || first.longitude !== last.longitude)
      wrong(`${at}[${r}][${points.length - 1}]`, 'the last vertex of a ring must be its first');
    for (let i = 1; i < points.length; i++) {
      const [a, b] = [points[i - 1]!, points[i]!];
      if (a.latitude === b.latitude && a.longitude === b.longitude)
        wrong(`${at}[${r}][${i}]`, 'is the vertex before it once more');
    }
    const crossing = selfCrossing(points);
    if (crossing !== null) wrong(`${at}[${r}][${crossing}]`, 'the edge that begins here crosses another of its ring');
    return points;
  });
}

/** Rings longer than this are not looked at edge by edge. */
const CROSSING_VERTICES_MAX = 2_000;

/** Index of the first edge that crosses another; null: none does. */
function selfCrossing(points: readonly GeoPoint[]): number | null {
  if (points.length > CROSSING_VERTICES_MAX) return null;
  const x = [points[0]!.longitude];
  for (let i = 1; i < points.length; i++) {
    const step = points[i]!.longitude - points[i - 1]!.longitude;
    x.push(x[i - 1]! + (Math.abs(step) === 360 ? step : ((((step + 180) % 360) + 360) % 360) - 180));
  }
  const side = (i: number, j: number, k: number): number =>
    (x[j]! - x[i]!) * (points[k]!.latitude - points[i]!.latitude) -
    (points[j]!.latitude - points[i]!.latitude) * (x[k]! - x[i]!);
  for (let i = 0; i + 1 < points.length; i++)
    for (let j = i + 2; j + 1 < points.length; j++) {
      if (i === 0 && j + 2 === points.length) continue;
      if (side(i, i + 1, j) * side(i, i + 1, j + 1) < 0 && side(j, j + 1, i) * side(j, j + 1, i + 1) < 0) return i;
    }
  return null;
}

function timeOf(value: unknown, at: string): number | null {
  if (value === undefined || value === null) return null;
  const ms = typeof value === 'string' ? Date.parse(value) : NaN;
  if (Number.isNaN(ms)) wrong(at, 'give a time such as "2026-05-04T06:00:00Z"');
  return ms * 1000;
}

function numberOf(properties: Json, name: string, where: string, least: number): number | null {
  const value = properties[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'number' || !Number.isFinite(value) || value < least)
    wrong(`${where}.properties.${name}`, `give a number from ${least}`);
  return value;
}

function textsOf(properties: Json, name: string, where: string): string[] {
  const value = properties[name] ?? [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
    wrong(`${where}.properties.${name}`, 'give a list of texts');
  return value;
}

function eventsOf(value: unknown, where: string): string[] {
  if (value === undefined || value === null) return [];
  const known: readonly unknown[] = EVENTS;
  if (!Array.isArray(value) || !value.every((item) => known.includes(item)))
    wrong(`${where}.properties.events`, `give a list of ${EVENTS.join(', ')}`);
  return value.map(String);
}
