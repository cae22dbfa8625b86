/** How the stream is cut: flags, escapes, sums, limits, and a flag that serves two frames. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../hex.js';
import { Link, type LinkItem } from '../link.js';
import type { AcceptEnv, Detection, Transport } from '../protocol.js';
import { familyOf } from '../registry.js';
import { latin1Bytes } from '../wire/writer.js';
import { jt808, jt808Device } from './index.js';

const env: AcceptEnv = { nowMs: Date.UTC(2027, 0, 1), transport: 'tcp', settingsOf: () => ({}) };
const device = { phone: '13812345678', edition: 2013 } as const;
const beat = (serial: number): Uint8Array => jt808Device.encodeHeartbeat(device, serial);
const location = (serial: number): Uint8Array =>
  jt808Device.encodeLocation(device, serial, {
    timeMs: Date.UTC(2026, 5, 1),
    alarm: 0x7e7d7e7d,
    status: 3,
    latitude: 22.548123,
    longitude: 114.012345,
    altitude: 0x7e7d,
    speed: 52.3,
    direction: 90,
    items: [[0x30, Uint8Array.of(0x7e)]],
  });
const V1 = latin1Bytes(
  '*HQ,6170937422,V1,005233,A,2343.1337,N,09028.0470,E,018.11,130,110721,FFFF9FFB,470,02,00049,4606#',
);
const joined = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((p) => [...p]));
const damaged = (frame: Uint8Array, at: number, bits: number): Uint8Array => {
  const copy = frame.slice();
  copy[at]! ^= bits;
  return copy;
};

function cut(chunks: readonly Uint8Array[], transport: Transport = 'tcp') {
  const link = new Link({ families: [familyOf('jt808')], transport });
  const frames: string[] = [];
  const refused: string[] = [];
  const drain = (): void => {
    for (let item: LinkItem | null = link.next(env); item !== null; item = link.next(env))
      if (item.kind === 'frame') frames.push(toHex(item.bytes));
      else refused.push(item.reason);
  };
  for (const chunk of chunks) {
    link.push(chunk);
    drain();
  }
  link.end();
  drain();
  return { frames, refused, link };
}

describe('frames', () => {
  it('run from flag to flag, and two flags in a row are nothing', () => {
    const stream = joined(Uint8Array.of(0x7e), beat(1), Uint8Array.of(0x7e, 0x7e), beat(2));
    expect(cut([stream])).toMatchObject({ frames: [toHex(beat(1)), toHex(beat(2))], refused: [] });
  });

  it('may share one flag, wherever the reads end', () => {
    const shared = joined(beat(1), beat(2).subarray(1), location(3).subarray(1), V1, beat(4));
    const want = [beat(1), beat(2), location(3), V1, beat(4)].map((f) => toHex(f));
    for (let at = 1; at < shared.length; at++)
      expect(cut([shared.subarray(0, at), shared.subarray(at)])).toMatchObject({ frames: want, refused: [] });
  });

  it('leave their closing flag to the next read only where that may go on behind it', () => {
    const link = new Link({ families: [familyOf('jt808')], transport: 'tcp' });
    const read = (chunk: Uint8Array): LinkItem[] => {
      link.push(chunk);
      const items: LinkItem[] = [];
      for (let item = link.next(env); item !== null; item = link.next(env)) items.push(item);
      return items;
    };
    expect(read(beat(1))).toHaveLength(1);
    expect(link.pendingBytes).toBe(1);
    const second = beat(2);
    const item = read(second)[0];
    // The read itself, not a copy behind a flag that was over.
    expect(item?.kind === 'frame' && item.bytes === second).toBe(true);
    expect(read(beat(3).subarray(1)).map((one) => one.kind === 'frame' && toHex(one.bytes))).toEqual([toHex(beat(3))]);
    expect(read(V1).map((one) => one.kind === 'frame' && toHex(one.bytes))).toEqual([toHex(V1)]);
    expect(link.pendingBytes).toBe(0);
  });

  it('change dialect at every boundary, with line ends and noise between', () => {
    const crlf = latin1Bytes('\r\n');
    expect(cut([joined(beat(1), crlf, V1, crlf, beat(2), V1, location(3))]).frames).toEqual(
      [beat(1), V1, beat(2), V1, location(3)].map((f) => toHex(f)),
    );
  });

  it('are the same whatever the chunks are', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sizes) => {
        const list = [beat(1), location(2), V1, location(0x7e), beat(0x7d)];
        const stream = joined(...list);
        const chunks: Uint8Array[] = [];
        for (let at = 0, i = 0; at < stream.length; at += sizes[i++ % sizes.length]!)
          chunks.push(stream.subarray(at, at + sizes[i % sizes.length]!));
        expect(cut(chunks)).toMatchObject({ frames: list.map((f) => toHex(f)), refused: [] });
      }),
      { seed: 808, numRuns: 200 },
    );
  });

  it('are read from datagrams one by one', () => {
    expect(cut([joined(beat(1), beat(2)), beat(3)], 'udp')).toMatchObject({ refused: [] });
    expect(cut([beat(1).subarray(0, 8), beat(1).subarray(8)], 'udp').frames).toEqual([]);
  });
});

describe('a bad frame', () => {
  it.each([
    ['bad_checksum', damaged(beat(1), 5, 1)],
    ['bad_escape', fromHex('7e00020000013812345678007d05aa7e')!],
    ['truncated', fromHex('7e00027e')!],
    ['bad_length', joined(Uint8Array.of(0x7e), new Uint8Array(2091), Uint8Array.of(0x7e))],
  ])('(%s) gives up its bytes but not its closing flag, so that the next frame is found', (reason, bad) => {
    expect(cut([joined(bad, beat(2))])).toMatchObject({ frames: [toHex(beat(2))], refused: [reason] });
    expect(cut([joined(bad, beat(2).subarray(1))])).toMatchObject({ frames: [toHex(beat(2))], refused: [reason] });
    expect(cut([bad])).toMatchObject({ frames: [], refused: [reason] });
  });

  it('without an end is given up after 4096 bytes', () => {
    const runaway = joined(Uint8Array.of(0x7e), new Uint8Array(4100).fill(0x41));
    expect(cut([runaway, V1]).frames).toEqual([toHex(V1)]);
  });

  it('that the connection closes in is refused, and text behind it is still read', () => {
    expect(cut([beat(1).subarray(0, 9)])).toMatchObject({ frames: [], refused: ['truncated', 'noise'] });
    expect(cut([joined(Uint8Array.of(0x7e), V1)]).frames).toEqual([toHex(V1)]);
  });

  it('is never another record after one flipped bit', () => {
    const good = location(0x7e7d);
    for (let at = 0; at < good.length; at++)
      for (let bit = 0; bit < 8; bit++) {
        const { frames } = cut([damaged(good, at, 1 << bit)]);
        for (const frame of frames) {
          const input = { frame: fromHex(frame)!, ident: '1', context: {}, receivedAtUs: 2e15, settings: {} };
          expect(jt808.decode(input).reports.filter((r) => r.kind === 'report')).toEqual([]);
        }
      }
  });

  it('closes the connection only after more than 100 of them in a row', () => {
    const bad = damaged(beat(1), 5, 1);
    const many = (count: number): Uint8Array => joined(...Array.from({ length: count }, () => bad));
    expect(cut([many(100), beat(1), many(100)]).link.broken).toBe(false);
    expect(cut([many(101)]).link.broken).toBe(true);
  });
});

describe('detection', () => {
  const detect = (bytes: Uint8Array, final = false): Detection =>
    jt808.detect({ bytes, from: 0, to: bytes.length, final, transport: 'tcp' });

  it('needs a flag and a message id', () => {
    expect(detect(beat(1))).toMatchObject({ kind: 'yes', start: 0, end: 5 });
    expect(detect(joined(Uint8Array.of(0x7e, 0x7e), beat(1)))).toMatchObject({ kind: 'yes', start: 2 });
    expect(detect(beat(1).subarray(0, 4))).toEqual({ kind: 'need', atLeast: 5 });
    expect(detect(beat(1).subarray(0, 4), true).kind).toBe('no');
    expect(detect(latin1Bytes('~zzzz')).kind).toBe('no');
    expect(detect(latin1Bytes('*HQ,1')).kind).toBe('no');
  });
});
