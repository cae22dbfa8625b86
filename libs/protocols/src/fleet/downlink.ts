/** Cutting what the server writes: text lines in any chunks. Bounded. */

/** A longer line is dropped: no command is that long. */
export const LINE_BYTES_MAX = 4_096;

/** Collects one text from a start byte to its end byte; what comes between texts is handed to `other`. */
export class TextCutter {
  readonly #starts: (byte: number) => boolean;
  readonly #ends: (byte: number) => boolean;
  #text: string | null = null;

  constructor(starts: (byte: number) => boolean, ends: (byte: number) => boolean) {
    this.#starts = starts;
    this.#ends = ends;
  }

  /** Forgets a text that was begun: the connection is new. */
  reset(): void {
    this.#text = null;
  }

  /** Calls `line` with each whole text (without its end byte), and `other` with each byte outside of texts. */
  push(bytes: Uint8Array, line: (text: string) => void, other: (byte: number) => void): void {
    for (const byte of bytes) {
      if (this.#text === null) {
        if (this.#starts(byte)) this.#text = String.fromCharCode(byte);
        else other(byte);
      } else if (this.#ends(byte)) {
        const text = this.#text;
        this.#text = null;
        line(text);
      } else {
        this.#text += String.fromCharCode(byte);
        if (this.#text.length > LINE_BYTES_MAX) this.#text = null;
      }
    }
  }
}

export const CR = 13;
export const LF = 10;
