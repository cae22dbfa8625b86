/**
 * Many short byte strings in few large pieces of memory. A string of its own costs the runtime about 300 bytes besides its contents;
 * here it costs a number: its place.
 *
 *   page   PAGE_BYTES, cut into slots of one size; it goes back to the spare ones when its last slot is free
 *   slot   number of bytes (u32), the bytes
 *   place  page × PAGE_BYTES + where the slot begins; never 0
 *
 * What is longer than a quarter of a page has a page for itself.
 */
const PAGE_BYTES = 1 << 16;
const HEADER_BYTES = 4;
/** Slots grow by these steps: little room is lost, and a string that grows a little stays where it is. */
const STEP_BYTES = 32;
const SLOT_BYTES_MAX = PAGE_BYTES >> 2;
/** Empty pages that are kept for what comes next. */
const SPARE_MAX = 8;

interface Page {
  bytes: Buffer;
  slotBytes: number;
  /** Slots that were never used begin here. */
  fresh: number;
  /** Beginnings of slots that are free again. */
  readonly free: number[];
  used: number;
}

const roundUp = (bytes: number): number => {
  // Eighths of the next power of two, but at least a step: about 6 % are lost.
  const step = Math.max(STEP_BYTES, 2 ** (28 - Math.clz32(bytes)));
  return Math.ceil(bytes / step) * step;
};

export class Arena {
  /** From 1. */
  readonly #pages: (Page | undefined)[] = [undefined];
  readonly #vacant: number[] = [];
  /** Pages with room, by size of slot. */
  readonly #open = new Map<number, number[]>();
  readonly #spare: Buffer[] = [];

  /** Keeps a copy of the bytes from `from` to `to`; gives its place. */
  put(source: Uint8Array, from: number, to: number): number {
    const bytes = to - from + HEADER_BYTES;
    const slotBytes = roundUp(bytes);
    const number = slotBytes > SLOT_BYTES_MAX ? this.#page(slotBytes, slotBytes) : this.#withRoom(slotBytes);
    const page = this.#pages[number]!;
    let at = page.free.pop();
    if (at === undefined) {
      at = page.fresh;
      page.fresh += slotBytes;
    }
    page.used++;
    if (page.free.length === 0 && page.fresh + slotBytes > page.bytes.length) this.#close(number, page);
    write(page.bytes, at, source, from, to);
    return number * PAGE_BYTES + at;
  }

  /** The same at the place of an older string, which is gone then; gives its new place. */
  replace(place: number, source: Uint8Array, from: number, to: number): number {
    const page = this.#pages[Math.floor(place / PAGE_BYTES)]!;
    const slotBytes = roundUp(to - from + HEADER_BYTES);
    if (slotBytes !== page.slotBytes) {
      this.free(place);
      return this.put(source, from, to);
    }
    write(page.bytes, place % PAGE_BYTES, source, from, to);
    return place;
  }

  free(place: number): void {
    const number = Math.floor(place / PAGE_BYTES);
    const page = this.#pages[number]!;
    const wasFull = page.free.length === 0 && page.fresh + page.slotBytes > page.bytes.length;
    page.used--;
    page.free.push(place % PAGE_BYTES);
    if (page.used === 0) {
      if (!wasFull) this.#close(number, page);
      if (page.bytes.length === PAGE_BYTES && this.#spare.length < SPARE_MAX) this.#spare.push(page.bytes);
      this.#pages[number] = undefined;
      this.#vacant.push(number);
    } else if (wasFull) this.#opened(page.slotBytes).push(number);
  }

  /** The memory that a place lies in. It may change with the next `put`, `replace` or `free`. */
  bytesOf(place: number): Buffer {
    return this.#pages[Math.floor(place / PAGE_BYTES)]!.bytes;
  }

  /** Where the string of a place begins in that memory. */
  startOf(place: number): number {
    return (place % PAGE_BYTES) + HEADER_BYTES;
  }

  lengthOf(place: number): number {
    const bytes = this.bytesOf(place);
    const at = place % PAGE_BYTES;
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  }

  /** Memory that is taken, spare pages included. */
  get bytes(): number {
    const spare = this.#spare.length * PAGE_BYTES;
    return this.#pages.reduce((sum, page) => sum + (page?.bytes.length ?? 0), spare);
  }

  #withRoom(slotBytes: number): number {
    const open = this.#opened(slotBytes);
    const last = open.at(-1);
    if (last !== undefined) return last;
    const number = this.#page(slotBytes, PAGE_BYTES);
    open.push(number);
    return number;
  }

  #page(slotBytes: number, pageBytes: number): number {
    const bytes = pageBytes === PAGE_BYTES ? (this.#spare.pop() ?? Buffer.allocUnsafeSlow(pageBytes)) : Buffer.allocUnsafeSlow(pageBytes); // prettier-ignore
    const number = this.#vacant.pop() ?? this.#pages.length;
    this.#pages[number] = { bytes, slotBytes, fresh: 0, free: [], used: 0 };
    return number;
  }

  #opened(slotBytes: number): number[] {
    let open = this.#open.get(slotBytes);
    if (open === undefined) this.#open.set(slotBytes, (open = []));
    return open;
  }

  /** It has no room any more. */
  #close(number: number, { slotBytes }: Page): void {
    const open = this.#opened(slotBytes);
    // Mostly the last one, which is filled first.
    const at = open.lastIndexOf(number);
    if (at >= 0) open.splice(at, 1);
  }
}

function write(bytes: Buffer, at: number, source: Uint8Array, from: number, to: number): void {
  const length = to - from;
  bytes[at] = length >>> 24;
  bytes[at + 1] = length >>> 16;
  bytes[at + 2] = length >>> 8;
  bytes[at + 3] = length;
  bytes.set(source.subarray(from, to), at + HEADER_BYTES);
}
