/** Which parts of a log must be written, and which have ended. Most batches change none. */

/** A state record besides the device's own. */
export interface Part {
  readonly part: string;
  readonly payload: Buffer;
}

/** Name of an hour's start, or of one of its segments. */
export const partOf = (hour: number, number?: number): string =>
  number === undefined ? `${hour}` : `${hour}.${number}`;

export class LogChanges {
  #written: Set<string> | null = null;
  #dropped: Set<string> | null = null;

  get none(): boolean {
    return this.#written === null && this.#dropped === null;
  }

  write(hour: number, number?: number): void {
    const part = partOf(hour, number);
    (this.#written ??= new Set()).add(part);
    // It may come back in the batch in which it ended.
    this.#dropped?.delete(part);
  }

  drop(hour: number, number?: number): void {
    const part = partOf(hour, number);
    this.#written?.delete(part);
    (this.#dropped ??= new Set()).add(part);
  }

  isWritten(hour: number, number?: number): boolean {
    return this.#written?.has(partOf(hour, number)) === true;
  }

  /** What has ended; all is as if nothing had changed then. */
  takeDropped(): string[] {
    const dropped = [...(this.#dropped ?? [])];
    this.#written = null;
    this.#dropped = null;
    return dropped;
  }
}
