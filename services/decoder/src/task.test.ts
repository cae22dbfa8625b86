/** The decoder's task on real frames, with a codec without a registry: what each frame becomes, and what is committed when. */
import { describe, expect, it } from 'vitest';
import { fromHex } from '@fleetwire/protocols';
import { Codec, type Device, type RawFrame } from '@fleetwire/schemas';
import { Metrics } from '@fleetwire/service';
import { partitionOf, type InRecord, type OutRecord, type StepResult } from '@fleetwire/streaming';
import { FormQueries } from './form-queries.js';
import { decoderMetrics } from './metrics.js';
import { DecoderTask } from './task.js';

const RECEIVED_US = Date.parse('2027-01-01T00:00:00Z') * 1000;
const PARTITIONS = 6;
const codec = Codec.local();
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

const IMEI = '860873041761486';
const ASTRA_X = '58003201052196881ae0ce1f00000000000353d3d49e0010200000093d2353d3d49d031b934afffb036c0000a0000000e0eb';

function raw(over: Partial<RawFrame>): RawFrame {
  return {
    ident: IMEI,
    peer: '10.0.0.1:4711',
    protocol: 'astra',
    transport: 'tcp',
    frame: Buffer.from(fromHex(ASTRA_X)!),
    received_at: RECEIVED_US,
    edge: 'edge-a',
    listener: 'shared',
    connection: 3,
    sequence: 0,
    context: {},
    ...over,
  };
}

function record(topic: string, key: string, value: Buffer | null, offset: number): InRecord {
  const [ident = ''] = key.split('|');
  return {
    topic,
    partition: partitionOf(ident, PARTITIONS),
    offset,
    key: Buffer.from(key),
    value,
    headers: {},
    timestampMs: RECEIVED_US / 1000,
  };
}
const frame = (over: Partial<RawFrame>, offset: number): InRecord => {
  const value = raw(over);
  return record('raw-frames', value.ident, codec.encode('raw-frames', value), offset);
};

function task(ident: string, log: readonly InRecord[] = []): DecoderTask {
  return new DecoderTask(partitionOf(ident, PARTITIONS), {
    codec,
    version: '1.2.3',
    partitions: PARTITIONS,
    refetch: (_, offsets) => Promise.resolve(log.filter((r) => offsets.includes(r.offset))),
    formQueries: new FormQueries(),
    metrics: decoderMetrics(new Metrics('decoder', { process: false })),
    log: silent,
    mediaTopic: false,
  });
}
const of = (result: StepResult, topic: string): OutRecord[] => result.outputs.filter((o) => o.topic === topic);
const telemetry = (result: StepResult) => of(result, 'telemetry').map((o) => codec.decode('telemetry', o.value!));
const letters = (result: StepResult) => of(result, 'dead-letters').map((o) => codec.decode('dead-letters', o.value!));

describe('a frame', () => {
  it('becomes telemetry with its values and where it came from', async () => {
    const result = await task(IMEI).process([frame({}, 41)]);
    expect(telemetry(result)).toMatchObject([
      {
        ident: IMEI,
        kind: 'report',
        revision: 0,
        timestamp: 1722356254e6,
        received_at: RECEIVED_US,
        protocol: 'astra',
        peer: '10.0.0.1:4711',
        decoder_version: '1.2.3',
        frame_ref: { topic: 'raw-frames', offset: 41, index: 0 },
        position_latitude: 52.138826,
        position_longitude: -0.326804,
        external_powersource_voltage: 12.2,
      },
    ]);
    expect(of(result, 'telemetry')[0]).toMatchObject({ key: IMEI, partition: partitionOf(IMEI, PARTITIONS) });
    expect(result.holdAt?.size).toBe(0);
  });

  it('gives the same bytes each time it is decoded', async () => {
    const [first, second] = await Promise.all([task(IMEI).process([frame({}, 1)]), task(IMEI).process([frame({}, 1)])]);
    expect(first.outputs).toEqual(second.outputs);
  });

  it('that can not be decoded becomes a dead letter with its bytes and place, and the next one goes on', async () => {
    const bytes = Buffer.from('410023d4f579e03af1d3cf08978377d46da7b34bb33b972ad684d92c77da64a7037e0d', 'hex');
    const result = await task(IMEI).process([frame({ frame: bytes }, 7), frame({}, 8)]);
    expect(letters(result)).toMatchObject([
      { reason: 'unknown_type', stage: 'decoder', bytes, ident: IMEI, source_topic: 'raw-frames', source_offset: 7 },
    ]);
    expect(telemetry(result)).toHaveLength(1);
  });

  it('that answers a command becomes a report for the dispatcher with its correlation', async () => {
    const result = await task(IMEI).process([frame({ frame: Buffer.from('$IMOB,OK\r\n') }, 9)]);
    expect(of(result, 'command-reports').map((o) => codec.decode('command-reports', o.value!))).toMatchObject([
      { kind: 'answered', ident: IMEI, boot_id: 'edge-a', response: { command: 'IMOB', outcome: 'ok' } },
    ]);
  });
});

describe('what is known of a device', () => {
  const device = (over: Partial<Device>): Buffer => codec.encode('devices', { ident: IMEI, ...over });

  it('is in its telemetry from the next frame on', async () => {
    const decoder = task(IMEI);
    decoder.load(
      record('devices', IMEI, device({ id: 7, name: 'Van 7', tenant: 'acme', labels: { depot: 'north' } }), 0),
    );
    const [report] = telemetry(await decoder.process([frame({}, 1)]));
    expect(report).toMatchObject({
      tenant: 'acme',
      strings: { 'device.name': 'Van 7', 'custom.depot': 'north' },
      numbers: { 'device.id': 7 },
    });
    decoder.load(record('devices', IMEI, null, 1));
    expect(telemetry(await decoder.process([frame({}, 2)]))[0]?.tenant).toBeNull();
  });

  it('is not taken from a partition that is not its own, and that is said', async () => {
    const decoder = task(IMEI);
    const misplaced = { ...record('devices', IMEI, device({ name: 'Van 7' }), 0) };
    const other = '860873041761487';
    expect(partitionOf(other, PARTITIONS)).not.toBe(partitionOf(IMEI, PARTITIONS));
    decoder.load({ ...misplaced, key: Buffer.from(other) });
    const result = await decoder.process([]);
    expect(letters(result)).toMatchObject([{ reason: 'wrong_partition', source_topic: 'devices', ident: other }]);
  });

  it('stays as it was when a record of it can not be read', async () => {
    const decoder = task(IMEI);
    decoder.load(record('devices', IMEI, device({ name: 'Van 7' }), 0));
    decoder.load(record('devices', IMEI, Buffer.from('{"name":"Van 8"}'), 1));
    const result = await decoder.process([frame({}, 1)]);
    expect(letters(result)).toMatchObject([{ reason: 'invalid', source_topic: 'devices', source_offset: 1 }]);
    expect(telemetry(result)[0]?.strings).toMatchObject({ 'device.name': 'Van 7' });
  });
});
