/** State records as they are read, until all are there: the device's own record and the parts of its log, in any order. */
export interface RestoredDevice {
  readonly head: Buffer;
  readonly parts: ReadonlyMap<string, Buffer>;
}

const NO_PARTS: ReadonlyMap<string, Buffer> = new Map();

export class Restored {
  readonly #heads = new Map<string, Buffer>();
  readonly #parts = new Map<string, Map<string, Buffer>>();

  /** Null: a tombstone, or a layout that is not read any more. */
  put(ident: string, part: string, payload: Buffer | null): void {
    if (part === '') {
      if (payload === null) this.#heads.delete(ident);
      else this.#heads.set(ident, Buffer.from(payload));
      return;
    }
    let parts = this.#parts.get(ident);
    if (payload === null) {
      parts?.delete(part);
      return;
    }
    if (parts === undefined) this.#parts.set(ident, (parts = new Map<string, Buffer>()));
    parts.set(part, Buffer.from(payload));
  }

  *devices(): Generator<readonly [string, RestoredDevice]> {
    for (const [ident, head] of this.#heads) {
      const parts: ReadonlyMap<string, Buffer> = this.#parts.get(ident) ?? NO_PARTS;
      yield [ident, { head, parts }];
    }
  }
}
