/** The walk agrees with the general library about where a value ends, for any value of any topic's schema and for other schemas. */
import avsc from 'avsc';
import { describe, expect, it } from 'vitest';
import { Codec } from './codec.js';
import { SCHEMA_TEXTS } from './records.generated.js';
import { DAMAGED, skipOf } from './skim.js';
import { valueOf } from './test-data/values.js';
import { SCHEMA_TOPICS, TOPIC_SCHEMAS } from './topics.js';

const codec = Codec.local();

describe('skipOf', () => {
  it.each(SCHEMA_TOPICS)('ends where a value of %s ends, and nowhere in a part of it', (topic) => {
    const skip = skipOf(JSON.parse(SCHEMA_TEXTS[TOPIC_SCHEMAS[topic]]));
    const bytes = codec.encode(topic, valueOf(topic));
    expect(skip(bytes, 5)).toBe(bytes.length);
    for (let end = 5; end < bytes.length; end++) expect(skip(bytes.subarray(0, end), 5)).toBe(DAMAGED);
  });

  it.each<[string, avsc.Schema, unknown]>([
    ['a record that holds itself', { type: 'record', name: 'a.Node', fields: [{ name: 'next', type: ['null', 'Node'] }] }, { next: { 'a.Node': { next: null } } }], // prettier-ignore
    ['an enum and a fixed', { type: 'record', name: 'R', fields: [{ name: 'e', type: { type: 'enum', name: 'E', symbols: ['A', 'B'] } }, { name: 'f', type: { type: 'fixed', name: 'F', size: 3 } }, { name: 'g', type: 'F' }] }, { e: 'B', f: Buffer.alloc(3), g: Buffer.alloc(3) }], // prettier-ignore
    ['a float and a null', { type: 'record', name: 'R', fields: [{ name: 'x', type: 'float' }, { name: 'n', type: 'null' }] }, { x: 1.5, n: null }], // prettier-ignore
  ])('knows %s', (_title, schema, value) => {
    const bytes = avsc.Type.forSchema(schema, { wrapUnions: true }).toBuffer(value);
    expect(skipOf(schema)(bytes, 0)).toBe(bytes.length);
  });

  it('refuses a branch that the union has not, and an integer that never ends', () => {
    expect(skipOf(['null', 'string'])(Buffer.from([4]), 0)).toBe(DAMAGED);
    expect(skipOf(['null', 'string'])(Buffer.from([1]), 0)).toBe(DAMAGED);
    expect(skipOf('long')(Buffer.alloc(20, 0x80), 0)).toBe(DAMAGED);
  });

  it('says which type a schema names in vain', () => {
    expect(() => skipOf({ type: 'array', items: 'Nobody' })).toThrow('no Avro type Nobody');
  });
});
