/**
 * Which devices are connected, from `device-sessions`: one record for each device and edge process, a tombstone when it ends.
 * A device is online while it has a session; a frame after the end of the last one makes it online too, because its new session
 * record may come later than its frame.
 */

interface Sessions {
  readonly edges: Set<string>;
  /** Kafka time of the last tombstone, µs. */
  endedAtUs: number;
}

export class Presence {
  readonly #devices = new Map<string, Sessions>();
  /** Devices whose sessions changed since the last take. */
  #changed = new Set<string>();

  begin(ident: string, edge: string): void {
    let sessions = this.#devices.get(ident);
    if (sessions === undefined) this.#devices.set(ident, (sessions = { edges: new Set(), endedAtUs: 0 }));
    if (!sessions.edges.has(edge)) this.#changed.add(ident);
    sessions.edges.add(edge);
  }

  end(ident: string, edge: string, atUs: number): void {
    const sessions = this.#devices.get(ident);
    if (sessions === undefined || !sessions.edges.delete(edge)) return;
    sessions.endedAtUs = Math.max(sessions.endedAtUs, atUs);
    this.#changed.add(ident);
  }

  /** Whether the device is connected, when its last frame came at `lastSeenUs`; null: nothing is known of it. */
  online(ident: string, lastSeenUs: number): boolean | null {
    const sessions = this.#devices.get(ident);
    if (sessions === undefined) return lastSeenUs > 0 ? true : null;
    return sessions.edges.size > 0 || lastSeenUs > sessions.endedAtUs;
  }

  takeChanged(): ReadonlySet<string> {
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }
}
