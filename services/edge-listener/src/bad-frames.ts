/** What of a connection was no good frame: counted, dead-lettered within the rate, and too many in a row end it. */
import type { ProtocolId, RejectReason } from '@fleetwire/protocols';
import type { DeadLetter } from '@fleetwire/schemas';
import type { ConnectionDeps } from './connection-deps.js';
import type { BadBytes, Origin } from './dead-letters.js';

export class BadFrames {
  readonly #deps: Pick<ConnectionDeps, 'deadLetters' | 'metrics' | 'badFramesMax'>;
  readonly #origin: Origin;
  #inRow = 0;

  constructor(deps: Pick<ConnectionDeps, 'deadLetters' | 'metrics' | 'badFramesMax'>, origin: Origin) {
    this.#deps = deps;
    this.#origin = origin;
  }

  good(): void {
    this.#inRow = 0;
  }
  /** True: too many in a row. */
  another(): boolean {
    return ++this.#inRow >= this.#deps.badFramesMax;
  }

  count(protocol: ProtocolId | null, reason: RejectReason): void {
    this.#deps.metrics.rejected.of({ protocol: protocol ?? 'unknown', reason }).inc();
  }

  /** Counts it, and makes its dead letter; null: beyond the rate. `must`: it is answered, so its bytes must be kept. */
  letter(bad: BadBytes, must: boolean, wallMs: number, monotonicMs: number): DeadLetter | null {
    this.count(bad.protocol, bad.reason);
    const letter = this.#deps.deadLetters.make(this.#origin, bad, must, wallMs, monotonicMs);
    if (letter !== null) this.#deps.metrics.deadLetters.of({ stage: 'edge-listener', reason: bad.reason }).inc();
    return letter;
  }
}
