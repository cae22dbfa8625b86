/** The last reports that were not folded (too old, or from the future), so that a repeat of one is known: id (8 bytes) and revision. */
import type { Reader } from '../store/bytes.js';
import type { Entry } from './entry.js';

/** Older ones are forgotten; a repeat then comes out again with the same message_id and revision. */
export const RING_MAX = 64;
const ITEM_BYTES = 9;
const NOTHING = Buffer.alloc(0);

export class Ring {
  bytes: Buffer = NOTHING;

  /** A view of what `from` holds: it is never written over here. */
  read(from: Reader): void {
    const bytes = from.blob();
    if (bytes.length > 0) this.bytes = bytes;
  }

  /** Highest revision of the report that is known; −1: it is not. */
  revisionOf(entry: Entry): number {
    const at = this.#find(entry);
    return at < 0 ? -1 : this.bytes[at + 8]!;
  }

  add(entry: Entry): void {
    const at = this.#find(entry);
    if (at >= 0) {
      this.bytes = Buffer.from(this.bytes);
      this.bytes[at + 8] = entry.revision;
      return;
    }
    const kept = this.bytes.length >= RING_MAX * ITEM_BYTES ? this.bytes.subarray(ITEM_BYTES) : this.bytes;
    const next = Buffer.alloc(kept.length + ITEM_BYTES);
    kept.copy(next);
    next.writeUInt32BE(entry.idHigh, kept.length);
    next.writeUInt32BE(entry.idLow, kept.length + 4);
    next[kept.length + 8] = entry.revision;
    this.bytes = next;
  }

  #find({ idHigh, idLow }: Entry): number {
    for (let at = 0; at < this.bytes.length; at += ITEM_BYTES)
      if (this.bytes.readUInt32BE(at) === idHigh && this.bytes.readUInt32BE(at + 4) === idLow) return at;
    return -1;
  }
}
