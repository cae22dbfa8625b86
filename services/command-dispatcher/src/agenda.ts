/**
 * Which devices have to be looked at, and when. A command that waits for a device which is away costs one place in a heap, however
 * often the clock ticks: it is looked at when its time is over, when its device has a session, or when an edge comes or goes.
 */

interface Due {
  readonly atUs: number;
  readonly ident: string;
}

export class Agenda {
  /** A binary heap, the earliest first. Its entries may be out of date: `#dueUs` says which are not. */
  readonly #heap: Due[] = [];
  /** Ident → when it is to be looked at next, µs. */
  readonly #dueUs = new Map<string, number>();
  readonly #woken = new Set<string>();

  /** Devices that wait for their time. */
  get size(): number {
    return this.#dueUs.size;
  }
  /** All of them. */
  idents(): IterableIterator<string> {
    return this.#dueUs.keys();
  }

  /** Looks at the device at `atUs`, and not at the time said before; null: not by the clock. */
  set(ident: string, atUs: number | null): void {
    if (atUs === null) {
      this.#dueUs.delete(ident);
      this.#woken.delete(ident);
      if (this.#dueUs.size === 0) this.#heap.length = 0;
      return;
    }
    if (this.#dueUs.get(ident) === atUs) return;
    this.#dueUs.set(ident, atUs);
    this.#push({ atUs, ident });
    if (this.#heap.length > 2 * this.#dueUs.size + HEAP_SPARE) this.#rebuild();
  }

  /** Something has changed for this device. */
  wake(ident: string): void {
    if (this.#dueUs.has(ident)) this.#woken.add(ident);
  }

  /** Devices that were woken, or whose time has come: each is told once, and stays unset until it is set again. */
  take(nowUs: number): readonly string[] {
    const taken = new Set(this.#woken);
    this.#woken.clear();
    for (let head = this.#heap[0]; head !== undefined && head.atUs <= nowUs; head = this.#heap[0]) {
      this.#pop();
      if (this.#dueUs.get(head.ident) === head.atUs) taken.add(head.ident);
    }
    for (const ident of taken) this.#dueUs.delete(ident);
    return [...taken];
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]!.atUs <= due.atUs) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = due;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.atUs < heap[child]!.atUs) child++;
      if (last.atUs <= heap[child]!.atUs) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }

  /** Drops what is out of date, so that times that change often do not fill the heap. */
  #rebuild(): void {
    this.#heap.length = 0;
    for (const [ident, atUs] of this.#dueUs) this.#push({ atUs, ident });
  }
}

/** A small heap is not worth cleaning. */
const HEAP_SPARE = 64;
