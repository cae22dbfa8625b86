/** Names of places: the nearest of many, from the gazetteer, from files, and as records. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { cellToLatLng, getResolution } from 'h3-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Codec, type Place, type Telemetry } from '@fleetwire/schemas';
import type { InRecord, StepResult } from '@fleetwire/streaming';
import { distanceKm } from '../fold/distance.js';
import { reportAt } from '../testing.js';
import { parseCsv } from './csv.js';
import { fileCells, filePlaces } from './files.js';
import { Nearest } from './nearest.js';
import { NO_TEXT, type PlaceProvider } from './provider.js';
import { providersOf } from './providers.js';
import { ENRICHED, PlacesTask, TRIPS, type PlacesDeps } from './task.js';
import { TOWNS_SOURCE, townsProvider } from './towns.js';

const codec = Codec.local();
const record = (topic: string, value: Buffer): InRecord => ({
  topic,
  partition: 0,
  offset: 0,
  key: Buffer.from('device'),
  value: Buffer.from(value),
  headers: {},
  timestampMs: 1,
});
const trip = (over: object): InRecord =>
  record(
    TRIPS,
    codec.encode(TRIPS, {
      trip_id: 't',
      ident: 'device',
      kind: 'trip',
      state: 'final',
      started_at: 0,
      emitted_at: 0,
      ...over,
    }),
  );
const report = (over: Partial<Telemetry>): InRecord =>
  record(ENRICHED, codec.encode(ENRICHED, { ...reportAt(0, over), enrichment: null }));
const named: PlaceProvider = {
  source: 'test',
  find: ({ latitude }) => (latitude > 80 ? null : { ...NO_TEXT, label: `at ${latitude}` }),
};

function task(over: Partial<PlacesDeps> = {}): { readonly task: PlacesTask; readonly outcomes: string[] } {
  const outcomes: string[] = [];
  const metrics = { lookup: (outcome: string): void => void outcomes.push(outcome) };
  return {
    task: new PlacesTask({ codec, places: named, cells: null, resolution: 9, metrics, known: new Set(), ...over }),
    outcomes,
  };
}
const placesOf = ({ outputs }: StepResult): (Place & { readonly key: string })[] =>
  outputs.map(({ key, value }) => ({ ...codec.decode('places', value!), key: String(key) }));

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'fleetwire-places-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));
async function file(text: string): Promise<string> {
  const name = path.join(dir, `${Math.random()}.csv`);
  await writeFile(name, text);
  return name;
}

describe('the nearest of many points', () => {
  it('is the one with the shortest way, over the antimeridian and at the poles too', () => {
    const points = Array.from({ length: 2000 }, (_, i) => ({
      latitude: Math.asin(((i * 7919) % 2000) / 1000 - 1) * (180 / Math.PI),
      longitude: ((i * 104_729) % 3600) / 10 - 180,
    }));
    const nearest = new Nearest(points);
    const asked = [
      ...points.slice(0, 50).map(({ latitude, longitude }) => ({ latitude: -latitude, longitude: -longitude / 2 })),
    ];
    asked.push(
      { latitude: 10, longitude: 179.99 },
      { latitude: 10, longitude: -179.99 },
      { latitude: 89.9, longitude: 5 },
    );
    for (const from of asked) {
      const best = Math.min(...points.map((point) => distanceKm(from, point)));
      expect(distanceKm(from, nearest.of(from, 20_100)!)).toBeCloseTo(best, 3);
      expect(nearest.of(from, best * 0.99)).toBeNull();
    }
    expect(new Nearest([]).of({ latitude: 0, longitude: 0 }, 100)).toBeNull();
  });
});

describe('providers', () => {
  it('name the nearest town of the gazetteer, and nothing in mid-ocean', async () => {
    const towns = await townsProvider(50);
    expect(await towns.find({ latitude: 48.137, longitude: 11.575 })).toMatchObject({
      country_code: 'DE',
      region: 'Bavaria',
    });
    expect(await towns.find({ latitude: -40, longitude: -130 })).toBeNull();
    expect(towns.source).toBe(TOWNS_SOURCE);
  }, 60_000);

  it('read places and cells of an operator, and say which line is wrong', async () => {
    const places = await filePlaces(
      await file('latitude,longitude,label,city\n50,8,"Yard, north",Mainz\n51,8,Shop,\n'),
      10,
    );
    expect(places.find({ latitude: 50.01, longitude: 8 })).toMatchObject({ label: 'Yard, north', city: 'Mainz' });
    expect(places.find({ latitude: 40, longitude: 8 })).toBeNull();
    const cells = await fileCells(await file('mcc,mnc,lac,cellid,latitude,longitude\n262,1,5,77,50.5,8.5\n'));
    expect(cells.locate({ mcc: 262, mnc: 1, lac: 5, cellid: 77 })).toEqual({ latitude: 50.5, longitude: 8.5 });
    expect(cells.locate({ mcc: 262, mnc: 1, lac: 5, cellid: 78 })).toBeNull();
    await expect(filePlaces(await file('latitude,longitude,label\n50,8,a\n95,8,b\n'), 10)).rejects.toThrow(
      'line 3: latitude is "95"',
    );
    await expect(fileCells(await file('mcc,mnc\n1,2\n'))).rejects.toThrow(
      'line 1: no column lac, cellid, latitude, longitude',
    );
    expect(() => parseCsv('a,b\n1\n', ['a'])).toThrow('line 2: 1 columns');
  });

  it('are those of the configuration', async () => {
    const none = await providersOf({ provider: 'none', placesFile: null, cellsFile: null, maxKm: 5 });
    expect([none.places.source, none.cells]).toEqual(['none', null]);
  });
});

describe('the look-up of places', () => {
  it('names where trips begin and end, by H3 cell, once', async () => {
    const { task: places } = task();
    const ends = { start_latitude: 50, start_longitude: 8, end_latitude: 51, end_longitude: 8 };
    const found = placesOf(await places.process([trip(ends), trip(ends)], 7000));
    expect(found.map(({ label }) => label)).toEqual(['at 50', 'at 51']);
    for (const { key, cell, source, retrieved_at: at } of found) {
      expect([cell, source, at, getResolution(key)]).toEqual([key, 'test', 7_000_000, 9]);
    }
    const [latitude, longitude] = cellToLatLng(found[0]!.key);
    expect(distanceKm({ latitude, longitude }, { latitude: 50, longitude: 8 })).toBeLessThan(0.25);
    expect((await places.process([trip(ends)], 8000)).outputs).toEqual([]);
  });

  it('writes nothing of what was taken back, and nothing where nothing is known', async () => {
    const { task: places, outcomes } = task();
    const result = await places.process(
      [
        trip({ retracted: true, start_latitude: 50, start_longitude: 8 }),
        trip({ start_latitude: 85, start_longitude: 8 }),
      ],
      1,
    );
    expect([result.outputs, outcomes]).toEqual([[], ['unknown']]);
  });

  it('goes on when a provider fails, and asks it again the next time', async () => {
    let calls = 0;
    const find = (): Promise<never> | typeof NO_TEXT => (calls++ === 0 ? Promise.reject(new Error('away')) : NO_TEXT);
    const { task: places, outcomes } = task({ places: { source: 'test', find } });
    const at = trip({ start_latitude: 50, start_longitude: 8 });
    expect((await places.process([at], 1)).outputs).toEqual([]);
    expect((await places.process([at], 1)).outputs).toHaveLength(1);
    expect(outcomes).toEqual(['failed', 'found']);
  });

  it('gives cells of reports without a fix a rough position, and looks at no others', async () => {
    const cells = {
      source: 'cells',
      locate: ({ cellid }: { cellid: number }) => (cellid === 9 ? null : { latitude: 60, longitude: cellid }),
    };
    const { task: places } = task({ cells });
    const serving = { gsm_mcc: 262, gsm_mnc: 1, gsm_lac: 5, gsm_cellid: 7 };
    const more = [
      { mcc: 262, mnc: 1, lac: 5, cellid: 9, rssi: null },
      { mcc: null, mnc: 1, lac: 5, cellid: 8, rssi: null },
    ];
    const found = placesOf(
      await places.process(
        [
          report({ ...serving, cells: more }),
          report({ ...serving, gsm_cellid: 11, position_latitude: 50, position_longitude: 8 }),
          report({ ...serving, gsm_cellid: 12, private_status: true }),
        ],
        1,
      ),
    );
    expect(found).toMatchObject([{ key: 'cell-262-1-5-7', label: 'at 60', source: 'cells; test' }]);
    expect(getResolution(found[0]!.cell)).toBe(9);
  });
});
