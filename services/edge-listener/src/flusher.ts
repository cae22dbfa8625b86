/** What has answers to write. */
export interface Flushable {
  flush(): void;
}

/** Gathers connections whose answers may leave, and flushes them once in a turn of the loop: one write for many answers. */
export class Flusher {
  #dirty: Flushable[] = [];
  add(connection: Flushable): void {
    if (this.#dirty.push(connection) === 1) setImmediate(this.#run);
  }
  readonly #run = (): void => {
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const connection of dirty) connection.flush();
  };
}
