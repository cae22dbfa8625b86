/**
 * Memory that values are encoded into: one large piece after another, so that a value costs no allocation of its own.
 * Handed-out parts are never written again; a piece lives as long as any part of it, so what is kept for long is copied.
 */
export const SLAB_BYTES = 1 << 20;
/** Far beyond what any topic takes. */
const VALUE_BYTES_MAX = 1 << 28;

/**
 * Writes at `at`; the new end, or a negative number when there is too little room (the missing bytes). `view` is over the same
 * memory, from the same start.
 */
export type Write = (into: Buffer, at: number, view: DataView) => number;

const viewOf = (buffer: Buffer): DataView => new DataView(buffer.buffer, buffer.byteOffset, buffer.length);

export class Slab {
  #buffer: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #view: DataView = viewOf(this.#buffer);
  #at = 0;

  /** The bytes that `write` wrote, in this piece, a new one, or one of their own when they are larger than a piece. */
  take(write: Write): Buffer {
    let end = write(this.#buffer, this.#at, this.#view);
    if (end < 0) {
      const missing = -end;
      // A first try at the start of an empty piece fails only for want of room in any piece.
      if (this.#at > 0) {
        this.#buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
        this.#view = viewOf(this.#buffer);
        this.#at = 0;
        end = write(this.#buffer, 0, this.#view);
      }
      // A writer may learn what it needs part by part.
      for (let room = SLAB_BYTES + Math.max(missing, -end); end < 0; room += SLAB_BYTES - end) {
        if (room > VALUE_BYTES_MAX) throw new Error(`a value of more than ${VALUE_BYTES_MAX} bytes`);
        const own = Buffer.allocUnsafeSlow(room);
        end = write(own, 0, viewOf(own));
        if (end >= 0) return own.subarray(0, end);
      }
    }
    const bytes = this.#buffer.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }
}
