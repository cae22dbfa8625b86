/** Who a message is from, what the device is answered, and what the server asks again: chapters 1.1, 6.2–6.6, 6.11 and 10. */
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../hex.js';
import type { Accepted, AcceptEnv, Known } from '../protocol.js';
import { bcdBytes } from '../wire/bcd.js';
import { Writer, latin1Bytes } from '../wire/writer.js';
import { jt808, jt808Device, type Jt808Link } from './index.js';
import { wordMessage } from './message.js';

const NOW = Date.UTC(2027, 0, 2, 3, 4, 5);
const env = (nowMs = NOW): AcceptEnv => ({ nowMs, transport: 'tcp', settingsOf: () => ({}) });
const d13 = { phone: '13812345678', edition: 2013 } as const;
const d19 = { phone: '13812345678', edition: 2019 } as const;
const body = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);

const accept = (frame: Uint8Array, state: Jt808Link = jt808.open(), nowMs = NOW): Accepted =>
  jt808.accept(frame, state, env(nowMs));
const reply = (frame: Uint8Array, state?: Jt808Link): string | null => {
  const bytes = accept(frame, state).reply;
  return bytes === null ? null : toHex(bytes);
};
const general = (device: typeof d13 | typeof d19, serial: number, id: number, result: number, server = 0): string =>
  toHex(jt808Device.encodeMessage(device, 0x8001, server, new Writer(5).u16(serial).u16(id).u8(result).done()));

describe('the conversation of a device', () => {
  it('is answered as the standard has it: registration, authentication, heartbeat', () => {
    const state = jt808.open();
    const registration =
      '7e0100002d0138123456780001002c012c535452414b53542d393032414c0000000000000000000000003141324233433401d4c14231323334357d017e';
    const said = [
      registration,
      '7e0102000c01381234567800023031333831323334353637383e7e',
      '7e000200000138123456780003307e',
    ];
    expect(said.map((frame) => reply(fromHex(frame)!, state))).toEqual([
      '7e8100000f0138123456780000000100303133383132333435363738bc7e',
      '7e8001000501381234567800010002010200b57e',
      '7e8001000501381234567800020003000200b67e',
    ]);
  });

  it('begins with a refusal without a code for a device that nobody knows, where such are refused', () => {
    const names = { province: 44, city: 300, manufacturer: 'STRAK', model: 'ST-902AL', terminal: '1A2B3C4' };
    for (const device of [d13, d19]) {
      const state = jt808.open();
      const frame = jt808Device.encodeRegistration(device, 7, { ...names, plateColour: 1, plate: 'A12345' });
      const accepted = accept(frame, state);
      const refused = jt808Device.encodeMessage(device, 0x8100, 0, new Writer(3).u16(7).u8(4).done());
      expect(accepted).toMatchObject({ kind: 'publish', refusal: refused });
      // Only one of both is sent, so they share a serial of the server.
      expect(state.serial).toBe(1);
    }
    expect(accept(jt808Device.encodeHeartbeat(d13, 1))).not.toHaveProperty('refusal');
  });

  it('goes on in the 2019 edition with its version byte and longer phone', () => {
    const registration =
      '7e0100405401000000000138123456780001002c012c535452414b00000000000053542d393032414c0000000000000000000000000000000000000000000031413242334334000000000000000000000000000000000000000000000001d4c1423132333435457e';
    expect(reply(fromHex(registration)!)).toBe(
      '7e81004017010000000001381234567800000001003030303030303030303133383132333435363738e57e',
    );
  });

  it('escapes what it answers', () => {
    const frame = jt808Device.encodeHeartbeat({ phone: '123456789012', edition: 2013 }, 0x7d7e);
    expect(reply(frame)).toContain('7d017d02');
  });

  it('counts the serials of the server over everything it sends, and wraps', () => {
    const state = jt808.open({ phone: '013812345678', serial: 0xffff });
    expect(reply(jt808Device.encodeHeartbeat(d13, 1), state)).toBe(general(d13, 1, 2, 0, 0xffff));
    expect(reply(jt808Device.encodeHeartbeat(d13, 2), state)).toBe(general(d13, 2, 2, 0, 0));
    expect(state.serial).toBe(1);
  });
});

describe('the answer', () => {
  it.each([0x0002, 0x0003, 0x0102, 0x0107, 0x0108, 0x0700, 0x0702, 0x0704, 0x0705, 0x0800, 0x0802, 0x0805, 0x0900])(
    'to %i is 0x8001 with result 0',
    (id) => {
      expect(reply(jt808Device.encodeMessage(d13, id, 9, body(1, 2, 3)))).toBe(general(d13, 9, id, 0));
      expect(reply(jt808Device.encodeMessage(d19, id, 9, body(1, 2, 3)))).toBe(general(d19, 9, id, 0));
    },
  );

  it.each([0x0001, 0x0104, 0x0201, 0x0500])('is never given to the answer %i', (id) => {
    expect(accept(jt808Device.encodeMessage(d13, id, 9, new Uint8Array(40)))).toMatchObject({
      kind: 'publish',
      reply: null,
    });
  });

  it('to an unknown message is "unsupported", and the frame is kept', () => {
    expect(accept(jt808Device.encodeMessage(d13, 0x0f99, 13, body(1, 2, 3)))).toMatchObject({
      kind: 'publish',
      class: 'control',
    });
    expect(reply(jt808Device.encodeMessage(d13, 0x0f99, 13, body(1, 2, 3)))).toBe(general(d13, 13, 0x0f99, 3));
  });

  it('to a question for the time is the time in UTC', () => {
    const want = jt808Device.encodeMessage(d19, 0x8004, 0, bcdBytes('270102030405', 6));
    expect(reply(jt808Device.encodeMessage(d19, 0x0004, 1, body()))).toBe(toHex(want));
  });

  it('to a medium names it', () => {
    const want = jt808Device.encodeMessage(d13, 0x8800, 0, body(0, 0, 1, 2));
    expect(reply(jt808Device.encodeMessage(d13, 0x0801, 1, body(0, 0, 1, 2, 9, 9)))).toBe(toHex(want));
  });

  it('to a location without its fixed part is "bad message", and the frame is refused', () => {
    const accepted = accept(jt808Device.encodeMessage(d13, 0x0200, 7, new Uint8Array(27)));
    expect(accepted).toMatchObject({ kind: 'reject', ident: '13812345678', rejection: { reason: 'body_short' } });
    expect(toHex(accepted.reply!)).toBe(general(d13, 7, 0x0200, 2));
  });

  it('to an encrypted body is "unsupported", and the frame is refused', () => {
    const plain = jt808Device.encodeMessage(d13, 0x0200, 15, new Uint8Array(28));
    plain[3]! |= 0x04;
    plain[plain.length - 2]! ^= 0x04;
    const accepted = accept(plain);
    expect(accepted).toMatchObject({ kind: 'reject', rejection: { reason: 'encrypted' } });
    expect(toHex(accepted.reply!)).toBe(general(d13, 15, 0x0200, 3));
  });

  it('is not given to what can not be trusted', () => {
    const cutShort = wordMessage(0x0200, { phone: bcdBytes('1', 6), version: null }, 1, new Uint8Array(28)).slice();
    cutShort[4] = 0x40;
    cutShort[cutShort.length - 2]! ^= 0x40 ^ 0x1c;
    // A header of the 2019 edition with its sum takes 18 bytes.
    const short2019 = wordMessage(0x4002, { phone: bcdBytes('1', 6), version: null }, 1, new Uint8Array(3)).slice();
    short2019[3] = 0x40;
    short2019[short2019.length - 2]! ^= 0x40;
    for (const frame of [
      damagedSum(),
      cutShort,
      short2019,
      jt808Device.encodeMessage(d13, 0x0100, 1, new Uint8Array(20)),
    ])
      expect(accept(frame)).toMatchObject({ kind: 'reject', reply: null });
  });
});
function damagedSum(): Uint8Array {
  const frame = jt808Device.encodeHeartbeat(d13, 1);
  frame[6]! ^= 1;
  return frame;
}

describe('the identity', () => {
  const identOf = (phone: Uint8Array, version: number | null, known: Known = {}): Accepted =>
    accept(wordMessage(0x0002, { phone, version }, 1, body()), jt808.open(known));

  it.each([
    ['013812345678', null, '13812345678'],
    ['001234567890', null, '1234567890'],
    ['123456789012', null, '123456789012'],
    ['00000866496077582164', 1, '866496077582164'],
    ['12345678901234567890', 1, '12345678901234567890'],
    ['4eb6fb4afd9e', null, '865478070102068'],
    ['4f07788ef676', null, '868935060005020'],
  ])('of the phone %s is what it names', (phone, version, ident) => {
    expect(identOf(fromHex(phone)!, version).ident).toBe(ident);
  });

  it('of zeros is the device of the connection; without one the frame is refused', () => {
    expect(identOf(new Uint8Array(6), null, { ident: '9171701065' })).toMatchObject({
      kind: 'publish',
      ident: '9171701065',
    });
    expect(identOf(new Uint8Array(6), null)).toMatchObject({
      kind: 'reject',
      rejection: { reason: 'no_ident' },
      reply: null,
    });
  });

  it('of a phone with other nibbles is none, where it is no IMEI either', () => {
    expect(identOf(fromHex('00000000000a')!, null)).toMatchObject({
      kind: 'reject',
      rejection: { reason: 'bad_ident' },
    });
    expect(identOf(fromHex('0000000000000000000a')!, 1)).toMatchObject({ kind: 'reject' });
  });

  it('is the newest of a connection that carries several devices', () => {
    const state = jt808.open();
    accept(jt808Device.encodeHeartbeat(d13, 1), state);
    accept(jt808Device.encodeHeartbeat({ phone: '1111111111', edition: 2019 }, 1), state);
    expect(state).toMatchObject({ ident: '1111111111', version: 1 });
    accept(jt808Device.encodeHeartbeat(d13, 2), state);
    expect(state).toMatchObject({ ident: '13812345678', version: null });
  });
});

describe('the parts of a split message', () => {
  const parts = jt808Device.encodePackets(d13, 0x0704, 0xfffe, new Uint8Array(30), 10);

  it('are acknowledged each by itself, repeats too', () => {
    const state = jt808.open();
    expect([0, 1, 1, 2].map((i) => reply(parts[i]!, state))).toEqual([
      general(d13, 0xfffe, 0x0704, 0, 0),
      general(d13, 0xffff, 0x0704, 0, 1),
      general(d13, 0xffff, 0x0704, 0, 2),
      general(d13, 0, 0x0704, 0, 3),
    ]);
    expect(jt808.tick!(state, NOW + 60_000)).toEqual([]);
  });

  it('that came before an earlier one wait for it with their answer, but a repeat waits no more', () => {
    const state = jt808.open();
    expect([2, 1, 2, 0].map((i) => reply(parts[i]!, state))).toEqual([
      null,
      null,
      general(d13, 0, 0x0704, 0, 0),
      [0xfffe, 0xffff, 0].map((serial, i) => general(d13, serial, 0x0704, 0, 1 + i)).join(''),
    ]);
  });

  it('are acknowledged as they come in datagrams, which overtake each other', () => {
    const state = jt808.open();
    const udp = { nowMs: NOW, transport: 'udp' as const, settingsOf: () => ({}) };
    expect([2, 0].map((i) => toHex(jt808.accept(parts[i]!, state, udp).reply!))).toEqual([
      general(d13, 0, 0x0704, 0, 0),
      general(d13, 0xfffe, 0x0704, 0, 1),
    ]);
  });

  it('are asked for again when they do not come, three times, a minute apart', () => {
    const state = jt808.open();
    accept(parts[1]!, state);
    const ask = (after: number): readonly string[] => jt808.tick!(state, NOW + after).map((b) => toHex(b));
    expect(ask(59_999)).toEqual([]);
    const request = (server: number): string =>
      toHex(jt808Device.encodeMessage(d13, 0x8003, server, body(0xff, 0xfe, 2, 0, 1, 0, 3)));
    expect(ask(60_000)).toEqual([request(0)]);
    expect(ask(60_001)).toEqual([]);
    expect(ask(120_000)).toEqual([request(1)]);
    expect(ask(180_000)).toEqual([request(2)]);
    expect(ask(240_000)).toEqual([]);
    expect(state.parts.size).toBe(0);
  });

  it('are asked for with a wider count in the 2019 edition', () => {
    const state = jt808.open();
    accept(jt808Device.encodePackets(d19, 0x0704, 5, new Uint8Array(20), 10)[0]!, state);
    const want = jt808Device.encodeMessage(d19, 0x8003, 1, body(0, 5, 0, 1, 0, 2));
    expect(jt808.tick!(state, NOW + 60_000).map((b) => toHex(b))).toEqual([toHex(want)]);
  });

  it('are remembered for a bounded number of messages', () => {
    const state = jt808.open();
    for (let i = 0; i < 200; i++)
      accept(jt808Device.encodePackets(d13, 0x0704, i * 2, new Uint8Array(20), 10)[0]!, state);
    expect(state.parts.size).toBe(64);
  });

  it.each([
    [0, 1],
    [2, 3],
    [2, 0],
    [9_000, 1],
  ])('(total %i, number %i) that can not be are refused as bad', (total, number) => {
    const frame = wordMessage(0x0704, { phone: bcdBytes(d13.phone, 6), version: null }, 3, body(1), { total, number });
    const accepted = accept(frame);
    expect(accepted).toMatchObject({ kind: 'reject', rejection: { reason: 'bad_length' } });
    expect(toHex(accepted.reply!)).toBe(general(d13, 3, 0x0704, 2));
  });

  it('of a medium close it when the last one has come', () => {
    const state = jt808.open();
    const media = jt808Device.encodePackets(d13, 0x0801, 1, body(0, 0, 0, 7, 1, 2, 3, 4), 4);
    expect(reply(media[1]!, state)).toBeNull();
    const done = jt808Device.encodeMessage(d13, 0x8800, 2, body(0, 0, 0, 7));
    const both = general(d13, 1, 0x0801, 0, 0) + general(d13, 2, 0x0801, 0, 1);
    expect(reply(media[0]!, state)).toBe(both + toHex(done));
  });
});

describe('a split command', () => {
  it('goes out in packets, and its parts again when the device asks', () => {
    const state = jt808.open({ phone: '013812345678' });
    const sent = jt808.encode({ name: 'transparent', args: { transparentType: 65, text: 'x'.repeat(2_000) } }, state, {
      nowMs: NOW,
    });
    expect(sent).toMatchObject({ kind: 'bytes', correlation: '0x8900:1' });
    const packets = jt808Device.encodePackets(d13, 0x8900, 0, latin1Bytes(`A${'x'.repeat(2_000)}`));
    expect(sent.kind === 'bytes' && toHex(sent.bytes)).toBe(packets.map((p) => toHex(p)).join(''));
    const ask = (first: number, ...numbers: number[]): string | null => {
      const asked = new Writer(16).u16(first).u16(numbers.length);
      for (const n of numbers) asked.u16(n);
      return reply(jt808Device.encodeMessage(d13, 0x0005, 8, asked.done()), state);
    };
    expect(ask(0, 2)).toBe(toHex(packets[1]!));
    expect(ask(0, 2, 1)).toBe(toHex(packets[1]!) + toHex(packets[0]!));
    expect(ask(77, 1)).toBe(general(d13, 8, 0x0005, 2, 2));
  });
});
