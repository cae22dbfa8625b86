/** What devices recorded and what they were told is safe, against what the topics hold. */

/** What a comparison found; all zero is the promise kept. */
export interface Findings {
  /** Acknowledged and not in raw-frames: broken promise 1. */
  readonly lostRaw: readonly string[];
  /** Acknowledged and not in telemetry-enriched. */
  readonly lostEnriched: readonly string[];
  /** Reports that are in telemetry-enriched more than once: broken promise 3. */
  readonly doubled: readonly string[];
  /** (message_id, revision) that is there more than once. */
  readonly repeatedIds: readonly string[];
  /** Reports of a device that came out in another order than it recorded them. */
  readonly outOfOrder: readonly string[];
  /** What no device ever recorded. */
  readonly invented: readonly string[];
}

/** One record of telemetry-enriched, as far as the ledger reads it. */
export interface EnrichedRow {
  readonly key: string;
  readonly ident: string;
  readonly time: number;
  readonly messageId: string;
  readonly revision: number;
}

export class Ledger {
  readonly #recorded = new Set<string>();
  readonly #acknowledged = new Set<string>();
  readonly #ackMs: number[] = [];
  readonly strangeAnswers: string[] = [];
  resends = 0;
  strays = 0;

  recorded(key: string): void {
    this.#recorded.add(key);
  }
  acknowledged(key: string, ms: number): void {
    this.#acknowledged.add(key);
    this.#ackMs.push(ms);
  }
  resent(): void {
    this.resends++;
  }
  strayAnswer(): void {
    this.strays++;
  }
  strange(what: string): void {
    this.strangeAnswers.push(what);
  }

  get recordedCount(): number {
    return this.#recorded.size;
  }
  get acknowledgedCount(): number {
    return this.#acknowledged.size;
  }

  /** `ordered`: devices never re-sent across connections, so that order of recording is the order of arrival. */
  compare(rawKeys: ReadonlySet<string>, enriched: readonly EnrichedRow[], ordered: boolean): Findings {
    const count = new Map<string, number>();
    const ids = new Map<string, number>();
    const lastTime = new Map<string, number>();
    const outOfOrder: string[] = [];
    for (const row of enriched) {
      count.set(row.key, (count.get(row.key) ?? 0) + 1);
      const id = `${row.messageId}/${row.revision}`;
      ids.set(id, (ids.get(id) ?? 0) + 1);
      if (ordered && row.time < (lastTime.get(row.ident) ?? 0)) outOfOrder.push(row.key);
      lastTime.set(row.ident, Math.max(row.time, lastTime.get(row.ident) ?? 0));
    }
    const repeated = (counts: Map<string, number>): string[] =>
      [...counts].filter(([, n]) => n > 1).map(([key]) => key);
    return {
      lostRaw: [...this.#acknowledged].filter((key) => !rawKeys.has(key)),
      lostEnriched: [...this.#acknowledged].filter((key) => !count.has(key)),
      doubled: repeated(count),
      repeatedIds: repeated(ids),
      outOfOrder,
      invented: [...count.keys()].filter((key) => !this.#recorded.has(key)),
    };
  }
}

/** The promise, as an expectation: every list empty. */
export const KEPT: Findings = {
  lostRaw: [],
  lostEnriched: [],
  doubled: [],
  repeatedIds: [],
  outOfOrder: [],
  invented: [],
};
