/** For benchmarks: a fleet on the move among geofences, as reports and as records of `telemetry`. Seeded. */
import { Codec, type Telemetry } from '@fleetwire/schemas';
import type { InRecord } from '@fleetwire/streaming';
import { DeviceState, encodeState } from './device-state.js';
import { DeviceBook, GroupBook } from './devices.js';
import { settle, take, Unsettled } from './enrich.js';
import { FenceBook } from './geofence/book.js';
import type { EnricherMetrics } from './metrics.js';
import { EnricherTask } from './task.js';
import { geofence, reportAt } from './testing.js';

const INTERVAL_S = 30;
/** Side of the land in degrees, on which fences and devices are spread. */
const LAND = 10;
const BATCH_RECORDS = 500;

const SILENT: EnricherMetrics = {
  report: () => undefined,
  presence: () => undefined,
  outputs: () => undefined,
  refold: () => undefined,
  presenceEvent: () => undefined,
  fences: () => undefined,
  fenceRefused: () => undefined,
};

export interface BenchWorld {
  /** The next reports of the fleet, device after device; a part of them a minute late. */
  reports(count: number, late?: number): Telemetry[];
  /** Folds them, in batches. */
  fold(reports: readonly Telemetry[]): void;
  /** The same as batches of records. */
  records(count: number): InRecord[][];
  /** Runs batches through a task. */
  process(batches: readonly (readonly InRecord[])[]): void;
  /** Average of the fold's devices. */
  stateBytes(): number;
}

export function benchWorld(devices: number, fences: number): BenchWorld {
  let seed = 42;
  const random = (): number => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const book = new FenceBook();
  for (let i = 0; i < fences; i++) {
    const center = { latitude: 45 + random() * LAND, longitude: 5 + random() * LAND };
    book.put(`f${i}`, geofence({ id: `f${i}`, shape: 'circle', center, radius_m: 100 + random() * 900 }), 0);
  }
  const groups = new GroupBook();
  const profiles = new DeviceBook(groups, book);
  const codec = Codec.local();
  const task = new EnricherTask(0, { codec, partitions: 1, groups, fences: book, metrics: SILENT });
  task.ready();
  const states = new Map<string, DeviceState>();
  const places = Array.from({ length: devices }, () => [45 + random() * LAND, 5 + random() * LAND, random() * 360]);
  let turn = 0;

  function next(late: number): Telemetry {
    const device = turn % devices;
    const round = Math.floor(turn / devices);
    turn++;
    const place = places[device]!;
    const kmh = device % 3 === 0 ? 0 : 50;
    const metres = (kmh / 3.6) * INTERVAL_S;
    place[0]! += (Math.cos((place[2]! * Math.PI) / 180) * metres) / 111_195;
    place[1]! += (Math.sin((place[2]! * Math.PI) / 180) * metres) / 78_000;
    const seconds = round * INTERVAL_S - (late > 0 && random() < late ? 61 : 0);
    return {
      ...reportAt(
        seconds,
        {
          position_latitude: place[0]!,
          position_longitude: place[1]!,
          position_speed: kmh,
          position_direction: place[2]!,
          engine_ignition_status: kmh > 0,
          vehicle_mileage: round * (metres / 1000),
          record_seqnum: round % 256,
        },
        turn,
      ),
      ident: String(860000000000000 + device),
    };
  }
  const reports = (count: number, late = 0): Telemetry[] => Array.from({ length: count }, () => next(late));

  function fold(list: readonly Telemetry[]): void {
    for (let from = 0; from < list.length; from += BATCH_RECORDS) {
      const unsettled = new Map<string, Unsettled>();
      for (const report of list.slice(from, from + BATCH_RECORDS)) {
        const { ident } = report;
        let state = states.get(ident);
        if (state === undefined) states.set(ident, (state = new DeviceState()));
        state.liveness.seen(report.received_at, null);
        take(state, report, profiles.profile(ident), () => {
          let open = unsettled.get(ident);
          if (open === undefined) unsettled.set(ident, (open = new Unsettled()));
          return open;
        });
      }
      for (const [ident, open] of unsettled) settle(states.get(ident)!, open, profiles.profile(ident));
    }
  }

  function records(count: number): InRecord[][] {
    const batches: InRecord[][] = [];
    for (let n = 0; n < count; n += BATCH_RECORDS)
      batches.push(
        reports(BATCH_RECORDS).map((report, i) => ({
          topic: 'telemetry',
          partition: 0,
          offset: n + i,
          key: Buffer.from(report.ident),
          value: Buffer.from(codec.encode('telemetry', report)),
          headers: {},
          timestampMs: report.received_at / 1000,
        })),
      );
    return batches;
  }

  return {
    reports,
    fold,
    records,
    process: (batches) => {
      for (const batch of batches) task.process(batch);
    },
    stateBytes: () => {
      let bytes = 0;
      for (const state of states.values()) bytes += encodeState(state).length;
      return bytes / states.size;
    },
  };
}
