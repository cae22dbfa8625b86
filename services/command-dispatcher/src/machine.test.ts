import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import type { Command, CommandAnswer, CommandEvent, CommandReport } from '@fleetwire/schemas';
import {
  answer,
  ANSWER_TIMEOUT_US,
  AT_MOST_ONCE,
  BOUNCE_PAUSE_US,
  edgeReport,
  expire,
  handOver,
  LAST_ANSWER_US,
  refuse,
  request,
  route as routeBy,
  ROUTED_TIMEOUT_US,
  timeOut,
  type Plan,
  type Route,
} from './machine.js';
import { emptyDevice, ENDED_MAX, nextInQueue, parseDevice, QUEUE_MAX, type DeviceCommands } from './model.js';

const NOW = 1_800_000_000_000_000;
const ROUTE: Route = { bootId: 'edge-a', connection: 7, inbox: 3, sessionOffset: 12, protocol: 'astra' };
const route = (device: DeviceCommands, to: Route | null, now: number, plan: Plan = AT_MOST_ONCE): CommandEvent[] =>
  routeBy(device, to, plan, now);
const THERE = { edgeAlive: true, left: false };
const LOST = { edgeAlive: false, left: true };
/** An idempotent command that was asked for at least once. */
const TWICE: Plan = { waitsUs: [10e6, 20e6], leaves: false };

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
const answered = (outcome: CommandAnswer['outcome']): CommandReport =>
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
    const [event] = route(device, { ...ROUTE, bootId: 'edge-b', sessionOffset: 13 }, NOW);
    expect(event).toMatchObject({ state: 'routed', attempt: 2, boot_id: 'edge-b' });
    expect(edgeReport(device, report({ kind: 'written' }), NOW)).toEqual([]);
  });

  it('is never expired once it is routed: it ends unconfirmed when its edge is lost or silent', () => {
    expect(timeOut(routed(), LOST, NOW)).toMatchObject([{ state: 'unconfirmed', cause: 'edge_lost' }]);
    expect(timeOut(routed(), THERE, NOW + ROUTED_TIMEOUT_US)).toEqual([]);
    expect(timeOut(routed(), THERE, NOW + ROUTED_TIMEOUT_US + 1)).toMatchObject([{ cause: 'edge_silent' }]);
    expect(expire(routed(), NOW + 120_000_000)).toEqual([]);
  });

  it('ends unconfirmed when the device does not answer, and notes a late answer without a second end', () => {
    const device = written();
    expect(timeOut(device, THERE, NOW + ANSWER_TIMEOUT_US)).toEqual([]);
    expect(timeOut(device, THERE, NOW + ANSWER_TIMEOUT_US + 1)).toMatchObject([
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

  it('that bounced goes back to the same session only after a pause, and to a newer one at once', () => {
    const device = routed();
    edgeReport(device, report({ kind: 'bounced', cause: 'lease_stale' }), NOW);
    expect(route(device, ROUTE, NOW + BOUNCE_PAUSE_US - 1)).toEqual([]);
    expect(states(route(device, ROUTE, NOW + BOUNCE_PAUSE_US))).toEqual(['routed']);
  });

  it('ends unconfirmed when the edge that wrote it is lost, after the time that an answer may be under way', () => {
    const device = written();
    expect(timeOut(device, LOST, NOW)).toEqual([]);
    expect(timeOut(device, THERE, NOW + 1)).toEqual([]);
    expect(timeOut(device, LOST, NOW + 2)).toEqual([]);
    expect(timeOut(device, LOST, NOW + 2 + LAST_ANSWER_US)).toEqual([]);
    expect(timeOut(device, LOST, NOW + 3 + LAST_ANSWER_US)).toMatchObject([
      { state: 'unconfirmed', cause: 'edge_lost' },
    ]);
  });

  it('that makes the device leave ends unconfirmed when it has left, unless its answer came', () => {
    const leaving = (): DeviceCommands => {
      const device = emptyDevice();
      request(device, command('c1'), null, NOW);
      route(device, ROUTE, NOW, { ...AT_MOST_ONCE, leaves: true });
      edgeReport(device, report({}), NOW);
      return device;
    };
    const gone = { edgeAlive: true, left: true };
    const silent = leaving();
    expect(timeOut(silent, gone, NOW + 1)).toEqual([]);
    expect(timeOut(silent, THERE, NOW + 2 + LAST_ANSWER_US)).toMatchObject([
      { state: 'unconfirmed', cause: 'device_left' },
    ]);
    const answering = leaving();
    timeOut(answering, gone, NOW + 1);
    expect(answer(answering, '860000000000001', answered('ok'), NOW + 2)).toMatchObject([{ state: 'succeeded' }]);
    const staying = written();
    expect(timeOut(staying, gone, NOW + 2 * LAST_ANSWER_US)).toEqual([]);
  });

  it('is not ended by an answer that was said before it was written, nor by a question of the device', () => {
    const device = written();
    expect(answer(device, '860000000000001', { ...answered('ok'), at: NOW - 1 }, NOW)).toEqual([]);
    expect(answer(device, '860000000000001', answered('request'), NOW)).toEqual([]);
    expect(states(answer(device, '860000000000001', answered('ok'), NOW))).toEqual(['succeeded']);
  });

  it('takes an answer that does not say which command of that name it means', () => {
    const device = routed();
    edgeReport(device, report({ correlation: 'S17:101530' }), NOW);
    expect(answer(device, '860000000000001', { ...answered('ok'), correlation: 'D1:' }, NOW)).toEqual([]);
    expect(states(answer(device, '860000000000001', { ...answered('ok'), correlation: 'S17:' }, NOW))).toEqual([
      'succeeded',
    ]);
  });

  it('can be refused when the connection that comes cannot word it, and handed to a gateway', () => {
    const device = emptyDevice();
    request(device, command('c1'), null, NOW);
    expect(refuse(device, device.queue[0]!, { cause: 'unknown_name', detail: 'name: no' }, NOW)).toMatchObject({
      state: 'refused',
      terminal: true,
    });
    request(device, command('c2'), null, NOW);
    expect(states(handOver(device, 'c2', NOW))).toEqual(['routed', 'written', 'unconfirmed']);
    expect(handOver(device, 'c2', NOW)).toEqual([]);
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

describe('a command that may be written again', () => {
  const once = (): DeviceCommands => {
    const device = emptyDevice();
    request(device, command('c1', { delivery: 'at_least_once' }), null, NOW);
    route(device, ROUTE, NOW, TWICE);
    edgeReport(device, report({ correlation: 'A' }), NOW);
    return device;
  };
  const late = NOW + 10_000_001;
  const reply = (correlation: string): CommandReport => ({ ...answered('ok'), correlation, at: late });

  it('is, when no answer came, as often as its waits say', () => {
    const device = once();
    expect(timeOut(device, THERE, late)).toMatchObject([{ state: 'queued', cause: 'no_answer' }]);
    expect(route(device, ROUTE, late, TWICE)).toMatchObject([{ state: 'routed', attempt: 2 }]);
    edgeReport(device, report({ attempt: 2, correlation: 'B', at: late }), late);
    expect(timeOut(device, THERE, late + 20_000_000)).toEqual([]);
    expect(timeOut(device, THERE, late + 20_000_001)).toMatchObject([{ state: 'unconfirmed', cause: 'no_answer' }]);
  });

  it.each(['A', 'B'])('succeeds by the answer %s to either of its writes', (correlation) => {
    const device = once();
    timeOut(device, THERE, late);
    route(device, ROUTE, late, TWICE);
    edgeReport(device, report({ attempt: 2, correlation: 'B', at: late }), late);
    expect(states(answer(device, '860000000000001', reply(correlation), late))).toEqual(['succeeded']);
  });

  it('succeeds by a late answer while it waits to be written again', () => {
    const device = once();
    timeOut(device, THERE, late);
    expect(states(answer(device, '860000000000001', reply('A'), late))).toEqual(['succeeded']);
    expect(device).toMatchObject({ queue: [], outstanding: null });
  });

  it('goes to the next holder when its edge is lost, and when the edge withholds it', () => {
    const lost = emptyDevice();
    request(lost, command('c1', { delivery: 'at_least_once' }), null, NOW);
    route(lost, ROUTE, NOW, TWICE);
    expect(timeOut(lost, LOST, NOW)).toMatchObject([{ state: 'queued', cause: 'edge_lost' }]);
    route(lost, ROUTE, NOW, TWICE);
    expect(timeOut(lost, LOST, NOW)).toMatchObject([{ state: 'unconfirmed', cause: 'edge_lost' }]);
    const device = once();
    expect(edgeReport(device, report({ kind: 'withheld' }), NOW)).toMatchObject([
      { state: 'queued', cause: 'withheld' },
    ]);
    expect(device.queue[0]).toMatchObject({ writes: 0, correlations: [] });
  });

  it.each(['expired', 'cancelled', 'refused'])('is never said to be %s once it was written', (what) => {
    const device = once();
    timeOut(device, THERE, late);
    const events =
      what === 'expired'
        ? expire(device, NOW + 60_000_000)
        : what === 'cancelled'
          ? request(device, command('x', { name: 'cancel', cancel_of: 'c1' }), null, late)
          : [refuse(device, device.queue[0]!, { cause: 'bad_argument', detail: '' }, late)];
    expect(events.find((event) => event.id === 'c1')).toMatchObject({ state: 'unconfirmed', terminal: true });
  });

  it('survives in the state record', () => {
    const device = once();
    timeOut(device, THERE, late);
    const restored = parseDevice(JSON.stringify(device));
    expect(restored).toEqual(device);
    const older: Record<string, unknown> = { ...device.queue[0] };
    delete older['correlations'];
    delete older['waitsUs'];
    expect(parseDevice(JSON.stringify({ ...device, queue: [older] })).queue[0]).toMatchObject({ correlations: [] });
  });
});

describe('a command that the device has taken', () => {
  const taken = (): DeviceCommands => {
    const device = written();
    expect(answer(device, '860000000000001', answered('accepted'), NOW)).toMatchObject([
      { state: 'acknowledged', terminal: false, response: { outcome: 'accepted' }, by: 'device' },
    ]);
    return device;
  };

  it('is acknowledged once, and ends by the answer that follows', () => {
    const device = taken();
    expect(answer(device, '860000000000001', answered('accepted'), NOW)).toEqual([]);
    expect(states(answer(device, '860000000000001', answered('value'), NOW))).toEqual(['succeeded']);
    expect(states(answer(taken(), '860000000000001', answered('error'), NOW))).toEqual(['failed']);
  });

  it('ends unconfirmed when no answer follows, or its edge is lost', () => {
    expect(timeOut(taken(), THERE, NOW + ANSWER_TIMEOUT_US + 1)).toMatchObject([
      { state: 'unconfirmed', cause: 'no_answer' },
    ]);
    const device = taken();
    timeOut(device, LOST, NOW);
    expect(timeOut(device, LOST, NOW + LAST_ANSWER_US + 1)).toMatchObject([
      { state: 'unconfirmed', cause: 'edge_lost' },
    ]);
  });
});

describe('any order of inputs', () => {
  it('gives each command at most one terminal event, none of them untrue, numbers its events without a gap, and keeps memory bounded', () => {
    const input = fc.oneof(
      fc.record({ kind: fc.constant('request' as const), id: fc.nat(8), cancel: fc.boolean(), priority: fc.nat(2) }),
      fc.record({
        kind: fc.constant('route' as const),
        edge: fc.constantFrom('edge-a', 'edge-b', null),
        twice: fc.boolean(),
      }),
      fc.record({
        kind: fc.constantFrom('bounced', 'written', 'withheld', 'refused', 'answered', 'accepted', 'lost', 'tick'),
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
          // Those three say that nothing was written; a command that was withheld each time is among them.
          const wrote = story.filter((e) => e.state === 'written').length;
          const withheld = story.filter((e) => e.cause === 'withheld').length;
          const last = story.find((e) => e.terminal)?.state;
          if (last === 'expired' || last === 'cancelled' || last === 'refused') expect(wrote).toBe(withheld);
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
  | { kind: 'route'; edge: string | null; twice: boolean }
  | { kind: string; id: number; edge: string; attempt: number };

function apply(device: DeviceCommands, step: Step, now: number): CommandEvent[] {
  if (step.kind === 'request' && 'cancel' in step) {
    const over = { priority: step.priority, expires_at: now + 30_000_000 };
    return step.cancel
      ? request(device, command(`x${step.id}`, { ...over, cancel_of: `c${step.id}` }), null, now)
      : request(device, command(`c${step.id}`, over), null, now);
  }
  if (step.kind === 'route') {
    const { edge, twice } = step as { edge: string | null; twice: boolean };
    return route(device, edge === null ? null : { ...ROUTE, bootId: edge }, now, twice ? TWICE : AT_MOST_ONCE);
  }
  const { id, edge, attempt } = step as { id: number; edge: string; attempt: number };
  if (step.kind === 'tick') return [...timeOut(device, THERE, now), ...expire(device, now)];
  if (step.kind === 'lost') return timeOut(device, LOST, now);
  if (step.kind === 'answered' || step.kind === 'accepted') {
    const said = answered(step.kind === 'accepted' ? 'accepted' : 'ok');
    return answer(device, '860000000000001', { ...said, at: now }, now);
  }
  const kind = step.kind as CommandReport['kind'];
  return edgeReport(device, report({ kind, command_id: `c${id}`, boot_id: edge, attempt, at: now }), now);
}
