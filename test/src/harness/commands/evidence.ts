/**
 * What became of commands, as their devices, the topics and nobody else tell it, and what of it must not be. Pure: negative controls give it
 * the evidence of services that were broken on purpose.
 */
import type { CommandEvent } from '@fleetwire/schemas';
import type { Receipt } from './device.js';

export interface SentCommand {
  readonly id: string;
  readonly ident: string;
  /** Text that stands in the bytes of this command alone. */
  readonly mark: string;
  readonly expiresMs: number;
}

/** A session record as a reader saw it; `peer` null: a tombstone. */
export interface SessionSeen {
  readonly ident: string;
  readonly bootId: string;
  readonly peer: string | null;
  readonly seenMs: number;
}

export interface Evidence {
  readonly commands: readonly SentCommand[];
  readonly story: (id: string) => readonly CommandEvent[];
  readonly receipts: (ident: string) => readonly Receipt[];
  readonly sessions: readonly SessionSeen[];
  /** The watchers themselves may have been late by so much. */
  readonly lateMs: number;
}

export const FINDINGS = ['ends', 'numbering', 'twice', 'untrue', 'late', 'not_holder'] as const;
/**
 * `ends`: not exactly one terminal event. `numbering`: a gap in a story. `twice`: its bytes came twice. `untrue`: the end contradicts what
 * the device got. `late`: its bytes came after its expiry. `not_holder`: its bytes came through an edge after another edge's session of
 * the device was on the log.
 */
export type Finding = (typeof FINDINGS)[number];

/** An edge may rely on a tail of the sessions that is so old. */
const TAIL_AGE_MS = 1_000;
/** A write takes a moment to arrive, and to be seen. */
const ARRIVAL_MS = 1_000;

export interface Found {
  readonly finding: Finding;
  readonly id: string;
  readonly about: string;
}

export function findings(evidence: Evidence): readonly Found[] {
  return evidence.commands.flatMap((command) => {
    const story = evidence.story(command.id);
    const received = evidence.receipts(command.ident).filter(({ text }) => text.includes(command.mark));
    const found: Found[] = [];
    const find = (finding: Finding, about: string): void => void found.push({ finding, id: command.id, about });
    const told = story.map(({ sequence, state, cause }) => `${sequence} ${state} ${cause ?? ''}`).join(', ');
    const ends = story.filter(({ terminal }) => terminal);
    if (ends.length !== 1) find('ends', `${ends.length} ends: ${told}`);
    if (!story.every(({ sequence }, at) => sequence === at)) find('numbering', told);
    const times = received.reduce((sum, { text }) => sum + text.split(command.mark).length - 1, 0);
    if (times > 1) find('twice', `${times} times: ${told}`);
    const end = ends[0]?.state;
    if (times > 0 && (end === 'refused' || end === 'expired' || end === 'cancelled'))
      find('untrue', `received, and ${told}`);
    if (times === 0 && (end === 'succeeded' || end === 'failed')) find('untrue', `not received, and ${told}`);
    for (const receipt of received) {
      const lateMs = receipt.atMs - command.expiresMs - ARRIVAL_MS - evidence.lateMs;
      if (lateMs > 0) find('late', `${lateMs} ms too late: ${told}`);
      const other = holderOtherThan(receipt, command.ident, evidence);
      if (other !== null) find('not_holder', `through ${receipt.peer}, held by ${other.peer}: ${told}`);
    }
    return found;
  });
}

/** The session of another edge that stood on the log, behind that of this connection, before these bytes were written; null: none did. */
function holderOtherThan(receipt: Receipt, ident: string, { sessions, lateMs }: Evidence): SessionSeen | null {
  const log = sessions.filter((session) => session.ident === ident && session.peer !== null);
  const ours = log.findLastIndex(({ peer, seenMs }) => peer === receipt.peer && seenMs <= receipt.atMs + lateMs);
  // One edge knows its own connections without the log.
  const bootId = log[ours]?.bootId;
  const before = receipt.atMs - TAIL_AGE_MS - ARRIVAL_MS - lateMs;
  return log.slice(ours + 1).find((session) => session.bootId !== bootId && session.seenMs < before) ?? null;
}

/** How many ended how, for people. */
export function endsOf({ commands, story }: Pick<Evidence, 'commands' | 'story'>): ReadonlyMap<string, number> {
  const ends = new Map<string, number>();
  for (const { id } of commands) {
    const end = story(id).find(({ terminal }) => terminal);
    const key = end === undefined ? 'none' : `${end.state}${end.cause === null ? '' : ` ${end.cause}`}`;
    ends.set(key, (ends.get(key) ?? 0) + 1);
  }
  return ends;
}
