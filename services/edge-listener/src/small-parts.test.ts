/** The small cores: limits, dead letters, addresses, PROXY headers, UDP sources, shedding, the kernel's table. */
import { describe, expect, it } from 'vitest';
import { networkMatcher, parseCidr, plainAddress } from './cidr.js';
import type { Connection } from './connection.js';
import { DeadLetters } from './dead-letters.js';
import { drain, shedOrder, type Shed } from './drain.js';
import { ConnectionLimits, MinuteRates, RATE_KEYS_MAX } from './limits.js';
import { dropsOf } from './metrics.js';
import { readProxyHeader } from './proxy-protocol.js';
import { UdpSessions } from './udp-sessions.js';

describe('ConnectionLimits', () => {
  it('takes connections up to both bounds and again after a release', () => {
    const limits = new ConnectionLimits(3, 2);
    expect(['a', 'a', 'a', 'b'].map((address) => limits.hold(address))).toEqual([true, true, false, true]);
    limits.release('a');
    expect(limits.hold('a')).toBe(true);
    expect([1, 2, 3, 4].map(() => limits.enter())).toEqual([true, true, true, false]);
    limits.leave();
    expect([limits.enter(), limits.open]).toEqual([true, 3]);
  });
});

describe('MinuteRates', () => {
  it('keeps a bounded number of keys', () => {
    const rates = new MinuteRates();
    for (let i = 0; i <= RATE_KEYS_MAX; i++) rates.add(`${i}`, 1, 0);
    expect(rates.add('0', 1, 1).events).toBe(1);
    expect(rates.add(`${RATE_KEYS_MAX}`, 1, 1).events).toBe(2);
  });
});

describe('DeadLetters', () => {
  const origin = {
    peer: '10.0.0.1:5',
    address: '10.0.0.1',
    transport: 'tcp',
    listener: 'shared',
    connection: 1,
  } as const;
  const bad = {
    bytes: Uint8Array.of(1),
    reason: 'noise',
    rejection: null,
    protocol: null,
    ident: null,
    sequence: 0,
  } as const;

  it('tells with the next one how many were left out', () => {
    const letters = new DeadLetters(1, 'boot');
    const made = [0, 1, 2, 60_000].map((ms) => letters.make(origin, bad, false, ms, ms));
    expect(made.map((letter) => letter?.suppressed ?? null)).toEqual([0, null, null, 2]);
  });

  it('keeps the bytes of what is answered whatever the rate, and cuts noise', () => {
    const letters = new DeadLetters(0, 'boot');
    expect(letters.make(origin, bad, true, 0, 0)).not.toBeNull();
    const long = letters.make(origin, { ...bad, bytes: new Uint8Array(5_000) }, true, 0, 0);
    expect([long?.bytes.length, long?.error]).toEqual([4_096, 'the first 4096 of 5000 bytes']);
  });
});

describe('networks', () => {
  it('match addresses of both kinds', () => {
    const trusted = networkMatcher(['10.0.0.0/8', 'fd00::/8', '192.0.2.1']);
    expect(['10.1.2.3', '11.0.0.1', 'fd12::1', '192.0.2.1', '192.0.2.2'].map(trusted)).toEqual([
      true,
      false,
      true,
      true,
      false,
    ]);
    expect(plainAddress('::ffff:10.0.0.1')).toBe('10.0.0.1');
    expect(['10.0.0.0/33', 'host', '1.2.3.4/8/9', '1.2.3.4/x'].map(parseCidr)).toEqual([null, null, null, null]);
  });
});

describe('readProxyHeader', () => {
  const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
  const header = (rest: string): Buffer => Buffer.concat([signature, Buffer.from(rest, 'hex')]);
  const ipv4 = header('2111000c' + 'c0000201' + '7f000001' + '1f90' + '0bb8');

  it('names the device behind the proxy', () => {
    expect(readProxyHeader(ipv4)).toEqual({ kind: 'header', end: 28, source: { address: '192.0.2.1', port: 8080 } });
    const ipv6 = header('21210024' + '20010db8000000000000000000000001' + '00'.repeat(16) + '1f900bb8');
    expect(readProxyHeader(ipv6)).toMatchObject({ source: { address: '2001:db8:0:0:0:0:0:1', port: 8080 } });
  });
  it('needs more for every prefix', () => {
    for (let length = 0; length < ipv4.length; length++)
      expect(readProxyHeader(ipv4.subarray(0, length))).toEqual({ kind: 'need' });
  });
  it('takes a health check for no device, and refuses anything else', () => {
    expect(readProxyHeader(header('20000000'))).toEqual({ kind: 'header', end: 16, source: null });
    for (const bytes of [
      Buffer.from('PROXY TCP4'),
      header('11110000'),
      header('22110000'),
      header('2111ffff'),
      header('21310000'),
    ])
      expect(readProxyHeader(bytes)).toEqual({ kind: 'bad' });
  });
});

describe('UdpSessions', () => {
  const fake = (heardMs: number) => {
    const one = {
      heardMs,
      closed: false,
      reason: '',
      finish: (reason: string): void => void ([one.closed, one.reason] = [true, reason]),
    };
    return one;
  };
  const as = (one: ReturnType<typeof fake>): Connection => one as unknown as Connection; // Only these members are used.

  it('forgets the source that was silent for longest when it is full', () => {
    const sessions = new UdpSessions(2, 1_000);
    const [a, b, c] = [fake(0), fake(1), fake(3)];
    sessions.of('a', () => as(a));
    sessions.of('b', () => as(b));
    sessions.of('a', () => as(fake(9)));
    sessions.of('c', () => as(c));
    expect([a.closed, b.reason, c.closed, sessions.size]).toEqual([false, 'expired', false, 2]);
  });

  it('ends sources after their silence, and makes a new connection for one that has ended', () => {
    const sessions = new UdpSessions(9, 1_000);
    const [a, b] = [fake(0), fake(500)];
    sessions.of('a', () => as(a));
    sessions.of('b', () => as(b));
    sessions.sweep(1_001);
    expect([a.closed, b.closed]).toEqual([true, false]);
    const again = fake(1_002);
    expect(sessions.of('a', () => as(again))).toBe(again);
  });
});

describe('the drain', () => {
  const shed = (heardMs: number, owing: number) => {
    const one = { heardMs, owing, closed: false, finish: (): void => void (one.closed = one.owing === 0) };
    return one;
  };

  it('sheds idle connections first, the longest silent before the others', () => {
    const [busy, young, old] = [shed(1, 2), shed(9, 0), shed(3, 0)];
    expect(shedOrder([busy, young, old])).toEqual([old, young, busy]);
  });

  it('ends at its rate, and leaves none between a frame and its answer', async () => {
    const all = Array.from({ length: 25 }, (_, i) => shed(i, i === 24 ? 1 : 0));
    const steps: string[] = [];
    let closedAtClosing = -1;
    const left = await drain(
      {
        lameDuckMs: 0,
        shedPerSecond: 1_000,
        sliceMs: 10,
        settleMs: 30,
        closeListeners: () => void (closedAtClosing = all.filter((one) => one.closed).length),
        connections: (): readonly Shed[] => all,
        onStep: (step) => steps.push(step),
        clock: { wallMs: () => Date.now(), monotonicMs: () => performance.now() },
      },
      new AbortController().signal,
    );
    expect(steps).toEqual(['lame_duck', 'closing', 'shedding', 'settling']);
    expect([closedAtClosing, left, all.filter((one) => one.closed).length]).toEqual([0, 1, 24]);
  });
});

describe('dropsOf', () => {
  it('adds the drops of the wanted ports in the table of the kernel', () => {
    const table = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops',
      '  100: 0100007F:22B8 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0000000000000000 7',
      '  101: 00000000:13EF 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0000000000000000 5',
    ].join('\n');
    expect([dropsOf(table, new Set([8888])), dropsOf(table, new Set([8888, 5103])), dropsOf('', new Set([1]))]).toEqual(
      [7, 12, 0],
    );
  });
});
