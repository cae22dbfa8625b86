/** The outline is held to the whole value by a property: what it holds is the same, and what is no value has none. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Codec } from './codec.js';
import { MalformedValue } from './errors.js';
import type { Telemetry } from './records.generated.js';
import { TelemetryOutline } from './telemetry-outline.generated.js';
import { anyTelemetry, valueOf } from './test-data/values.js';

const codec = Codec.local();
const anyId = fc.tuple(fc.nat(2 ** 32 - 1), fc.nat(2 ** 32 - 1));
const hex = (word: number): string => word.toString(16).padStart(8, '0');

const plain = (outline: TelemetryOutline | null): unknown => Object.fromEntries(Object.entries(outline ?? {}));

/** The outline as the whole value would give it. */
function expected(value: Telemetry, [id_1, id_2]: readonly [number, number]): unknown {
  const names = Object.keys(new TelemetryOutline()).filter((name) => !name.startsWith('id_'));
  return { id_1, id_2, ...Object.fromEntries(names.map((name) => [name, value[name as keyof Telemetry]])) };
}

describe('the outline of a report', () => {
  it('holds what the whole value holds, for any value', () => {
    fc.assert(
      fc.property(anyTelemetry, anyId, fc.boolean(), (given, id, upper) => {
        const text = `${hex(id[0])}${hex(id[1])}${'0'.repeat(16)}`;
        const bytes = codec.encode('telemetry', { ...given, message_id: upper ? text.toUpperCase() : text });
        expect(plain(codec.outline(bytes))).toEqual(expected(codec.decode('telemetry', bytes), id));
      }),
      { numRuns: 200, endOnFailure: true },
    );
  });

  it('is not given of bytes that are no value', () => {
    const message_id = '0123456789abcdef0123456789abcdef';
    fc.assert(
      fc.property(anyTelemetry, fc.nat(), fc.nat({ max: 255 }), fc.boolean(), (given, place, byte, cut) => {
        const bytes = Buffer.from(codec.encode('telemetry', { ...given, message_id }));
        const at = 5 + (place % (bytes.length - 5));
        bytes[at] = byte;
        const damaged = cut ? bytes.subarray(0, at) : bytes;
        const outline = codec.outline(damaged);
        if (outline === null) return;
        const { message_id: id, ...whole } = codec.decode('telemetry', damaged);
        const words = [Number.parseInt(id.slice(0, 8), 16), Number.parseInt(id.slice(8, 16), 16)] as const;
        expect(plain(outline)).toEqual(expected({ message_id: id, ...whole }, words));
      }),
      { numRuns: 300, endOnFailure: true },
    );
  });

  it.each(['', '0123', '0123456789abcdeg0123456789abcdef'])('is not given of a report with the id %j', (message_id) => {
    const bytes = codec.encode('telemetry', { ...valueOf('telemetry'), message_id });
    expect(codec.outline(bytes)).toBeNull();
    expect(codec.decode('telemetry', bytes).message_id).toBe(message_id);
  });

  it('is not given of a value of another writer', () => {
    const bytes = Buffer.from(codec.encode('telemetry', valueOf('telemetry')));
    bytes.writeUInt32BE(4711, 1);
    expect(codec.outline(bytes)).toBeNull();
    expect(codec.outline(Buffer.from('x'))).toBeNull();
  });

  it('has no word of a value that is cut short', () => {
    const bytes = codec.encode('telemetry', { ...valueOf('telemetry'), message_id: '0'.repeat(32) });
    for (let length = 0; length < bytes.length; length++) {
      expect(codec.outline(bytes.subarray(0, length))).toBeNull();
      expect(() => codec.decode('telemetry', bytes.subarray(0, length))).toThrow(MalformedValue);
    }
  });
});
