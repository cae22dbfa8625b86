/** The rows of the specification's table of bad input, and whose a packet is. */
import { describe, expect, it } from 'vitest';
import { latin1Bytes } from '../wire/writer.js';
import { accept, open } from './accept.js';
import { luhn } from './imei.js';
import { encodeLogin } from './simulate.js';
import { hear, identHex, IMEI, NOW_S, packet, reportX } from './testing.js';

const OTHER = '350000000100012';
const LOGIN = encodeLogin({ model: 'AT402', ident: IMEI, firmware: '7.0', letter: 'X', hardware: '1' });
const MODE6 = packet('X', '01' + reportX({ 1: '3d23' }));
const mode4 = (ident: string): Uint8Array => packet('X', '01' + identHex(ident) + reportX({ 1: '3d23' }));
const reasons = (heard: ReturnType<typeof hear>) => heard.rejected.map((r) => r.reason);
const known = { known: { ident: IMEI } };
function damaged(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at]! ^= 0x10;
  return copy;
}

describe('bad input', () => {
  it('keeps a packet with a wrong checksum, does not acknowledge it and goes on behind it', () => {
    const heard = hear([damaged(MODE6, 9), MODE6], known);
    expect(reasons(heard)).toEqual(['bad_checksum']);
    expect(heard.messages).toHaveLength(1);
    expect(heard.replies).toBe('06');
    expect(heard.closed).toBe(false);
  });

  it('closes after three wrong checksums in a row, and counts anew after a good packet', () => {
    const bad = damaged(MODE6, 9);
    expect(hear([bad, bad, MODE6, bad, bad], known).closed).toBe(false);
    const heard = hear([bad, bad, bad, MODE6], known);
    expect(heard.closed).toBe(true);
    expect(heard.replies).toBe('');
  });

  it('refuses a checksum sent low byte first', () => {
    const swapped = Uint8Array.from(MODE6);
    const n = swapped.length;
    [swapped[n - 2], swapped[n - 1]] = [swapped[n - 1]!, swapped[n - 2]!];
    expect(reasons(hear([swapped], known))).toEqual(['bad_checksum']);
  });

  it('refuses any single flipped bit of a packet', () => {
    for (let bit = 24; bit < 8 * MODE6.length; bit++) {
      const flipped = Uint8Array.from(MODE6);
      flipped[bit >>> 3]! ^= 1 << (bit & 7);
      const heard = hear([flipped], known);
      expect([heard.messages.length, heard.replies]).toEqual([0, '']);
    }
  });

  it.each('AFGHLNPRSTQBDEIJOUW'.match(/./g)!)(
    'keeps and acknowledges a whole packet of letter %s, whose layout is unknown',
    (letter) => {
      const heard = hear([packet(letter, '00'.repeat(20)), MODE6], known);
      expect(heard.rejected).toMatchObject([{ reason: 'unknown_type', path: 'letter' }]);
      expect(heard.messages).toHaveLength(1);
      expect([heard.replies, heard.closed]).toEqual(['0606', false]);
    },
  );

  it('closes when neither letter nor checksum is known', () => {
    const heard = hear([damaged(packet('Q', '00'.repeat(20)), 9), MODE6], known);
    expect([heard.closed, heard.replies]).toEqual([true, '']);
  });

  it('keeps and acknowledges a packet that announces no report', () => {
    const heard = hear([packet('X', '00' + identHex(IMEI))]);
    expect(heard.rejected).toMatchObject([{ reason: 'layout_mismatch', path: 'report_count' }]);
    expect(heard.replies).toBe('06');
  });

  it('names the place where reports do not consume a packet, acknowledges it and publishes none of its values', () => {
    const tail = hear([packet('X', '01' + reportX({ 1: '3d23' }) + 'abcdef')], known);
    expect(tail.rejected).toMatchObject([{ reason: 'layout_mismatch', path: 'report[1]', start: 23, end: 26 }]);
    const short = hear([packet('X', '01' + reportX({ 1: '3d23', 2: '00'.repeat(10) }))], known);
    expect(short.rejected).toMatchObject([{ reason: 'layout_mismatch', path: 'report[0].module[2]', start: 23 }]);
    const count = hear([packet('X', '02' + reportX({ 1: '3d23' }))], known);
    expect(count.rejected).toMatchObject([{ reason: 'layout_mismatch', path: 'report[1]' }]);
    for (const heard of [tail, short, count]) expect([heard.messages.length, heard.replies]).toEqual([0, '06']);
  });

  it('publishes an unreadable packet under the IMEI of its header, and rejects it with an answer where there is none', () => {
    const env = { nowMs: NOW_S * 1000, transport: 'tcp' as const, settingsOf: () => ({}) };
    const named = accept(packet('X', '01' + identHex(IMEI) + '01'.repeat(9)), open(), env);
    expect(named).toMatchObject({ kind: 'publish', ident: IMEI, reply: Uint8Array.of(6) });
    const legacy = accept(packet('L', identHex(IMEI) + '01'.repeat(9)), open(), env);
    expect(legacy).toMatchObject({ kind: 'publish', ident: IMEI });
    const zeros = accept(packet('L', '00'.repeat(30)), open(), env);
    expect(zeros).toMatchObject({ kind: 'reject', ident: null, reply: Uint8Array.of(6), close: false });
    expect(accept(packet('X', '01' + 'ff'.repeat(20)), open(), env)).toMatchObject({
      kind: 'reject',
      rejection: { reason: 'layout_mismatch' },
      reply: Uint8Array.of(6),
    });
  });

  it.each([
    ['too few fields', '$ASTRA;AT402;350000000000006\r\n'],
    ['an IMEI with letters', '$ASTRA;AT402;35000000000000A;;7.0;X;1\r\n'],
    ['an IMEI of 13 digits', '$ASTRA;AT402;3500000000000;;7.0;X;1\r\n'],
    ['no line end and nine fields', '$ASTRA;AT402;350000000000006;;7.0;X;1;8A1B;9'],
    ['no line end and six fields', '$ASTRA;AT402;350000000000006;;7.0;X'],
  ])('refuses a login with %s and closes without an answer', (_, text) => {
    const heard = hear([latin1Bytes(text), MODE6]);
    expect([reasons(heard), heard.replies, heard.messages.length, heard.closed]).toEqual([['bad_login'], '', 0, true]);
  });

  it('refuses a packet without IMEI before any login and closes, so that the device logs in again', () => {
    const heard = hear([MODE6, LOGIN]);
    expect([reasons(heard), heard.replies, heard.closed]).toEqual([['no_ident'], '', true]);
    expect(reasons(hear([MODE6], { transport: 'udp' }))).toEqual(['no_ident']);
  });

  it('refuses a datagram that is shorter than it says', () => {
    const heard = hear([MODE6.subarray(0, 20)], { ...known, transport: 'udp' });
    expect([reasons(heard), heard.replies]).toEqual([['truncated'], '']);
  });

  it('reads a second packet in one datagram, and refuses what is left over', () => {
    const heard = hear([Uint8Array.from([...mode4(IMEI), ...mode4(IMEI), 0x58, 0x00])], { transport: 'udp' });
    expect([heard.messages.length, heard.replies, reasons(heard)]).toEqual([2, '0606', ['truncated']]);
  });

  it('loses only the datagram that is bad, not those that follow', () => {
    const noise = Uint8Array.of(0xff, 0xfe);
    const login = latin1Bytes('$ASTRA;AT402;1\r\n');
    const bad = damaged(mode4(IMEI), 20);
    const datagrams = [noise, login, MODE6, bad, bad, bad, MODE6.subarray(0, 9), mode4(IMEI)];
    const heard = hear(datagrams, { transport: 'udp' });
    expect(reasons(heard)).toEqual([
      'noise',
      'bad_login',
      'no_ident',
      'bad_checksum',
      'bad_checksum',
      'bad_checksum',
      'truncated',
    ]);
    expect([heard.messages.length, heard.replies, heard.closed]).toEqual([1, '06', false]);
  });

  it('answers what is whole but not readable in datagrams as in a stream, and closes nothing for what is not', () => {
    const unknown = packet('Q', '00'.repeat(20));
    const empty = packet('X', '00' + identHex(IMEI));
    const endless = latin1Bytes('$' + 'A'.repeat(5000));
    const heard = hear([unknown, empty, damaged(unknown, 9), endless, mode4(IMEI)], { transport: 'udp' });
    expect(reasons(heard)).toEqual(['unknown_type', 'layout_mismatch', 'bad_checksum', 'bad_length']);
    expect([heard.messages.length, heard.replies, heard.closed]).toEqual([1, '060606', false]);
  });

  it('refuses a text line that does not end', () => {
    expect(reasons(hear(['$' + 'A'.repeat(5000)]))).toEqual(['bad_length']);
  });
});

describe('whose a packet is', () => {
  it('goes by the IMEI of the header', () => {
    const heard = hear([mode4(IMEI)]);
    expect([heard.ident, heard.messages[0]?.['ident'], heard.replies]).toEqual([IMEI, IMEI, '06']);
  });

  it('goes by the login where the header has none', () => {
    const heard = hear([LOGIN, MODE6]);
    expect([heard.ident, heard.messages[0]?.['ident'], heard.replies]).toEqual([IMEI, IMEI, '0606']);
  });

  it('prefers the header to the login and says so', () => {
    const heard = hear([LOGIN, mode4(OTHER), MODE6]);
    expect(heard.messages.map((m) => [m['ident'], m['quality']])).toEqual([
      [OTHER, ['ident_differs_from_login']],
      [IMEI, undefined],
    ]);
  });

  it('takes an IMEI whose check digit is wrong when only that layout fits', () => {
    expect(hear([mode4('350000000000007')]).messages[0]?.['ident']).toBe('350000000000007');
  });

  it('does not take seven bytes for an IMEI that are none', () => {
    const heard = hear([packet('X', '01' + 'ffffffff' + 'ffffff' + reportX({ 1: '3d23' }))]);
    expect(heard.rejected).toMatchObject([{ reason: 'layout_mismatch' }]);
  });

  it('pads both parts of the IMEI with zeros', () => {
    expect(hear([mode4('000000010000002')]).ident).toBe('000000010000002');
  });

  it('gives a new login on the same connection the say', () => {
    const second = encodeLogin({ model: 'AT500', ident: OTHER, firmware: '9', letter: 'X', hardware: '1' });
    expect(hear([LOGIN, MODE6, second, MODE6]).messages.map((m) => m['ident'])).toEqual([IMEI, OTHER]);
  });

  it('warns of a login whose check digit is wrong, and accepts 14 and 16 digits', () => {
    const login = (ident: string) =>
      hear([encodeLogin({ model: 'A', ident, firmware: '', letter: 'X', hardware: '' })]);
    expect(login('350000000000007').presences[0]?.['quality']).toEqual(['ident_checksum']);
    for (const ident of ['35000000000000', '3500000000000012'])
      expect([login(ident).ident, login(ident).presences[0]?.['quality']]).toEqual([ident, undefined]);
  });

  describe('where both layouts fit', () => {
    /**
     * One report without modules behind an IMEI. Read from the IMEI on it is a report too: sequence 2, modules by the IMEI's last
     * bytes (seven bytes in all), a time that begins with the true sequence number 53.
     */
    const ambiguous = (ident: string): Uint8Array =>
      packet('X', '01' + identHex(ident) + reportX({}, { sequence: 0x53, reasons: 0, status: 0 }));
    /** 0x02000000, then modules 1, 6 and 7 (2 + 1 + 4 bytes), or 1, 3 and 6. */
    const GOOD = '335544320000097';
    const BAD = '335544320000037';

    it('takes the header IMEI when its check digit is right', () => {
      expect(luhn(GOOD)).toBe(true);
      expect(hear([ambiguous(GOOD)]).messages).toMatchObject([{ ident: GOOD, 'record.seqnum': 0x53 }]);
    });

    it('asks for a login when it is not', () => {
      expect(luhn(BAD)).toBe(false);
      expect(reasons(hear([ambiguous(BAD)]))).toEqual(['no_ident']);
    });

    it('takes the login when there is one', () => {
      for (const ident of [GOOD, BAD])
        expect(hear([ambiguous(ident)], known).messages).toMatchObject([{ ident: IMEI, 'record.seqnum': 2 }]);
    });

    it('lets a report time more than a day ahead decide against a layout', () => {
      // Sequence 5f: read from the IMEI on, the time is in 2030.
      const late = packet('X', '01' + identHex(BAD) + reportX({}, { sequence: 0x5f }));
      expect(hear([late], known).messages).toMatchObject([{ ident: BAD, 'record.seqnum': 0x5f }]);
    });
  });
});
