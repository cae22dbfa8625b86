/** A device's way as KML, GPX or GeoJSON. */

export interface TrackPoint {
  readonly atUs: number;
  readonly latitude: number;
  readonly longitude: number;
  /** m; null when unknown. */
  readonly altitude: number | null;
  /** km/h */
  readonly speed: number | null;
  readonly direction: number | null;
}

export const FORMATS = ['geojson', 'gpx', 'kml'] as const;
export type TrackFormat = (typeof FORMATS)[number];

const iso = (us: number): string => new Date(us / 1000).toISOString();
const xml = (text: string): string => text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** Keeps of each message_id the highest revision; in order of event time. */
export class TrackCollector {
  readonly #points = new Map<string, { readonly revision: number; readonly point: TrackPoint | null }>();

  add(messageId: string, revision: number, point: TrackPoint | null): void {
    const known = this.#points.get(messageId);
    if (known === undefined || known.revision <= revision) this.#points.set(messageId, { revision, point });
  }

  get points(): TrackPoint[] {
    const points = [...this.#points.values()].flatMap(({ point }) => (point === null ? [] : [point]));
    return points.sort((a, b) => a.atUs - b.atUs);
  }
}

export function render(format: TrackFormat, ident: string, points: readonly TrackPoint[]): string {
  switch (format) {
    case 'geojson':
      return geoJson(ident, points);
    case 'gpx':
      return gpx(ident, points);
    case 'kml':
      return kml(ident, points);
  }
}

/** A line is cut where it passes the antimeridian, as RFC 7946 asks for. */
function geoJson(ident: string, points: readonly TrackPoint[]): string {
  const lines: TrackPoint[][] = [];
  for (const [i, point] of points.entries()) {
    const before = points[i - 1];
    if (before === undefined || Math.abs(point.longitude - before.longitude) > 180) lines.push([]);
    lines.at(-1)!.push(point);
  }
  const place = ({ longitude, latitude, altitude }: TrackPoint): number[] =>
    altitude === null ? [longitude, latitude] : [longitude, latitude, altitude];
  const feature = {
    type: 'Feature',
    properties: {
      ident,
      from: points.length === 0 ? null : iso(points[0]!.atUs),
      to: points.length === 0 ? null : iso(points.at(-1)!.atUs),
      times: points.map(({ atUs }) => iso(atUs)),
      speeds: points.map(({ speed }) => speed),
    },
    // A line needs two places: one alone is given twice.
    geometry: {
      type: 'MultiLineString',
      coordinates: lines.map((line) => (line.length === 1 ? [line[0]!, line[0]!] : line).map(place)),
    },
  };
  return `${JSON.stringify(feature)}\n`;
}

function gpx(ident: string, points: readonly TrackPoint[]): string {
  const rows = points.map(({ latitude, longitude, altitude, atUs }) => {
    const elevation = altitude === null ? '' : `<ele>${altitude}</ele>`;
    return `      <trkpt lat="${latitude}" lon="${longitude}">${elevation}<time>${iso(atUs)}</time></trkpt>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<gpx version="1.1" creator="fleetwire" xmlns="http://www.topografix.com/GPX/1/1">',
    `  <trk>\n    <name>${xml(ident)}</name>\n    <trkseg>`,
    ...rows,
    '    </trkseg>\n  </trk>\n</gpx>\n',
  ].join('\n');
}

function kml(ident: string, points: readonly TrackPoint[]): string {
  const whens = points.map(({ atUs }) => `        <when>${iso(atUs)}</when>`);
  const places = points.map(
    ({ latitude, longitude, altitude }) => `        <gx:coord>${longitude} ${latitude} ${altitude ?? 0}</gx:coord>`,
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2">',
    `  <Document>\n    <name>${xml(ident)}</name>\n    <Placemark>\n      <name>${xml(ident)}</name>\n      <gx:Track>`,
    ...whens,
    ...places,
    '      </gx:Track>\n    </Placemark>\n  </Document>\n</kml>\n',
  ].join('\n');
}
