import type { Device } from '@fleetwire/schemas';
import { describe, expect, it } from 'vitest';
import { Admission } from './admission.js';

const device = (ident: string, more: Partial<Device> = {}): Device => ({
  ident,
  kind: 'device',
  id: null,
  name: null,
  type: null,
  type_id: null,
  protocol_id: null,
  protocol: null,
  tenant: null,
  group: null,
  labels: {},
  aliases: [],
  admission: 'default',
  limits: null,
  thresholds: {},
  decoder: null,
  inputs: [],
  privacy: 'show',
  phone: null,
  updated_at: null,
  updated_by: null,
  ...more,
});
const refusal = (admission: Admission, ident: string, nowMs = 0): string | null =>
  admission.refusal(ident, 'astra', 100, nowMs);

describe('Admission', () => {
  it('keeps only what differs from the default', () => {
    const admission = new Admission('allow');
    admission.put('1', device('1', { name: 'truck', labels: { depot: 'north' } }));
    expect(admission.rows).toBe(0);
    admission.put('2', device('2', { admission: 'blocked' }));
    expect(admission.rows).toBe(1);
    expect([refusal(admission, '1'), refusal(admission, '2'), refusal(admission, '3')]).toEqual([
      null,
      'blocked',
      null,
    ]);
    admission.put('2', null);
    expect([admission.rows, refusal(admission, '2')]).toEqual([0, null]);
  });

  it('refuses unknown devices where that is the policy, until they are known', () => {
    const admission = new Admission('refuse');
    expect(refusal(admission, '1')).toBe('unknown_device');
    admission.put('1', device('1'));
    expect(refusal(admission, '1')).toBeNull();
  });

  it('takes the value of the group where the device has none', () => {
    const admission = new Admission('allow');
    admission.put(
      'group:lost',
      device('group:lost', { kind: 'group', admission: 'blocked', decoder: '{"h02_ack":"v4"}' }),
    );
    admission.put('1', device('1', { group: 'lost' }));
    admission.put('2', device('2', { group: 'lost', admission: 'allowed', decoder: '{"h02_ack":"none"}' }));
    expect([refusal(admission, '1'), refusal(admission, '2')]).toEqual(['blocked', null]);
    expect([admission.settingsOf('1').h02Ack, admission.settingsOf('2').h02Ack]).toEqual(['v4', 'none']);
  });

  it('leads an alias to its device until the device drops it', () => {
    const admission = new Admission('allow');
    admission.put('truck', device('truck', { aliases: ['a', 'b'], decoder: '{"crc_mode":"lenient"}' }));
    expect([admission.identOf('a'), admission.identOf('c'), admission.settingsOf('b').crcMode]).toEqual([
      'truck',
      'c',
      'lenient',
    ]);
    admission.put('truck', device('truck', { aliases: ['b'] }));
    expect([admission.identOf('a'), admission.identOf('b')]).toEqual(['a', 'truck']);
  });

  it('refuses another protocol than the device must speak', () => {
    const admission = new Admission('allow');
    admission.put('1', device('1', { protocol: 'h02' }));
    expect(refusal(admission, '1')).toBe('wrong_protocol');
  });

  it('refuses what is over a minute’s limit, and forgets it with the minute', () => {
    const admission = new Admission('allow');
    admission.put('1', device('1', { limits: { frames_per_minute: 2, bytes_per_minute: null } }));
    admission.put('2', device('2', { limits: { frames_per_minute: null, bytes_per_minute: 150 } }));
    expect([0, 1, 2].map((ms) => refusal(admission, '1', ms))).toEqual([null, null, 'rate_limited']);
    expect([0, 1].map((ms) => refusal(admission, '2', ms))).toEqual([null, 'rate_limited']);
    expect(refusal(admission, '1', 60_000)).toBeNull();
  });

  it('limits devices without limits of their own where a default is set', () => {
    const admission = new Admission('allow', 2);
    const refusals = [1, 2, 3].map(() => admission.refusal('7', 'astra', 10, 0));
    expect(refusals).toEqual([null, null, 'rate_limited']);
    expect(admission.refusal('8', 'astra', 10, 0)).toBeNull();
    expect(admission.refusal('7', 'astra', 10, 60_000)).toBeNull();
  });
});
