/** What the shared port took a connection for, and which bytes said so: a count, and a log line that is limited in rate. */
import type { Detected, Transport } from '@fleetwire/protocols';
import { RepeatLimiter, type Logger } from '@fleetwire/service';
import type { EdgeMetrics } from './metrics.js';

/** One line for a protocol and cause in that time; the rest is debug, and counted. */
const LOG_EVERY_MS = 60_000;
/** Deciding bytes that are shown: enough for any prefix, too few for an identity and a position. */
const SHOWN_BYTES_MAX = 8;

export class Explainer {
  readonly #metrics: EdgeMetrics;
  readonly #log: Logger;
  readonly #limiter: RepeatLimiter;

  constructor(metrics: EdgeMetrics, log: Logger, limiter = new RepeatLimiter(LOG_EVERY_MS)) {
    this.#metrics = metrics;
    this.#log = log;
    this.#limiter = limiter;
  }

  /** `first`: the first bytes of the connection, from its first byte on. */
  decided(
    detected: Detected | null,
    first: Uint8Array,
    connection: { readonly transport: Transport; readonly number: number; readonly listenerName: string },
  ): void {
    const protocol = detected?.protocol ?? 'none';
    this.#metrics.detections.of({ transport: connection.transport, protocol }).inc();
    const because = detected?.because ?? 'no protocol knows these bytes';
    const suppressed = this.#limiter.allow(`${connection.transport} ${protocol} ${because}`);
    const level = suppressed === null ? 'debug' : 'info';
    if (!this.#log.isLevelEnabled(level)) return;
    const start = detected?.start ?? 0;
    const end = Math.min(detected?.end ?? first.length, start + SHOWN_BYTES_MAX, first.length);
    this.#log[level](
      {
        transport: connection.transport,
        listener: connection.listenerName,
        connection: connection.number,
        protocol,
        because,
        deciding_bytes: `${start}..${detected?.end ?? end}`,
        bytes: Buffer.from(first.subarray(start, end)).toString('hex'),
        ...(suppressed !== null && { suppressed }),
      },
      'The protocol of a connection was detected from its first bytes.',
    );
  }
}
