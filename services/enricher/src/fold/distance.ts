/** Distances on the mean sphere. */
const EARTH_RADIUS_KM = 6371.0088;
const RAD = Math.PI / 180;

export interface Point {
  readonly latitude: number;
  readonly longitude: number;
}

/** Great-circle distance in km (haversine). */
export function distanceKm(a: Point, b: Point): number {
  const dLat = Math.sin(((b.latitude - a.latitude) * RAD) / 2);
  const dLon = Math.sin(((b.longitude - a.longitude) * RAD) / 2);
  const h = dLat * dLat + Math.cos(a.latitude * RAD) * Math.cos(b.latitude * RAD) * dLon * dLon;
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(h)));
}
