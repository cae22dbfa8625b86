/** Several devices on one connection, as behind a gateway: each gets its own commands, whoever spoke last. */
import { describe, expect, it } from 'vitest';
import { Link, type Addressee } from './link.js';
import { FAMILIES } from './registry.js';
import { createFleet } from './fleet/index.js';
import { latin1 } from './wire/reader.js';

const latin1Text = (bytes: Uint8Array): string => latin1(bytes, 0, bytes.length);
const NOW_MS = 1_800_000_000_000;
const env = { nowMs: NOW_MS, transport: 'tcp', settingsOf: () => ({}) } as const;

/** Everything that the devices say at first, one after the other, on one connection; by what each is then named. */
function speakInTurn(link: Link, first: readonly Uint8Array[]): readonly (Addressee | null)[] {
  return first.map((bytes) => {
    link.push(bytes);
    while (link.next(env) !== null);
    return link.addressee();
  });
}

describe('a command to one of several devices on a connection', () => {
  it('names its device: H02, with the letters of its vendor', () => {
    const at = (ident: string, vendorCode: string): Uint8Array => {
      const [tracker] = createFleet({ protocol: 'h02', transport: 'tcp', count: 1, seed: 1, startMs: NOW_MS });
      const text = latin1Text(tracker!.onConnect(NOW_MS).concat(tracker!.report(NOW_MS))[0]!);
      return Uint8Array.from(text.replace(/^\*HQ,\d+/, `*${vendorCode},${ident}`), (c) => c.charCodeAt(0));
    };
    const link = new Link({ families: FAMILIES, transport: 'tcp' });
    const [a, b] = speakInTurn(link, [at('9171700001', 'HQ'), at('9171700002', 'TH')]);
    const to = (addressee: Addressee): string => {
      const encoded = link.encodeFor(addressee, { name: 'clear_alarms', args: {} }, { nowMs: NOW_MS });
      return encoded.kind === 'bytes' ? latin1Text(encoded.bytes) : encoded.remedy;
    };
    expect(to(a!)).toMatch(/^\*HQ,9171700001,R7,/);
    expect(to(b!)).toMatch(/^\*TH,9171700002,R7,/);
    expect(link.ident).toBe('9171700002');
    const last = link.encode({ name: 'clear_alarms', args: {} }, { nowMs: NOW_MS });
    expect(last.kind === 'bytes' && latin1Text(last.bytes)).toMatch(/^\*TH,9171700002,R7,/);
  });

  it('carries the phone of its device, and a serial that no other command of the connection has: JT808', () => {
    const trackers = createFleet({ protocol: 'jt808', transport: 'tcp', count: 2, seed: 3, startMs: NOW_MS });
    const link = new Link({ families: FAMILIES, transport: 'tcp' });
    const addressees = speakInTurn(
      link,
      trackers.map((tracker) => tracker.onConnect(NOW_MS)[0]!),
    );
    const worded = addressees.map((one) =>
      link.encodeFor(one!, { name: 'location_query', args: {} }, { nowMs: NOW_MS }),
    );
    for (const [at, encoded] of worded.entries()) {
      if (encoded.kind !== 'bytes') throw new Error(encoded.remedy);
      const digits = [...encoded.bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
      expect(digits).toContain(trackers[at]!.ident.padStart(12, '0'));
    }
    const keys = worded.map((encoded) => (encoded.kind === 'bytes' ? encoded.correlation : null));
    expect(new Set(keys).size).toBe(2);
  });

  it('has no name where the protocol has none: Astra and ATrack', () => {
    for (const protocol of ['astra', 'atrack'] as const) {
      const [tracker] = createFleet({ protocol, transport: 'tcp', count: 1, seed: 1, startMs: NOW_MS });
      const link = new Link({ families: FAMILIES, transport: 'tcp' });
      expect(speakInTurn(link, [tracker!.onConnect(NOW_MS).concat(tracker!.report(NOW_MS))[0]!])).toEqual([null]);
    }
  });
});
