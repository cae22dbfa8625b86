/** Reads a topic from one of its ends until told to stop. */
import type { Codec, SchemaTopic } from '@fleetwire/schemas';
import type { Streams } from '@fleetwire/streaming';
import { Intake } from './intake.js';

export interface FollowOptions {
  readonly topic: SchemaTopic;
  readonly from: 'beginning' | 'end';
  readonly idleMs?: number;
  readonly signal: AbortSignal;
  /** Called in order; return false to stop. */
  readonly onRecord: (rendered: Record<string, unknown>) => boolean;
}

/** Ends when `onRecord` says so, after the silence, or when the signal aborts. Rejects with what Kafka or the registry threw. */
export async function follow(streams: Streams, codec: Codec, options: FollowOptions): Promise<void> {
  const intake = new Intake(codec, options.topic, options.onRecord);
  await streams.read({
    topics: [options.topic],
    from: options.from,
    ...(options.idleMs !== undefined && { idleMs: options.idleMs }),
    signal: options.signal,
    onRecord: (record) => intake.push(record),
  });
  await intake.settled();
}
