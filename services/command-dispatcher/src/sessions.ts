/**
 * Which edge process holds which device. The newest session record of a device by offset is the current one: the log's order is
 * the epoch, no clock decides, and a late tombstone of an older holder can not hide a newer one.
 */
import type { Session } from '@fleetwire/schemas';

export interface HeldSession {
  readonly session: Session;
  readonly offset: number;
}

export class Sessions {
  readonly #devices = new Map<string, Map<string, HeldSession>>();

  put(ident: string, bootId: string, session: Session | null, offset: number): void {
    let edges = this.#devices.get(ident);
    if (session === null) {
      edges?.delete(bootId);
      if (edges?.size === 0) this.#devices.delete(ident);
      return;
    }
    if (edges === undefined) this.#devices.set(ident, (edges = new Map<string, HeldSession>()));
    edges.set(bootId, { session, offset });
  }

  /** Number of the connection by which this edge process holds the device; null: it does not. */
  connectionOf(ident: string, bootId: string): number | null {
    return this.#devices.get(ident)?.get(bootId)?.session.connection ?? null;
  }

  /** The current session among those whose edge lives. */
  current(ident: string, alive: (bootId: string) => boolean): HeldSession | null {
    let newest: HeldSession | null = null;
    for (const held of this.#devices.get(ident)?.values() ?? [])
      if (alive(held.session.boot_id) && (newest === null || held.offset > newest.offset)) newest = held;
    return newest;
  }

  /** Sessions of edges for which `gone` holds, at most `max`. */
  of(gone: (bootId: string) => boolean, max: number): { readonly ident: string; readonly bootId: string }[] {
    const found: { ident: string; bootId: string }[] = [];
    for (const [ident, edges] of this.#devices)
      for (const bootId of edges.keys())
        if (gone(bootId)) {
          found.push({ ident, bootId });
          if (found.length >= max) return found;
        }
    return found;
  }
}
