/**
 * Names for where trips, stops and visits begin and end, and rough positions for network cells that devices without a fix name: records
 * of `places`. At least once, by key: the same place is written again after a restart, with the same text. Nothing waits for it.
 */
import { latLngToCell } from 'h3-js';
import type { Codec, Telemetry, Trip } from '@fleetwire/schemas';
import { learnSchemas } from '@fleetwire/service';
import type { InRecord, OutRecord, StepResult, Task } from '@fleetwire/streaming';
import type { Point } from '../fold/distance.js';
import type { PlacesMetrics } from './metrics.js';
import { cellKey, NO_TEXT, type CellProvider, type NetworkCell, type PlaceProvider } from './provider.js';

export const TRIPS = 'trips';
export const ENRICHED = 'telemetry-enriched';
export const PLACES = 'places';

/** A provider that has not answered by then knows nothing of the place for now. */
export const LOOKUP_MAX_MS = 10_000;
/** Keys that are not asked for again by this process; then all are forgotten. */
export const KNOWN_MAX = 200_000;

export interface PlacesDeps {
  readonly codec: Codec;
  readonly places: PlaceProvider;
  /** Null: positions of cells are not looked up. */
  readonly cells: CellProvider | null;
  /** Resolution of H3: 9 is a hexagon of some 200 m. */
  readonly resolution: number;
  readonly metrics: PlacesMetrics;
  /** Shared by the partitions of a process. */
  readonly known: Set<string>;
}

/** A key of `places` with the point that it stands for. */
interface Wanted {
  readonly key: string;
  readonly point: Point;
  readonly source: string;
}

export class PlacesTask implements Task {
  constructor(private readonly deps: PlacesDeps) {}

  prepare(records: readonly InRecord[]): Promise<void> {
    return learnSchemas(this.deps.codec, records);
  }

  /** There are no tables. */
  load(): void {
    return;
  }

  async process(records: readonly InRecord[], nowMs: number): Promise<StepResult> {
    const { known } = this.deps;
    const wanted = new Map<string, Wanted>();
    for (const record of records) for (const one of this.#wantedOf(record)) wanted.set(one.key, one);
    const fresh = [...wanted.values()].filter(({ key }) => !known.has(key));
    const found = await Promise.all(fresh.map((one) => this.#record(one, nowMs)));
    if (known.size + fresh.length > KNOWN_MAX) known.clear();
    const outputs: OutRecord[] = [];
    for (const [i, record] of found.entries()) {
      if (record === null) continue;
      known.add(fresh[i]!.key);
      outputs.push(record);
    }
    return { outputs };
  }

  #wantedOf({ topic, value }: InRecord): Wanted[] {
    if (value === null) return [];
    const { codec } = this.deps;
    return topic === TRIPS ? this.#ofTrip(codec.decode(TRIPS, value)) : this.#ofReport(codec.decode(ENRICHED, value));
  }

  #ofTrip(trip: Trip): Wanted[] {
    if (trip.retracted) return [];
    const ends = [pointOf(trip.start_latitude, trip.start_longitude), pointOf(trip.end_latitude, trip.end_longitude)];
    const { resolution, places } = this.deps;
    return ends.flatMap((point) =>
      point === null
        ? []
        : [{ key: latLngToCell(point.latitude, point.longitude, resolution), point, source: places.source }],
    );
  }

  /** Of a report without a fix: where its cells are. */
  #ofReport(report: Telemetry): Wanted[] {
    const { cells, places } = this.deps;
    const fixed = report.position_valid !== false && report.position_latitude !== null;
    if (cells === null || fixed || report.private_status === true) return [];
    return cellsOf(report).flatMap((cell) => {
      const point = cells.locate(cell);
      return point === null ? [] : [{ key: cellKey(cell), point, source: `${cells.source}; ${places.source}` }];
    });
  }

  /** Null: it is not known now, and will be asked for again. */
  async #record({ key, point, source }: Wanted, nowMs: number): Promise<OutRecord | null> {
    const { codec, places, metrics, resolution } = this.deps;
    let text;
    try {
      text = await within(LOOKUP_MAX_MS, places.find(point));
    } catch {
      metrics.lookup('failed');
      return null;
    }
    metrics.lookup(text === null ? 'unknown' : 'found');
    const isCell = key.startsWith('cell-');
    if (text === null && !isCell) return null;
    const value = codec.encode(PLACES, {
      ...(text ?? NO_TEXT),
      cell: isCell ? latLngToCell(point.latitude, point.longitude, resolution) : key,
      source,
      retrieved_at: nowMs * 1000,
    });
    return { topic: PLACES, key, value };
  }
}

const pointOf = (latitude: number | null, longitude: number | null): Point | null =>
  latitude === null || longitude === null ? null : { latitude, longitude };

/** The serving cell first, then those in reach; only complete ones. */
function cellsOf(report: Telemetry): NetworkCell[] {
  const serving = { mcc: report.gsm_mcc, mnc: report.gsm_mnc, lac: report.gsm_lac, cellid: report.gsm_cellid };
  return [serving, ...(report.cells ?? [])].flatMap(({ mcc, mnc, lac, cellid }) =>
    mcc === null || mnc === null || lac === null || cellid === null ? [] : [{ mcc, mnc, lac, cellid }],
  );
}

/** The value, or a rejection when it takes longer. */
async function within<T>(ms: number, value: T | Promise<T>): Promise<T> {
  if (!(value instanceof Promise)) return value;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  return Promise.race([value, late]).finally(() => clearTimeout(timer));
}
