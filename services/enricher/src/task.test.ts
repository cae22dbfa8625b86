/** The task as the processor drives it: records in, records out, and a new task from the state that was written. */
import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { Metrics } from '@fleetwire/service';
import { Codec, SchemaError, type RecordTypes, type SchemaTopic, type Telemetry } from '@fleetwire/schemas';
import type { InRecord, OutRecord, StepResult } from '@fleetwire/streaming';
import { GroupBook } from './devices.js';
import { FenceBook } from './geofence/book.js';
import { enricherMetrics } from './metrics.js';
import { DEVICES, EnricherTask, SESSIONS, STATE_TOPIC } from './task.js';
import { PLAIN_DEVICE, reportAt, scriptedDay } from './testing.js';

const codec = Codec.local();
let offset = 0;
const record = (topic: string, key: string, value: Buffer | null, timestampMs = 1): InRecord => ({
  topic,
  partition: 0,
  offset: offset++,
  key: Buffer.from(key),
  value,
  headers: {},
  timestampMs,
});
const telemetry = (report: Telemetry): InRecord =>
  record('telemetry', report.ident, codec.encode('telemetry', report), report.received_at / 1000);

/** Of an id that no schema of this build has. */
const FORMER_ID = 999;
const TELEMETRY_SCHEMA = new URL('../../../schemas/telemetry.avsc', import.meta.url);

/** State whose newest report stands under another schema's id. */
function underId(state: Buffer, newest: Telemetry, id: number): Buffer {
  const at = state.indexOf(codec.encode('telemetry', newest));
  if (at < 0) throw new Error('the state does not hold the report');
  const changed = Buffer.from(state);
  changed.writeUInt32BE(id, at + 1);
  return changed;
}

/** A task, and the state topic that it writes to. */
class World {
  codec = codec;
  readonly groups = new GroupBook();
  readonly fences = new FenceBook();
  readonly stored = new Map<string, Buffer>();
  readonly written: OutRecord[] = [];
  task = this.made();

  made(): EnricherTask {
    const metrics = enricherMetrics(new Metrics('enricher', { process: false }));
    return new EnricherTask(0, { codec: this.codec, partitions: 1, groups: this.groups, fences: this.fences, metrics });
  }
  restart(): void {
    this.task = this.made();
    for (const [key, value] of this.stored) this.task.load(record(STATE_TOPIC, key, value));
    this.task.ready();
  }
  keep(result: StepResult | null): OutRecord[] {
    if (result === null) return [];
    for (const { key, value } of result.state ?? [])
      if (value === null) this.stored.delete(String(key));
      else this.stored.set(String(key), Buffer.from(value));
    this.written.push(
      ...result.outputs.map((out) => ({ ...out, value: out.value === null ? null : Buffer.from(out.value) })),
    );
    return [...result.outputs];
  }
  send(...reports: Telemetry[]): OutRecord[] {
    return this.keep(this.task.process(reports.map(telemetry)));
  }
  of<T extends SchemaTopic>(topic: T, from: readonly OutRecord[] = this.written): RecordTypes[T][] {
    return from.filter((out) => out.topic === topic).map(({ value }) => codec.decode(topic, value!));
  }
}

describe('the enricher task', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
    world.task.ready();
  });

  it('publishes each report once, in the order of telemetry, also those that came late', () => {
    const day = scriptedDay('astra', 1)
      .slice(0, 60)
      .map((report) => ({ ...report, ident: 'a' }));
    const others = day.map((report, i) => ({ ...report, ident: i % 2 === 0 ? 'b' : 'a' }));
    const swapped = [...others.slice(20, 40), ...others.slice(0, 20), ...others.slice(30, 60)];
    const out = world.send(...swapped);
    const ids = world.of('telemetry-enriched', out).map((report) => report.ident + report.message_id);
    expect(ids).toEqual([...new Set(swapped.map((report) => report.ident + report.message_id))]);
    const late = world.of('telemetry-enriched', out).filter(({ enrichment }) => enrichment?.late === true);
    expect(late).toHaveLength(20);
    expect(world.of('duplicates', out)).toHaveLength(10);
  });

  it('goes on from the state that it wrote: no trip, event or report is made twice or lost', () => {
    const day = scriptedDay('astra', 1);
    const straight = new World();
    straight.task.ready();
    for (const report of day) straight.send(report);
    for (const [i, report] of day.entries()) {
      world.send(report);
      if (i % 37 === 0) world.restart();
    }
    for (const topic of ['trips', 'events', 'telemetry-enriched'] as const)
      expect(world.of(topic).map((value) => JSON.stringify(value))).toEqual(
        straight.of(topic).map((value) => JSON.stringify(value)),
      );
    world.restart();
    expect(world.stored.size).toBeLessThan(30);
    const again = world.send(...day);
    expect(again.map(({ topic }) => topic)).toEqual(day.map(() => 'duplicates'));
  }, 60_000);

  it('forgets what the horizon has passed, and publishes what is older without folding it', () => {
    world.send(...scriptedDay('astra', 1));
    const before = world.stored.size;
    world.send(reportAt(20 * 3600, { position_latitude: 50, position_longitude: 8 }));
    expect(world.stored.size).toBeLessThan(Math.min(before, 6));
    const old = reportAt(3600.5, { position_latitude: 50, position_longitude: 8 });
    const out = world.send(old, old);
    expect(out.map(({ topic }) => topic)).toEqual(['telemetry-enriched', 'duplicates']);
    expect(world.of('telemetry-enriched', out)[0]!.enrichment).toMatchObject({ late_beyond_horizon: true, trip: null });
  });

  it('does not fold a report from the future', () => {
    const ahead = {
      ...reportAt(9000, { position_latitude: 50, position_longitude: 8 }),
      received_at: reportAt(0).timestamp,
    };
    const out = world.send(ahead, reportAt(1, { position_latitude: 50, position_longitude: 8 }));
    expect(world.of('device-state', out)).toHaveLength(1);
    expect(world.of('telemetry-enriched', out)[1]!.enrichment).toMatchObject({ late: false });
  });

  it('tells who has gone silent and who came back, only when it has read all there is', () => {
    const seen = reportAt(0).received_at / 1000;
    world.send(
      ...Array.from({ length: 30 }, (_, i) => reportAt(i * 10, { position_latitude: 50, position_longitude: 8 })),
    );
    expect(world.task.tick(seen + 3600_000, false)).toBeNull();
    expect(world.keep(world.task.tick(seen + 290_000 + 100_000, true))).toEqual([]);
    const out = world.keep(world.task.tick(seen + 290_000 + 130_000, true));
    expect(world.of('events', out)).toMatchObject([{ type: 'offline', source: 'server' }]);
    expect(world.of('device-state', out)).toMatchObject([{ enrichment: { online: false } }]);
    world.restart();
    expect(world.keep(world.task.tick(seen + 290_000 + 200_000, true))).toEqual([]);
    const back = world.send(reportAt(600, { position_latitude: 50, position_longitude: 8 }));
    expect(world.of('events', back)).toMatchObject([{ type: 'online' }]);
  });

  it.each([
    ['is fetched', true],
    ['is lost', false],
  ])('goes on when the schema of a last report from before an upgrade %s', async (_, kept) => {
    const seen = reportAt(0).received_at / 1000;
    const report = reportAt(0, { position_latitude: 50, position_longitude: 8 });
    world.send(report);
    const [key, value] = [...world.stored].find(([key]) => !key.includes('|'))!;
    world.stored.set(key, underId(value, report, FORMER_ID));
    const asked: number[] = [];
    world.codec = Codec.local(undefined, (id) => {
      asked.push(id);
      return kept
        ? Promise.resolve(readFileSync(TELEMETRY_SCHEMA, 'utf8'))
        : Promise.reject(new SchemaError('schema_not_found', 'there is none', false));
    });
    world.restart();
    const later = seen + 24 * 3600_000;
    expect(world.keep(world.task.tick(later, true))).toEqual([]);
    await new Promise(setImmediate);
    const out = world.keep(world.task.tick(later + 10_000, true));
    expect(asked).toEqual([FORMER_ID]);
    expect(world.of('events', out)).toMatchObject([{ type: 'offline' }]);
    expect(world.of('device-state', out)).toHaveLength(kept ? 1 : 0);
  });

  it('wakes a device by a session, and says so', () => {
    const seen = reportAt(0).received_at;
    world.send(reportAt(0, { position_latitude: 50, position_longitude: 8 }));
    world.keep(world.task.tick(seen / 1000 + 3_600_000, true));
    const session = {
      ident: 'device',
      tenant: null,
      boot_id: 'e',
      connection: 1,
      inbox: 0,
      transport: 'tcp',
      protocol: 'astra',
      peer: 'p',
      listener: 'l',
      since: seen + 4_000_000_000,
    } as const;
    world.task.load(record(SESSIONS, 'device|e', codec.encode(SESSIONS, session)));
    const out = world.keep(world.task.tick(seen / 1000 + 4_000_100, true));
    expect(world.of('events', out)).toMatchObject([{ type: 'online' }]);
  });

  it('takes limits from the device, and from its group where it has none', () => {
    world.groups.put('group:vans', {
      ...PLAIN_DEVICE,
      kind: 'group',
      ident: 'group:vans',
      thresholds: { speed_limit: 40 },
    });
    const device = { ...PLAIN_DEVICE, group: 'vans', tenant: 't1' };
    world.task.load(record(DEVICES, 'device', codec.encode(DEVICES, device)));
    const fast = (from: number): Telemetry[] =>
      Array.from({ length: 6 }, (_, i) =>
        reportAt(from + i * 10, { position_latitude: 50 + i * 0.0013, position_longitude: 8, position_speed: 52 }),
      );
    const out = world.send(...fast(0));
    expect(world.of('events', out).filter(({ type }) => type === 'overspeed')).toMatchObject([
      { limit: 40, value: 52, tenant: 't1', phase: 'start' },
    ]);
    world.task.load(record(DEVICES, 'device', codec.encode(DEVICES, { ...device, thresholds: { speed_limit: 60 } })));
    const calm = world.send(...fast(600));
    expect(world.of('events', calm).filter(({ type, phase }) => type === 'overspeed' && phase === 'start')).toEqual([]);
  });

  it('turns inputs and report ids into events and parameters as the device table says', () => {
    const inputs = [
      { input: 'din.2', event: 'panic', parameter: null, inverted: false, factor: null, offset: null },
      { input: 'report.reason.101', event: 'door', parameter: null, inverted: false, factor: null, offset: null },
      { input: 'din.1', event: null, parameter: 'engine.ignition.status', inverted: true, factor: null, offset: null },
      { input: 'ain.1', event: null, parameter: 'fuel.level', inverted: false, factor: 20, offset: 0 },
    ];
    world.task.load(record(DEVICES, 'device', codec.encode(DEVICES, { ...PLAIN_DEVICE, inputs })));
    const out = world.send(
      reportAt(0, { din: 0, ain_1: 2.5 }),
      reportAt(10, { din: 2, report_reason: 101 }),
      reportAt(20, { din: 3 }),
      reportAt(30, { din: 0 }),
    );
    const events = world.of('events', out).map(({ type, phase, parameter }) => [type, phase, parameter]);
    expect(events).toEqual([
      ['panic', 'start', 'din.2'],
      ['door', 'point', 'report.reason.101'],
      ['ignition_off', 'point', null],
      ['ignition_on', 'point', null],
      ['panic', 'end', 'din.2'],
    ]);
    expect(world.of('telemetry-enriched', out)[0]).toMatchObject({ engine_ignition_status: true, fuel_level: 50 });
  });

  it('publishes nothing of where a hidden device is', () => {
    world.task.load(record(DEVICES, 'device', codec.encode(DEVICES, { ...PLAIN_DEVICE, privacy: 'hide' })));
    const at = { position_latitude: 50, position_longitude: 8, position_speed: 60 };
    const out = world.send(reportAt(0, at), reportAt(10, { ...at, private_status: true, cells: [] }));
    expect(world.of('telemetry-enriched', out).map((r) => r.position_latitude)).toEqual([50, null]);
    expect(world.of('device-state', out).at(-1)).toMatchObject({
      position_latitude: null,
      position_speed: null,
      cells: null,
    });
  });
});
