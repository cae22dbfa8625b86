import type { ProtocolId } from '@fleetwire/protocols';
import type { Count, Level, Observed } from '@fleetwire/service';
import { FRAME_RESULTS, type EdgeMetrics, type FrameResult } from './metrics.js';

const MADE = new WeakMap<EdgeMetrics, Map<ProtocolId | null, ProtocolCounts>>();

/** The handles of one protocol, looked up once: a frame costs additions. */
export class ProtocolCounts {
  readonly protocol: ProtocolId | null;
  readonly ackLatency: Observed;
  readonly #frames: Readonly<Record<FrameResult, Count>>;
  readonly #open: Readonly<Record<'tcp' | 'udp', Level>>;

  private constructor(metrics: EdgeMetrics, protocol: ProtocolId | null) {
    const label = protocol ?? 'unknown';
    this.protocol = protocol;
    this.ackLatency = metrics.ackLatency.of({ protocol: label });
    const frames = FRAME_RESULTS.map((result) => [result, metrics.frames.of({ protocol: label, result })] as const);
    this.#frames = Object.fromEntries(frames) as Record<FrameResult, Count>; // Every result is in the list.
    this.#open = {
      tcp: metrics.connections.of({ transport: 'tcp', protocol: label }),
      udp: metrics.connections.of({ transport: 'udp', protocol: label }),
    };
  }

  /** Null: not known yet. */
  static of(metrics: EdgeMetrics, protocol: ProtocolId | null): ProtocolCounts {
    const made = MADE.get(metrics) ?? new Map<ProtocolId | null, ProtocolCounts>();
    MADE.set(metrics, made);
    let counts = made.get(protocol);
    if (counts === undefined) made.set(protocol, (counts = new ProtocolCounts(metrics, protocol)));
    return counts;
  }

  frame(result: FrameResult): Count {
    return this.#frames[result];
  }
  open(transport: 'tcp' | 'udp'): Level {
    return this.#open[transport];
  }
}
