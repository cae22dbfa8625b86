/** The edge half: identity, acknowledgements, and the wait for impact data. */
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../hex.js';
import type { AcceptEnv } from '../protocol.js';
import { atrack } from './index.js';
import { IMPACT_WAIT_MS } from './link-state.js';
import { asciiFrame, binaryFrame, impactFrame, keepAliveFrame, pictureFrames, replyLine } from './simulate.js';
import { NOW_MS, UNIT, bytesOf, recordOf, runChunks } from './testing.js';

const binary = (unitId: string, sequence = 480): Uint8Array => binaryFrame({ unitId, sequence, records: [recordOf()] });
const env = (nowMs = NOW_MS): AcceptEnv => ({ nowMs, transport: 'tcp', settingsOf: () => ({}) });

describe('acknowledgements', () => {
  it('are FE 02, unit id and sequence for reports of both forms and for pictures', () => {
    const record = recordOf();
    const frames = [
      binaryFrame({ unitId: UNIT, sequence: 1, records: [record] }),
      asciiFrame({ unitId: UNIT, sequence: 2, records: [record] }),
      ...pictureFrames(UNIT, 3, 1_700_000_000, new Uint8Array(30), 20, 0),
    ];
    expect(runChunks([bytesOf(...frames)]).replies.map((r) => toHex(r))).toEqual([
      'fe020001410d379b100b0001',
      'fe020001410d379b100b0002',
      'fe020001410d379b100b0003',
      'fe020001410d379b100b0004',
    ]);
  });

  it('echo a keep-alive byte for byte', () => {
    expect(runChunks([keepAliveFrame(UNIT, 21)]).replies).toEqual([keepAliveFrame(UNIT, 21)]);
  });

  it('carry the low 16 bits of an ASCII sequence above 65535', () => {
    const run = runChunks([asciiFrame({ unitId: UNIT, sequence: 104_547, records: [recordOf()] })]);
    expect(toHex(run.replies[0]!)).toBe('fe020001410d379b100b9863');
    expect(run.messages[0]?.['event.seqnum']).toBe(104_547);
  });

  it('are sent for a frame whose contents can not be decoded, and never for answers', () => {
    const raw = binaryFrame({ unitId: UNIT, sequence: 5, records: [recordOf({ tail: new Uint8Array([1, 2, 3]) })] });
    const run = runChunks([bytesOf(raw, replyLine('OK'))]);
    expect(run.replies).toHaveLength(1);
    expect(run.rejected.map((r) => r.reason)).toEqual(['format_unknown']);
  });

  it('are not sent for a wrong CRC, but a lenient device is decoded and acknowledged, and the reports say so', () => {
    const frame = binary(UNIT);
    frame[30]! ^= 0x10;
    expect(runChunks([frame]).replies).toEqual([]);
    const lenient = runChunks([frame], { settings: { crcMode: 'lenient' } });
    expect(lenient.replies).toHaveLength(1);
    expect(lenient.messages[0]?.['quality']).toContain('crc_mismatch');
  });
});

describe('the unit id', () => {
  it.each(['1004715', '1000013524', '336225321492236670', '18446744073709551615', '9007199254740993'])(
    'is the 64-bit number %s, in both forms and in the keep-alive',
    (unitId) => {
      const frames = [
        binary(unitId),
        asciiFrame({ unitId, sequence: 1, records: [recordOf()] }),
        keepAliveFrame(unitId, 2),
      ];
      for (const frame of frames) {
        const state = atrack.open();
        const accepted = atrack.accept(frame, state, env());
        expect(accepted).toMatchObject({ kind: 'publish', ident: unitId });
        expect(toHex(accepted.reply!).slice(4, 20)).toBe(BigInt(unitId).toString(16).padStart(16, '0'));
        expect(state.ident).toBe(unitId);
      }
    },
  );

  it('loses its leading zeros in ASCII', () => {
    const padded = bytesOf(asciiFrame({ unitId: `000${UNIT}`, sequence: 1, records: [recordOf()] }));
    expect(atrack.accept(padded, atrack.open(), env())).toMatchObject({ kind: 'publish', ident: UNIT });
  });

  it('0 and one of more than 64 bits are refused without an acknowledgement', () => {
    const frames = [
      binary('0'),
      keepAliveFrame('0', 1),
      asciiFrame({ unitId: '0', sequence: 1, records: [recordOf()] }),
      asciiFrame({ unitId: '18446744073709551616', sequence: 1, records: [recordOf()] }),
    ];
    for (const frame of frames)
      expect(atrack.accept(frame, atrack.open(), env())).toMatchObject({
        kind: 'reject',
        rejection: { reason: 'bad_ident' },
        reply: null,
        close: false,
      });
  });

  it('may change on a connection: gateways carry several devices', () => {
    const run = runChunks([bytesOf(binary('1004715'), binary('1004716'))]);
    expect(run.messages.map((m) => m['ident'])).toEqual(['1004715', '1004716']);
  });
});

describe('answers to commands', () => {
  it('belong to the device of the connection', () => {
    const state = atrack.open({ ident: UNIT });
    expect(atrack.accept(replyLine('OK', undefined, 'A1'), state, env())).toEqual({
      kind: 'publish',
      ident: UNIT,
      context: {},
      reply: null,
      class: 'control',
    });
  });

  it('name the device themselves in $UNID and $INFO, and are refused when nobody has', () => {
    for (const line of [replyLine('UNID', UNIT), replyLine('INFO', `${UNIT},AX5,1,2,3,4,130,0,8,1,26,1,0`)])
      expect(atrack.accept(line, atrack.open(), env())).toMatchObject({ kind: 'publish', ident: UNIT });
    expect(atrack.accept(replyLine('OK'), atrack.open(), env())).toMatchObject({
      kind: 'reject',
      rejection: { reason: 'no_ident' },
    });
  });
});

describe('the wait for impact data', () => {
  const samples = Array.from({ length: 50 }, (_, i) => [i, 0 - i, 1000] as const);
  const packet = (id: number, sequence = 100 + id): Uint8Array =>
    impactFrame({ unitId: UNIT, sequence }, recordOf(), id, samples);
  const ask = (state: ReturnType<typeof atrack.open>, tag?: string) =>
    atrack.encode({ name: 'impact_data', args: {} }, state, { nowMs: NOW_MS, ...(tag !== undefined && { tag }) });
  const contextOf = (frame: Uint8Array, state: ReturnType<typeof atrack.open>, nowMs = NOW_MS) => {
    const accepted = atrack.accept(frame, state, env(nowMs));
    return accepted.kind === 'publish' ? accepted.context : null;
  };

  it('begins with the $OK to the typed command and lasts eight packets', () => {
    const state = atrack.open({ ident: UNIT });
    expect(contextOf(packet(0), state)).toEqual({});
    ask(state, 'G1');
    atrack.accept(replyLine('OK', undefined, 'G1'), state, env());
    for (let id = 0; id < 8; id++) expect(contextOf(packet(id), state)).toEqual({ waiting: 'impact_data' });
    expect(contextOf(packet(8), state)).toEqual({});
    // Its acknowledgement was lost, so it comes again and must become the same record.
    expect(contextOf(packet(7), state)).toEqual({ waiting: 'impact_data' });
  });

  it('does not begin with an error, with the $OK to another command, or with a custom command', () => {
    for (const begin of [
      (s: ReturnType<typeof atrack.open>) => (ask(s), atrack.accept(replyLine('ERROR', '107'), s, env())),
      (s: ReturnType<typeof atrack.open>) => (ask(s, 'G1'), atrack.accept(replyLine('OK', undefined, 'G2'), s, env())),
      (s: ReturnType<typeof atrack.open>) => {
        atrack.encode({ name: 'custom', args: { text: 'AT$GDAT' } }, s, { nowMs: NOW_MS });
        return atrack.accept(replyLine('OK'), s, env());
      },
      (s: ReturnType<typeof atrack.open>) => (ask(s), atrack.accept(replyLine('OK'), s, env(NOW_MS + 31_000))),
    ]) {
      const state = atrack.open({ ident: UNIT });
      begin(state);
      expect(contextOf(packet(0), state)).toEqual({});
    }
  });

  it('ends a minute after the last packet', () => {
    const state = atrack.open({ ident: UNIT, waiting: 'impact_data' });
    expect(contextOf(packet(0), state)).toEqual({ waiting: 'impact_data' });
    expect(contextOf(packet(1), state, NOW_MS + IMPACT_WAIT_MS + 1)).toEqual({});
  });

  it('lets ordinary reports of the device pass as they are', () => {
    const state = atrack.open({ ident: UNIT, waiting: 'impact_data' });
    expect(contextOf(binary(UNIT), state)).toEqual({});
    expect(contextOf(packet(0), state)).toEqual({ waiting: 'impact_data' });
  });

  it('counts from 1 with a device that does, and from 0 after a loss', () => {
    const frames = Array.from({ length: 8 }, (_, i) => packet(i + 1));
    const numbers = (list: readonly Uint8Array[]) =>
      runChunks(list, { known: { waiting: 'impact_data' } }).messages.map((m) => m['accelerometer.data.seqnum']);
    expect(numbers(frames)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    const broken = packet(0);
    broken[60]! ^= 1;
    expect(numbers([broken, packet(1), packet(2)])).toEqual([1, 2]);
  });

  it('gives eight records with 50 samples each and an identity of their own', () => {
    const run = runChunks(
      Array.from({ length: 8 }, (_, i) => packet(i)),
      { known: { waiting: 'impact_data' } },
    );
    expect(run.messages).toHaveLength(8);
    expect(new Set(run.messages.map((m) => m['message.id'])).size).toBe(8);
    expect(run.messages[0]?.['acceleration.array']).toEqual(
      samples.map(([x, y, z]) => ({ x: x / 1000, y: y / 1000, z: z / 1000 })),
    );
  });
});

describe('the shared port', () => {
  const said = (bytes: Uint8Array, final = false) =>
    atrack.detect({ bytes, from: 0, to: bytes.length, final, transport: 'tcp' });

  it('knows a keep-alive, @ and a letter, an answer, and a whole frame with a good checksum', () => {
    expect(said(fromHex('fe02')!)).toMatchObject({ kind: 'yes', end: 2 });
    expect(said(bytesOf('@P'))).toMatchObject({ kind: 'yes', end: 2 });
    expect(said(bytesOf('$OK\r'))).toMatchObject({ kind: 'yes' });
    expect(said(bytesOf('$FORM='))).toMatchObject({ kind: 'yes' });
    const odd = binaryFrame({ prefix: 'xy', unitId: UNIT, sequence: 1, records: [recordOf()] });
    expect(said(odd)).toMatchObject({ kind: 'yes', end: odd.length });
    for (let to = 1; to < odd.length; to++) expect(said(odd.slice(0, to))).toMatchObject({ kind: 'need' });
    odd[20]! ^= 1;
    expect(said(odd)).toMatchObject({ kind: 'no' });
  });

  it('leaves binary frames of other protocols that begin with $ or 7E alone', () => {
    expect(said(fromHex('2441424344450102030405060708')!)).toMatchObject({ kind: 'no' });
    expect(said(fromHex('24270280206160')!)).toMatchObject({ kind: 'no' });
    expect(said(fromHex('7e0002000001234567890100')!, true)).toMatchObject({ kind: 'no' });
  });
});
