/** For benchmarks: a fleet on the move among geofences, as reports and as records of `telemetry`. Seeded. */
import { Codec, type Geofence, type Telemetry, type TelemetryOutline } from '@fleetwire/schemas';
import type { InRecord } from '@fleetwire/streaming';
import { DeviceState, STATE_FORMAT } from './device-state.js';
import { DeviceBook, GroupBook } from './devices.js';
import { settle, take, Unsettled } from './enrich.js';
import { FenceBook } from './geofence/book.js';
import { outlineOf } from './log/entry.js';
import type { Part } from './log/log-changes.js';
import type { EnricherMetrics } from './metrics.js';
import { PackedDevices } from './store/packed-devices.js';
import { EnricherTask } from './task.js';
import { EPOCH_US, geofence, reportAt } from './testing.js';

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
  outlines(count: number, late?: number): TelemetryOutline[];
  /** Folds what a reader of their bytes gives, in batches. */
  fold(reports: readonly TelemetryOutline[]): void;
  /** The same as batches of records. */
  records(count: number): InRecord[][];
  /** Runs batches through a task. */
  process(batches: readonly (readonly InRecord[])[]): void;
  readonly geofences: readonly Geofence[];
  readonly stateFormat: number;
  /** State records of the fold's devices, by ident. */
  states(): Iterable<readonly [ident: string, records: readonly Part[]]>;
  /** Average of the fold's devices: of the device's own record, of all of its records, and of the log's entries in them. */
  stateBytes(): { readonly head: number; readonly all: number; readonly log: number };
}

/** `codec`: with the ids of a registry, for records that go through a broker. `startUs`: event time of the first reports. */
export function benchWorld(
  devices: number,
  fences: number,
  codec: Codec = Codec.local(),
  startUs: number = EPOCH_US,
): BenchWorld {
  const startS = Math.round((startUs - EPOCH_US) / 1e6);
  let seed = 42;
  const random = (): number => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const book = new FenceBook();
  const shapes: Geofence[] = [];
  for (let i = 0; i < fences; i++) {
    const center = { latitude: 45 + random() * LAND, longitude: 5 + random() * LAND };
    shapes.push(geofence({ id: `f${i}`, shape: 'circle', center, radius_m: 100 + random() * 900 }));
    book.put(`f${i}`, shapes[i]!, 0);
  }
  const groups = new GroupBook();
  const profiles = new DeviceBook(groups, book);
  const task = new EnricherTask(0, { codec, partitions: 1, groups, fences: book, metrics: SILENT });
  task.ready();
  const packed = new PackedDevices();
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
    const seconds = startS + round * INTERVAL_S - (late > 0 && random() < late ? 61 : 0);
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

  function fold(list: readonly TelemetryOutline[]): void {
    for (let from = 0; from < list.length; from += BATCH_RECORDS) {
      const open = new Map<string, DeviceState>();
      const unsettled = new Map<string, Unsettled>();
      for (const report of list.slice(from, from + BATCH_RECORDS)) {
        const { ident } = report;
        let state = open.get(ident);
        if (state === undefined) open.set(ident, (state = packed.unpack(ident) ?? new DeviceState()));
        state.liveness.seen(report.received_at, null);
        take(state, report, notAsked, profiles.profile(ident), () => {
          let late = unsettled.get(ident);
          if (late === undefined) unsettled.set(ident, (late = new Unsettled()));
          return late;
        });
      }
      for (const [ident, late] of unsettled) settle(open.get(ident)!, late, profiles.profile(ident));
      for (const [ident, state] of open) packed.pack(ident, state);
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
    outlines: (count, late) => reports(count, late).map(outlineOf),
    fold,
    records,
    process: (batches) => {
      for (const batch of batches) task.process(batch);
    },
    geofences: shapes,
    stateFormat: STATE_FORMAT,
    *states() {
      for (const ident of packed.idents()) yield [ident, packed.recordsOf(ident)];
    },
    stateBytes: () => {
      let [head, all, log] = [0, 0, 0];
      for (const ident of packed.idents()) {
        log += packed.unpack(ident)!.log.bytes;
        for (const { part, payload } of packed.recordsOf(ident)) {
          all += payload.length;
          if (part === '') head += payload.length;
        }
      }
      return { head: head / packed.size, all: all / packed.size, log: log / packed.size };
    },
  };
}

/** Benchmarks have no input maps and no privacy. */
function notAsked(): never {
  throw new Error('the whole report is asked for');
}
