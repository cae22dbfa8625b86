/**
 * Answers that a connection owes, in the order of its frames.
 *
 * - An answer leaves only after the commit of its frame and after every answer before it.
 * - A copy of a frame whose answer has not left yet shares that one answer.
 * - On datagrams, a copy of a frame that was answered less than `ageMaxMs` ago is the network's doubling, not the device's re-send: where
 *   the answer names no frame, a second one would confirm a packet that never came.
 * - An answer older than its `ageMaxMs` is never sent: the device has sent again and would take it for the next packet.
 * - After a failed commit or an answer too old nothing more is sent where order carries meaning (TCP); datagrams stand alone.
 */

/** A frame that waits for its commit, and what the device is owed for it. */
export interface Owed {
  /** The frame, for the comparison with copies. */
  readonly frame: Uint8Array;
  readonly reply: Uint8Array | null;
  /** Monotonic, when the last byte arrived. */
  readonly receivedMs: number;
  /** Null: the answer names its frame, so its age does not matter. */
  readonly ageMaxMs: number | null;
  state: 'pending' | 'committed' | 'failed';
}

/** What came of a frame, told once, in order. */
export type ReplyResult = 'acked' | 'stored' | 'unanswered' | 'nacked';

export interface ReplySink<T extends Owed> {
  settled(owed: T, result: ReplyResult): void;
}

/** Answered frames that a datagram's sender may still double; more are forgotten, oldest first. */
const ANSWERED_MAX = 8;

export class ReplyQueue<T extends Owed> {
  readonly #ordered: boolean;
  #queue: T[] = [];
  /** Hashes of the frames in #queue. */
  #hashes: number[] = [];
  #head = 0;
  /**
   * The newest frame of each hash: a backlog of thousands of small frames in one read must not be compared with each other. A
   * collision only hides an older frame's copy, and is not worth an attacker's while: it costs nothing.
   */
  readonly #byHash = new Map<number, T>();
  #broken = false;
  /** Of datagrams with nameless answers: answered, and younger than the device's own re-send can be. */
  #answered: T[] = [];

  /** `ordered`: a stream, whose answers have no meaning once one is missing. */
  constructor(ordered: boolean) {
    this.#ordered = ordered;
  }

  /** Frames without a result yet. */
  get length(): number {
    return this.#queue.length - this.#head;
  }
  /** True: an answer is missing in the stream; the connection must be closed. */
  get broken(): boolean {
    return this.#broken;
  }

  push(owed: T): void {
    const hash = hashOf(owed.frame);
    this.#queue.push(owed);
    this.#hashes.push(hash);
    this.#byHash.set(hash, owed);
  }

  /** Does a frame with the same bytes have its answer coming, or just had it? */
  hasCopy(frame: Uint8Array, nowMs: number): boolean {
    for (const owed of this.#answered)
      if (nowMs - owed.receivedMs <= (owed.ageMaxMs ?? 0) && same(owed.frame, frame)) return true;
    if (this.#byHash.size === 0) return false;
    const owed = this.#byHash.get(hashOf(frame));
    // Committed counts too: its answer has not left yet.
    return owed !== undefined && owed.state !== 'failed' && same(owed.frame, frame);
  }

  /**
   * Takes every frame that can have its result now. Returns the answers to write, in order; `writable` false: the connection is
   * gone. The caller writes them before it does anything else.
   */
  flush(nowMs: number, writable: boolean, sink: ReplySink<T>): readonly Uint8Array[] {
    let writes: Uint8Array[] | null = null;
    while (this.#head < this.#queue.length) {
      const owed = this.#queue[this.#head]!;
      if (owed.state === 'pending') break;
      const hash = this.#hashes[this.#head]!;
      if (this.#byHash.get(hash) === owed) this.#byHash.delete(hash);
      this.#head++;
      const result = this.#resultOf(owed, nowMs, writable);
      if (result === 'acked' && owed.reply !== null) {
        (writes ??= []).push(owed.reply);
        if (!this.#ordered && owed.ageMaxMs !== null) this.#answered = [...this.#answered, owed].slice(-ANSWERED_MAX);
      }
      sink.settled(owed, result);
    }
    if (this.#head === this.#queue.length) {
      this.#queue.length = 0;
      this.#hashes.length = 0;
      this.#head = 0;
    } else if (this.#head > 1024) {
      this.#queue = this.#queue.slice(this.#head);
      this.#hashes = this.#hashes.slice(this.#head);
      this.#head = 0;
    }
    return writes ?? NONE;
  }

  #resultOf(owed: T, nowMs: number, writable: boolean): ReplyResult {
    if (owed.state === 'failed') {
      this.#broken ||= this.#ordered;
      return 'nacked';
    }
    if (owed.reply === null) return 'stored';
    if (this.#broken || !writable) return 'unanswered';
    if (owed.ageMaxMs !== null && nowMs - owed.receivedMs > owed.ageMaxMs) {
      this.#broken ||= this.#ordered;
      return 'unanswered';
    }
    return 'acked';
  }
}

const NONE: readonly Uint8Array[] = [];

/** FNV-1a, 32 bits. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
