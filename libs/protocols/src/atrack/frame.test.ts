/** Framing: what the first bytes are, lengths, and every row of bad input that concerns the stream. */
import { describe, expect, it } from 'vitest';
import { crc16Arc } from '../wire/crc.js';
import { fromHex, toHex } from '../hex.js';
import { FRAME_BYTES_MAX, REPLY_BYTES_MAX } from './header.js';
import { LOST_BYTES_MAX, REFUSALS_MAX } from './frame.js';
import { asciiFrame, binaryFrame, keepAliveFrame, pictureFrames, replyLine } from './simulate.js';
import { UNIT, bytesOf, recordOf, runChunks } from './testing.js';

const binary = (sequence: number, prefix = '@P'): Uint8Array =>
  binaryFrame({ prefix, unitId: UNIT, sequence, records: [recordOf()] });
const ascii = (sequence: number, prefix = '@P'): Uint8Array =>
  asciiFrame({ prefix, unitId: UNIT, sequence, records: [recordOf(), recordOf({ rtc: 1_700_000_061 })] });
const hexes = (frames: readonly Uint8Array[]): string[] => frames.map((f) => toHex(f));
const cut = (bytes: Uint8Array, size: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.slice(i * size, (i + 1) * size));

const MIX = [
  keepAliveFrame(UNIT, 1),
  binary(2),
  ascii(3),
  replyLine('OK'),
  replyLine('FORM', '0,@P,0,"%MV"'),
  ...pictureFrames(UNIT, 4, 1_700_000_000, new Uint8Array(300).fill(7), 200, 0),
  binary(6, '@Z'),
  binary(7, '\x02\x03'),
  ascii(8, '@J'),
];

describe('cutting the stream', () => {
  it('tells keep-alives, reports of both forms, pictures and answers apart on one connection', () => {
    expect(hexes(runChunks([bytesOf(...MIX)]).frames)).toEqual(hexes(MIX));
  });

  it('gives the same frames split at every byte, and in chunks of any size', () => {
    const stream = bytesOf(...MIX);
    for (let at = 1; at < stream.length; at++)
      expect(hexes(runChunks([stream.slice(0, at), stream.slice(at)]).frames)).toEqual(hexes(MIX));
    for (const size of [1, 2, 3, 7, 16, 57, 128])
      expect(hexes(runChunks(cut(stream, size)).frames)).toEqual(hexes(MIX));
  });

  it('does not take a binary frame whose CRC begins with a comma for ASCII', () => {
    const frame = fromHex(
      '40502cb8003400c504aa83260409497e63e0bad663e0bad663e0bad6073ef3c5017ea98d0000010000000003de0000000000000007d007d00000',
    )!;
    for (const chunks of [[frame], cut(frame, 1)]) expect(runChunks(chunks).frames).toHaveLength(1);
  });

  it('does not end an ASCII report at the first of its CR LF', () => {
    const [frame] = runChunks([ascii(1)]).frames;
    expect(frame).toEqual(ascii(1));
  });

  it('drops filler between messages without refusing anything', () => {
    const run = runChunks([bytesOf('\r\n', binary(1), '\0\0 ', ascii(2), '\r\n')]);
    expect(run.frames).toHaveLength(2);
    expect(run.refused).toEqual([]);
  });

  it('takes a datagram apart and never carries its rest to the next', () => {
    const run = runChunks([bytesOf(binary(1), binary(2).slice(0, 20)), binary(3)], { transport: 'udp' });
    expect(hexes(run.frames)).toEqual(hexes([binary(1), binary(3)]));
    expect(run.refused).toEqual(['truncated']);
  });

  it('reads on after a datagram whose length can not be', () => {
    const bad = binary(1);
    bad[4] = 0;
    bad[5] = 5;
    const run = runChunks([bad, binary(2, 'xy')], { transport: 'udp' });
    expect(run.refused).toContain('bad_length');
    expect(hexes(run.frames)).toEqual(hexes([binary(2, 'xy')]));
  });
});

describe('bad input', () => {
  it('waits for the rest of a keep-alive on TCP, and drops it with a count on UDP', () => {
    const whole = keepAliveFrame(UNIT, 9);
    expect(runChunks([whole.slice(0, 5), whole.slice(5)]).replies).toEqual([whole]);
    const run = runChunks([whole.slice(0, 5), whole.slice(5)], { transport: 'udp' });
    expect(run.replies).toEqual([]);
    expect(run.refused.length).toBeGreaterThan(0);
  });

  it('drops a frame with a wrong CRC, does not acknowledge it, and stays in step', () => {
    for (const make of [binary, ascii]) {
      const bad = make(1);
      bad[bad.length - 10]! ^= 1;
      const run = runChunks([bytesOf(bad, make(2))]);
      expect(run.refused).toEqual(['bad_checksum']);
      expect(run.replies).toEqual([fromHex('fe020001410d379b100b0002')]);
      expect(run.messages.length).toBeGreaterThan(0);
    }
  });

  it('finds the next message after a length that can not be', () => {
    const short = bytesOf('@P\x12\x34\x00\x09', new Uint8Array(20).fill(0x55));
    const long = bytesOf('@P\x12\x34\xff\xff', new Uint8Array(20).fill(0x55));
    for (const junk of [short, long]) {
      for (const next of [binary(1), ascii(1), keepAliveFrame(UNIT, 1), replyLine('OK')]) {
        const run = runChunks([bytesOf(junk, next)], { known: { ident: UNIT } });
        expect(run.refused).toEqual(['bad_length']);
        expect(run.frames).toEqual([next]);
      }
    }
  });

  it('finds the prefix that was last seen on the connection, whatever it is', () => {
    const junk = bytesOf('xy\x12\x34\x00\x00', new Uint8Array(20).fill(0x55));
    const run = runChunks([bytesOf(binary(1, 'xy'), junk, binary(2, 'xy'))]);
    expect(hexes(run.frames)).toEqual(hexes([binary(1, 'xy'), binary(2, 'xy')]));
  });

  it('refuses an ASCII length that is no number of one to six digits, and a header with too few commas', () => {
    for (const header of [
      '@P,0000,x,1,2,',
      '@P,0000,,1,2,',
      '@P,0000,1234567,1,2,',
      '@P,0000,40,1;2;',
      '@P,0000,40,1,\r\n',
    ]) {
      const run = runChunks([bytesOf(header, new Uint8Array(40).fill(0x55), binary(2))]);
      expect(run.refused.length, header).toBeGreaterThan(0);
      expect(hexes(run.frames), header).toEqual(hexes([binary(2)]));
    }
  });

  it('refuses an ASCII frame without CR LF at its end, unless the device is lenient', () => {
    const good = ascii(1);
    const longer = bytesOf(good.slice(0, good.length - 2), 'x\r\n');
    const strict = runChunks([bytesOf(longer, binary(2))]);
    expect(strict.refused[0]).toBe('bad_length');
    expect(hexes(strict.frames)).toEqual(hexes([binary(2)]));
    const lenient = runChunks([bytesOf(longer, binary(2))], { settings: { crcMode: 'lenient' } });
    expect(lenient.frames[0]).toEqual(longer);
    expect(lenient.replies).toHaveLength(2);
    expect(lenient.messages[0]?.['quality']).toContain('crc_mismatch');
  });

  it('ends a lenient ASCII frame one byte later when only LF stands there', () => {
    const good = ascii(1);
    const text = String.fromCharCode(...good);
    const length = Number(text.split(',')[2]);
    const shorter = bytesOf(text.replace(`,${length},`, `,${length - 1},`));
    const run = runChunks(cut(bytesOf(shorter, binary(2)), 11), { settings: { crcMode: 'lenient' } });
    expect(hexes(run.frames)).toEqual(hexes([shorter, binary(2)]));
  });

  it('goes on inside a frame that was cut, where the next one begins', () => {
    for (const make of [binary, ascii]) {
      const stream = bytesOf(make(1).slice(0, 30), make(2), make(3));
      for (const chunks of [[stream], cut(stream, 13), cut(stream, 1)]) {
        const run = runChunks(chunks);
        expect(hexes(run.frames)).toEqual(hexes([make(2), make(3)]));
        expect(run.replies).toHaveLength(2);
      }
    }
  });

  it('goes on at a whole frame inside one whose announced end is far away', () => {
    const big = bytesOf(binary(1).slice(0, 20));
    big[4] = 0x30;
    const run = runChunks([big, binary(2), binary(3)]);
    expect(hexes(run.frames)).toEqual(hexes([binary(2), binary(3)]));
  });

  it('goes on at a keep-alive of the same device inside a cut frame', () => {
    const stream = bytesOf(binary(1).slice(0, 40), keepAliveFrame(UNIT, 2), binary(3));
    expect(hexes(runChunks([stream]).frames)).toEqual(hexes([keepAliveFrame(UNIT, 2), binary(3)]));
  });

  it('finds the next frame behind bytes that look like a header of another prefix, and does not go on at their announced end', () => {
    const noise = fromHex('945759003dd000400a')!;
    const frames = Array.from({ length: 400 }, (_, i) => binary(i));
    const run = runChunks([noise, ...frames]);
    const missed = frames.length - run.frames.filter((f) => f.length === frames[0]!.length).length;
    // What the length between them announced, 0x3dd0 bytes and the frame that it ends in.
    expect(missed).toBeLessThanOrEqual(Math.ceil((0x3dd0 + 6) / frames[0]!.length) + 1);
    expect(toHex(run.frames.at(-1)!)).toBe(toHex(frames.at(-1)!));
  });

  it('stays in step at a frame of an unknown prefix whose sum is wrong when the next one has the same prefix', () => {
    const [damaged, good] = [binary(1, 'Zz'), binary(2, 'Zz')];
    damaged[20]! ^= 0x10;
    for (const chunks of [[damaged, good], [bytesOf(damaged, good)], cut(bytesOf(damaged, good), 1)])
      expect(toHex(runChunks(chunks).frames.at(-1)!)).toBe(toHex(good));
  });

  it('refuses an answer line that does not end within its limit', () => {
    const run = runChunks([bytesOf('$', 'A'.repeat(REPLY_BYTES_MAX), binary(1))]);
    expect(run.refused[0]).toBe('bad_length');
    expect(hexes(run.frames)).toEqual(hexes([binary(1)]));
  });

  it('closes a TCP connection after too many refusals in a row, and after too many lost bytes', () => {
    const junk = bytesOf('@A,0000,12,x');
    const run = runChunks([bytesOf(...Array.from({ length: REFUSALS_MAX + 3 }, () => junk))]);
    expect(run.closed).toBe(true);
    const noise = Array.from({ length: 1 + Math.ceil(LOST_BYTES_MAX / 4096) }, () => new Uint8Array(4096).fill(0x55));
    expect(runChunks([bytesOf('@P\0\0\0\0'), ...noise]).closed).toBe(true);
  });

  it('does not close after a good frame in between', () => {
    const parts = Array.from({ length: 2 * REFUSALS_MAX }, (_, i) => bytesOf('@P\0\0\0\x01UUUU', binary(i)));
    const run = runChunks([bytesOf(...parts)]);
    expect(run.closed).toBe(false);
    expect(run.frames).toHaveLength(2 * REFUSALS_MAX);
  });

  it('never asks for more than the largest frame', () => {
    const frame = binary(1);
    frame[4] = FRAME_BYTES_MAX >> 8;
    frame[5] = 0;
    expect(runChunks([frame]).refused).toContain('bad_length');
  });

  it('reads an ASCII frame that a relay has turned into UTF-8, because its length and CRC fit again when that is undone', () => {
    const record = recordOf({ reason: 101, text: '\u00b1' });
    const latin = asciiFrame({ unitId: UNIT, sequence: 5, records: [record] });
    const utf8 = Uint8Array.from(
      [...latin].flatMap((byte) => (byte < 0x80 ? [byte] : [0xc0 | (byte >> 6), 0x80 | (byte & 0x3f)])),
    );
    expect(utf8.length).toBe(latin.length + 1);
    for (const chunks of [[bytesOf(utf8, binary(6))], cut(bytesOf(utf8, binary(6)), 1)]) {
      const run = runChunks(chunks);
      expect(hexes(run.frames)).toEqual([toHex(utf8), toHex(binary(6))]);
      expect(run.messages[0]?.['message.buffered.status']).toBe(true);
    }
    utf8[30]! ^= 1;
    expect(runChunks([utf8]).replies).toEqual([]);
  });
});

describe('the checksum', () => {
  it('covers a binary frame from its length on, and an ASCII frame behind the four digits', () => {
    const b = binary(1);
    expect((b[2]! << 8) | b[3]!).toBe(crc16Arc(b, 4, b.length));
    const a = ascii(1);
    expect(String.fromCharCode(...a.slice(3, 7))).toBe(
      crc16Arc(a, 7, a.length).toString(16).toUpperCase().padStart(4, '0'),
    );
  });

  it('notices each flipped bit behind itself', () => {
    for (const frame of [binary(1), asciiFrame({ unitId: UNIT, sequence: 1, records: [recordOf()] })]) {
      const intact = JSON.stringify(runChunks([frame]).messages);
      for (let bit = 16; bit < frame.length * 8; bit++) {
        const damaged = frame.slice();
        damaged[bit >> 3]! ^= 1 << (bit & 7);
        const { messages } = runChunks([damaged]);
        // The case of a hex digit of the CRC, and nothing else, may change without a difference.
        if (messages.length > 0) expect(JSON.stringify(messages)).toBe(intact);
      }
    }
  });
});
