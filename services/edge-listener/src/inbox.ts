/**
 * Routed commands: checked, worded, recorded as `written`, checked once more, written to the socket.
 *
 * - `written` is committed before the socket is written, so a crash between the two gives `unconfirmed`, never a second write.
 * - What fails before `written` is sent back (`bounced`) or ends (`refused`); what fails after it is `withheld`.
 * - A repeat of (command id, attempt) is dropped while its first is worked on and after its report is committed.
 */
import { parseDeviceSettings, type Encoded, type EncodeEnv } from '@fleetwire/protocols';
import type { CommandReportDraft, RoutedCommand } from '@fleetwire/schemas';
import { failpoint } from '@fleetwire/service';
import type { Clock } from './clock.js';
import { judge, type Judgement, type LastFrame } from './conditions.js';
import type { CommandResult } from './metrics.js';

/** Leases and tails must be younger than this (the dispatcher gives up a lease after 15 s). */
export const LEASE_AGE_MAX_MS = 10_000;
export const TAIL_AGE_MAX_MS = 1_000;
/** Attempts that are remembered; a repeat of an older one is refused by its expiry or its session. */
export const ATTEMPTS_MAX = 50_000;
/** Attempts to record that a command was withheld, a second apart: without it the command ends unconfirmed. */
const WITHHELD_TRIES_MAX = 30;
const WITHHELD_PAUSE_MS = 1_000;

/** What the inbox needs of a connection. */
export interface CommandTarget {
  readonly number: number;
  /** Null: a command for this device can be written now. */
  unreachable(ident: string, monotonicMs: number): string | null;
  lastFrame(ident: string): LastFrame | null;
  encode(
    ident: string,
    command: { readonly name: string; readonly args: Readonly<Record<string, unknown>> },
    env: EncodeEnv,
  ): Encoded;
  readonly protocolId: string | null;
  /** False: the connection is gone. */
  writeCommand(bytes: Uint8Array): boolean;
}

export interface InboxOptions {
  readonly bootId: string;
  readonly clock: Clock;
  readonly targetOf: (ident: string) => CommandTarget | null;
  readonly leaseAgeMs: () => number;
  readonly tailAgeMs: () => number;
  /** Settles with the commit. */
  readonly report: (report: CommandReportDraft) => Promise<void>;
  readonly count: (result: CommandResult) => void;
}

type Refusal = { readonly kind: 'bounced' | 'refused'; readonly cause: string; readonly detail: string | null };
type Ready = { readonly target: CommandTarget; readonly settings: ReturnType<typeof parseDeviceSettings>['settings'] };

export class Inbox {
  readonly #options: InboxOptions;
  /** (id, attempt) → dropped when it comes again; oldest first. */
  readonly #taken = new Set<string>();
  readonly #working = new Set<Promise<void>>();

  constructor(options: InboxOptions) {
    this.#options = options;
  }

  /** Takes a record of the inbox. Never throws, never waits for the command. */
  take(routed: RoutedCommand): void {
    const { bootId, count } = this.#options;
    if (routed.boot_id !== bootId) {
      count('foreign');
      return;
    }
    const key = `${routed.command.id}|${routed.attempt}`;
    if (this.#taken.has(key)) {
      count('repeated');
      return;
    }
    if (this.#taken.size >= ATTEMPTS_MAX) this.#taken.delete(this.#taken.keys().next().value ?? '');
    this.#taken.add(key);
    const work = this.#handle(routed, key).finally(() => this.#working.delete(work));
    this.#working.add(work);
  }

  /** Resolves when no command is under way. */
  async idle(): Promise<void> {
    while (this.#working.size > 0) await Promise.all(this.#working);
  }

  async #handle(routed: RoutedCommand, key: string): Promise<void> {
    const { count, clock } = this.#options;
    const ready = this.#check(routed);
    if ('cause' in ready) return this.#end(routed, key, ready);
    const { target } = ready;
    const holds = this.#judge(routed, ready);
    if (!holds.holds) return this.#end(routed, key, { kind: 'refused', cause: holds.cause, detail: holds.detail });
    const args = argumentsOf(routed.command.arguments);
    if (args === null)
      return this.#end(routed, key, {
        kind: 'refused',
        cause: 'bad_argument',
        detail: 'arguments: use a JSON object',
      });
    const { ident, name } = routed.command;
    const encoded = target.encode(ident, { name, args }, { nowMs: clock.wallMs(), tag: tagOf(key) });
    if (encoded.kind === 'error')
      return this.#end(routed, key, {
        kind: 'refused',
        cause: 'bad_argument',
        detail: `${encoded.field}: ${encoded.remedy}`,
      });
    const common = { protocol: target.protocolId, correlation: encoded.correlation, answer: encoded.answer };
    try {
      await this.#options.report(this.#reportOf(routed, 'written', { ...common, wire: Buffer.from(encoded.bytes) }));
    } catch {
      // It may be in the log for all we know: it is not written, and that is said as soon as it can be.
      return this.#withhold(routed, 'report_not_committed');
    }
    failpoint('edge.command_written');
    const still = this.#check(routed);
    if ('cause' in still) return this.#withhold(routed, still.cause);
    if (still.target !== target) return this.#withhold(routed, 'not_holder');
    const stillHolds = this.#judge(routed, still);
    if (!stillHolds.holds) return this.#withhold(routed, stillHolds.cause);
    if (!target.writeCommand(encoded.bytes)) return this.#withhold(routed, 'not_holder');
    count('written');
  }

  #judge(routed: RoutedCommand, { target, settings }: Ready): Judgement {
    const { condition, ident } = routed.command;
    return judge(condition, target.lastFrame(ident), ident, settings, this.#options.clock.wallMs() * 1000);
  }

  /** Everything that must hold before `written`, and once more after it. */
  #check(routed: RoutedCommand): Ready | Refusal {
    const { clock, leaseAgeMs, tailAgeMs, targetOf } = this.#options;
    const { ident, expires_at: expiresAtUs } = routed.command;
    if (clock.wallMs() * 1000 >= expiresAtUs) return bounced('expired');
    if (leaseAgeMs() >= LEASE_AGE_MAX_MS) return bounced('lease_stale');
    if (tailAgeMs() >= TAIL_AGE_MAX_MS) return bounced('sessions_stale');
    const target = targetOf(ident);
    if (target?.number !== routed.connection) return bounced('not_holder');
    const unreachable = target.unreachable(ident, clock.monotonicMs());
    if (unreachable !== null) return bounced(unreachable);
    return { target, settings: parseDeviceSettings(routed.settings).settings };
  }

  async #end(routed: RoutedCommand, key: string, { kind, cause, detail }: Refusal): Promise<void> {
    try {
      await this.#options.report(this.#reportOf(routed, kind, { cause, detail }));
      this.#options.count(kind);
    } catch {
      // Nothing was written and nobody knows: the dispatcher sends the attempt again, and then it is judged again.
      this.#taken.delete(key);
    }
  }

  async #withhold(routed: RoutedCommand, cause: string): Promise<void> {
    this.#options.count('withheld');
    for (let tries = 0; tries < WITHHELD_TRIES_MAX; tries++) {
      try {
        await this.#options.report(this.#reportOf(routed, 'withheld', { cause }));
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, WITHHELD_PAUSE_MS).unref());
      }
    }
  }

  #reportOf(
    routed: RoutedCommand,
    kind: CommandReportDraft['kind'],
    more: Partial<CommandReportDraft>,
  ): CommandReportDraft {
    return {
      ident: routed.command.ident,
      kind,
      command_id: routed.command.id,
      attempt: routed.attempt,
      boot_id: this.#options.bootId,
      connection: routed.connection,
      at: this.#options.clock.wallMs() * 1000,
      ...more,
    };
  }
}

const bounced = (cause: string): Refusal => ({ kind: 'bounced', cause, detail: null });

/** Null: not a JSON object. */
function argumentsOf(json: string): Readonly<Record<string, unknown>> | null {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return Object.fromEntries(Object.entries(value));
}

/** ATrack's tag: at most 5 characters. The same attempt always has the same one. */
export function tagOf(key: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193) >>> 0;
  return (hash % 36 ** 5).toString(36).toUpperCase().padStart(5, '0');
}
