/** How the stream is cut: chapter 2 of the description, row by row, and what TCP may do to it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../hex.js';
import { Link, type LinkItem } from '../link.js';
import type { AcceptEnv, Family, Transport } from '../protocol.js';
import { latin1Bytes } from '../wire/writer.js';
import { h02, h02Device } from './index.js';

const family: Family = { id: 'sinotrack', protocols: [h02] };
const env: AcceptEnv = { nowMs: Date.UTC(2027, 0, 1), transport: 'tcp', settingsOf: () => ({}) };
const V1 = latin1Bytes(
  '*HQ,6170937422,V1,005233,A,2343.1337,N,09028.0470,E,018.11,130,110721,FFFF9FFB,470,02,00049,4606#',
);
const HTBT = latin1Bytes('*HQ,6170937422,HTBT#');

const base = {
  ident: '4109114427',
  timeMs: Date.UTC(2024, 11, 1, 12, 22, 47),
  valid: true,
  latitude: 22.566383,
  longitude: -114.0442,
  knots: 12,
  course: 90,
  status: 0xfffffbff,
  sequence: 10,
};
const short = (sequence = 1): Uint8Array => h02Device.encodeRecord32({ ...base, sequence });
const long = (satellites = 6, sequence = 10): Uint8Array =>
  h02Device.encodeRecord45({
    ...base,
    sequence,
    csq: 20,
    satellites,
    mileage: 44,
    cell: { mcc: 460, mnc: 0, lac: 9771, cellid: 3863 },
  });
/** A record of another vendor: the common head and a tail of zeros. */
const other = (length: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  bytes.set(short().subarray(0, 29));
  return bytes;
};
const joined = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((p) => [...p]));

interface Cut {
  readonly frames: readonly string[];
  readonly refused: readonly string[];
}
const hex = (b: Uint8Array): string => toHex(b);

/** Feeds chunks, then (unless told not to) closes. */
function cut(chunks: readonly Uint8Array[], transport: Transport = 'tcp', close = true): Cut & { readonly link: Link } {
  const link = new Link({ families: [family], transport });
  const frames: string[] = [];
  const refused: string[] = [];
  const drain = (): void => {
    for (let item: LinkItem | null = link.next(env); item !== null; item = link.next(env))
      if (item.kind === 'frame') frames.push(hex(item.bytes));
      else refused.push(`${item.reason} ${item.bytes.length}`);
  };
  for (const chunk of chunks) {
    link.push(chunk);
    drain();
  }
  if (close) {
    link.end();
    drain();
  }
  return { frames, refused, link };
}

describe('text frames', () => {
  it('run from * to #, and line ends behind them are swallowed without being noise', () => {
    expect(cut([joined(V1, latin1Bytes('\r\n\r\n'), HTBT)])).toMatchObject({
      frames: [hex(V1), hex(HTBT)],
      refused: [],
    });
  });

  it('may hold line feeds, colons and asterisks', () => {
    const sms = latin1Bytes('*HQ,5226073533,SMS,ST906\nIP:1.2.3.4 *5013\nGSM:26#');
    expect(cut([sms]).frames).toEqual([hex(sms)]);
  });

  it('lose only their asterisk when no # comes in 2048 bytes, and the next frame is found', () => {
    const runaway = latin1Bytes(`*${'A'.repeat(2048)}`);
    expect(cut([joined(runaway, V1)]).frames).toEqual([hex(V1)]);
  });

  it('are refused as truncated when the connection closes inside them', () => {
    expect(cut([V1.subarray(0, 30)])).toMatchObject({ frames: [], refused: ['truncated 30'] });
  });
});

describe('noise', () => {
  it('is skipped byte by byte up to what may start a message, and counted in bytes', () => {
    expect(cut([joined(latin1Bytes('garbage\0\xe7('), V1)])).toMatchObject({
      frames: [hex(V1)],
      refused: ['noise 10'],
    });
  });

  it('does not close a connection, however much of it there is', () => {
    const { link, frames } = cut([new Uint8Array(5000).fill(0x41), V1]);
    expect(frames).toEqual([hex(V1)]);
    expect(link.broken).toBe(false);
  });
});

describe('binary records', () => {
  it('of 45 bytes are taken at once when a read ends with them', () => {
    expect(cut([long()], 'tcp', false).frames).toEqual([hex(long())]);
  });

  it('of 32 bytes wait for half a second, because they may be the first part of a longer one', () => {
    const { link, frames } = cut([short()], 'tcp', false);
    expect(frames).toEqual([]);
    expect(link.silenceMs).toBe(500);
    link.silence();
    const item = link.next(env);
    expect(item?.kind === 'frame' && hex(item.bytes)).toBe(hex(short()));
  });

  it('of 32 bytes are taken at once when the length is known', () => {
    const { frames } = cut([joined(short(1), short(2)), short(3)], 'tcp', false);
    expect(frames).toEqual([hex(short(1)), hex(short(2)), hex(short(3))]);
  });

  it('that are cut after 32 of 45 bytes are not mistaken for short ones', () => {
    expect(cut([long().subarray(0, 32), long().subarray(32)]).frames).toEqual([hex(long())]);
  });

  it('of 32 bytes in a row are not mistaken for one of 45 when TCP cuts there', () => {
    const two = joined(short(1), short(2));
    expect(cut([two.subarray(0, 45), two.subarray(45)]).frames).toEqual([hex(short(1)), hex(short(2))]);
  });

  it.each([0x24, 0x2a, 0x23, 0x58, 0x7e, 0x0d])(
    'may hold the marker byte %i where the next record could start',
    (marker) => {
      const records = joined(long(marker, 1), long(marker, 2), long(marker, 3));
      expect(cut([records])).toMatchObject({
        frames: [1, 2, 3].map((n) => hex(long(marker, n))),
        refused: [],
      });
    },
  );

  it('followed by text end where the text starts', () => {
    expect(cut([joined(long(), V1)]).frames).toEqual([hex(long()), hex(V1)]);
    expect(cut([joined(short(), V1)]).frames).toEqual([hex(short()), hex(V1)]);
  });

  it.each([42, 46, 48, 51])('of another vendor with %i bytes are taken when a read ends with them', (length) => {
    const record = length === 42 ? hexBytes(IMEI_RECORD) : other(length);
    expect(cut([record]).frames).toEqual([hex(record)]);
  });

  it('shorter than 32 bytes are refused at the close', () => {
    expect(cut([short().subarray(0, 31)])).toMatchObject({ frames: [], refused: ['truncated 31'] });
  });

  it('with a damaged head are handed on when they stand alone, and are noise in the middle of others', () => {
    const damaged = short();
    damaged[6] = 0x25;
    expect(cut([damaged]).frames).toEqual([hex(damaged)]);
    expect(cut([joined(damaged, V1)])).toMatchObject({ frames: [hex(V1)], refused: ['noise 32'] });
  });

  it('without a date, from a device that never had a fix, are records all the same', () => {
    const undated = h02Device.encodeRecord45({ ...base, timeMs: null, csq: 1, satellites: 0, mileage: 0, cell: CELL });
    expect(cut([joined(undated, undated)]).frames).toEqual([hex(undated), hex(undated)]);
  });

  it('change their length once when another device takes over the connection', () => {
    expect(cut([joined(short(1), short(2), long(6, 3), long(6, 4))]).frames).toEqual(
      [short(1), short(2), long(6, 3), long(6, 4)].map(hex),
    );
  });
});
const CELL = { mcc: 460, mnc: 0, lac: 9771, cellid: 3863 };
const IMEI_RECORD = '2435248308419329301047591808172627335900074412294e024138feffffffff01120064ba73005ecc';
const hexBytes = (text: string): Uint8Array => fromHex(text)!;

describe('a device that is declared to be a SinoTrack', () => {
  it('has records of 32 and 45 bytes only', () => {
    const strict: AcceptEnv = { ...env, settingsOf: () => ({ h02SinotrackOnly: true }) };
    const taken = (settings: AcceptEnv): readonly number[] => {
      const link = new Link({ families: [family], transport: 'tcp', known: { ident: '4109114427' } });
      link.push(joined(other(46), V1));
      const lengths: number[] = [];
      for (let item = link.next(settings); item !== null; item = link.next(settings))
        if (item.kind === 'frame') lengths.push(item.bytes.length);
      return lengths;
    };
    expect(taken(env)).toEqual([46, V1.length]);
    expect(taken(strict)).toEqual([V1.length]);
  });
});

describe('X records', () => {
  const x = hexBytes('5800009814991024031101175540227006012321670c000095fffffbffff0033');

  it('are found on TCP when they hold a date', () => {
    expect(cut([joined(V1, x, V1)]).frames).toEqual([hex(V1), hex(x), hex(V1)]);
  });

  it('are noise on UDP, and where no date stands', () => {
    expect(cut([joined(latin1Bytes('X'), new Uint8Array(40), V1)]).frames).toEqual([hex(V1)]);
    expect(cut([x], 'udp').frames).toEqual([]);
    expect(cut([joined(latin1Bytes('XMAS and a text that goes on'), V1)]).frames).toEqual([hex(V1)]);
  });
});

describe('datagrams', () => {
  it('are cut each by itself: what is left of one is not joined to the next', () => {
    expect(cut([V1.subarray(0, 40), V1.subarray(40)], 'udp').frames).toEqual([]);
    expect(cut([short()], 'udp', false).frames).toEqual([hex(short())]);
    expect(cut([joined(V1, short())], 'udp', false).frames).toEqual([hex(V1), hex(short())]);
  });
});

describe('a stream', () => {
  const messages = [V1, HTBT, long(6, 1), long(36, 2), V1, long(42, 3)];
  const shorts = [V1, short(1), short(2), HTBT, short(3), short(4)];

  it.each([messages, shorts])('gives the same frames wherever it is cut in two', (...list) => {
    const stream = joined(...list);
    for (let at = 1; at < stream.length; at++)
      expect(cut([stream.subarray(0, at), stream.subarray(at)]).frames).toEqual(list.map(hex));
  });

  it('gives the same frames whatever its chunks are', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1 }), fc.boolean(), (sizes, isLong) => {
        const list = isLong ? messages : shorts;
        const stream = joined(...list);
        const chunks: Uint8Array[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = sizes[i % sizes.length]!;
          chunks.push(stream.subarray(at, at + size));
          at += size;
        }
        expect(cut(chunks).frames).toEqual(list.map(hex));
      }),
      { seed: 808, numRuns: 300 },
    );
  });

  it('is closed after more than 100 frames in a row that can not be read, and not after fewer', () => {
    const bad = latin1Bytes('*HQ,12x,V1#');
    const many = (count: number): Uint8Array => joined(...Array.from({ length: count }, () => bad));
    expect(cut([many(100), V1, many(100)]).link.broken).toBe(false);
    expect(cut([many(101)]).link.broken).toBe(true);
  });
});
