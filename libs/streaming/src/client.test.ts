/** The patch: that it is asked for, and that its faster writing gives the bytes of the released client. What it cures on a broker is tested under test/src/faults/client. */
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertPatched } from './client.js';
import { StreamError } from './errors.js';

interface EncodedRequest {
  encode(): Promise<{ readonly buffer: Buffer }>;
}
interface Messages {
  readonly acks: number;
  readonly timeout: number;
  readonly transactionalId: string | null;
  readonly producerId: string;
  readonly producerEpoch: number;
  readonly compression: number;
  readonly topicData: readonly unknown[];
}
const loadRequest: (name: string) => (request: Messages) => EncodedRequest = createRequire(import.meta.url);
const loadHash: (name: string) => (bytes: Buffer) => number = createRequire(import.meta.url);
const loadClient: (name: string) => { readonly fleetwirePatch?: number } = createRequire(import.meta.url);
const inBoth = <T>(load: (name: string) => T, module: string): [stock: T, patched: T] => [
  load(`kafkajs-stock/src/${module}`),
  load(`kafkajs/src/${module}`),
];

describe('the client', () => {
  it('is refused without the patch, with the remedy', () => {
    expect(() => assertPatched(loadClient('kafkajs-stock'))).toThrow(StreamError);
    expect(() => assertPatched(loadClient('kafkajs-stock'))).toThrow(/npx patch-package/);
    expect(() => assertPatched({ fleetwirePatch: 999 })).toThrow(/patch 999, wanted/);
  });

  it('is accepted as it is installed here', () => {
    expect(() => assertPatched()).not.toThrow();
  });
});

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const field = fc.oneof(
  fc.constant(null),
  bytes,
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc.string({ maxLength: 30 }),
);
const headers = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 10 }),
  fc.oneof(bytes, fc.string(), fc.array(fc.string(), { minLength: 1, maxLength: 3 })),
  { maxKeys: 3, noNullPrototype: true },
);
const timed = fc.record({
  key: field,
  value: field,
  headers: fc.option(headers, { nil: undefined }),
  timestamp: fc.integer({ min: 1_600_000_000_000, max: 1_900_000_000_000 }).map(String),
});

describe('a produce request', () => {
  const [stock, patched] = inBoth(loadRequest, 'protocol/requests/produce/v3/request.js');

  it('has the bytes of the released encoder, for any records, compressed or not', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(timed, { minLength: 1, maxLength: 80 }),
        fc.option(fc.string({ minLength: 1 }), { nil: null }),
        fc.bigInt({ min: -1n, max: 2n ** 62n }).map(String),
        fc.integer({ min: 0, max: 2 ** 31 - 1 }),
        fc.constantFrom(0, 1),
        async (messages, transactionalId, producerId, firstSequence, compression) => {
          const request: Messages = {
            acks: -1,
            timeout: 30_000,
            transactionalId,
            producerId,
            producerEpoch: 7,
            compression,
            topicData: [{ topic: 'telemetry', partitions: [{ partition: 3, firstSequence, messages }] }],
          };
          const [want, have] = [await stock(request).encode(), await patched(request).encode()];
          expect(have.buffer.equals(want.buffer)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('writes records of a hundred thousand bytes and batches of thousands alike', async () => {
    const long = { key: 'k', value: Buffer.alloc(100_000, 7), timestamp: '1700000000000' };
    const many = Array.from({ length: 5_000 }, (_, i) => ({
      key: String(i),
      value: 'v',
      timestamp: String(1_700_000_000_000 + i),
    }));
    for (const messages of [[long, long], many]) {
      const request: Messages = {
        acks: -1,
        timeout: 1,
        transactionalId: null,
        producerId: '9',
        producerEpoch: 0,
        compression: 0,
        topicData: [{ topic: 't', partitions: [{ partition: 0, firstSequence: 0, messages }] }],
      };
      expect((await patched(request).encode()).buffer.equals((await stock(request).encode()).buffer)).toBe(true);
    }
  });
});

describe('hashes of the client', () => {
  it.each(['producer/partitioners/default/murmur2.js', 'protocol/recordBatch/crc32C/index.js'])(
    '%s gives the released values',
    (module) => {
      const [stock, patched] = inBoth(loadHash, module);
      fc.assert(
        fc.property(bytes, (data) => patched(data) === stock(data)),
        { numRuns: 2_000 },
      );
    },
  );
});
