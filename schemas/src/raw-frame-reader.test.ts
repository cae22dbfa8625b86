/** The reader of raw frames gives what the general library gives, or leaves the bytes to it. */
import { readFileSync } from 'node:fs';
import avsc from 'avsc';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RAW_FRAME_FIELDS, readRawFrame } from './raw-frame-reader.js';

const schema = JSON.parse(readFileSync(new URL('../raw-frame.avsc', import.meta.url), 'utf8')) as avsc.Schema & {
  readonly fields: readonly { readonly name: string }[];
};
const type = avsc.Type.forSchema(schema);
const text = fc.oneof(fc.string({ maxLength: 60 }), fc.string({ unit: 'grapheme', maxLength: 20 }));
const count = fc.integer({ min: 0, max: 2 ** 52 });
const frames = fc.record({
  ident: text,
  peer: text,
  protocol: fc.constantFrom('astra', 'jt808'),
  transport: fc.constantFrom('tcp', 'udp'),
  frame: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  received_at: count,
  edge: text,
  listener: text,
  connection: count,
  sequence: count,
  context: fc.dictionary(text, text, { maxKeys: 4, noNullPrototype: true }),
});

describe('the reader of raw frames', () => {
  it('knows the fields of the schema in their order', () => {
    expect(schema.fields.map(({ name }) => name)).toEqual(RAW_FRAME_FIELDS);
  });

  it('reads any frame as the general library does', () => {
    fc.assert(
      fc.property(frames, (frame) => {
        expect(readRawFrame(type.toBuffer(frame), 0)).toEqual(frame);
      }),
      { numRuns: 500 },
    );
  });

  it('leaves bytes that are cut short, damaged or too many to the general library, and never throws', () => {
    fc.assert(
      fc.property(frames, fc.nat(), fc.integer({ min: 0, max: 255 }), (frame, where, byte) => {
        const bytes = type.toBuffer(frame);
        expect(readRawFrame(bytes.subarray(0, where % bytes.length), 0)).toBeNull();
        expect(readRawFrame(Buffer.concat([bytes, Buffer.of(0)]), 0)).toBeNull();
        bytes[where % bytes.length] = byte;
        expect(() => readRawFrame(bytes, 0)).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });
});
