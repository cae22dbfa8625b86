/** Throws on one record after which it is dead-lettered. */
export const THROWS_MAX = 2;

interface Suspicion {
  /** Records up to here are given one by one. */
  readonly until: number;
  /** Throws of single records, on top of the one that their batch threw. */
  readonly throws: Map<number, number>;
}

/**
 * Which records of a partition a step threw on. After a batch threw, its records are given one by one, so that the one that it threw on is found; on its
 * second throw it goes to the dead letters, and the others are processed as if it had not been there. Outlives the Task: a new one is made after a throw.
 */
export class Suspects {
  private readonly byTopic = new Map<string, Suspicion>();
  private lastError: unknown = null;

  /** The step threw on these records of one topic. */
  threw(topic: string, offsets: readonly number[], error: unknown): void {
    this.lastError = error;
    const last = offsets[offsets.length - 1];
    if (last === undefined) return;
    const known = this.byTopic.get(topic);
    const throws = known?.throws ?? new Map<number, number>();
    for (const offset of offsets) throws.set(offset, (throws.get(offset) ?? 0) + 1);
    this.byTopic.set(topic, { until: Math.max(last, known?.until ?? -1), throws });
  }

  /** True: something is suspected. */
  get any(): boolean {
    return this.byTopic.size > 0;
  }

  /** True: give this record alone. */
  alone(topic: string, offset: number): boolean {
    const suspicion = this.byTopic.get(topic);
    return suspicion !== undefined && offset <= suspicion.until;
  }

  /** The error of a record that is to be dead-lettered now; null: process it. */
  condemned(topic: string, offset: number): { readonly error: unknown } | null {
    const throws = this.byTopic.get(topic)?.throws.get(offset) ?? 0;
    return throws >= THROWS_MAX ? { error: this.lastError } : null;
  }

  /** Everything up to `offset` is committed: nothing of it comes again. When the bad record is out of the way the rest goes in batches again. */
  settled(topic: string, offset: number): void {
    const suspicion = this.byTopic.get(topic);
    if (suspicion === undefined) return;
    if ((suspicion.throws.get(offset) ?? 0) >= THROWS_MAX) {
      this.byTopic.delete(topic);
      return;
    }
    for (const each of [...suspicion.throws.keys()]) if (each <= offset) suspicion.throws.delete(each);
    if (offset >= suspicion.until) this.byTopic.delete(topic);
  }
}
