/** The codec without a registry. The telemetry writer is held to the general Avro library's bytes by a property. */
import { Report, addQuality } from '@fleetwire/protocols';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Codec, avroTypeOf } from './codec.js';
import { MalformedValue, SchemaError, UnknownSchema } from './errors.js';
import { SCHEMA_TEXTS, type Enrichment, type RawFrame, type TelemetryDraft } from './records.generated.js';
import { DAMAGED, skipOf } from './skim.js';
import { SLAB_BYTES } from './slab.js';
import { anyTelemetry, valueOf } from './test-data/values.js';
import { SCHEMA_TOPICS } from './topics.js';

const FRAME: RawFrame = {
  ident: '350000000000006',
  peer: '192.0.2.7:40123',
  protocol: 'astra',
  transport: 'tcp',
  frame: Buffer.from('580011', 'hex'),
  received_at: 1_700_000_000_123_456,
  edge: 'b00t',
  listener: 'astra',
  connection: 7,
  sequence: 0,
  context: { letter: 'X' },
};
const ENRICHMENT: Enrichment = {
  geofences: [{ id: 'f1', name: 'Yard', version: 3 }],
  trip: { id: 't1', state: 'open' },
  motion: { state: 'moving', since: 1_700_000_000_000_000 },
  odometer: 123.4,
  engine_hours: null,
  event_ids: ['e1', 'e2'],
  late: false,
  late_beyond_horizon: false,
  online: true,
  online_since: null,
  last_seen_at: 1_700_000_000_000_001,
};
const codec = Codec.local();
const doubleOf = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
};

describe('Codec', () => {
  it.each(SCHEMA_TOPICS)('reads what it wrote, for a value of %s with every field set', (topic) => {
    const value = valueOf(topic);
    expect(codec.decode(topic, codec.encode(topic, value))).toEqual(value);
  });

  it('writes the Confluent header: zero, then the id of the topic', () => {
    const bytes = codec.encode('raw-frames', FRAME);
    expect([bytes[0], bytes.readUInt32BE(1)]).toEqual([0, codec.idOf('raw-frames')]);
    expect(codec.writerIdOf(bytes)).toBe(codec.idOf('raw-frames'));
  });

  it('fills in defaults for what is left out', () => {
    const { context, ...rest } = FRAME;
    expect(context).not.toEqual({});
    expect(codec.decode('raw-frames', codec.encode('raw-frames', rest)).context).toEqual({});
  });

  it('takes a report of a decoder as a value of telemetry', () => {
    const report = new Report();
    report.id_1 = 0x0123_4567;
    report.id_4 = -1;
    report.ident = 'a';
    report.position_speed = 12.5;
    addQuality(report, 'clock_suspect');
    const read = codec.decode('telemetry', codec.encode('telemetry', report));
    expect(read).toMatchObject({ message_id: '012345670000000000000000ffffffff', ident: 'a', position_speed: 12.5 });
    expect(read.quality).toEqual(['clock_suspect']);
    expect(read.position_latitude).toBeNull();
  });

  it('never writes again over bytes that it handed out, over many pieces of memory', () => {
    const big = { ...FRAME, frame: Buffer.alloc(SLAB_BYTES / 3, 1) };
    const first = codec.encode('raw-frames', FRAME);
    const copy = Buffer.from(first);
    for (let i = 0; i < 20; i++) codec.encode('raw-frames', big);
    expect(first.equals(copy)).toBe(true);
  });

  it('writes a value that is larger than a piece of memory', () => {
    const frame = Buffer.alloc(3 * SLAB_BYTES, 7);
    const read = codec.decode('raw-frames', codec.encode('raw-frames', { ...FRAME, frame }));
    expect(read.frame.equals(frame)).toBe(true);
    const driver_message = 'ü'.repeat(SLAB_BYTES);
    const report: TelemetryDraft = { ...valueOf('telemetry'), driver_message };
    expect(codec.decode('telemetry', codec.encode('telemetry', report)).driver_message).toBe(driver_message);
  });

  it('names the field when a value is not what the schema says', () => {
    const broken: RawFrame = Object.assign({ ...FRAME }, { connection: 'seven' });
    expect(() => codec.encode('raw-frames', broken)).toThrow(/raw-frames .*connection: seven is no "long"/);
    const report = Object.assign(new Report(), { position_speed: 'fast' });
    expect(() => codec.encode('telemetry', report)).toThrow(/position_speed: fast is no/);
  });

  it('still writes the next value after one that it refused', () => {
    expect(() => codec.encode('raw-frames', Object.assign({ ...FRAME }, { peer: 5 }))).toThrow(TypeError);
    expect(codec.decode('raw-frames', codec.encode('raw-frames', FRAME))).toEqual(FRAME);
  });

  it('refuses a topic that it was not connected for, which is a bug of the caller', () => {
    expect(() => Codec.local(['telemetry']).encode('raw-frames', FRAME)).toThrow('topic raw-frames');
  });
});

describe('reading bytes that are no value', () => {
  const value = codec.encode('raw-frames', FRAME);
  it.each<[string, Buffer, string]>([
    ['nothing', Buffer.alloc(0), 'does not begin with a schema id'],
    ['a text', Buffer.from('{"a":1}'), 'does not begin with a schema id'],
    ['a value cut short', value.subarray(0, value.length - 3), 'is cut short'],
    ['a value with bytes after it', Buffer.concat([value, Buffer.from([1])]), 'has 1 bytes after its end'],
  ])('refuses %s', (_title, bytes, reason) => {
    expect(() => codec.decode('raw-frames', bytes)).toThrow(MalformedValue);
    expect(() => codec.decode('raw-frames', bytes)).toThrow(reason);
  });

  it('refuses at once a count that the bytes cannot hold, in a list, in a map, and in a list of nothing', () => {
    const many = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02]; // 2^42 entries.
    const map = Buffer.from([...value.subarray(0, value.length - 1 - 'letter'.length - 'X'.length - 3), ...many]);
    expect(() => codec.decode('raw-frames', map)).toThrow(MalformedValue);
    const nothing = '{"type":"record","name":"RawFrame","namespace":"fleetwire","fields":[{"name":"n","type":{"type":"array","items":"null"}}]}'; // prettier-ignore
    expect(skipOf(JSON.parse(nothing))(Buffer.from(many), 0)).toBe(DAMAGED);
    const list = codec.encode('telemetry', { ...valueOf('telemetry'), wifi: [], numbers: {}, strings: {}, flags: {} });
    expect(() => codec.decode('telemetry', Buffer.concat([list.subarray(0, -4), Buffer.from(many)]))).toThrow(MalformedValue); // prettier-ignore
  });

  it('never fails otherwise than by saying so, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (body) => {
        const header = codec.encode('device-sessions', valueOf('device-sessions')).subarray(0, 5);
        try {
          codec.decode('device-sessions', Buffer.concat([header, body]));
        } catch (error: unknown) {
          expect(error).toBeInstanceOf(MalformedValue);
        }
      }),
    );
  });
});

describe('a writer of another version', () => {
  const newer = JSON.parse(SCHEMA_TEXTS['raw-frame']) as { fields: unknown[] };
  newer.fields.push({ name: 'added', type: ['null', 'string'], default: null, doc: 'Of a later version.' });
  const foreign = (id: number): Buffer => {
    const bytes = Buffer.from(codec.encode('raw-frames', FRAME));
    bytes.writeUInt32BE(id, 1);
    return Buffer.concat([bytes, Buffer.from([0])]);
  };

  it('is unknown at first, and read once it is learnt', async () => {
    const reader = Codec.local(['raw-frames'], () => Promise.resolve(JSON.stringify(newer)));
    expect(() => reader.decode('raw-frames', foreign(900))).toThrow(UnknownSchema);
    await reader.learn(900);
    expect(reader.decode('raw-frames', foreign(900))).toEqual(FRAME);
  });

  it('is fetched once for all who ask at the same time', async () => {
    let fetches = 0;
    const reader = Codec.local(['raw-frames'], () => {
      fetches++;
      return Promise.resolve(JSON.stringify(newer));
    });
    await Promise.all([reader.learn(900), reader.learn(900)]);
    await reader.learn(900);
    expect(fetches).toBe(1);
  });

  it('can be asked for again after the registry did not answer', async () => {
    const answers = [
      () => Promise.reject(new SchemaError('registry_unavailable', 'away', true)),
      () => Promise.resolve(JSON.stringify(newer)),
    ];
    const reader = Codec.local(['raw-frames'], () => answers.shift()!());
    await expect(reader.learn(900)).rejects.toMatchObject({ code: 'registry_unavailable', retriable: true });
    await reader.learn(900);
    expect(reader.decode('raw-frames', foreign(900))).toEqual(FRAME);
  });

  it('is refused when its schema cannot be read as ours', async () => {
    const reader = Codec.local(['raw-frames'], () => Promise.resolve('{"type":"record","name":"RawFrame","namespace":"fleetwire","fields":[]}')); // prettier-ignore
    await reader.learn(901);
    expect(() => reader.decode('raw-frames', foreign(901))).toThrow('cannot be read as a value of raw-frames');
  });

  it('is refused when the registry holds no Avro', async () => {
    const reader = Codec.local(['raw-frames'], () => Promise.resolve('syntax = "proto3";'));
    await expect(reader.learn(902)).rejects.toMatchObject({ code: 'incompatible_writer', retriable: false });
  });
});

describe('the telemetry writer', () => {
  it('gives the bytes of the general library, for any value', () => {
    const type = avroTypeOf('telemetry');
    fc.assert(
      fc.property(anyTelemetry, (value) => {
        expect(codec.encode('telemetry', value).subarray(5).equals(type.toBuffer(value))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('gives the same bytes for Enriched too', () => {
    const type = avroTypeOf('telemetry-enriched');
    fc.assert(
      fc.property(anyTelemetry, fc.constantFrom(null, ENRICHMENT), (value, enrichment) => {
        const enriched = { ...value, enrichment };
        expect(codec.encode('telemetry-enriched', enriched).subarray(5).equals(type.toBuffer(enriched))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

describe('the telemetry reader', () => {
  const type = avroTypeOf('telemetry');
  /** What the general library makes of a body: its value, or null when it is none. */
  const skip = skipOf(JSON.parse(SCHEMA_TEXTS.telemetry));
  const general = (bytes: Buffer): unknown => {
    // Damaged counts would keep the library busy for ever; that they are refused is shown below.
    if (skip(bytes, 5) === DAMAGED) return null;
    try {
      const decoded: { value: unknown; offset: number } = type.decode(bytes, 5);
      return decoded.offset === bytes.length ? decoded.value : null;
    } catch {
      return null;
    }
  };
  const own = (bytes: Buffer): unknown => {
    try {
      return codec.decode('telemetry', bytes);
    } catch (error: unknown) {
      expect(error).toBeInstanceOf(MalformedValue);
      return null;
    }
  };

  it('gives the values of the general library, for any value', () => {
    fc.assert(
      fc.property(anyTelemetry, (value) => {
        const bytes = codec.encode('telemetry', value);
        expect(own(bytes)).toEqual(general(bytes));
      }),
      { numRuns: 200 },
    );
  });

  it('makes of damaged bytes what the general library makes of them', () => {
    fc.assert(
      fc.property(anyTelemetry, fc.nat(), fc.nat({ max: 255 }), fc.boolean(), (value, place, byte, cut) => {
        const bytes = Buffer.from(codec.encode('telemetry', value));
        const at = 5 + (place % (bytes.length - 5));
        bytes[at] = byte;
        const damaged = cut ? bytes.subarray(0, at) : bytes;
        expect(own(damaged)).toEqual(general(damaged));
      }),
      { numRuns: 200 },
    );
  });

  it('reads lists and maps that another writer cut into blocks with sizes', () => {
    const bytes = codec.encode('telemetry', { ...valueOf('telemetry'), numbers: {}, strings: {}, flags: {} });
    // In place of the empty map of numbers: one block of -1 entries, its size of 10 bytes, the entry, the end.
    const block = Buffer.concat([Buffer.from([1, 20, 2, 0x61]), doubleOf(1.5), Buffer.from([0])]);
    const blocks = Buffer.concat([bytes.subarray(0, -3), block, Buffer.from([0, 0])]);
    expect(codec.decode('telemetry', blocks).numbers).toEqual({ a: 1.5 });
  });

  it('gives every value lists and maps of its own', () => {
    const bytes = codec.encode('telemetry', { ...valueOf('telemetry'), numbers: {}, quality: [] });
    const [one, other] = [codec.decode('telemetry', bytes), codec.decode('telemetry', bytes)];
    expect(one.numbers).not.toBe(other.numbers);
    expect(one.quality).not.toBe(other.quality);
  });
});

describe('appendEnrichment', () => {
  it('equals the encoding of the whole, for any value', () => {
    fc.assert(
      fc.property(anyTelemetry, fc.constantFrom(null, ENRICHMENT), (value, enrichment) => {
        const whole = codec.encode('telemetry-enriched', { ...value, enrichment });
        expect(codec.appendEnrichment(codec.encode('telemetry', value), enrichment)?.equals(whole)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('leaves the value that it was given as it was', () => {
    const value = codec.encode('telemetry', valueOf('telemetry'));
    const before = Buffer.from(value);
    codec.appendEnrichment(value, ENRICHMENT);
    expect(value.equals(before)).toBe(true);
  });

  it('carries the id of the topic that it is for', () => {
    const bytes = codec.appendEnrichment(codec.encode('telemetry', valueOf('telemetry')), null, 'device-state');
    expect(bytes?.readUInt32BE(1)).toBe(codec.idOf('device-state'));
  });

  it('declines a value of another writer, which must be decoded and encoded instead', () => {
    const value = Buffer.from(codec.encode('telemetry', valueOf('telemetry')));
    value.writeUInt32BE(999, 1);
    expect(codec.appendEnrichment(value, ENRICHMENT)).toBeNull();
  });
});
