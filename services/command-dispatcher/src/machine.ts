/**
 * The life of a command, as pure transitions over a device's commands:
 *
 *   requested → refused | queued;  queued → routed | expired | cancelled;
 *   routed → queued (bounced) | written | refused | unconfirmed;
 *   written → succeeded | failed | unconfirmed
 *
 * Each function changes `device` and returns the events to write. Exactly one event of a command is terminal: `end` is the only
 * place that makes one, and it takes the command out of the device's queue for good.
 */
import type { Command, CommandAnswer, CommandEvent, CommandReport } from '@fleetwire/schemas';
import {
  ENDED_MAX,
  nextInQueue,
  QUEUE_MAX,
  TERMINAL_STATES,
  type Cause,
  type CommandState,
  type DeviceCommands,
  type Ended,
  type Entry,
} from './model.js';

/** A device that does not answer a written command for that long has not answered. */
export const ANSWER_TIMEOUT_US = 60_000_000;
/** An edge that is alive and says nothing of a routed command for that long is given up. */
export const ROUTED_TIMEOUT_US = 30_000_000;

/** Where a device can be reached now. */
export interface Route {
  readonly bootId: string;
  readonly connection: number;
  readonly inbox: number;
  readonly sessionOffset: number;
}

interface EventDetails {
  readonly cause?: Cause | null;
  readonly detail?: string | null;
  readonly response?: CommandAnswer | null;
  readonly by?: string;
}

function event(
  what:
    { readonly command: Command; readonly bootId: string | null } | { readonly ended: Ended; readonly ident: string },
  state: CommandState,
  terminal: boolean,
  sequence: number,
  attempt: number,
  atUs: number,
  details: EventDetails,
): CommandEvent {
  const command = 'command' in what ? what.command : null;
  return {
    id: command?.id ?? (what as { ended: Ended }).ended.id,
    ident: command?.ident ?? (what as { ident: string }).ident,
    name: command?.name ?? (what as { ended: Ended }).ended.name,
    state,
    terminal,
    sequence,
    attempt,
    cause: details.cause ?? null,
    detail: details.detail ?? null,
    response: details.response ?? null,
    channel: command?.channel ?? 'connection',
    boot_id: 'command' in what ? what.bootId : null,
    at: atUs,
    by: details.by ?? 'dispatcher',
    tenant: command?.tenant ?? null,
  };
}

function move(entry: Entry, state: CommandState, atUs: number, details: EventDetails = {}): CommandEvent {
  entry.state = state;
  return event(entry, state, false, entry.sequence++, entry.attempt, atUs, details);
}

/** The one place that ends a command. */
function end(
  device: DeviceCommands,
  entry: Entry,
  state: CommandState,
  atUs: number,
  details: EventDetails,
): CommandEvent {
  if (!TERMINAL_STATES.has(state)) throw new Error(`${state} does not end a command`);
  entry.state = state;
  const made = event(entry, state, true, entry.sequence++, entry.attempt, atUs, details);
  const waiting = device.queue.indexOf(entry);
  if (waiting >= 0) device.queue.splice(waiting, 1);
  if (device.outstanding === entry) device.outstanding = null;
  const { id, name } = entry.command;
  device.ended.push({
    id,
    name,
    state,
    attempt: entry.attempt,
    sequence: entry.sequence,
    correlation: entry.correlation,
  });
  if (device.ended.length > ENDED_MAX) device.ended.shift();
  return made;
}

/** True when the id is known: asked again, it is the same command. */
export function isKnown(device: DeviceCommands, id: string): boolean {
  return (
    device.outstanding?.command.id === id ||
    device.queue.some((entry) => entry.command.id === id) ||
    device.ended.some((ended) => ended.id === id)
  );
}

/** A new command. `refusal` says why it can not be taken, or null. */
export function request(
  device: DeviceCommands,
  command: Command,
  refusal: { readonly cause: Cause; readonly detail: string } | null,
  nowUs: number,
): CommandEvent[] {
  if (isKnown(device, command.id)) return [];
  const entry: Entry = {
    command,
    state: 'requested',
    attempt: 0,
    sequence: 0,
    bootId: null,
    connection: 0,
    inbox: 0,
    routedAtUs: 0,
    writtenAtUs: 0,
    correlation: null,
  };
  const events = [move(entry, 'requested', nowUs, { by: command.requested_by })];
  if (refusal !== null) return [...events, end(device, entry, 'refused', nowUs, refusal)];
  if (command.cancel_of !== null) return [...events, ...cancel(device, entry, command.cancel_of, nowUs)];
  if (device.queue.length >= QUEUE_MAX) {
    const detail = `${QUEUE_MAX} commands of this device wait already; cancel some or let them end`;
    return [...events, end(device, entry, 'refused', nowUs, { cause: 'queue_full', detail })];
  }
  device.queue.push(entry);
  const busy = device.outstanding !== null || device.queue.length > 1;
  return [...events, move(entry, 'queued', nowUs, { cause: busy ? 'device_busy' : null })];
}

function cancel(device: DeviceCommands, order: Entry, id: string, nowUs: number): CommandEvent[] {
  const target = device.queue.find((entry) => entry.command.id === id);
  if (target !== undefined)
    return [
      end(device, target, 'cancelled', nowUs, { cause: 'cancelled_by_user', by: order.command.requested_by }),
      end(device, order, 'succeeded', nowUs, {}),
    ];
  const under = device.outstanding?.command.id === id;
  const detail = under ? 'it is with the edge already; its own events say how it ends' : 'no such command waits';
  return [end(device, order, 'refused', nowUs, { cause: under ? 'too_late' : 'unknown_command', detail })];
}

/** Ends what waited too long. */
export function expire(device: DeviceCommands, nowUs: number): CommandEvent[] {
  return device.queue
    .filter((entry) => entry.command.expires_at <= nowUs)
    .map((entry) => end(device, entry, 'expired', nowUs, { cause: 'expired_queued' }));
}

/** Routes the next command when nothing is outstanding. The caller sends it after the commit. */
export function route(device: DeviceCommands, to: Route | null, nowUs: number): CommandEvent[] {
  if (device.outstanding !== null || to === null) return [];
  const entry = nextInQueue(device);
  if (entry === null) return [];
  device.queue.splice(device.queue.indexOf(entry), 1);
  device.outstanding = entry;
  entry.attempt++;
  entry.bootId = to.bootId;
  entry.connection = to.connection;
  entry.inbox = to.inbox;
  entry.routedAtUs = nowUs;
  return [move(entry, 'routed', nowUs)];
}

/** What an edge says of the outstanding command. Reports of other attempts or edges are old and change nothing. */
export function edgeReport(device: DeviceCommands, report: CommandReport, nowUs: number): CommandEvent[] {
  const entry = device.outstanding;
  if (entry === null || report.command_id !== entry.command.id) return [];
  if (report.attempt !== entry.attempt || report.boot_id !== entry.bootId) return [];
  const by = `edge ${report.boot_id}`;
  const said = { detail: report.detail, by };
  switch (report.kind) {
    case 'bounced': {
      if (entry.state !== 'routed') return [];
      device.outstanding = null;
      device.queue.unshift(entry);
      return [move(entry, 'queued', nowUs, { ...said, cause: 'bounced' })];
    }
    case 'refused':
      if (entry.state !== 'routed') return [];
      return [end(device, entry, 'refused', nowUs, { ...said, cause: refusalCause(report.cause) })];
    case 'written': {
      if (entry.state !== 'routed') return [];
      entry.writtenAtUs = report.at;
      entry.correlation = report.correlation;
      const written = move(entry, 'written', nowUs, said);
      if (report.answer !== 'none') return [written];
      return [written, end(device, entry, 'unconfirmed', nowUs, { cause: 'no_reply_defined' })];
    }
    case 'withheld':
      // It was recorded as written and then not written: it ends, because only the edge knows that no byte went out.
      if (entry.state !== 'written') return [];
      return [end(device, entry, 'refused', nowUs, { ...said, cause: 'withheld' })];
    case 'answered':
      return [];
  }
}

function refusalCause(cause: string | null): Cause {
  return cause === 'condition_not_met' || cause === 'condition_unknown' ? cause : 'bad_argument';
}

/** An answer of the device. Unsolicited ones change nothing; one after the end becomes a note. */
export function answer(device: DeviceCommands, ident: string, report: CommandReport, nowUs: number): CommandEvent[] {
  const { response } = report;
  if (response === null) return [];
  const entry = device.outstanding;
  // The answer can overtake the edge's own report only in another topic's partition; both are in this one, in order.
  if (entry !== null && entry.state === 'written' && entry.correlation === report.correlation) {
    const failed = response.outcome === 'error';
    return [
      end(device, entry, failed ? 'failed' : 'succeeded', nowUs, {
        cause: failed ? 'answer_error' : null,
        response,
        by: 'device',
      }),
    ];
  }
  const ended = device.ended.findLast(
    (past) => past.state === 'unconfirmed' && past.correlation !== null && past.correlation === report.correlation,
  );
  if (ended === undefined) return [];
  const sequence = ended.sequence++;
  return [
    event({ ended, ident }, ended.state, false, sequence, ended.attempt, nowUs, {
      cause: 'late_answer',
      response,
      by: 'device',
    }),
  ];
}

/** Ends what is outstanding and can not be waited for any longer. `edgeAlive`: the lease of its edge has not lapsed. */
export function timeOut(device: DeviceCommands, edgeAlive: boolean, nowUs: number): CommandEvent[] {
  const entry = device.outstanding;
  if (entry === null) return [];
  if (entry.state === 'routed') {
    if (!edgeAlive) return [end(device, entry, 'unconfirmed', nowUs, { cause: 'edge_lost' })];
    if (nowUs - entry.routedAtUs > ROUTED_TIMEOUT_US)
      return [end(device, entry, 'unconfirmed', nowUs, { cause: 'edge_silent' })];
    return [];
  }
  if (nowUs - entry.writtenAtUs <= ANSWER_TIMEOUT_US) return [];
  return [end(device, entry, 'unconfirmed', nowUs, { cause: 'no_answer' })];
}
