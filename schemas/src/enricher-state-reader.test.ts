/** The reader of the enricher's state gives what the general library gives, or leaves the bytes to it. */
import { readFileSync } from 'node:fs';
import avsc from 'avsc';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ENRICHER_STATE_FIELDS, readEnricherState } from './enricher-state-reader.js';

const schema = JSON.parse(readFileSync(new URL('../enricher-state.avsc', import.meta.url), 'utf8')) as avsc.Schema & {
  readonly fields: readonly { readonly name: string }[];
};
const type = avsc.Type.forSchema(schema, { wrapUnions: false });
const text = fc.string({ maxLength: 60 });
const states = fc.record({
  kind: fc.constantFrom('state', 'barrier'),
  ident: text,
  part: text,
  format: fc.nat(1000),
  payload: fc.uint8Array({ maxLength: 900 }).map((bytes) => Buffer.from(bytes)),
  barrier: fc.constant(null),
  inputs: fc.constant([]),
  written_at: fc.constant(null),
});

describe('the reader of the state of the enricher', () => {
  it('knows the fields of the schema in their order', () => {
    expect(schema.fields.map(({ name }) => name)).toEqual(ENRICHER_STATE_FIELDS);
  });

  it('reads the state of any device as the general library does', () => {
    fc.assert(
      fc.property(states, (state) => {
        expect(readEnricherState(type.toBuffer(state), 0)).toEqual(state);
      }),
      { numRuns: 300 },
    );
  });

  it('leaves barriers, and bytes that are cut short or too many, to the general library', () => {
    fc.assert(
      fc.property(states, fc.nat(), (state, where) => {
        const bytes = type.toBuffer(state);
        expect(readEnricherState(bytes.subarray(0, where % bytes.length), 0)).toBeNull();
        expect(readEnricherState(Buffer.concat([bytes, Buffer.of(0)]), 0)).toBeNull();
        const inputs = [{ topic: 'telemetry', partition: 1, offset: 2 }];
        expect(readEnricherState(type.toBuffer({ ...state, inputs }), 0)).toBeNull();
        expect(readEnricherState(type.toBuffer({ ...state, barrier: 'id' }), 0)).toBeNull();
        expect(readEnricherState(type.toBuffer({ ...state, written_at: 5 }), 0)).toBeNull();
      }),
      { numRuns: 100 },
    );
  });
});
