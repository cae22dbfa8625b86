/** Source addresses that spoke lately, each with its connection: bounded, the one silent for longest goes first. */
import type { Connection } from './connection.js';

export class UdpSessions {
  readonly #max: number;
  readonly #idleMs: number;
  /** `address port listener` → connection, in the order of the last datagram. */
  readonly #sources = new Map<string, Connection>();

  constructor(max: number, idleMs: number) {
    this.#max = max;
    this.#idleMs = idleMs;
  }

  get size(): number {
    return this.#sources.size;
  }
  all(): IterableIterator<Connection> {
    return this.#sources.values();
  }

  /** The connection of a source; made when it is new. */
  of(key: string, make: () => Connection): Connection {
    const known = this.#sources.get(key);
    if (known !== undefined && !known.closed) {
      this.#sources.delete(key);
      this.#sources.set(key, known);
      return known;
    }
    this.#sources.delete(key);
    if (this.#sources.size >= this.#max) this.#endOldest();
    const made = make();
    this.#sources.set(key, made);
    return made;
  }

  /** Forgets who was silent for too long, and who has ended. */
  sweep(nowMs: number): void {
    for (const [key, connection] of this.#sources) {
      if (connection.closed) this.#sources.delete(key);
      else if (nowMs - connection.heardMs > this.#idleMs) connection.finish('expired');
      else break; // In the order of the last datagram: the rest is younger.
    }
  }

  forget(key: string): void {
    this.#sources.delete(key);
  }

  #endOldest(): void {
    const oldest = this.#sources.entries().next();
    if (oldest.done === true) return;
    const [key, connection] = oldest.value;
    this.#sources.delete(key);
    // Answers under way are still sent: the connection only takes nothing new.
    connection.finish('expired');
  }
}
