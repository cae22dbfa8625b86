import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import type { Command, CommandEvent, CommandReport } from '@fleetwire/schemas';
import {
  answer,
  ANSWER_TIMEOUT_US,
  edgeReport,
  expire,
  request,
  route,
  ROUTED_TIMEOUT_US,
  timeOut,
} from './machine.js';
import { emptyDevice, ENDED_MAX, nextInQueue, QUEUE_MAX, type DeviceCommands } from './model.js';

const NOW = 1_800_000_000_000_000;
const ROUTE = { bootId: 'edge-a', connection: 7, inbox: 3, sessionOffset: 12 };

const command = (id: string, over: Partial<Command> = {}): Command => ({
  id,
  ident: '860000000000001',
  name: 'custom',
  arguments: '{"payload":"$IMEI"}',
  expires_at: NOW + 60_000_000,
  delivery: 'at_most_once',
  condition: null,
  priority: 0,
  confirm: false,
  channel: 'connection',
  cancel_of: null,
  requested_at: NOW,
  requested_by: 'anna',
  tenant: null,
  ...over,
});

const report = (over: Partial<CommandReport>): CommandReport => ({
  ident: '860000000000001',
  kind: 'written',
  command_id: 'c1',
  attempt: 1,
  boot_id: 'edge-a',
  connection: 7,
  protocol: 'astra',
  correlation: 'IMEI',
  answer: 'response',
  cause: null,
  detail: null,
  response: null,
  wire: null,
  frame_ref: null,
  at: NOW,
  ...over,
});
const answered = (outcome: 'ok' | 'error' | 'value'): CommandReport =>
  report({
    kind: 'answered',
    command_id: null,
    attempt: null,
    response: { command: 'IMEI', outcome, code: null, values: null, tag: null },
  });

const states = (events: readonly CommandEvent[]): string[] => events.map((e) => e.state);
const routed = (): DeviceCommands => {
  const device = emptyDevice();
  request(device, command('c1'), null, NOW);
  route(device, ROUTE, NOW);
  return device;
};
const written = (): DeviceCommands => {
  const device = routed();
  edgeReport(device, report({}), NOW);
  return device;
};

describe('a command', () => {
  it('goes from requested to succeeded with one terminal event', () => {
    const device = emptyDevice();
    const story = [
      ...request(device, command('c1'), null, NOW),
      ...route(device, ROUTE, NOW),
      ...edgeReport(device, report({}), NOW),
      ...answer(device, '860000000000001', answered('value'), NOW),
    ];
    expect(states(story)).toEqual(['requested', 'queued', 'routed', 'written', 'succeeded']);
    expect(story.map((e) => e.sequence)).toEqual([0, 1, 2, 3, 4]);
    expect(story.filter((e) => e.terminal)).toHaveLength(1);
    expect(device).toMatchObject({ queue: [], outstanding: null });
  });

  it('is one command however often its id is asked for, also after its end', () => {
    const device = written();
    expect(request(device, command('c1'), null, NOW)).toEqual([]);
    answer(device, '860000000000001', answered('ok'), NOW);
    expect(request(device, command('c1'), null, NOW)).toEqual([]);
  });

  it('waits without a session and expires at its time', () => {
    const device = emptyDevice();
    request(device, command('c1'), null, NOW);
    expect(route(device, null, NOW)).toEqual([]);
    expect(expire(device, NOW + 59_000_000)).toEqual([]);
    expect(expire(device, NOW + 60_000_000)).toMatchObject([
      { state: 'expired', terminal: true, cause: 'expired_queued' },
    ]);
  });

  it('goes back to the queue when it bounces, and to the next holder as a new attempt', () => {
    const device = routed();
    expect(states(edgeReport(device, report({ kind: 'bounced' }), NOW))).toEqual(['queued']);
    const [event] = route(device, { ...ROUTE, bootId: 'edge-b' }, NOW);
    expect(event).toMatchObject({ state: 'routed', attempt: 2, boot_id: 'edge-b' });
    expect(edgeReport(device, report({ kind: 'written' }), NOW)).toEqual([]);
  });

  it('is never expired once it is routed: it ends unconfirmed when its edge is lost or silent', () => {
    expect(timeOut(routed(), false, NOW)).toMatchObject([{ state: 'unconfirmed', cause: 'edge_lost' }]);
    expect(timeOut(routed(), true, NOW + ROUTED_TIMEOUT_US)).toEqual([]);
    expect(timeOut(routed(), true, NOW + ROUTED_TIMEOUT_US + 1)).toMatchObject([{ cause: 'edge_silent' }]);
    expect(expire(routed(), NOW + 120_000_000)).toEqual([]);
  });

  it('ends unconfirmed when the device does not answer, and notes a late answer without a second end', () => {
    const device = written();
    expect(timeOut(device, false, NOW + ANSWER_TIMEOUT_US)).toEqual([]);
    expect(timeOut(device, true, NOW + ANSWER_TIMEOUT_US + 1)).toMatchObject([
      { state: 'unconfirmed', terminal: true, cause: 'no_answer' },
    ]);
    expect(answer(device, '860000000000001', answered('ok'), NOW)).toMatchObject([
      { id: 'c1', state: 'unconfirmed', terminal: false, cause: 'late_answer', sequence: 5 },
    ]);
  });

  it('ends unconfirmed at once where the protocol defines no answer', () => {
    expect(edgeReport(routed(), report({ answer: 'none', correlation: null }), NOW)).toMatchObject([
      { state: 'written' },
      { state: 'unconfirmed', terminal: true, cause: 'no_reply_defined' },
    ]);
  });

  it('fails with the answer of the device when that is an error', () => {
    expect(answer(written(), '860000000000001', answered('error'), NOW)).toMatchObject([
      { state: 'failed', cause: 'answer_error', response: { outcome: 'error' } },
    ]);
  });

  it('ends refused when the edge withholds what it recorded as written', () => {
    expect(edgeReport(written(), report({ kind: 'withheld', cause: 'lease_stale' }), NOW)).toMatchObject([
      { state: 'refused', terminal: true, cause: 'withheld' },
    ]);
  });

  it('can be cancelled while it waits and not after', () => {
    const device = emptyDevice();
    request(device, command('c1'), null, NOW);
    const order = (id: string): Command => command(id, { name: 'cancel', cancel_of: 'c1' });
    expect(request(device, order('x1'), null, NOW).map((e) => [e.id, e.state])).toEqual([
      ['x1', 'requested'],
      ['c1', 'cancelled'],
      ['x1', 'succeeded'],
    ]);
    expect(request(routed(), order('x2'), null, NOW).at(-1)).toMatchObject({ state: 'refused', cause: 'too_late' });
    expect(request(emptyDevice(), order('x3'), null, NOW).at(-1)).toMatchObject({ cause: 'unknown_command' });
  });

  it('waits behind those of higher priority and those that are older', () => {
    const device = emptyDevice();
    for (const [id, priority] of [
      ['a', 0],
      ['b', 5],
      ['c', 5],
    ] as const)
      request(device, command(id, { priority }), null, NOW);
    expect(nextInQueue(device)?.command.id).toBe('b');
  });

  it('is refused when the queue of its device is full', () => {
    const device = emptyDevice();
    for (let i = 0; i < QUEUE_MAX; i++) request(device, command(`c${i}`), null, NOW);
    expect(request(device, command('more'), null, NOW).at(-1)).toMatchObject({ state: 'refused', cause: 'queue_full' });
  });
});

describe('any order of inputs', () => {
  it('gives each command at most one terminal event, numbers its events without a gap, and keeps memory bounded', () => {
    const input = fc.oneof(
      fc.record({ kind: fc.constant('request' as const), id: fc.nat(8), cancel: fc.boolean(), priority: fc.nat(2) }),
      fc.record({ kind: fc.constant('route' as const), edge: fc.constantFrom('edge-a', 'edge-b', null) }),
      fc.record({
        kind: fc.constantFrom('bounced', 'written', 'withheld', 'refused', 'answered', 'lost', 'tick'),
        id: fc.nat(8),
        edge: fc.constantFrom('edge-a', 'edge-b'),
        attempt: fc.integer({ min: 1, max: 3 }),
      }),
    );
    fc.assert(
      fc.property(fc.array(input, { maxLength: 200 }), (inputs) => {
        const device = emptyDevice();
        const events: CommandEvent[] = [];
        let now = NOW;
        for (const step of inputs) {
          now += 5_000_000;
          events.push(...apply(device, step, now));
        }
        for (const id of new Set(events.map((e) => e.id))) {
          const story = events.filter((e) => e.id === id);
          expect(story.filter((e) => e.terminal).length).toBeLessThanOrEqual(1);
          expect(story.map((e) => e.sequence)).toEqual(story.map((_, i) => i));
          const after = story.slice(story.findIndex((e) => e.terminal) + 1);
          if (story.some((e) => e.terminal)) expect(after.every((e) => e.cause === 'late_answer')).toBe(true);
        }
        expect(device.ended.length).toBeLessThanOrEqual(ENDED_MAX);
      }),
      { seed: 11, numRuns: 500 },
    );
  });
});

type Step =
  | { kind: 'request'; id: number; cancel: boolean; priority: number }
  | { kind: 'route'; edge: string | null }
  | { kind: string; id: number; edge: string; attempt: number };

function apply(device: DeviceCommands, step: Step, now: number): CommandEvent[] {
  if (step.kind === 'request' && 'cancel' in step) {
    const over = { priority: step.priority, expires_at: now + 30_000_000 };
    return step.cancel
      ? request(device, command(`x${step.id}`, { ...over, cancel_of: `c${step.id}` }), null, now)
      : request(device, command(`c${step.id}`, over), null, now);
  }
  if (step.kind === 'route') {
    const { edge } = step as { edge: string | null };
    return route(device, edge === null ? null : { ...ROUTE, bootId: edge }, now);
  }
  const { id, edge, attempt } = step as { id: number; edge: string; attempt: number };
  if (step.kind === 'tick') return [...timeOut(device, true, now), ...expire(device, now)];
  if (step.kind === 'lost') return timeOut(device, false, now);
  if (step.kind === 'answered') return answer(device, '860000000000001', answered('ok'), now);
  const kind = step.kind as CommandReport['kind'];
  return edgeReport(device, report({ kind, command_id: `c${id}`, boot_id: edge, attempt, at: now }), now);
}
