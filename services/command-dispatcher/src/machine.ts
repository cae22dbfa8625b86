/**
 * The life of a command, as pure transitions over a device's commands:
 *
 *   requested → refused | queued;  queued → routed | expired | cancelled;
 *   routed → queued (bounced) | written | refused | unconfirmed;
 *   written → acknowledged | succeeded | failed | unconfirmed;  acknowledged → succeeded | failed | unconfirmed
 *
 * Asked for at least once, an idempotent command goes from routed or written back to queued as often as its waits allow. From then
 * on it is never said to be refused, expired or cancelled, which mean that nothing was written: it ends unconfirmed instead.
 *
 * Each function changes `device` and returns the events to write. Exactly one event of a command is terminal: `end` is the only
 * place that makes one, and it takes the command out of the device's queue for good.
 */
import type { Command, CommandAnswer, CommandEvent, CommandReport } from '@fleetwire/schemas';
import {
  ENDED_MAX,
  newEntry,
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
/** After the loss of an edge, and after a device has left, an answer that is under way may still arrive for that long. */
export const LAST_ANSWER_US = 5_000_000;
/** What bounced goes back to the same session only after this. */
export const BOUNCE_PAUSE_US = 1_000_000;
/** Clocks of two edges may differ by that much. */
const CLOCKS_US = 5_000_000;
/** An edge that is alive and says nothing of a routed command for that long is given up. */
export const ROUTED_TIMEOUT_US = 30_000_000;

/** Where a device can be reached now. */
export interface Route {
  readonly bootId: string;
  readonly connection: number;
  readonly inbox: number;
  readonly sessionOffset: number;
  /** What the connection speaks. */
  readonly protocol: string;
}

/** What the catalogue says of the command that is routed. */
export interface Plan {
  /** How long each write waits for its answer, µs; one for each write that is allowed. */
  readonly waitsUs: readonly number[];
  readonly leaves: boolean;
}
export const AT_MOST_ONCE: Plan = { waitsUs: [ANSWER_TIMEOUT_US], leaves: false };

/** Why a command can not be taken: `detail` names the field and the remedy. */
export interface Refusal {
  readonly cause: Cause;
  readonly detail: string;
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
    correlations: entry.correlations,
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

/** Ends what was not written, and what was written before as unconfirmed: nobody can say that nothing went out. */
function endUnwritten(
  device: DeviceCommands,
  entry: Entry,
  state: 'refused' | 'expired' | 'cancelled',
  nowUs: number,
  details: EventDetails,
): CommandEvent {
  return end(device, entry, entry.writes > 0 ? 'unconfirmed' : state, nowUs, details);
}

/** Back to the queue while another write is allowed, else the end. */
function repeatOrEnd(device: DeviceCommands, entry: Entry, nowUs: number, details: EventDetails): CommandEvent {
  const again = entry.writes < entry.waitsUs.length && nowUs < entry.command.expires_at;
  if (!again) return end(device, entry, 'unconfirmed', nowUs, details);
  return putBack(device, entry, nowUs, details);
}

function putBack(device: DeviceCommands, entry: Entry, nowUs: number, details: EventDetails): CommandEvent {
  device.outstanding = null;
  device.queue.unshift(entry);
  return move(entry, 'queued', nowUs, details);
}

/** A new command. `refusal` says why it can not be taken, or null. */
export function request(
  device: DeviceCommands,
  command: Command,
  refusal: Refusal | null,
  nowUs: number,
): CommandEvent[] {
  if (isKnown(device, command.id)) return [];
  const entry = newEntry(command);
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
      endUnwritten(device, target, 'cancelled', nowUs, {
        cause: 'cancelled_by_user',
        by: order.command.requested_by,
      }),
      end(device, order, 'succeeded', nowUs, {}),
    ];
  const under = device.outstanding?.command.id === id;
  const detail = under ? 'it is with the edge already; its own events say how it ends' : 'no such command waits';
  return [end(device, order, 'refused', nowUs, { cause: under ? 'too_late' : 'unknown_command', detail })];
}

/** Ends a waiting command that can not be worded for the connection that is there now. */
export function refuse(device: DeviceCommands, entry: Entry, refusal: Refusal, nowUs: number): CommandEvent {
  return endUnwritten(device, entry, 'refused', nowUs, refusal);
}

/** A waiting command that a gateway takes instead of an edge: nothing more is heard of it. */
export function handOver(device: DeviceCommands, id: string, nowUs: number): CommandEvent[] {
  const entry = device.queue.find((one) => one.command.id === id);
  if (entry === undefined) return [];
  entry.attempt++;
  entry.writes++;
  const detail = 'handed to the SMS gateway';
  return [
    move(entry, 'routed', nowUs),
    move(entry, 'written', nowUs, { detail }),
    end(device, entry, 'unconfirmed', nowUs, { cause: 'no_reply_defined', detail }),
  ];
}

/** Ends what waited too long. */
export function expire(device: DeviceCommands, nowUs: number): CommandEvent[] {
  return device.queue
    .filter((entry) => entry.command.expires_at <= nowUs)
    .map((entry) => endUnwritten(device, entry, 'expired', nowUs, { cause: 'expired_queued' }));
}

/** Routes the next command when nothing is outstanding. The caller sends it after the commit. */
export function route(device: DeviceCommands, to: Route | null, plan: Plan, nowUs: number): CommandEvent[] {
  const entry = nextInQueue(device);
  if (device.outstanding !== null || to === null || entry === null) return [];
  if (entry.sessionOffset === to.sessionOffset && nowUs < entry.retryAtUs) return [];
  device.queue.splice(device.queue.indexOf(entry), 1);
  device.outstanding = entry;
  entry.attempt++;
  entry.bootId = to.bootId;
  entry.connection = to.connection;
  entry.inbox = to.inbox;
  entry.sessionOffset = to.sessionOffset;
  entry.protocol = to.protocol;
  device.protocol = to.protocol;
  entry.routedAtUs = nowUs;
  entry.waitsUs = plan.waitsUs;
  entry.leaves = plan.leaves;
  entry.leftAtUs = null;
  entry.lostAtUs = null;
  return [move(entry, 'routed', nowUs)];
}

/** What an edge says of the outstanding command. Reports of other attempts or edges are old and change nothing. */
export function edgeReport(device: DeviceCommands, report: CommandReport, nowUs: number): CommandEvent[] {
  const entry = device.outstanding;
  if (entry === null || report.command_id !== entry.command.id) return [];
  if (report.attempt !== entry.attempt || report.boot_id !== entry.bootId) return [];
  const said = { detail: report.detail, by: `edge ${report.boot_id}` };
  switch (report.kind) {
    case 'bounced':
      if (entry.state !== 'routed') return [];
      entry.retryAtUs = nowUs + BOUNCE_PAUSE_US;
      return [putBack(device, entry, nowUs, { ...said, detail: report.detail ?? report.cause, cause: 'bounced' })];
    case 'refused':
      if (entry.state !== 'routed') return [];
      return [endUnwritten(device, entry, 'refused', nowUs, { ...said, cause: refusalCause(report.cause) })];
    case 'written':
      return written(device, entry, report, nowUs, said);
    case 'withheld':
      return withheld(device, entry, nowUs, { ...said, detail: report.detail ?? report.cause, cause: 'withheld' });
    case 'answered':
      return [];
  }
}

function written(
  device: DeviceCommands,
  entry: Entry,
  report: CommandReport,
  nowUs: number,
  said: EventDetails,
): CommandEvent[] {
  if (entry.state !== 'routed') return [];
  entry.writes++;
  entry.writtenAtUs = report.at;
  if (report.correlation !== null) entry.correlations = [...entry.correlations, report.correlation];
  const event = move(entry, 'written', nowUs, said);
  if (report.answer !== 'none') return [event];
  return [event, end(device, entry, 'unconfirmed', nowUs, { cause: 'no_reply_defined' })];
}

/** It was recorded as written and then not written: only the edge knows that no byte went out. */
function withheld(device: DeviceCommands, entry: Entry, nowUs: number, said: EventDetails): CommandEvent[] {
  if (entry.state !== 'written') return [];
  entry.writes--;
  entry.correlations = entry.correlations.slice(0, -1);
  entry.retryAtUs = nowUs + BOUNCE_PAUSE_US;
  if (entry.waitsUs.length > 1 && nowUs < entry.command.expires_at) return [putBack(device, entry, nowUs, said)];
  return [endUnwritten(device, entry, 'refused', nowUs, said)];
}

function refusalCause(cause: string | null): Cause {
  return cause === 'condition_not_met' || cause === 'condition_unknown' ? cause : 'bad_argument';
}

/** Keys that end with a colon come from answers that do not say which of several they mean: any of that name. */
const matches = (keys: readonly string[], key: string): boolean =>
  keys.some((one) => one === key || (key.endsWith(':') && one.startsWith(key)));

/** An answer of the device. Unsolicited ones change nothing; one after the end becomes a note. */
export function answer(device: DeviceCommands, ident: string, report: CommandReport, nowUs: number): CommandEvent[] {
  const { response, correlation } = report;
  if (response === null || correlation === null || response.outcome === 'request') return [];
  // Written before, and perhaps on its way again: each write has its own key, and an answer to any of them is an answer.
  const entry = [device.outstanding, ...device.queue].find(
    (one) => one !== null && one.writes > 0 && matches(one.correlations, correlation) && isAfter(report, one),
  );
  if (response.outcome === 'accepted') {
    // Taken; what comes of it is said later. It has come back to the queue meanwhile, or was said before: that changes nothing.
    if (entry !== device.outstanding || entry?.state !== 'written') return [];
    return [move(entry, 'acknowledged', nowUs, { response, by: 'device' })];
  }
  if (entry !== undefined && entry !== null) {
    const failed = response.outcome === 'error';
    const cause = failed ? 'answer_error' : null;
    return [end(device, entry, failed ? 'failed' : 'succeeded', nowUs, { cause, response, by: 'device' })];
  }
  const ended = device.ended.findLast(
    (past) => past.state === 'unconfirmed' && past.correlations.length > 0 && matches(past.correlations, correlation),
  );
  if (ended === undefined) return [];
  const details = { cause: 'late_answer', response, by: 'device' } as const;
  return [event({ ended, ident }, ended.state, false, ended.sequence++, ended.attempt, nowUs, details)];
}

/** Said after the command was written: an older answer of the same name belongs to an older command. */
function isAfter(report: CommandReport, entry: Entry): boolean {
  if (entry.writes > 1) return true;
  return report.at >= entry.writtenAtUs - (report.boot_id === entry.bootId ? 0 : CLOCKS_US);
}

/** What is known of the holder of the outstanding command. */
export interface Holding {
  /** The lease of its edge has not lapsed. */
  readonly edgeAlive: boolean;
  /** The connection that it was written to has ended, or is another one. */
  readonly left: boolean;
}

/** Ends, or writes again, what is outstanding and can not be waited for any longer. */
export function timeOut(device: DeviceCommands, { edgeAlive, left }: Holding, nowUs: number): CommandEvent[] {
  const entry = device.outstanding;
  if (entry === null) return [];
  if (entry.state === 'routed') {
    const silent = nowUs - entry.routedAtUs > ROUTED_TIMEOUT_US;
    if (edgeAlive && !silent) return [];
    // It may have been written.
    entry.writes++;
    return [repeatOrEnd(device, entry, nowUs, { cause: edgeAlive ? 'edge_silent' : 'edge_lost' })];
  }
  entry.lostAtUs = edgeAlive ? null : (entry.lostAtUs ?? nowUs);
  if (entry.leaves && left) entry.leftAtUs ??= nowUs;
  if (entry.leftAtUs !== null && nowUs - entry.leftAtUs > LAST_ANSWER_US)
    return [end(device, entry, 'unconfirmed', nowUs, { cause: 'device_left' })];
  if (entry.lostAtUs !== null && nowUs - entry.lostAtUs > LAST_ANSWER_US)
    return [repeatOrEnd(device, entry, nowUs, { cause: 'edge_lost' })];
  if (nowUs - entry.writtenAtUs <= (entry.waitsUs[entry.writes - 1] ?? ANSWER_TIMEOUT_US)) return [];
  return [repeatOrEnd(device, entry, nowUs, { cause: 'no_answer' })];
}
