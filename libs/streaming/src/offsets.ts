import type { Admin as ClientAdmin } from 'kafkajs';
import { protocolType, StreamError } from './errors.js';

/** First offset and end of each partition, as a `read_committed` reader sees them: the end is below an open transaction. */
export interface LogBounds {
  readonly low: number;
  readonly end: number;
}

/** @throws StreamError `topic_missing` */
export async function logBounds(admin: ClientAdmin, topic: string): Promise<ReadonlyMap<number, LogBounds>> {
  try {
    const offsets = await admin.fetchTopicOffsets(topic);
    if (offsets.length === 0) throw missing(topic);
    return new Map(offsets.map(({ partition, low, high }) => [partition, { low: Number(low), end: Number(high) }]));
  } catch (cause) {
    if (protocolType(cause) === 'UNKNOWN_TOPIC_OR_PARTITION') throw missing(topic, cause);
    throw cause;
  }
}

function missing(topic: string, cause?: unknown): StreamError {
  return new StreamError(
    'topic_missing',
    `Topic ${topic} does not exist; make the topics with \`fleetwire topics apply\``,
    { topic, cause },
  );
}
