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
  'no_sms_gateway', // channel sms without a gateway topic
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
  'edge_lost', // the edge was lost before it said whether it wrote
  'edge_silent', // the edge is there and did not say whether it wrote
  'no_reply_defined', // the protocol defines no answer
  'no_answer', // the device did not answer in time
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
  /** Of the attempt. */
  bootId: string | null;
  connection: number;
  inbox: number;
  routedAtUs: number;
  writtenAtUs: number;
  correlation: string | null;
}

/** An ended command, as far as it is remembered. */
export interface Ended {
  readonly id: string;
  readonly name: string;
  readonly state: CommandState;
  readonly attempt: number;
  sequence: number;
  readonly correlation: string | null;
}

/** All of one device. Plain data: it is the payload of its state record, as JSON. */
export interface DeviceCommands {
  /** Waiting, in the order of asking. */
  readonly queue: Entry[];
  /** Routed, written or acknowledged. */
  outstanding: Entry | null;
  readonly ended: Ended[];
}

export function emptyDevice(): DeviceCommands {
  return { queue: [], outstanding: null, ended: [] };
}

/** Highest priority first, then the oldest. */
export function nextInQueue(device: DeviceCommands): Entry | null {
  let best: Entry | null = null;
  for (const entry of device.queue) if (best === null || entry.command.priority > best.command.priority) best = entry;
  return best;
}
