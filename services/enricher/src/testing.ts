/** For tests: reports, and a device that takes them as the enricher does, with restarts. */
import { Codec, type Device, type Geofence, type GeoPoint, type Telemetry } from '@fleetwire/schemas';
import type { Published } from './corrections.js';
import { DeviceState } from './device-state.js';
import { DeviceBook, GroupBook, type Profile } from './devices.js';
import { settle, take, timeOut, Unsettled, type Taken } from './enrich.js';
import { FenceBook } from './geofence/book.js';
import { outlineOf } from './log/entry.js';
import { PackedDevices } from './store/packed-devices.js';

export const EPOCH_US = Date.parse('2026-05-04T06:00:00Z') * 1000;

/** A report that says nothing. */
const UNSET: Telemetry = ((codec) => {
  const empty = {
    message_id: '',
    ident: '',
    protocol: '',
    peer: '',
    decoder_version: '',
    timestamp: 0,
    received_at: 0,
  };
  return codec.decode('telemetry', codec.encode('telemetry', empty));
})(Codec.local(['telemetry']));

/** A report at `seconds` after the epoch of tests; its message id is made of `key`, or of the time. */
export function reportAt(seconds: number, over: Partial<Telemetry> = {}, key: number = seconds): Telemetry {
  const timeUs = EPOCH_US + Math.round(seconds * 1e6);
  const id = Math.round(key * 1000)
    .toString(16)
    .padStart(15, '0');
  return {
    ...UNSET,
    message_id: `a${id}`.padEnd(32, '0'),
    ident: 'device',
    protocol: 'astra',
    peer: '192.0.2.1:1',
    timestamp: timeUs,
    device_time: timeUs,
    received_at: timeUs + 1e6,
    decoder_version: 'test',
    position_valid: true,
    position_satellites: 9,
    ...over,
  };
}

/** The last word of each id that is not taken back, without what depends on the order of arrival. */
export type Final = ReadonlyMap<string, unknown>;

export class TestDevice {
  state = new DeviceState();
  /** Its state records as the topic holds them, by part. */
  readonly #stored = new Map<string, Buffer>();
  readonly published: Published[] = [];
  readonly taken: Taken[] = [];

  constructor(
    readonly profile: () => Profile = () => new DeviceBook(new GroupBook(), new FenceBook()).profile('device'),
  ) {}

  /** One batch. */
  batch(reports: readonly Telemetry[]): void {
    const unsettled = new Unsettled();
    for (const report of reports) {
      const taken = take(
        this.state,
        outlineOf(report),
        () => report,
        this.profile(),
        () => unsettled,
      );
      this.taken.push(taken);
      if (taken.kind === 'publish') this.published.push(...taken.outputs);
    }
    if (unsettled.late.size > 0) this.published.push(...settle(this.state, unsettled, this.profile()).outputs);
  }

  timeOut(): void {
    this.published.push(...timeOut(this.state));
  }

  /** Writes the state as the topic would hold it, and reads it again. */
  restart(): void {
    const { head, written, dropped } = new PackedDevices().pack('device', this.state);
    for (const { part, payload } of [{ part: '', payload: head }, ...written])
      this.#stored.set(part, Buffer.from(payload));
    for (const part of dropped) this.#stored.delete(part);
    const devices = new PackedDevices();
    for (const [part, payload] of this.#stored) devices.restore('device', part, payload);
    devices.restored();
    this.state = devices.unpack('device')!;
  }

  /** Of each id the highest revision; fails where a revision does not go up. */
  last(): Map<string, Published> {
    const last = new Map<string, Published>();
    for (const output of this.published) {
      const key = `${output.topic}|${output.id}`;
      const known = last.get(key);
      if (known !== undefined && known.published >= output.published)
        throw new Error(`${key}: revision ${output.published} after ${known.published}`);
      last.set(key, output);
    }
    return last;
  }

  final(): Final {
    const final = new Map<string, unknown>();
    for (const [key, output] of [...this.last()].sort(([a], [b]) => (a < b ? -1 : 1)))
      if (output.body.retracted !== true) final.set(key, output.body);
    return final;
  }

  /** Final records of a kind. */
  trips(kind: 'trip' | 'stop' | 'visit'): Published['body'][] {
    return [...this.last().values()]
      .filter((o) => o.topic === 'trips' && o.body.kind === kind && o.body.retracted !== true)
      .map(({ body }) => body);
  }
  events(type: string): Published['body'][] {
    return [...this.last().values()]
      .filter((o) => o.topic === 'events' && o.body.type === type && o.body.retracted !== true)
      .map(({ body }) => body);
  }
}

const square = (latitude: number, longitude: number, half: number): GeoPoint[] => [
  { latitude: latitude - half, longitude: longitude - half },
  { latitude: latitude - half, longitude: longitude + half },
  { latitude: latitude + half, longitude: longitude + half },
  { latitude: latitude + half, longitude: longitude - half },
];

/** A geofence record with what tests do not care for. */
export function geofence(over: Partial<Geofence> & Pick<Geofence, 'id' | 'shape'>): Geofence {
  return {
    name: over.id,
    version: 1,
    valid_from: 0,
    valid_to: null,
    center: null,
    radius_m: null,
    rings: [],
    path: [],
    width_m: null,
    enabled: true,
    events: [],
    dwell_s: null,
    margin_m: null,
    speed_limit: null,
    groups: [],
    idents: [],
    tenant: null,
    labels: {},
    updated_at: null,
    updated_by: null,
    ...over,
  };
}

/** A device record as it is without any setting. */
export const PLAIN_DEVICE: Device = {
  ident: 'device',
  kind: 'device',
  id: null,
  name: null,
  type: null,
  type_id: null,
  protocol_id: null,
  protocol: null,
  tenant: null,
  group: null,
  labels: {},
  aliases: [],
  admission: 'default',
  limits: null,
  thresholds: {},
  decoder: null,
  inputs: [],
  privacy: 'show',
  phone: null,
  updated_at: null,
  updated_by: null,
};

/** A device record with a limit, in the world of the scripted day: a yard, a town with a limit of its own, a road. */
export const scriptedProfile: () => Profile = (() => {
  const fences = new FenceBook();
  fences.put(
    'yard',
    geofence({ id: 'yard', shape: 'circle', center: { latitude: 50, longitude: 8 }, radius_m: 300 }),
    0,
  );
  const town = { id: 'town', shape: 'polygon', rings: [square(50.1, 8, 0.02)], speed_limit: 50, dwell_s: 300 } as const;
  fences.put('town', geofence(town), 0);
  const road = [
    { latitude: 50.05, longitude: 7.9 },
    { latitude: 50.05, longitude: 8.1 },
  ];
  fences.put('road', geofence({ id: 'road', shape: 'corridor', path: road, width_m: 40, events: ['cross'] }), 0);
  const book = new DeviceBook(new GroupBook(), fences);
  book.put('device', { ...PLAIN_DEVICE, thresholds: { speed_limit: 90 } });
  return () => book.profile('device');
})();

/** Five hours and more of a vehicle: trips to a town and back with halts, speeding, idling, alarms, a gap; each 10 s on the way. */
export function scriptedDay(protocol: string, variant: number): Telemetry[] {
  const reports: Telemetry[] = [];
  let [t, latitude, odometer, sequence] = [0, 50, 1000, 0];
  const say = (kmh: number, ignition: boolean, over: Partial<Telemetry> = {}): void => {
    const alarms =
      protocol === 'h02'
        ? { sos_alarm: false, power_cut_alarm: false, towing_alarm_status: false }
        : { gnss_jamming_status: false };
    reports.push(
      reportAt(t, {
        protocol,
        position_latitude: latitude,
        position_longitude: 8 + ((t * 7919) % 11) * 1e-6,
        position_speed: kmh,
        position_direction: kmh > 0 ? 0 : null,
        engine_ignition_status: ignition,
        vehicle_mileage: variant % 2 === 0 ? odometer : null,
        record_seqnum: sequence++ % 256,
        driver_id: t > 3000 ? 'A1B2' : null,
        ...alarms,
        ...over,
      }),
    );
  };
  const go = (
    seconds: number,
    kmh: number,
    ignition = true,
    each = 10,
    over?: (i: number) => Partial<Telemetry>,
  ): void => {
    for (let i = 0; i * each < seconds; i++) {
      t += each;
      const km = (Math.abs(kmh) / 3600) * each;
      latitude += (Math.sign(kmh) * km) / 111.195;
      odometer += km;
      say(Math.abs(kmh), ignition, over?.(i));
    }
  };
  const alarm = protocol === 'h02' ? { sos_alarm: true } : { flags: { 'alarm.panic.status': true } };
  say(0, false);
  for (const way of [1, -1, 1, -1]) {
    go(600, 0, false, 60);
    go(60 + variant * 10, 0, true);
    go(300, way * 60);
    go(120, way * 110);
    go(100, 0);
    go(240, way * (55 + variant), true, 10, (i) => (i === 5 || i === 6 ? alarm : {}));
    go(200, 0, true, 10, (i) => (protocol === 'astra' && i > 3 && i < 9 ? { gnss_jamming_status: true } : {}));
    go(60, way * 30);
    go(700, 0, false, 30);
  }
  t += 2400;
  go(600, 70);
  go(900, 0, false, 60);
  return reports;
}

export { benchWorld, type BenchWorld } from './bench-world.js';
export { differences, LastWords, TaskRun } from './scripted/run.js';
