/** Who a frame is from, and what the device is answered: chapters 1.1 and 3.9. */
import { describe, expect, it } from 'vitest';
import type { Accepted, AcceptEnv, DeviceSettings, Known } from '../protocol.js';
import { fromHex } from '../hex.js';
import { latin1 } from '../wire/reader.js';
import { latin1Bytes } from '../wire/writer.js';
import { h02, h02Device } from './index.js';

const NOW = Date.UTC(2027, 0, 2, 3, 4, 5);
const env = (settings: DeviceSettings = {}): AcceptEnv => ({
  nowMs: NOW,
  transport: 'tcp',
  settingsOf: () => settings,
});
const accept = (frame: string | Uint8Array, known: Known = {}, settings: DeviceSettings = {}): Accepted =>
  h02.accept(typeof frame === 'string' ? latin1Bytes(frame) : frame, h02.open(known), env(settings));
const reply = (frame: string | Uint8Array, settings: DeviceSettings = {}): string | null => {
  const bytes = accept(frame, {}, settings).reply;
  return bytes === null ? null : latin1(bytes, 0, bytes.length);
};
const ident = (frame: string | Uint8Array, known: Known = {}): string | null => accept(frame, known).ident;
const reason = (accepted: Accepted): string => (accepted.kind === 'reject' ? accepted.rejection.reason : 'published');

const BLOCK = '123350,A,0413.6411,N,07332.6347,E,010.00,090,061025,FFFFFBFF';
const fix = {
  ident: '0917170106',
  timeMs: NOW,
  valid: true,
  latitude: 4.2,
  longitude: 73.5,
  knots: 1,
  course: 2,
  status: 0xffffffff,
  sequence: 3,
};

describe('the identity', () => {
  it('is the digits as sent, leading zeros kept, in text and in records', () => {
    expect(ident(`*HQ,0917170106,V1,${BLOCK}#`)).toBe('0917170106');
    expect(ident(h02Device.encodeRecord32(fix))).toBe('0917170106');
  });

  it("is the connection's where a frame has none, and the frame is refused where that has none either", () => {
    expect(ident(`*HQ,,V1,${BLOCK}#`, { ident: '9171701065' })).toBe('9171701065');
    expect(reason(accept(`*HQ,,V1,${BLOCK}#`))).toBe('no_ident');
  });

  it('never is made of zeros', () => {
    expect(reason(accept(`*HQ,0000000000,V1,${BLOCK}#`))).toBe('bad_ident');
    expect(reason(accept(h02Device.encodeRecord32({ ...fix, ident: '0000000000' })))).toBe('bad_ident');
  });

  it.each(['123456789011234', '912341234567890'])(
    'stays the IMEI %s when ten of its digits come in a record',
    (imei) => {
      const digits = imei.startsWith('1') ? imei.slice(0, 10) : imei.slice(-10);
      expect(ident(h02Device.encodeRecord32({ ...fix, ident: digits }), { ident: imei })).toBe(imei);
      expect(ident(h02Device.encodeRecord32({ ...fix, ident: '5555555555' }), { ident: imei })).toBe('5555555555');
    },
  );

  it('is the newest of the connection, so that commands go to the device that spoke last', () => {
    const state = h02.open({ ident: '1111111111' });
    h02.accept(latin1Bytes(`*TH,2222222222,V1,${BLOCK}#`), state, env());
    expect(state).toMatchObject({ ident: '2222222222', vendorCode: 'TH' });
  });

  it('is the first fifteen digits of a record with sixteen', () => {
    const record = '2435248308419329301047591808172627335900074412294e024138feffffffff01120064ba73005ecc';
    expect(ident(fromHex(record)!)).toBe('352483084193293');
  });
});

describe('frames that break the grammar', () => {
  it.each([
    ['*H,9171701065,V1,123350#', 'vendor'],
    ['*HQX,9171701065,V1,123350#', 'vendor'],
    ['*HQ,91717A1065,V1,123350#', 'ident'],
    ['*HQ,9171701065#', 'type'],
  ])('%s is refused for its %s and not answered', (frame, path) => {
    const accepted = accept(frame);
    expect(accepted).toMatchObject({ kind: 'reject', rejection: { reason: 'bad_syntax', path }, reply: null });
  });

  it('with an identifier of more than 20 digits is refused', () => {
    expect(reason(accept(`*HQ,${'1'.repeat(21)},HTBT#`))).toBe('bad_ident');
  });
});

describe('the answer', () => {
  it.each(['V1', 'V5', 'V6', 'V8'])('to %s is R12 with the time of the server', (type) => {
    expect(reply(`*HQ,9171701065,${type},${BLOCK}#`)).toBe('*HQ,9171701065,R12,030405#');
  });

  it('to NBR and to every $ record is R12', () => {
    const nbr = '*HQ,4208150188,NBR,210249,260,6,0,1,1014,50675,37,281216,FFFFFBFF,2#';
    expect(reply(nbr)).toBe('*HQ,4208150188,R12,030405#');
    expect(reply(h02Device.encodeRecord32(fix))).toBe('*HQ,0917170106,R12,030405#');
  });

  it.each(['HTBT', 'HTBT,84', 'V0'])(
    'to %s is the frame cut behind its type, with the vendor mark it came with',
    (type) => {
      expect(reply(`*hq,9171701065,${type}#`)).toBe(`*hq,9171701065,${type.split(',')[0]}#`);
      expect(reply(`*hq,9171701065,${type}#`, { h02Ack: 'v4' })).toBe(`*hq,9171701065,${type.split(',')[0]}#`);
    },
  );

  it('of the classic kind goes to V1 and NBR alone', () => {
    const classic: DeviceSettings = { h02Ack: 'v4' };
    expect(reply(`*HQ,9171701065,V1,${BLOCK}#`, classic)).toBe('*HQ,9171701065,V4,V1,20270102030405#');
    expect(reply('*HQ,4208150188,NBR,210249,260,6,0,1,1,2,3,281216,FFFFFBFF#', classic)).toBe(
      '*HQ,4208150188,V4,NBR,20270102030405#',
    );
    for (const type of ['V5', 'V6', 'V8']) expect(reply(`*HQ,9171701065,${type},${BLOCK}#`, classic)).toBeNull();
    expect(reply(h02Device.encodeRecord32(fix), classic)).toBeNull();
  });

  it('can be switched off', () => {
    for (const frame of [`*HQ,1,V1,${BLOCK}#`, '*HQ,1,HTBT#', h02Device.encodeRecord32(fix)])
      expect(reply(frame, { h02Ack: 'none' })).toBeNull();
  });

  it.each([
    `V4,S20,OK,123349,${BLOCK}`,
    'SMS,SET OK',
    'LINK,180902,15,0,84,0,0,240517,FFFFFBFF',
    'VP1,A,2702.7245,S,15251.9311,E,0.48,0.0000,080917',
    `V3,${BLOCK}`,
    'XT',
    'BS,1',
    'BASE',
    'ZZ9,1,2',
    '',
    'V1,123350,A,0413.6411,N',
  ])('is never given to %s', (rest) => {
    const accepted = accept(`*HQ,9171701065,${rest}#`);
    expect(accepted).toMatchObject({ kind: 'publish', ident: '9171701065', reply: null });
  });

  it('is not given to an X record, which needs the identity of its connection', () => {
    const x = fromHex('5800009814991024031101175540227006012321670c000095fffffbffff0033')!;
    expect(accept(x, { ident: '4206119130' })).toMatchObject({ kind: 'publish', ident: '4206119130', reply: null });
    expect(reason(accept(x))).toBe('no_ident');
  });
});
