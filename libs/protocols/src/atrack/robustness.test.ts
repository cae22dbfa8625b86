/** Seeded noise and mutated frames: nothing throws, nothing hangs, and what comes out is plausible. */
import { describe, expect, it } from 'vitest';
import { crc16Arc } from '../wire/crc.js';
import { FIELD_CODES } from './plan.js';
import { atrack } from './index.js';
import { asciiFrame, binaryFrame } from './simulate.js';
import { NOW_MS, UNIT, bytesOf, decodeFrame, recordOf, runChunks } from './testing.js';

const SEED = 20_260_101;
/** Small seeded generator (xorshift32). */
function seeded(seed: number): (below: number) => number {
  let state = seed | 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

describe(`with seed ${SEED}`, () => {
  it('noise of any kind gives refusals, never an exception', () => {
    const random = seeded(SEED);
    const starts = ['', '@P', '@P,', '@P,ABCD,', '$', '\xfe\x02', '@R', '\0', '@P,ABCD,100,1,2,'];
    for (let round = 0; round < 400; round++) {
      const noise = Uint8Array.from({ length: random(300) }, () => random(256));
      const bytes = bytesOf(starts[random(starts.length)]!, noise);
      const transport = random(2) === 0 ? ('tcp' as const) : ('udp' as const);
      const settings = random(2) === 0 ? {} : { crcMode: 'lenient' as const, form: '%SA%CE%VN%GN' };
      runChunks([bytes, bytes.slice(random(bytes.length + 1))], { transport, settings });
    }
  });

  it('frames with random bodies and a fitting CRC are acknowledged, decode without an exception, and stay plausible', () => {
    const random = seeded(SEED + 1);
    for (let round = 0; round < 600; round++) {
      const codes = Array.from({ length: random(8) }, () => FIELD_CODES[random(FIELD_CODES.length)]!);
      const form = codes.map((code) => `%${code}`).join('');
      const frame = binaryFrame({ unitId: UNIT, sequence: round, form, records: [recordOf(), recordOf()] });
      for (let i = random(12); i > 0; i--) frame[16 + random(frame.length - 16)] = random(256);
      const crc = crc16Arc(frame, 4, frame.length);
      frame[2] = crc >>> 8;
      frame[3] = crc & 0xff;
      const run = runChunks([frame], { settings: random(2) === 0 ? { form } : {}, known: { waiting: 'impact_data' } });
      if (run.frames.length === 1 && frame[2] !== 0x2c) expect(run.replies).toHaveLength(1);
      for (const message of run.messages) {
        const latitude = message['position.latitude'] as number | undefined;
        if (latitude !== undefined) expect(Math.abs(latitude)).toBeLessThanOrEqual(90);
        expect(message['timestamp']).toBeGreaterThanOrEqual(1_230_768_000);
        expect(message['timestamp']).toBeLessThanOrEqual(NOW_MS / 1000 + 86_400);
      }
    }
  });

  it('decode, explain, part and accept take any bytes at all', () => {
    const random = seeded(SEED + 2);
    const frames = [
      binaryFrame({ unitId: UNIT, sequence: 1, form: '%CI%SA%GN', records: [recordOf()] }),
      asciiFrame({ unitId: UNIT, sequence: 1, form: '%CI%SA%GN%GL', records: [recordOf({ text: 'x' })] }),
    ];
    for (let round = 0; round < 2000; round++) {
      const frame = frames[round & 1]!.slice(0, random(frames[round & 1]!.length + 1));
      for (let i = random(6); i > 0 && frame.length > 0; i--) frame[random(frame.length)] = random(256);
      const context = { waiting: 'impact_data', encoding: 'utf8' };
      const before = JSON.stringify(decodeFrame(frame, {}, UNIT, context));
      expect(JSON.stringify(decodeFrame(frame, {}, UNIT, context))).toBe(before);
      atrack.explain({ frame, ident: UNIT, context, receivedAtUs: NOW_MS * 1000, settings: { form: '%SA' } });
      atrack.part!(frame);
      atrack.accept(frame, atrack.open(), { nowMs: NOW_MS, transport: 'tcp', settingsOf: () => ({}) });
    }
  });

  it('what was encoded decodes to the same values', () => {
    const random = seeded(SEED + 3);
    for (let round = 0; round < 200; round++) {
      const record = recordOf({
        rtc: 1_600_000_000 + random(1e8),
        longitude: (random(360_000_001) - 180_000_000) / 1e6,
        latitude: (1 + random(89_999_999)) / 1e6,
        heading: random(360),
        reason: random(256),
        mileage: random(1e9) / 10,
        speed: random(300),
        inputs: random(256),
        custom: { SA: 1 + random(20), MV: random(65_536), CE: random(2 ** 31), GQ: random(32) },
      });
      const options = {
        unitId: UNIT,
        sequence: round,
        form: '%CI%SA%MV%CE%GQ',
        records: [record, record],
        calendar: round % 2 === 0,
      };
      for (const frame of [binaryFrame(options), asciiFrame(options)]) {
        const { messages, rejected } = runChunks([frame]);
        expect(rejected).toEqual([]);
        expect(messages).toHaveLength(2);
        expect(messages[1]).toMatchObject({
          timestamp: record.rtc,
          'position.longitude': record.longitude,
          'position.latitude': record.latitude,
          'position.direction': record.heading,
          'report.reason': record.reason,
          'vehicle.mileage': record.mileage,
          'position.speed': record.speed,
          din: record.inputs,
          'position.satellites': record.custom!['SA'],
        });
      }
    }
  });
});

describe('a calendar far ahead', () => {
  it('gives a report whose times are whole microseconds, or none', () => {
    const far = Date.UTC(8018, 0, 1) / 1000;
    const frame = asciiFrame({ unitId: UNIT, sequence: 1, calendar: true, records: [recordOf({ rtc: far })] });
    const { reports } = decodeFrame(frame);
    expect(reports).toHaveLength(1);
    expect(reports[0]!.device_time).toBeNull();
    expect(Number.isSafeInteger(reports[0]!.timestamp)).toBe(true);
  });
});
