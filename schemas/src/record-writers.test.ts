/** The generated writers of the hand-written records are held to the general Avro library's bytes by a property. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Codec, avroTypeOf } from './codec.js';
import { RECORD_WRITERS } from './record-writers.generated.js';
import { SLAB_BYTES } from './slab.js';
import { anyDraftOf, valueOf } from './test-data/values.js';
import { SCHEMA_TOPICS, TOPIC_SCHEMAS } from './topics.js';

const codec = Codec.local();
const topics = SCHEMA_TOPICS.filter((topic) => TOPIC_SCHEMAS[topic] in RECORD_WRITERS);

describe('the writer of each record', () => {
  it.each(topics)('of %s gives the bytes of the general library, for any value', (topic) => {
    const type = avroTypeOf(TOPIC_SCHEMAS[topic]);
    fc.assert(
      fc.property(anyDraftOf(topic), (value) => {
        expect(codec.encode(topic, value).subarray(5).equals(type.toBuffer(value))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it.each(topics)(
    'of %s never writes beyond the memory that it is given, and says so when it is too little',
    (topic) => {
      const name = TOPIC_SCHEMAS[topic] as keyof typeof RECORD_WRITERS;
      const write = RECORD_WRITERS[name] as (value: unknown, bytes: Buffer, view: DataView, at: number) => number;
      const value = valueOf(topic);
      const whole = avroTypeOf(name).toBuffer(value);
      for (let room = 0; room < whole.length * 3 + 600; room += 7) {
        const bytes = Buffer.alloc(room);
        const end = write(value, bytes, new DataView(bytes.buffer, bytes.byteOffset, room), 0);
        if (end >= 0) expect(bytes.subarray(0, end).equals(whole)).toBe(true);
      }
      expect(codec.encode(topic, value).subarray(5).equals(whole)).toBe(true);
    },
  );

  it('writes what is larger than a piece of memory in several parts', () => {
    const payload = Buffer.alloc(SLAB_BYTES + 77, 7);
    const part = 'p'.repeat(SLAB_BYTES);
    const bytes = codec.encode('enricher-state', { kind: 'state', ident: 'a', part, format: 1, payload });
    const read = codec.decode('enricher-state', bytes);
    expect([read.part === part, read.payload.equals(payload)]).toEqual([true, true]);
  });

  it.each<[string, unknown, string]>([
    ['text', { kind: 'state', ident: 5, format: 1, payload: Buffer.alloc(0) }, 'ident'],
    ['number of 32 bits', { kind: 'state', ident: 'a', format: 2 ** 31, payload: Buffer.alloc(0) }, 'format'],
    ['bytes', { kind: 'state', ident: 'a', format: 1, payload: 'x' }, 'payload'],
    ['list', { kind: 'state', ident: 'a', format: 1, payload: Buffer.alloc(0), inputs: 'x' }, 'inputs'],
  ])('names the field that is no %s', (_what, value, field) => {
    expect(() => codec.encode('enricher-state', value as never)).toThrow(field);
  });
});
