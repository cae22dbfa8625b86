/** How the stream is cut, and what the shared port says of it. */
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../hex.js';
import type { FrameView } from '../protocol.js';
import { latin1Bytes } from '../wire/writer.js';
import { detect, frame } from './frame.js';
import { encodeLogin, encodeXPacket } from './simulate.js';
import { bytesOf, hear, IMEI, NOW_S, packet, reportX } from './testing.js';

const view = (text: string | Uint8Array, more: Partial<FrameView> = {}): FrameView => {
  const bytes = typeof text === 'string' ? bytesOf(text) : text;
  return { bytes, from: 0, to: bytes.length, final: false, transport: 'tcp', ...more };
};
const X = packet('X', '01' + reportX({ 1: '3d23' }));
const LOGIN = encodeLogin({ model: 'AT402', ident: IMEI, firmware: '7.0', letter: 'X', hardware: '1' });

describe('framing', () => {
  it('takes a packet by its length, whatever follows', () => {
    expect(frame(view(Uint8Array.from([...X, 0x58, 0])))).toEqual({ kind: 'frame', end: X.length });
  });

  it('waits for the length, then for the packet', () => {
    expect(frame(view('58'))).toMatchObject({ kind: 'need', atLeast: 3 });
    expect(frame(view('5800'))).toMatchObject({ kind: 'need', atLeast: 3 });
    expect(frame(view(X.subarray(0, 9)))).toMatchObject({ kind: 'need', atLeast: X.length, silenceMs: 60_000 });
  });

  it('refuses lengths that cannot be, and closes', () => {
    for (const start of ['58000b', '584000', '58ffff'])
      expect(frame(view(start + '00'.repeat(20)))).toEqual({ kind: 'bad', reason: 'bad_length', resumeAt: null });
    expect(frame(view('58000c' + '00'.repeat(9)))).toEqual({ kind: 'frame', end: 12 });
    expect(frame(view('583fff'))).toMatchObject({ kind: 'need', atLeast: 16_383 });
  });

  it('refuses what can start no message, and closes', () => {
    for (const first of ['7e', '78', '30', 'ff'])
      expect(frame(view(first + '000000'))).toEqual({ kind: 'bad', reason: 'noise', resumeAt: null });
  });

  it('skips CR, LF and NUL between messages', () => {
    expect(frame(view('0d0a000a24'))).toEqual({ kind: 'skip', end: 4 });
  });

  it.each([
    ['$DIST,OK\r\n$A', 10],
    ['$DIST,OK\n$A', 9],
    ['$DIST,OK\r$A', 9],
  ])('ends a line at CR LF, LF or CR: %j', (text, end) => {
    expect(frame(view(latin1Bytes(text)))).toEqual({ kind: 'frame', end });
  });

  it('waits for the LF that may follow a CR at the end of a read, but not for ever', () => {
    const cut = latin1Bytes('$DIST,OK\r');
    expect(frame(view(cut))).toEqual({ kind: 'need', atLeast: 10, silenceMs: 1000 });
    expect(frame(view(cut, { final: true }))).toEqual({ kind: 'frame', end: 9 });
  });

  it('takes a login without line end after a silence, once it has its fields', () => {
    const text = `$ASTRA;AT402;${IMEI};;7.0;X`;
    expect(frame(view(latin1Bytes(text)))).toEqual({ kind: 'need', atLeast: text.length + 1 });
    const whole = latin1Bytes(`${text};1`);
    expect(frame(view(whole))).toMatchObject({ kind: 'need', silenceMs: 1000 });
    expect(frame(view(whole, { final: true }))).toEqual({ kind: 'frame', end: whole.length });
  });

  it('refuses other text that the end of the connection cut, but not a datagram', () => {
    const cut = latin1Bytes('$IMEI,1234');
    expect(frame(view(cut, { final: true }))).toMatchObject({ kind: 'bad', reason: 'truncated' });
    expect(frame(view(cut, { final: true, transport: 'udp' }))).toEqual({ kind: 'frame', end: 10 });
  });

  it('gives up on a line of more than 4,096 bytes', () => {
    const long = latin1Bytes('$' + 'A'.repeat(4096));
    expect(frame(view(long.subarray(0, 4096)))).toMatchObject({ kind: 'need' });
    expect(frame(view(long))).toMatchObject({ kind: 'bad', reason: 'bad_length', resumeAt: null });
    expect(frame(view(latin1Bytes('$' + 'A'.repeat(5000) + '\r\n')))).toMatchObject({ kind: 'bad' });
  });

  it('takes two capital letters for text without $', () => {
    expect(frame(view(latin1Bytes('POSN:51.1,-1.2\r\n$OK')))).toEqual({ kind: 'frame', end: 16 });
  });

  it('keeps the lines of a long answer together, up to a $ line, a packet or a silence', () => {
    const answer = 'TEST:AT240\r\n7.0.22\r\n350000000000006\r\nVodafone UK\r\nPWR:12.3\r\n';
    const next = latin1Bytes(`${answer}$IMEI,1\r\n`);
    expect(frame(view(next))).toEqual({ kind: 'frame', end: answer.length });
    const withPacket = Uint8Array.from([...latin1Bytes(answer), ...X]);
    expect(frame(view(withPacket))).toEqual({ kind: 'frame', end: answer.length });
    expect(frame(view(latin1Bytes(answer)))).toMatchObject({ kind: 'need', silenceMs: 500 });
    expect(frame(view(latin1Bytes(answer), { final: true }))).toEqual({ kind: 'frame', end: answer.length });
    const parameters = latin1Bytes('$PARA-TCP\r\nHW:1\r\nFW:7.0\r\n$X');
    expect(frame(view(parameters))).toEqual({ kind: 'frame', end: parameters.length - 2 });
  });
});

describe('a stream', () => {
  const chunks = [
    LOGIN,
    X,
    latin1Bytes('$DIST,OK\r\n'),
    packet('Y', '01' + '05' + '00'.repeat(10) + '50000000' + '00'.repeat(7) + '01' + '00000001'),
    latin1Bytes('\r\n$IMEI,123456789012345\r'),
    latin1Bytes('TEST:AT240\r\nPWR:12.3\r\n'),
    encodeXPacket({ reports: [{ sequence: 2, time: NOW_S - 5, reasons: 2, status: 0, modules: [1, 3], values: {} }] }),
    latin1Bytes('$ASTRA;AT402;350000000000006;;7.0;X;1'),
  ];
  const whole = Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));
  const expected = hear([whole]);

  it('gives every message once', () => {
    expect(expected.frames).toHaveLength(8);
    expect(expected.messages).toHaveLength(3);
    expect(expected.presences).toHaveLength(2);
    expect(expected.responses.map((r) => r.command)).toEqual(['DIST', 'IMEI', 'TEST']);
    expect(expected.replies).toBe('0606060606');
    expect(expected.rejected).toEqual([]);
  });

  it('is cut the same way wherever one read ends', () => {
    for (let at = 0; at <= whole.length; at++)
      expect(hear([whole.subarray(0, at), whole.subarray(at)])).toEqual(expected);
  });

  it.each([1, 2, 3, 7, 23])('is cut the same way in reads of %i bytes', (size) => {
    const reads: Uint8Array[] = [];
    for (let at = 0; at < whole.length; at += size) reads.push(whole.subarray(at, at + size));
    expect(hear(reads)).toEqual(expected);
  });

  it('never gives a message for a mere part of a packet', () => {
    for (let at = 1; at < X.length; at++) {
      const heard = hear([X.subarray(0, at)], { known: { ident: IMEI } });
      expect(heard.frames).toEqual([]);
      expect(heard.rejected.map((r) => r.reason)).toEqual(['truncated']);
    }
  });
});

describe('detection on the shared port', () => {
  it('says yes to a login and to a packet with a good checksum, and only waits before that', () => {
    for (const bytes of [LOGIN, X]) {
      for (let at = 1; at < bytes.length; at++)
        expect(detect(view(bytes.subarray(0, at))).kind).toBe(bytes === LOGIN && at >= 7 ? 'yes' : 'need');
      expect(detect(view(bytes)).kind).toBe('yes');
    }
  });

  it('says no, with its reason, to what others send', () => {
    const jt808 = '7e0200';
    const h02 = toHex(latin1Bytes('*HQ,1234567890,V1,'));
    const atrack = toHex(latin1Bytes('@P,1A2B,100,'));
    for (const text of [jt808, h02, atrack, '2412345678901234', 'fe0200', '5840000000'])
      expect(detect(view(text)).kind).toBe('no');
    const damaged = Uint8Array.from(X);
    damaged[5]! ^= 1;
    expect(detect(view(damaged))).toMatchObject({ kind: 'no', because: 'the checksum of the packet does not hold' });
  });

  it('goes by the header IMEI when a packet is longer than detection may wait for', () => {
    const start = fromHex('5820010a' + '021624ec' + '000006')!;
    const header = fromHex('582001' + '0a' + '0216' + '0ec0' + '000006')!;
    expect(detect(view(header, { final: true })).kind).toBe('yes');
    expect(detect(view(header)).kind).toBe('need');
    expect(detect(view(start, { final: true })).kind).toBe('no');
  });

  it('does not wait after the last byte', () => {
    for (const text of ['58', '24', '2441', '0d0a']) expect(detect(view(text, { final: true })).kind).toBe('no');
  });
});
