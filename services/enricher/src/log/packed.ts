/** A segment of the log: entries as bytes, which grow by appending. */
import type { Reader, Writer } from '../store/bytes.js';
import type { Entry } from './entry.js';
import { CONTEXT_ROOM, ENTRY_BYTES_MAX, fresh, put, putContext, takeContext, walk, type Context } from './pack.js';

/** Room that open segments take their bytes from: a device is open for one batch. */
const ROOM_BYTES = 1 << 18;
const NOTHING = Buffer.alloc(0);
let room: Buffer = NOTHING;
let roomAt = 0;

/** Entries one behind the other. Grows by appending; what was written never changes. */
export class Packed {
  #bytes: Buffer;
  #from: number;
  #end: number;
  /** End of the room for appending. */
  #limit: number;
  #context: Context | null = null;
  count: number;

  /** `bytes` from `from` to `end` are kept as they are: they must not change. */
  constructor(bytes: Buffer = NOTHING, count = 0, from = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#from = from;
    this.#end = end;
    this.#limit = end;
    this.count = count;
  }

  get length(): number {
    return this.#end - this.#from;
  }

  /** What was written so far. A view: copy what is kept. */
  get bytes(): Buffer {
    return this.#bytes.subarray(this.#from, this.#end);
  }

  append(entry: Entry): void {
    const context = this.#ready();
    if (this.#end + ENTRY_BYTES_MAX > this.#limit) this.#move();
    const out = { bytes: this.#bytes, at: this.#end };
    put(out, entry, context);
    this.#end = out.at;
    this.count++;
  }

  entries(): Entry[] {
    const found: Entry[] = [];
    walk(this.bytes, fresh(), (entry) => found.push(entry));
    return found;
  }

  /** Whether the eight bytes of an id stand anywhere: false is sure, true wants a look at the entries. */
  mayHold(id: Buffer): boolean {
    return this.bytes.includes(id);
  }

  /** Writes its entries and where it stands, for `from`: what goes on then need not read what is there. */
  write(out: Writer): void {
    out.room(CONTEXT_ROOM);
    out.unsigned(this.count);
    putContext(out, this.#ready());
    out.blob(this.#bytes, this.#from, this.#end);
  }

  /** Reads what `write` wrote. Its bytes are copied: those of `from` may change. */
  static read(from: Reader): Packed {
    const count = from.unsigned();
    const context = takeContext(from);
    const length = from.unsigned();
    const packed = new Packed(from.bytes, count, from.at, from.at + length);
    from.at += length;
    packed.#move();
    packed.#context = context;
    return packed;
  }

  #ready(): Context {
    if (this.#context !== null) return this.#context;
    this.#context = fresh();
    walk(this.bytes, this.#context, () => undefined);
    return this.#context;
  }

  /** To where there is room for more. */
  #move(): void {
    const { length } = this;
    const wanted = length + Math.max(2 * ENTRY_BYTES_MAX, length >> 1);
    if (roomAt + wanted > room.length) {
      room = Buffer.allocUnsafeSlow(Math.max(ROOM_BYTES, wanted));
      roomAt = 0;
    }
    this.#bytes.copy(room, roomAt, this.#from, this.#end);
    this.#bytes = room;
    this.#from = roomAt;
    this.#end = roomAt + length;
    this.#limit = roomAt += wanted;
  }
}
