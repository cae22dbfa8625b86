import { errorFields } from './errors.js';
import { placeKey } from './feed.js';
import type { StreamLog } from './ports.js';

/** How often noted offsets are committed: what a crash repeats at most, beyond the batches under way. */
const COMMIT_INTERVAL_MS = 500;

interface Offset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** Offsets of an at-least-once group, committed together. Each stands for outputs that are committed already. */
export class Committer {
  private noted = new Map<string, Offset>();
  private timer: NodeJS.Timeout | null = null;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly commit: (offsets: readonly Offset[]) => Promise<void>,
    private readonly log: StreamLog,
  ) {}

  note(offset: Offset): void {
    this.noted.set(placeKey(offset.topic, offset.partition), offset);
    this.timer ??= setTimeout(() => void this.flush(), COMMIT_INTERVAL_MS);
  }

  /** The partition belongs to another member now. */
  forget(partition: number): void {
    for (const [key, offset] of this.noted) if (offset.partition === partition) this.noted.delete(key);
  }

  /** Commits what is noted. A failure is not told: the offsets stay noted, and what is not committed is read again. */
  flush(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.running = this.running.then(async () => {
      const batch = this.noted;
      if (batch.size === 0) return;
      this.noted = new Map();
      try {
        await this.commit([...batch.values()]);
      } catch (error) {
        this.log.debug(errorFields(error), 'offsets were not committed, they will be again');
        for (const offset of batch.values())
          if (!this.noted.has(placeKey(offset.topic, offset.partition))) this.note(offset);
      }
    });
    return this.running;
  }

  /** No timers after this. */
  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.noted.clear();
  }
}
