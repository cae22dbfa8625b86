/**
 * Where one topic-partition stands for its reader. The client's own position is not enough: a rejoin moves it back to the committed
 * offset, and a handler of the generation before may still deliver. So what counts is kept here, and what the client delivers is
 * measured against it.
 */
export class Feed {
  /** What the broker could give us when it last answered; -1: never heard. */
  end = -1;
  /** When the feed was last known to be read to its end, ms of a monotonic clock; null: never. */
  atEndMs: number | null = null;

  constructor(
    readonly topic: string,
    readonly partition: number,
    /** The offset that is wanted next: everything below it has been taken. */
    public next: number,
  ) {}

  /**
   * Judges a fetch that began at `fetchedOffset` and ended at `nextOffset`. `gap`: records between `next` and the fetch would be skipped, seek.
   * Otherwise the feed has moved, and of the fetch's records those at or above `from` are new.
   */
  take(
    fetch: { readonly fetchedOffset: number; readonly nextOffset: number; readonly end: number },
    nowMs: number,
  ): { kind: 'gap' } | { kind: 'ok'; from: number } {
    if (fetch.fetchedOffset > this.next) return { kind: 'gap' };
    const from = this.next;
    this.next = Math.max(this.next, fetch.nextOffset);
    this.end = Math.max(fetch.end, this.next);
    if (this.next >= this.end) this.atEndMs = nowMs;
    return { kind: 'ok', from };
  }
}

/** Key of a topic-partition in maps. */
export const placeKey = (topic: string, partition: number): string => `${topic}/${partition}`;
