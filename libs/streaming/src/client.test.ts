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

/** Names that objects inherit are shown on their own: the released decoder reads them wrongly. */
const hasPlainNames = ({ headers: named }: { readonly headers: object | undefined }): boolean =>
  Object.keys(named ?? {}).every((name) => !(name in {}));

interface DecodedBatch {
  readonly records: readonly Readonly<Record<string, unknown>>[];
}
const loadDecoder: (name: string) => new (bytes: Buffer) => object = createRequire(import.meta.url);
const loadReader: (name: string) => (decoder: object) => Promise<DecodedBatch> = createRequire(import.meta.url);
const loadWriter: (name: string) => (batch: object) => Promise<Buffer> = createRequire(import.meta.url);
const loadCodecs: (name: string) => { Codecs: Record<number, () => object> } = createRequire(import.meta.url);

describe('a record batch', () => {
  const [StockDecoder, Decoder] = inBoth(loadDecoder, 'protocol/decoder.js');
  const [readStock, read] = inBoth(loadReader, 'protocol/recordBatch/v0/decoder.js');
  const writeBatch = loadWriter('kafkajs/src/protocol/recordBatch/v0/writeRecordBatch.js');
  const FIELDS = ['offset', 'timestamp', 'key', 'value', 'headers', 'attributes', 'magicByte', 'isControlRecord'];
  const ATTRIBUTES_AT = 21;

  it('is read as the released decoder reads it, for any records, of any kind, compressed or not', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(timed.filter(hasPlainNames), { maxLength: 60 }),
        fc.bigInt({ min: 0n, max: 2n ** 53n - 100n }),
        fc.constantFrom(0, 1),
        fc.subarray([0x08, 0x10, 0x20]),
        async (messages, firstOffset, compression, flags) => {
          const bytes = await writeBatch({ messages, dateNow: 1_700_000_000_000, compression, producerId: '7' });
          bytes.writeBigInt64BE(firstOffset, 0);
          // Stamped by the broker, transactional, control records: only the header says so.
          for (const flag of flags) bytes[ATTRIBUTES_AT + 1] = bytes[ATTRIBUTES_AT + 1]! | flag;
          const want = await readStock(new StockDecoder(bytes));
          const have = await read(new Decoder(bytes));
          expect({ ...have, records: null }).toEqual({ ...want, records: null });
          expect(have.records.length).toBe(want.records.length);
          have.records.forEach((record, i) => {
            for (const field of FIELDS) expect(record[field]).toEqual(want.records[i]![field]);
            expect([record['position'], record['time']].map(String)).toEqual([record['offset'], record['timestamp']]);
          });
        },
      ),
      { numRuns: 300 },
    );
  });

  it('has a header of any name, also one that every object inherits, which the released decoder mixes up', async () => {
    const headers = { toString: 'a', ['__proto__']: 'b', twice: ['c', 'd'] };
    const messages = [{ key: 'k', value: null, headers, timestamp: '1' }];
    const { records } = await read(new Decoder(await writeBatch({ messages, dateNow: 1 })));
    const bytesOf = (text: string) => Buffer.from(text);
    expect(Object.entries(records[0]!['headers'] as object)).toEqual([
      ['toString', bytesOf('a')],
      ['__proto__', bytesOf('b')],
      ['twice', [bytesOf('c'), bytesOf('d')]],
    ]);
  });

  it('is refused where a record reaches beyond its end', async () => {
    const messages = [{ key: 'k', value: 'v'.repeat(50), timestamp: '1700000000000' }];
    const bytes = await writeBatch({ messages, dateNow: 1 });
    const cut = bytes.subarray(0, bytes.length - 10);
    cut.writeInt32BE(cut.length - 12, 8);
    await expect(read(new Decoder(cut))).rejects.toThrow(RangeError);
  });

  it('is not compressed where its codec says that it is too short', async () => {
    const { Codecs } = loadCodecs('kafkajs/src/protocol/message/compression/index.js');
    const ZSTD = 4;
    const before = Codecs[ZSTD]!;
    Codecs[ZSTD] = () => ({ bytesMin: 200, compress: () => Promise.resolve(Buffer.from('packed')) });
    try {
      const codecOf = async (value: string) => {
        const batch = await writeBatch({
          messages: [{ key: 'k', value, timestamp: '1' }],
          dateNow: 1,
          compression: ZSTD,
        });
        return batch[ATTRIBUTES_AT + 1]! & 7;
      };
      expect(await codecOf('v'.repeat(100))).toBe(0);
      expect(await codecOf('v'.repeat(300))).toBe(ZSTD);
    } finally {
      Codecs[ZSTD] = before;
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
