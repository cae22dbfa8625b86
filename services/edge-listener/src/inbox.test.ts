import type { CommandReportDraft, RoutedCommand } from '@fleetwire/schemas';
import { describe, expect, it } from 'vitest';
import { Inbox, LEASE_AGE_MAX_MS, TAIL_AGE_MAX_MS, tagOf, type CommandTarget } from './inbox.js';

const NOW_MS = 1_000_000;
const routed = (id: string, attempt = 1): RoutedCommand => ({
  command: {
    id,
    ident: '7',
    name: 'locate',
    arguments: '{"a":1}',
    expires_at: NOW_MS * 1000 + 1,
    delivery: 'at_most_once',
    condition: null,
    priority: 0,
    confirm: false,
    channel: 'connection',
    cancel_of: null,
    requested_at: 0,
    requested_by: 'test',
    tenant: null,
  },
  attempt,
  boot_id: 'me',
  connection: 4,
  inbox: 0,
  settings: '{}',
  idempotent: false,
  device_type: null,
  session_offset: null,
  routed_at: 0,
});

function setUp() {
  const state = { leaseAgeMs: 0, tailAgeMs: 0, nowMs: NOW_MS, reportsFail: 0 };
  const reports: CommandReportDraft[] = [];
  const counts: string[] = [];
  const written: string[] = [];
  const hooks: { onReport: (() => void) | null } = { onReport: null };
  const target: CommandTarget & { unreachable: () => string | null } = {
    number: 4,
    protocolId: 'astra',
    unreachable: () => null,
    lastFrame: () => null,
    encode: () => ({ kind: 'bytes', bytes: Uint8Array.of(1, 2), correlation: 'k', answer: 'response' }),
    writeCommand: (bytes) => written.push(Buffer.from(bytes).toString('hex')) > 0,
  };
  const inbox = new Inbox({
    bootId: 'me',
    clock: { wallMs: () => state.nowMs, monotonicMs: () => state.nowMs },
    targetOf: () => target,
    leaseAgeMs: () => state.leaseAgeMs,
    tailAgeMs: () => state.tailAgeMs,
    report: (report) => {
      reports.push(report);
      hooks.onReport?.();
      return state.reportsFail-- > 0 ? Promise.reject(new Error('refused')) : Promise.resolve();
    },
    count: (result) => counts.push(result),
  });
  const said = (): string[] => reports.map((report) => `${report.kind} ${report.cause ?? ''}`.trim());
  return { state, reports, counts, written, hooks, target, inbox, said };
}

describe('Inbox', () => {
  it('records a command as written with its bytes and key, and then writes it', async () => {
    const { inbox, reports, written, counts } = setUp();
    inbox.take(routed('c'));
    await inbox.idle();
    expect(reports).toMatchObject([
      { kind: 'written', correlation: 'k', answer: 'response', wire: Buffer.of(1, 2), connection: 4 },
    ]);
    expect(written).toEqual(['0102']);
    expect(counts).toEqual(['written']);
  });

  it('sends back what it may not write now: stale lease, stale tail, expired, another connection', async () => {
    const cases: [string, (set: ReturnType<typeof setUp>) => void, Partial<RoutedCommand>?][] = [
      ['lease_stale', ({ state }) => (state.leaseAgeMs = LEASE_AGE_MAX_MS)],
      ['sessions_stale', ({ state }) => (state.tailAgeMs = TAIL_AGE_MAX_MS)],
      ['expired', ({ state }) => (state.nowMs += 1)],
      ['not_holder', () => undefined, { connection: 5 }],
      ['not_reachable', ({ target }) => (target.unreachable = () => 'not_reachable')],
    ];
    for (const [cause, arrange, more] of cases) {
      const set = setUp();
      arrange(set);
      set.inbox.take({ ...routed('c'), ...more });
      await set.inbox.idle();
      expect(set.said()).toEqual([`bounced ${cause}`]);
      expect(set.written).toEqual([]);
    }
  });

  it('withholds what fails the second check, after written is committed', async () => {
    const { inbox, state, hooks, said, written } = setUp();
    hooks.onReport = () => (state.leaseAgeMs = LEASE_AGE_MAX_MS);
    inbox.take(routed('c'));
    await inbox.idle();
    expect(said()).toEqual(['written', 'withheld lease_stale']);
    expect(written).toEqual([]);
  });

  it('never writes a command whose record may not be committed', async () => {
    const { inbox, state, said, written } = setUp();
    state.reportsFail = 1;
    inbox.take(routed('c'));
    await inbox.idle();
    expect(said()).toEqual(['written', 'withheld report_not_committed']);
    expect(written).toEqual([]);
  });

  it('drops repeats of an attempt, but takes the next attempt', async () => {
    const { inbox, written, counts } = setUp();
    inbox.take(routed('c'));
    inbox.take(routed('c'));
    await inbox.idle();
    inbox.take(routed('c'));
    inbox.take(routed('c', 2));
    await inbox.idle();
    expect(written.length).toBe(2);
    expect(counts.filter((count) => count === 'repeated').length).toBe(2);
  });

  it('judges a repeat anew when the refusal could not be told', async () => {
    const { inbox, state, said } = setUp();
    state.leaseAgeMs = LEASE_AGE_MAX_MS;
    state.reportsFail = 1;
    inbox.take(routed('c'));
    await inbox.idle();
    inbox.take(routed('c'));
    await inbox.idle();
    expect(said()).toEqual(['bounced lease_stale', 'bounced lease_stale']);
  });

  it('refuses arguments that are no object', async () => {
    const { inbox, said } = setUp();
    const bad = routed('c');
    inbox.take({ ...bad, command: { ...bad.command, arguments: '[1]' } });
    await inbox.idle();
    expect(said()).toEqual(['refused bad_argument']);
  });

  it('gives an attempt the same short tag every time', () => {
    expect(tagOf('c|1')).toMatch(/^[0-9A-Z]{5}$/);
    expect(tagOf('c|1')).toBe(tagOf('c|1'));
    expect(tagOf('c|1')).not.toBe(tagOf('c|2'));
  });
});
