/**
 * Which device this edge holds, on which connection, and who else says that it holds it.
 *
 * - A record in `device-sessions` for each device and edge process; a tombstone when the connection that is the device's current
 *   one ends, not when an older one does.
 * - The newest record by offset is the current session: the log's order decides, no clock does. A record of another edge that
 *   stands behind our own takes the device; one before our own does not, and one that we read before our own has lost already.
 * - After FLAPS_MAX take-overs in FLAP_WINDOW_MS both connections stay: two devices with one identity must not throw each other out.
 * - Of those that stay, a device has at most CONNECTIONS_PER_IDENT_MAX here: beyond that the one that has been quiet for longest is closed, or
 *   one identity could take all connections of the process.
 * - A tombstone for our boot id that we did not write (another's clean-up) is answered by publishing the session again.
 */
import type { Session } from '@fleetwire/schemas';
import type { FrameContext, ProtocolId, Transport } from '@fleetwire/protocols';
import { RATE_KEYS_MAX } from './limits.js';

export const FLAPS_MAX = 3;
export const FLAP_WINDOW_MS = 60_000;
/** While two connections of one edge share a device, the holder changes at most this often. */
export const FLAP_HOLD_MS = 20_000;
/** Connections of one identity that stay beside each other. */
export const CONNECTIONS_PER_IDENT_MAX = 4;

/** What a session needs of a connection. */
export interface Holder {
  readonly number: number;
  readonly transport: Transport;
  readonly peer: string;
  readonly listenerName: string;
  readonly protocolId: ProtocolId | null;
  /** Devices that it carries, by ident. */
  readonly idents: ReadonlySet<string>;
  /** The device has a newer session: forget it, and end if it was the only one. */
  superseded(ident: string): void;
}

/** Where session records go. `key` is `ident|boot id`. */
export interface SessionWriter {
  put(ident: string, key: string, session: Session): void;
  /** `onSend` when it may be in the log from now on. */
  tombstone(ident: string, key: string, onSend: () => void): void;
}

export interface SessionsOptions {
  readonly bootId: string;
  readonly inbox: number;
  readonly udpReachableMs: number;
  readonly writer: SessionWriter;
  readonly onTakeover: (result: 'closed' | 'flapping' | 'crowded') => void;
}

interface Held {
  holder: Holder;
  context: FrameContext;
  sinceMs: number;
  /** Monotonic time of the last record. */
  writtenMs: number;
  /** Our record was read in the log: what comes behind it is newer. */
  seen: boolean;
}

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #held = new Map<string, Held>();
  /** Tombstones of ours that the tail has not shown yet. */
  readonly #buried = new Map<string, number>();
  readonly #flaps = new Map<string, number[]>();
  /** Connections of devices that have more than one, while they have. */
  readonly #sharing = new Map<string, Set<Holder>>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#held.size;
  }
  get idents(): IterableIterator<string> {
    return this.#held.keys();
  }
  holderOf(ident: string): Holder | null {
    return this.#held.get(ident)?.holder ?? null;
  }

  /** A frame of the device came on this connection. */
  heard(ident: string, holder: Holder, context: FrameContext, wallMs: number, monotonicMs: number): void {
    const held = this.#held.get(ident);
    if (held?.holder === holder) {
      const stale = holder.transport === 'udp' && monotonicMs - held.writtenMs >= this.#options.udpReachableMs / 2;
      if (stale) this.#write(ident, held, wallMs, monotonicMs);
      return;
    }
    const fresh = { holder, context, sinceMs: wallMs, writtenMs: monotonicMs, seen: false };
    if (held === undefined) {
      this.#held.set(ident, fresh);
      this.#write(ident, fresh, wallMs, monotonicMs);
      return;
    }
    // Two connections of this edge: the device came back before we noticed that the old one is dead, or there are two of it.
    this.#share(ident, held.holder, holder);
    if (this.#flaps.has(ident) && monotonicMs - held.writtenMs < FLAP_HOLD_MS && this.#flapping(ident, monotonicMs))
      return;
    this.#held.set(ident, fresh);
    this.#write(ident, fresh, wallMs, monotonicMs);
    if (!this.#mayTake(ident, monotonicMs)) return;
    this.#leave(ident, held.holder);
    held.holder.superseded(ident);
  }

  /** The connection ended: its devices have no session any more, unless another connection holds them by now. */
  ended(holder: Holder): void {
    for (const ident of holder.idents) {
      const held = this.#held.get(ident);
      if (held?.holder === holder) this.#bury(ident);
      this.#leave(ident, holder);
    }
  }

  /** A record of the tail, in the order of its partition. `session` null: a tombstone. */
  read(ident: string, bootId: string, session: Session | null, wallMs: number, monotonicMs: number): void {
    const held = this.#held.get(ident);
    if (bootId === this.#options.bootId) {
      if (session !== null) {
        if (held?.holder.number === session.connection) held.seen = true;
        return;
      }
      const buried = this.#buried.get(ident) ?? 0;
      if (buried > 1) this.#buried.set(ident, buried - 1);
      else this.#buried.delete(ident);
      if (buried === 0 && held !== undefined) this.#write(ident, held, wallMs, monotonicMs);
      return;
    }
    if (session === null || held === undefined || !held.seen) return;
    if (!this.#mayTake(ident, monotonicMs)) return;
    // Ours would be the current one again when the other edge ends: it goes now. Its key is our own, so it hides no newer session.
    this.#bury(ident);
    this.#leave(ident, held.holder);
    held.holder.superseded(ident);
  }

  /** Notes that `next` has the device too, and closes the quietest when they are too many. */
  #share(ident: string, held: Holder, next: Holder): void {
    const sharing = this.#sharing.get(ident) ?? new Set([held]);
    // In the order in which they last took the word.
    sharing.delete(next);
    this.#sharing.set(ident, sharing.add(next));
    if (sharing.size <= CONNECTIONS_PER_IDENT_MAX) return;
    for (const quiet of sharing) {
      if (quiet === held || quiet === next) continue;
      sharing.delete(quiet);
      this.#options.onTakeover('crowded');
      quiet.superseded(ident);
      return;
    }
  }
  #leave(ident: string, holder: Holder): void {
    const sharing = this.#sharing.get(ident);
    sharing?.delete(holder);
    if (sharing !== undefined && sharing.size <= 1) this.#sharing.delete(ident);
  }

  #bury(ident: string): void {
    this.#held.delete(ident);
    this.#options.writer.tombstone(ident, this.#keyOf(ident), () => {
      this.#buried.set(ident, (this.#buried.get(ident) ?? 0) + 1);
    });
  }

  #keyOf(ident: string): string {
    return `${ident}|${this.#options.bootId}`;
  }

  #write(ident: string, held: Held, wallMs: number, monotonicMs: number): void {
    const { holder } = held;
    held.writtenMs = monotonicMs;
    held.seen = false;
    const { bootId, inbox, udpReachableMs } = this.#options;
    this.#options.writer.put(ident, this.#keyOf(ident), {
      ident,
      boot_id: bootId,
      connection: holder.number,
      inbox,
      transport: holder.transport,
      peer: holder.peer,
      protocol: holder.protocolId ?? 'unknown',
      listener: holder.listenerName,
      since: held.sinceMs * 1000,
      reachable_until: holder.transport === 'udp' ? (wallMs + udpReachableMs) * 1000 : null,
      context: held.context,
    });
  }

  #flapping(ident: string, nowMs: number): boolean {
    const times = (this.#flaps.get(ident) ?? []).filter((time) => nowMs - time < FLAP_WINDOW_MS);
    return times.length >= FLAPS_MAX;
  }

  /** Counts a take-over. False: too many of late, both stay. */
  #mayTake(ident: string, nowMs: number): boolean {
    const times = (this.#flaps.get(ident) ?? []).filter((time) => nowMs - time < FLAP_WINDOW_MS);
    const flapping = times.length >= FLAPS_MAX;
    if (!flapping) times.push(nowMs);
    this.#flaps.delete(ident);
    if (this.#flaps.size >= RATE_KEYS_MAX) this.#flaps.delete(this.#flaps.keys().next().value ?? '');
    this.#flaps.set(ident, times);
    this.#options.onTakeover(flapping ? 'flapping' : 'closed');
    return !flapping;
  }
}
