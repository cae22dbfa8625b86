/** Whatever bytes come, nothing throws, nothing loops, and each byte has one outcome. Seeds are fixed, so a failure repeats. */
import { describe, expect, it } from 'vitest';
import { astra, encodeLogin, encodeXPacket } from './index.js';
import { hear, IMEI, NOW_S, packet, sealed, seeded } from './testing.js';

const SEED = 4711;
const LETTERS = 'XYZKMVCAFLNQ';
const input = (frame: Uint8Array) => ({ frame, ident: IMEI, context: {}, receivedAtUs: NOW_S * 1e6, settings: {} });

describe('random bytes', () => {
  it('never throw, as a stream or as datagrams', () => {
    const random = seeded(SEED);
    for (let round = 0; round < 2000; round++) {
      const chunks = Array.from({ length: 1 + random.below(4) }, () => random.bytes(random.below(200)));
      for (const transport of ['tcp', 'udp'] as const) {
        const heard = hear(chunks, { transport, ...(round % 2 === 0 && { known: { ident: IMEI } }) });
        expect(heard.messages).toEqual([]);
      }
    }
  });

  it('never throw in a packet with a good checksum, and are never read past its end', () => {
    const random = seeded(SEED + 1);
    for (let round = 0; round < 4000; round++) {
      const frame = random.bytes(12 + random.below(300));
      frame[0] = LETTERS.charCodeAt(random.below(LETTERS.length));
      frame[3] = 1 + random.below(3);
      // Sparse masks, so that some of them fit.
      if (round % 2 === 0) frame.fill(0, 4, Math.min(frame.length - 2, 4 + random.below(200)));
      sealed(frame);
      const decoded = astra.decode(input(frame));
      expect(decoded.reports.length + decoded.rejected.length).toBeGreaterThan(0);
      const longer = Uint8Array.from([...frame, ...random.bytes(64)]);
      expect(astra.decode(input(longer.subarray(0, frame.length)))).toEqual(decoded);
      astra.explain(input(frame));
    }
  });

  it('never throw as text', () => {
    const random = seeded(SEED + 2);
    const starts = ['$ASTRA;', '$DRID,', '$', 'TEST:', 'POSN:', '$PARA-TCP\r\n'];
    for (let round = 0; round < 2000; round++) {
      const tail = Array.from(random.bytes(random.below(80)), (byte) => ';,\r\n:$A0 '[byte % 10] ?? 'x').join('');
      const text = starts[random.below(starts.length)]! + tail;
      const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
      const cut = random.below(bytes.length + 1);
      // How many bytes a refusal that closes takes along depends on the reads; all else does not.
      const [whole, split] = [[bytes], [bytes.subarray(0, cut), bytes.subarray(cut)]].map((chunks) => {
        const heard = hear(chunks, { known: { ident: IMEI } });
        return { ...heard, rejected: heard.rejected.map((r) => r.reason) };
      });
      expect(split).toEqual(whole);
    }
  });
});

describe('damaged packets', () => {
  it('never give a report, whichever bit is flipped', () => {
    const values = { 'position.latitude': 51.5, 'position.longitude': -0.1, 'position.timestamp': NOW_S - 9 };
    const report = { sequence: 1, time: NOW_S - 5, reasons: 1, status: 0, modules: [1, 2, 3, 5, 6], values };
    const good = encodeXPacket({ ident: IMEI, reports: [report, report] });
    expect(hear([good]).messages).toHaveLength(2);
    for (let bit = 0; bit < 8 * good.length; bit++) {
      const flipped = Uint8Array.from(good);
      flipped[bit >>> 3]! ^= 1 << (bit & 7);
      expect(hear([flipped]).messages).toEqual([]);
    }
  });

  it('leave the connection usable when the damage is inside', () => {
    const login = encodeLogin({ model: 'A', ident: IMEI, firmware: '1', letter: 'X', hardware: '1' });
    const good = packet('X', '01' + '01' + '0'.repeat(12) + '53000000' + '00000001' + '0001');
    const bad = Uint8Array.from(good);
    bad[10]! ^= 0xff;
    const heard = hear([login, bad, good, bad, bad, good]);
    expect([heard.messages.length, heard.replies, heard.closed]).toEqual([2, '060606', false]);
  });
});
