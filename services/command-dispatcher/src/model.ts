/** What the dispatcher keeps of a device's commands, and the closed list of causes. All times µs since 1970. */
import type { Command, CommandEvent } from '@fleetwire/schemas';

export type CommandState = CommandEvent['state'];
export const TERMINAL_STATES: ReadonlySet<CommandState> = new Set<CommandState>([
  'refused',
  'expired',
  'cancelled',
  'succeeded',
  'failed',
  'unconfirmed',
]);

/** Why a state was reached. Documentation and metric labels use this list. */
export const CAUSES = [
  'expiry_past', // it had expired when it was asked for
  'bad_argument', // an argument is not usable; `detail` names it and the remedy
  'unknown_name', // the type of the device has no such command
  'confirm_missing', // dangerous, and `confirm` is not true
  'not_idempotent', // asked for at least once, and a second write would do harm
  'no_sms_gateway', // channel sms without a gateway topic
  'no_phone', // channel sms, and `devices` has no number
  'too_late', // a cancel after the command was routed
  'unknown_command', // a cancel of a command that is not known
  'no_session', // queued: the device is not connected
  'device_busy', // queued: another command is outstanding
  'bounced', // queued again: the edge does not hold the device any more
  'condition_not_met',
  'condition_unknown',
  'withheld', // recorded as written, then not written
  'expired_queued', // its time was over before a connection could take it
  'cancelled_by_user',
  'edge_lost', // the edge was lost before it said whether it wrote, or before an answer could come through it
  'edge_silent', // the edge is there and did not say whether it wrote
  'no_reply_defined', // the protocol defines no answer
  'no_answer', // the device did not answer in time
  'device_left', // the command made the device leave, so that no answer can come
  'answer_error', // the device answered with an error
  'late_answer', // an answer after the end; a note, not a second end
  'queue_full',
] as const;
export type Cause = (typeof CAUSES)[number];

/** Commands of one device that may wait; one more is refused. */
export const QUEUE_MAX = 100;
/** Ended commands whose ids (for idempotency) and correlation (for late answers) are remembered, a device. */
export const ENDED_MAX = 50;

export interface Entry {
  readonly command: Command;
  state: CommandState;
  /** 0 before the first routing. */
  attempt: number;
  /** Events written so far. */
  sequence: number;
  /** Attempts that were written, or may have been. */
  writes: number;
  /** Of the attempt. */
  bootId: string | null;
  connection: number;
  inbox: number;
  sessionOffset: number;
  /** What that connection speaks. */
  protocol: string;
  routedAtUs: number;
  writtenAtUs: number;
  /** Of each write, newest last: an answer to an earlier one counts too. */
  correlations: string[];
  /** How long each write waits for its answer; their number is that of the writes allowed. */
  waitsUs: readonly number[];
  /** The device may leave to carry it out. */
  leaves: boolean;
  /** When the device, or its edge, was first seen gone after the write; null: it is there. */
  leftAtUs: number | null;
  lostAtUs: number | null;
  /** What it sets has been written down as desired. */
  desired: boolean;
  /** Not routed again by the same session before this: whatever made it bounce takes a moment. */
  retryAtUs: number;
}

/** An ended command, as far as it is remembered. */
export interface Ended {
  readonly id: string;
  readonly name: string;
  readonly state: CommandState;
  readonly attempt: number;
  sequence: number;
  readonly correlations: readonly string[];
}

export function newEntry(command: Command): Entry {
  return {
    command,
    state: 'requested',
    attempt: 0,
    sequence: 0,
    writes: 0,
    bootId: null,
    connection: 0,
    inbox: 0,
    sessionOffset: -1,
    protocol: '',
    routedAtUs: 0,
    writtenAtUs: 0,
    correlations: [],
    waitsUs: [],
    leaves: false,
    leftAtUs: null,
    lostAtUs: null,
    desired: false,
    retryAtUs: 0,
  };
}

/** All of one device. Plain data: it is the payload of its state record, as JSON. */
export interface DeviceCommands {
  /** Waiting, in the order of asking. */
  readonly queue: Entry[];
  /** Routed, written or acknowledged. */
  outstanding: Entry | null;
  readonly ended: Ended[];
  /** What it spoke when a command was last routed to it; '' before. */
  protocol: string;
}

export function emptyDevice(): DeviceCommands {
  return { queue: [], outstanding: null, ended: [], protocol: '' };
}

/** Highest priority first, then the oldest. */
export function nextInQueue(device: DeviceCommands): Entry | null {
  let best: Entry | null = null;
  for (const entry of device.queue) if (best === null || entry.command.priority > best.command.priority) best = entry;
  return best;
}

/** The payload of a state record. Fields that an older build did not write get their first values. */
export function parseDevice(json: string): DeviceCommands {
  const stored = JSON.parse(json) as DeviceCommands;
  const whole = (entry: Entry): Entry => ({ ...newEntry(entry.command), ...entry });
  return {
    queue: stored.queue.map(whole),
    outstanding: stored.outstanding === null ? null : whole(stored.outstanding),
    ended: stored.ended.map((ended) => ({ ...{ correlations: [] }, ...ended })),
    protocol: (stored as Partial<DeviceCommands>).protocol ?? '',
  };
}
