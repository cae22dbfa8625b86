import type { Admin as ClientAdmin } from 'kafkajs';
import { protocolType, StreamError } from './errors.js';

/** A topic that was just made is not in every broker's metadata at once. */
const TOPIC_SEEN_TIMEOUT_MS = 3_000;
const TOPIC_SEEN_POLL_MS = 100;

/** First offset and end of each partition, as a `read_committed` reader sees them: the end is below an open transaction. */
export interface LogBounds {
  readonly low: number;
  readonly end: number;
}

/** @throws StreamError `topic_missing` */
export async function logBounds(admin: ClientAdmin, topic: string): Promise<ReadonlyMap<number, LogBounds>> {
  try {
    const offsets = await admin.fetchTopicOffsets(topic);
    if (offsets.length === 0) throw missing([topic]);
    return new Map(offsets.map(({ partition, low, high }) => [partition, { low: Number(low), end: Number(high) }]));
  } catch (cause) {
    if (protocolType(cause) === 'UNKNOWN_TOPIC_OR_PARTITION') throw missing([topic], cause);
    throw cause;
  }
}

/** Fails soon and by name where a topic is not there; the client would ask for it again and again. @throws StreamError `topic_missing` */
export async function requireTopics(admin: ClientAdmin, topics: readonly string[]): Promise<void> {
  const deadline = performance.now() + TOPIC_SEEN_TIMEOUT_MS;
  for (;;) {
    const present = new Set(await admin.listTopics());
    const absent = topics.filter((topic) => !present.has(topic));
    if (absent.length === 0) return;
    if (performance.now() > deadline) throw missing(absent);
    await new Promise((resolve) => setTimeout(resolve, TOPIC_SEEN_POLL_MS));
  }
}

function missing(topics: readonly string[], cause?: unknown): StreamError {
  const message = `No such topic: ${topics.join(', ')}; make the topics with \`fleetwire topics apply\``;
  const [topic] = topics;
  return new StreamError('topic_missing', message, { cause, ...(topic === undefined ? {} : { topic }) });
}
