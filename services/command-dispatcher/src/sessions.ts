/**
 * Which edge process holds which device. The newest session record of a device by offset is the current one: the log's order is
 * the epoch, no clock decides, and a late tombstone of an older holder can not hide a newer one.
 *
 * There may be a million of them: of a session only what routing needs is kept, names that many share are kept once, and what has to
 * be cleaned up is found without a look at the others.
 */
import type { Session } from '@fleetwire/schemas';

export interface HeldSession {
  readonly bootId: string;
  readonly connection: number;
  readonly inbox: number;
  readonly protocol: string;
  /** µs; null: as long as it stands. */
  readonly reachableUntil: number | null;
  readonly offset: number;
}

export class Sessions {
  /** One session, which is the usual case, or those of several edges. */
  readonly #devices = new Map<string, HeldSession | readonly HeldSession[]>();
  /** Boot id → how many sessions it has here. */
  readonly #edges = new Map<string, number>();
  readonly #names = new Map<string, string>();

  put(ident: string, bootId: string, session: Session | null, offset: number): void {
    const before = this.#of(ident);
    const others = before.filter((held) => held.bootId !== bootId);
    const count = (this.#edges.get(bootId) ?? 0) - (before.length - others.length) + (session === null ? 0 : 1);
    const name = this.#name(bootId);
    if (count > 0) this.#edges.set(name, count);
    else this.#edges.delete(bootId);
    if (session !== null)
      others.push({
        bootId: name,
        connection: session.connection,
        inbox: session.inbox,
        protocol: this.#name(session.protocol),
        reachableUntil: session.reachable_until,
        offset,
      });
    if (others.length === 0) this.#devices.delete(ident);
    else this.#devices.set(ident, others.length === 1 ? others[0]! : others);
  }

  /** Number of the connection by which this edge process holds the device; null: it does not. */
  connectionOf(ident: string, bootId: string): number | null {
    return this.#of(ident).find((held) => held.bootId === bootId)?.connection ?? null;
  }

  /** The current session among those whose edge lives. */
  current(ident: string, alive: (bootId: string) => boolean): HeldSession | null {
    let newest: HeldSession | null = null;
    for (const held of this.#of(ident))
      if (alive(held.bootId) && (newest === null || held.offset > newest.offset)) newest = held;
    return newest;
  }

  /** Sessions of edges for which `gone` holds, at most `max`. */
  of(gone: (bootId: string) => boolean, max: number): { readonly ident: string; readonly bootId: string }[] {
    const found: { ident: string; bootId: string }[] = [];
    const edges = new Set([...this.#edges.keys()].filter(gone));
    if (edges.size === 0) return found;
    for (const ident of this.#devices.keys())
      for (const { bootId } of this.#of(ident))
        if (edges.has(bootId)) {
          found.push({ ident, bootId });
          if (found.length >= max) return found;
        }
    return found;
  }

  #of(ident: string): HeldSession[] {
    const held = this.#devices.get(ident);
    if (held === undefined) return [];
    return 'offset' in held ? [held] : [...held];
  }

  /** The one copy of a name that many sessions share. */
  #name(name: string): string {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    // Boot ids come and go for months: what is not in use is forgotten.
    if (this.#names.size >= NAMES_MAX) this.#names.clear();
    this.#names.set(name, name);
    return name;
  }
}

const NAMES_MAX = 10_000;
