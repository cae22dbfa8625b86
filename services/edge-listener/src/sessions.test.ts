import type { Session } from '@fleetwire/schemas';
import { describe, expect, it } from 'vitest';
import {
  CONNECTIONS_PER_IDENT_MAX,
  FLAPS_MAX,
  FLAP_HOLD_MS,
  FLAP_WINDOW_MS,
  Sessions,
  type Holder,
} from './sessions.js';

class Fake implements Holder {
  readonly listenerName = 'shared';
  readonly protocolId = 'astra';
  readonly peer = '10.0.0.1:1';
  readonly idents = new Set<string>();
  readonly lost: string[] = [];
  constructor(
    readonly number: number,
    readonly transport: 'tcp' | 'udp' = 'tcp',
  ) {}
  superseded(ident: string): void {
    this.lost.push(ident);
    this.idents.delete(ident);
  }
}

function setUp() {
  const written: string[] = [];
  const takeovers: string[] = [];
  const records: Session[] = [];
  const sessions = new Sessions({
    bootId: 'me',
    inbox: 3,
    udpReachableMs: 20_000,
    writer: {
      put: (_, key, session) => {
        written.push(`${key} ${session.connection}`);
        records.push(session);
      },
      tombstone: (_, key, onSend) => {
        written.push(`${key} -`);
        onSend();
      },
    },
    onTakeover: (result) => takeovers.push(result),
  });
  const hear = (ident: string, holder: Fake, nowMs = 0): void => {
    holder.idents.add(ident);
    sessions.heard(ident, holder, { letter: 'X' }, nowMs, nowMs);
  };
  const readOwn = (nowMs = 0): void => sessions.read('7', 'me', records.at(-1)!, nowMs, nowMs);
  const readOther = (nowMs = 0): void =>
    sessions.read('7', 'other', { ...records.at(-1)!, boot_id: 'other' }, nowMs, nowMs);
  return { sessions, written, takeovers, records, hear, readOwn, readOther };
}

describe('Sessions', () => {
  it('announces a device once, with what the dispatcher needs', () => {
    const { written, records, hear } = setUp();
    const connection = new Fake(5);
    hear('7', connection);
    hear('7', connection, 999_999);
    expect(written).toEqual(['7|me 5']);
    expect(records[0]).toMatchObject({
      ident: '7',
      boot_id: 'me',
      inbox: 3,
      reachable_until: null,
      context: { letter: 'X' },
    });
  });

  it('writes the tombstone only for the connection that holds the device', () => {
    const { sessions, written, hear } = setUp();
    const [old, current] = [new Fake(1), new Fake(2)];
    hear('7', old);
    hear('7', current);
    expect(old.lost).toEqual(['7']);
    old.idents.add('7'); // It may end before it has let go.
    sessions.ended(old);
    expect(written).toEqual(['7|me 1', '7|me 2']);
    sessions.ended(current);
    expect(written.at(-1)).toBe('7|me -');
    expect(sessions.size).toBe(0);
  });

  it('gives a device up to a record behind our own, and not to one before it', () => {
    const { sessions, written, hear, readOwn, readOther } = setUp();
    const connection = new Fake(1);
    hear('7', connection);
    readOther();
    expect(connection.lost).toEqual([]);
    readOwn();
    readOther();
    expect(connection.lost).toEqual(['7']);
    expect(written).toEqual(['7|me 1', '7|me -']);
    expect(sessions.holderOf('7')).toBeNull();
  });

  it('leaves both connections of two devices with one identity, once they have thrown each other out three times', () => {
    const { takeovers, hear } = setUp();
    const [one, other] = [new Fake(1), new Fake(2)];
    hear('7', one);
    for (let i = 0; i < FLAPS_MAX; i++) hear('7', i % 2 === 0 ? other : one, i);
    expect(takeovers).toEqual(['closed', 'closed', 'closed']);
    const lost = one.lost.length + other.lost.length;
    hear('7', one, 10);
    hear('7', other, 11);
    expect(one.lost.length + other.lost.length).toBe(lost);
    hear('7', one, FLAP_HOLD_MS + 100);
    expect(takeovers.at(-1)).toBe('flapping');
    hear('7', other, FLAP_WINDOW_MS + FLAP_HOLD_MS + 200);
    expect(takeovers.at(-1)).toBe('closed');
  });

  it('closes the quietest of more connections of one identity than it may have, and never the one that holds the device', () => {
    const { sessions, takeovers, hear } = setUp();
    const all = Array.from({ length: 20 }, (_, i) => new Fake(i + 1));
    all.forEach((one, i) => hear('7', one, i));
    const open = all.filter(({ lost }) => lost.length === 0);
    expect(open).toHaveLength(CONNECTIONS_PER_IDENT_MAX);
    expect(takeovers.filter((result) => result === 'crowded').length).toBeGreaterThan(10);
    expect(open).toContain(sessions.holderOf('7'));
    expect(open).toContain(all.at(-1));
    // Those that end make room.
    for (const one of open.slice(1)) sessions.ended(one);
    const before = takeovers.length;
    hear('7', new Fake(30), 21);
    expect(takeovers.slice(before)).not.toContain('crowded');
  });

  it('publishes the session again when a tombstone comes that we did not write', () => {
    const { sessions, written, hear } = setUp();
    const connection = new Fake(1);
    hear('7', connection);
    sessions.read('7', 'me', null, 0, 0);
    expect(written).toEqual(['7|me 1', '7|me 1']);
    sessions.ended(connection);
    hear('7', new Fake(2));
    sessions.read('7', 'me', null, 0, 0); // Our own one, late.
    expect(written).toEqual(['7|me 1', '7|me 1', '7|me -', '7|me 2']);
  });

  it('renews a session on UDP after half its window, not with every datagram', () => {
    const { written, records, hear } = setUp();
    const source = new Fake(1, 'udp');
    hear('7', source, 0);
    hear('7', source, 9_999);
    hear('7', source, 10_000);
    expect(written.length).toBe(2);
    expect(records[1]?.reachable_until).toBe((10_000 + 20_000) * 1000);
  });
});
