/** ATrack report formats in the decoder's task: who is asked, which frames wait, and that each is decoded again once. */
import { describe, expect, it } from 'vitest';
import {
  asciiFrame,
  binaryFrame,
  keepAliveFrame,
  replyLine,
  type SimulatedRecord,
} from '@fleetwire/protocols/simulate/atrack';
import { Codec, type RawFrame } from '@fleetwire/schemas';
import { Metrics } from '@fleetwire/service';
import { partitionOf, type InRecord, type OutRecord, type StepResult } from '@fleetwire/streaming';
import { FormQueries } from './form-queries.js';
import { decoderMetrics } from './metrics.js';
import { DecoderTask } from './task.js';

const RECEIVED_US = Date.parse('2027-01-01T00:00:00Z') * 1000;
const TIME_S = RECEIVED_US / 1e6 - 600;
const PARTITIONS = 6;
const UNIT = '356961070000017';
const PARTITION = partitionOf(UNIT, PARTITIONS);
const FORM = '%SA%MV%BV';
const codec = Codec.local();
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** A decoder, the log that it reads again from, and the settings that it wrote. */
class Bench {
  readonly log: InRecord[] = [];
  readonly settings: OutRecord[] = [];
  task = this.#make();

  #make(): DecoderTask {
    return new DecoderTask(PARTITION, {
      codec,
      version: '1.2.3',
      partitions: PARTITIONS,
      refetch: (_, offsets) => Promise.resolve(this.log.filter((r) => offsets.includes(r.offset))),
      formQueries: new FormQueries(),
      metrics: decoderMetrics(new Metrics('decoder', { process: false })),
      log: silent,
      mediaTopic: false,
    });
  }

  frame(bytes: Uint8Array, over: Partial<RawFrame> = {}): InRecord {
    const offset = this.log.length;
    const value: RawFrame = {
      ident: UNIT,
      peer: '10.0.0.1:4711',
      protocol: 'atrack',
      transport: 'tcp',
      frame: Buffer.from(bytes),
      received_at: RECEIVED_US + offset * 1e6,
      edge: 'edge-a',
      listener: 'shared',
      connection: 3,
      sequence: offset,
      context: {},
      ...over,
    };
    const record = inRecord('raw-frames', UNIT, codec.encode('raw-frames', value), offset);
    this.log.push(record);
    return record;
  }

  async step(records: readonly InRecord[]): Promise<StepResult> {
    const result = await this.task.process(records);
    this.settings.push(...of(result, 'device-settings'));
    return result;
  }

  /** Another process takes the partition and reads the first `count` settings records. */
  restart(count = this.settings.length): void {
    this.task = this.#make();
    this.echo(0, count);
  }
  /** What was written comes back as the table is followed. */
  echo(from: number, to: number): void {
    for (let i = from; i < to; i++)
      this.task.load(inRecord('device-settings', String(this.settings[i]!.key), this.settings[i]!.value, i));
  }
}

function inRecord(topic: string, key: string, value: Buffer | null, offset: number): InRecord {
  return { topic, partition: PARTITION, offset, key: Buffer.from(key), value, headers: {}, timestampMs: 0 };
}
const of = (result: StepResult, topic: string): OutRecord[] => result.outputs.filter((o) => o.topic === topic);
const telemetry = (result: StepResult) => of(result, 'telemetry').map((o) => codec.decode('telemetry', o.value!));
const commands = (result: StepResult) => of(result, 'commands').map((o) => codec.decode('commands', o.value!));
const lastSetting = (result: StepResult) =>
  codec.decode('device-settings', of(result, 'device-settings').at(-1)!.value!);

function reading(n: number, over: Partial<SimulatedRecord> = {}): SimulatedRecord {
  const time = TIME_S + n;
  return {
    ...{ gps: time, rtc: time, send: time, longitude: 13.4, latitude: 52.5, heading: 90, reason: 2, mileage: 10 + n },
    ...{ hdop: 0.9, inputs: 1, speed: 50, outputs: 0, analog: 0, custom: { SA: 9, MV: 125, BV: 41 } },
    ...over,
  };
}
const binary = (n: number, form = FORM, over: Partial<SimulatedRecord> = {}): Uint8Array =>
  binaryFrame({ unitId: UNIT, sequence: n, records: [reading(n, over)], form });
const ANSWER = replyLine('FORM', `1,@P,0,"${FORM}"`);

describe('a device whose format is unknown', () => {
  it('has its fixed part published and its frame dead-lettered, and is asked once', async () => {
    const bench = new Bench();
    const result = await bench.step([bench.frame(binary(0)), bench.frame(binary(1))]);
    expect(telemetry(result)).toMatchObject([
      { revision: 0, position_latitude: 52.5, position_satellites: null },
      { revision: 0, position_latitude: 52.5, position_satellites: null },
    ]);
    expect(of(result, 'dead-letters')).toHaveLength(2);
    expect(commands(result)).toMatchObject([{ ident: UNIT, name: 'custom', arguments: '{"text":"AT$FORM=?"}' }]);
  });

  it('has its waiting frames decoded again, with the same ids and revision 1, when it answers; the list ends with the next step', async () => {
    const bench = new Bench();
    const before = telemetry(await bench.step([bench.frame(binary(0)), bench.frame(binary(1))]));
    const answered = await bench.step([bench.frame(ANSWER), bench.frame(binary(3))]);
    expect(telemetry(answered)).toMatchObject([
      { revision: 1, message_id: before[0]!.message_id, position_satellites: 9 },
      { revision: 1, message_id: before[1]!.message_id, external_powersource_voltage: 12.5 },
      { revision: 0, position_satellites: 9 },
    ]);
    expect(lastSetting(answered).waiting).toEqual([0, 1]);
    expect(lastSetting(await bench.step([])).waiting).toEqual([]);
    expect(await bench.step([])).toMatchObject({ outputs: [] });
  });

  it('has them decoded again by the next process when the first died after writing its format', async () => {
    const bench = new Bench();
    await bench.step([bench.frame(binary(0))]);
    const answer = bench.frame(ANSWER);
    await bench.step([answer]);
    bench.restart();
    expect(telemetry(await bench.step([answer]))).toMatchObject([{ revision: 1, position_satellites: 9 }]);
  });

  it('keeps what it wrote when its own older records come back later', async () => {
    const bench = new Bench();
    await bench.step([bench.frame(binary(0))]);
    await bench.step([bench.frame(binary(1))]);
    bench.echo(0, 1);
    expect(lastSetting(await bench.step([bench.frame(binary(2))])).waiting).toEqual([0, 1, 2]);
    const answered = await bench.step([bench.frame(ANSWER)]);
    bench.echo(1, 3);
    expect(telemetry(answered)).toHaveLength(3);
    expect(telemetry(await bench.step([bench.frame(binary(4))]))).toMatchObject([{ position_satellites: 9 }]);
  });

  it('may teach a format in a record, with which only those frames are decoded again that it fits', async () => {
    const bench = new Bench();
    await bench.step([bench.frame(binary(0))]);
    const taught = await bench.step([bench.frame(binary(1, `%CI${FORM}`))]);
    expect(telemetry(taught)).toMatchObject([{ revision: 0, position_satellites: 9 }]);
    expect(telemetry(await bench.step([bench.frame(ANSWER)]))).toMatchObject([
      { revision: 1, position_satellites: 9, frame_ref: { offset: 0 } },
    ]);
    await bench.step([]);
    bench.restart();
    const again = await bench.step([bench.frame(binary(3, `%CI${FORM}%GQ`))]);
    expect(telemetry(again)).toMatchObject([{ revision: 0 }]);
  });
});

describe('a device whose format is known', () => {
  it('is asked again when the values of an ASCII record do not fit it any more, and the frame waits', async () => {
    const bench = new Bench();
    await bench.step([bench.frame(ANSWER)]);
    const ascii = asciiFrame({ unitId: UNIT, sequence: 1, records: [reading(1)], form: `${FORM}%GQ` });
    const result = await bench.step([bench.frame(ascii)]);
    expect(of(result, 'dead-letters').map((o) => codec.decode('dead-letters', o.value!).reason)).toEqual([
      'layout_mismatch',
    ]);
    expect(commands(result)[0]).toMatchObject({ arguments: '{"text":"AT$FORM=?"}' });
    const answered = await bench.step([bench.frame(replyLine('FORM', `0,@P,0,"${FORM}%GQ"`))]);
    expect(telemetry(answered)).toMatchObject([{ revision: 1, message_id: telemetry(result)[0]!.message_id }]);
  });
});

describe('a device whose format came from an answer', () => {
  const HOUR = 3_600_000_000;
  const on = (connection: number, received_at = RECEIVED_US + HOUR): Partial<RawFrame> => ({ connection, received_at });

  it('is asked again when it connects again, once, because a change of the same length can not be seen', async () => {
    const bench = new Bench();
    await bench.step([bench.frame(binary(0)), bench.frame(ANSWER)]);
    expect(commands(await bench.step([bench.frame(binary(1))]))).toEqual([]);
    const again = await bench.step([bench.frame(keepAliveFrame(UNIT, 2), on(4)), bench.frame(binary(2), on(4))]);
    expect(commands(again)).toMatchObject([{ id: `form-check:${UNIT}:edge-a:4`, arguments: '{"text":"AT$FORM=?"}' }]);
    const changed = '%SA%BV%MV';
    await bench.step([bench.frame(replyLine('FORM', `1,@P,0,"${changed}"`), on(4))]);
    const [report] = telemetry(await bench.step([bench.frame(binary(3, changed), on(4))]));
    expect(report).toMatchObject({ external_powersource_voltage: 12.5, backup_battery_voltage: 4.1 });
  });

  it('is not asked more than once a minute however often it connects, and on UDP once an hour', async () => {
    const bench = new Bench();
    expect(commands(await bench.step([bench.frame(ANSWER), bench.frame(binary(0))]))).toEqual([]);
    const asked = async (over: Partial<RawFrame>): Promise<number> =>
      commands(await bench.step([bench.frame(keepAliveFrame(UNIT, 1), over)])).length;
    const at = (seconds: number): number => RECEIVED_US + HOUR + seconds * 1e6;
    expect(await asked(on(4, at(0)))).toBe(1);
    expect(await asked(on(5, at(59)))).toBe(0);
    expect(await asked(on(5, at(60)))).toBe(1);
    expect(await asked({ ...on(6, at(200)), transport: 'udp' })).toBe(0);
    expect(await asked({ ...on(6, at(3_660)), transport: 'udp' })).toBe(1);
  });

  it('is asked for the lists of its buses too when values are left over', async () => {
    const bench = new Bench();
    await bench.step([bench.frame(ANSWER)]);
    const ascii = asciiFrame({ unitId: UNIT, sequence: 1, records: [reading(1)], form: `${FORM}%JO5` });
    expect(commands(await bench.step([bench.frame(ascii, on(3))])).map((c) => c.arguments)).toEqual(
      ['FORM', 'FMSC', '1708'].map((word) => `{"text":"AT$${word}=?"}`),
    );
  });
});

describe('a report that names no time', () => {
  it('is identified by where it arrived: equal when decoded again, different from every other', async () => {
    const bench = new Bench();
    const unset = bench.frame(binary(0, '', { rtc: 0, gps: 0 }));
    const copy = bench.frame(binary(0, '', { rtc: 0, gps: 0 }));
    const alive = bench.frame(keepAliveFrame(UNIT, 7));
    const ids = telemetry(await bench.step([unset, copy, alive])).map((r) => r.message_id);
    expect(new Set(ids).size).toBe(3);
    expect(ids.every((id) => /[1-9a-f]/.test(id))).toBe(true);
    expect(telemetry(await bench.step([unset])).map((r) => r.message_id)).toEqual([ids[0]]);
  });
});
