import type { ProtocolCounts } from './protocol-counts.js';
import type { CommitListener } from './publisher.js';
import type { Owed } from './replies.js';

/** Where the frame came from: told that its commit is decided. */
export interface Debtor {
  decided(): void;
}

/** A frame under way, from its publication to its answer. A class: one object a frame, no closures. */
export class OwedFrame implements Owed, CommitListener {
  state: Owed['state'] = 'pending';
  readonly bytes: number;
  /** Of a frame that is traced. */
  traceId: string | undefined = undefined;
  constructor(
    readonly debtor: Debtor,
    readonly frame: Buffer,
    readonly reply: Uint8Array | null,
    /** Monotonic. */
    readonly receivedMs: number,
    readonly ageMaxMs: number | null,
    /** What its bytes count as once it is committed. */
    readonly outcome: 'data' | 'control' | 'dead_lettered',
    readonly counts: ProtocolCounts,
  ) {
    this.bytes = frame.length;
  }
  traced(traceId: string): void {
    this.traceId = traceId;
  }
  committed(): void {
    this.state = 'committed';
    this.debtor.decided();
  }
  failed(): void {
    this.state = 'failed';
    this.debtor.decided();
  }
}
