import { randomUUID } from 'node:crypto';
import type { Kafka } from 'kafkajs';
import { exactly } from './assigner.js';
import { withDeadline } from './deadline.js';
import { errorFields, StreamError } from './errors.js';
import { Feed } from './feed.js';
import { Group } from './group.js';
import { logBounds, requireTopics } from './offsets.js';
import type { InRecord, StreamLog } from './ports.js';
import { positionOf, toInRecord } from './records.js';

/** Most offsets of one call: they are collected in memory. */
export const FETCH_AT_OFFSETS_MAX = 1_000;
const TIMEOUT_MS = 60_000;
/** Up to so many records in between are read past; further, the reader seeks. */
const READ_PAST_MAX = 1_000;

/** The committed records at these offsets, in order, without those that are gone. @throws StreamError */
export async function fetchAt(
  client: Kafka,
  clientId: string,
  topic: string,
  partition: number,
  offsets: readonly number[],
  log: StreamLog,
): Promise<InRecord[]> {
  if (offsets.length > FETCH_AT_OFFSETS_MAX) {
    throw new StreamError(
      'bad_options',
      `fetchAt takes at most ${FETCH_AT_OFFSETS_MAX} offsets, not ${offsets.length}`,
    );
  }
  const admin = client.admin();
  await admin.connect();
  let bound;
  try {
    await requireTopics(admin, [topic]);
    bound = (await logBounds(admin, topic)).get(partition);
  } finally {
    await admin.disconnect();
  }
  if (bound === undefined)
    throw new StreamError('topic_missing', `Topic ${topic} has no partition ${partition}`, { topic, partition });
  const { low, end } = bound;
  const wanted = [...new Set(offsets)].filter((offset) => offset >= low && offset < end).sort((a, b) => a - b);
  if (wanted.length === 0) return [];

  const records: InRecord[] = [];
  const feed = new Feed(topic, partition, wanted[0]!);
  let at = 0;
  let finish: (error?: Error) => void = () => undefined;
  const finished = new Promise<void>((resolve, reject) => {
    finish = (error) => (error === undefined ? resolve() : reject(error));
  });
  const group = new Group(client, {
    groupId: `${clientId}-${randomUUID()}`,
    topics: [topic],
    assigner: exactly(new Map([[topic, [partition]]])),
    log,
    handlers: {
      joined: () => group.seek(topic, partition, feed.next),
      fetched: (fetch) => {
        if (feed.take(fetch, performance.now()).kind === 'gap') {
          group.seek(topic, partition, feed.next);
          return false;
        }
        for (const message of fetch.messages) {
          const offset = positionOf(message);
          while (at < wanted.length && wanted[at]! < offset) at++;
          if (wanted[at] === offset) records.push(toInRecord(topic, partition, message));
        }
        while (at < wanted.length && wanted[at]! < feed.next) at++;
        const next = wanted[at];
        if (next === undefined) finish();
        else if (next - feed.next > READ_PAST_MAX) {
          feed.next = next;
          group.seek(topic, partition, next);
        }
        return true;
      },
      outOfRange: (_topic, _partition, offset) =>
        finish(
          new StreamError(
            'offset_out_of_range',
            `Offset ${offset} of ${topic}/${partition} went out of the log while it was read`,
            { retriable: true },
          ),
        ),
      rebalancing: () => undefined,
      crashed: (error, restarts) => {
        if (!restarts)
          finish(
            new StreamError('consumer_crashed', `Reading ${topic}/${partition} ended: ${error.message}`, {
              retriable: true,
              cause: error,
            }),
          );
      },
    },
  });
  try {
    await group.run();
    await withDeadline(finished, TIMEOUT_MS, `reading ${wanted.length} records of ${topic}/${partition}`);
  } catch (cause) {
    if (cause instanceof StreamError) throw cause;
    throw new StreamError('consumer_crashed', errorFields(cause).error.message, { retriable: true, cause });
  } finally {
    await group.stop();
  }
  return records;
}
