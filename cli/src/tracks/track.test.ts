import { describe, expect, it } from 'vitest';
import { render, TrackCollector, type TrackPoint } from './track.js';

const point = (second: number, longitude: number, altitude: number | null = null): TrackPoint => ({
  atUs: second * 1e6,
  latitude: 50,
  longitude,
  altitude,
  speed: 10,
  direction: null,
});

describe('a track', () => {
  it('has each report once, by its highest revision, in order of event time', () => {
    const collector = new TrackCollector();
    collector.add('b', 0, point(20, 2));
    collector.add('a', 0, point(10, 1));
    collector.add('b', 1, point(20, 3));
    collector.add('c', 1, null);
    collector.add('c', 0, point(30, 9));
    expect(collector.points.map(({ longitude }) => longitude)).toEqual([1, 3]);
  });

  it('is GeoJSON with lines that are cut at the antimeridian', () => {
    const json = JSON.parse(render('geojson', 'x', [point(0, 179), point(1, 180), point(2, -179)])) as {
      geometry: { coordinates: number[][][] };
      properties: { times: string[] };
    };
    expect(json.geometry.coordinates).toEqual([
      [
        [179, 50],
        [180, 50],
      ],
      [
        [-179, 50],
        [-179, 50],
      ],
    ]);
    expect(json.properties.times[1]).toBe('1970-01-01T00:00:01.000Z');
  });

  it('is GPX and KML with times, and with names that can not break them', () => {
    const points = [point(0, 8, 120), point(10, 8.1)];
    const gpx = render('gpx', '<&"', points);
    expect(gpx).toContain('<name>&#60;&#38;&#34;</name>');
    expect(gpx).toContain('<trkpt lat="50" lon="8"><ele>120</ele><time>1970-01-01T00:00:00.000Z</time></trkpt>');
    const kml = render('kml', 'x', points);
    expect(kml.match(/<when>/g)).toHaveLength(2);
    expect(kml).toContain('<gx:coord>8.1 50 0</gx:coord>');
  });
});
