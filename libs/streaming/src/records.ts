import type { Message } from 'kafkajs';
import { partitionOf } from './partition.js';
import type { InRecord, OutRecord, Placed } from './ports.js';

/** Length of a record on the wire beyond key, value and headers: lengths, deltas, attributes. */
const RECORD_OVERHEAD_BYTES = 32;

/** About what a record takes in a request. */
export function recordBytes(record: Pick<OutRecord, 'key' | 'value' | 'headers'>): number {
  let bytes = RECORD_OVERHEAD_BYTES + (record.value?.length ?? 0) + (record.key?.length ?? 0);
  const { headers } = record;
  if (headers !== undefined) for (const name in headers) bytes += name.length + headers[name]!.length + 4;
  return bytes;
}

/** A record on its way through the client, which notes the partition that was chosen for it. */
export class OutMessage implements Message {
  readonly key: Buffer | string | null;
  readonly value: Buffer | null;
  /** ms; the patched client takes the number. */
  readonly time: number;
  readonly headers?: Record<string, string | Buffer>;
  readonly topic: string;
  readonly wanted: number | undefined;
  readonly partitionKey: string | Buffer | null;
  chosen = -1;

  get timestamp(): string {
    return String(this.time);
  }

  /** `wanted`: the partition, whatever the record says. */
  constructor(record: OutRecord, nowMs: number, wanted = record.partition) {
    this.topic = record.topic;
    this.key = record.key;
    this.value = record.value;
    this.time = record.timestampMs ?? nowMs;
    // Not copied: frozen ones are encoded once for all records that share them.
    if (record.headers !== undefined) this.headers = record.headers;
    this.wanted = wanted;
    this.partitionKey = record.partitionKey ?? record.key;
  }
}

/** What the client calls to choose a partition: once a send, which the patch sees to. */
export function choosePartition(message: Message, partitionCount: number): number {
  if (!(message instanceof OutMessage)) throw new TypeError('Only records of this library go through its producers');
  if (message.wanted !== undefined) message.chosen = message.wanted;
  else if (message.partitionKey !== null) message.chosen = partitionOf(message.partitionKey, partitionCount);
  else throw new TypeError(`A record for ${message.topic} has neither key nor partition; give one of them`);
  return message.chosen;
}

/** Messages by topic, in order. */
export function byTopic(messages: readonly OutMessage[]): { topic: string; messages: OutMessage[] }[] {
  const topics = new Map<string, OutMessage[]>();
  for (const message of messages) {
    const list = topics.get(message.topic);
    if (list === undefined) topics.set(message.topic, [message]);
    else list.push(message);
  }
  return [...topics].map(([topic, list]) => ({ topic, messages: list }));
}

interface Acknowledgement {
  readonly topicName: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly baseOffset?: string;
}

/**
 * Where each message stands, from the broker's answers. null when a partition that was written to is not among them, or with an error:
 * then nothing may be acknowledged.
 */
export function placeAll(messages: readonly OutMessage[], answers: readonly Acknowledgement[]): Placed[] | null {
  const next = new Map<string, Map<number, number>>();
  for (const { topicName, partition, errorCode, baseOffset } of answers) {
    if (errorCode !== 0 || baseOffset === undefined) return null;
    const partitions = next.get(topicName);
    if (partitions === undefined) next.set(topicName, new Map([[partition, Number(baseOffset)]]));
    else partitions.set(partition, Number(baseOffset));
  }
  const placed: Placed[] = [];
  for (const { topic, chosen: partition } of messages) {
    const partitions = next.get(topic);
    const offset = partitions?.get(partition);
    if (partitions === undefined || offset === undefined || offset < 0) return null;
    partitions.set(partition, offset + 1);
    placed.push({ topic, partition, offset });
  }
  return placed;
}

/** Cuts a list so that each part stays below `bytesMax`; a record that is longer stands alone. */
export function chunkByBytes<T>(items: readonly T[], bytesMax: number, bytesOf: (item: T) => number): T[][] {
  const chunks: T[][] = [];
  let chunk: T[] = [];
  let bytes = 0;
  for (const item of items) {
    const more = bytesOf(item);
    if (chunk.length > 0 && bytes + more > bytesMax) {
      chunks.push(chunk);
      chunk = [];
      bytes = 0;
    }
    chunk.push(item);
    bytes += more;
  }
  if (chunk.length > 0) chunks.push(chunk);
  return chunks;
}

/** What the client hands over for a record read. */
export interface ReadMessage {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestamp: string;
  readonly offset: string;
  /** Offset and timestamp as numbers, from record batches; the old message sets have only strings. */
  readonly position?: number;
  readonly time?: number;
  readonly headers?: Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>;
}

const NO_HEADERS: Readonly<Record<string, Buffer | undefined>> = Object.freeze({});

/** The offset of a message, without a string where there need be none. */
export const positionOf = (message: Pick<ReadMessage, 'position' | 'offset'>): number =>
  message.position ?? Number(message.offset);

export function toInRecord(topic: string, partition: number, message: ReadMessage): InRecord {
  return {
    topic,
    partition,
    offset: positionOf(message),
    key: message.key,
    value: message.value,
    headers: message.headers === undefined ? NO_HEADERS : readHeaders(message.headers),
    timestampMs: message.time ?? Number(message.timestamp),
  };
}

/** True of all but a few: each name once, with bytes. */
function areSingle(
  headers: NonNullable<ReadMessage['headers']>,
): headers is Readonly<Record<string, Buffer | undefined>> {
  for (const name in headers) if (Array.isArray(headers[name]) || typeof headers[name] === 'string') return false;
  return true;
}

/** The last value where a name is given more than once, as `Headers.lastHeader` of the Java client. */
function readHeaders(headers: NonNullable<ReadMessage['headers']>): Readonly<Record<string, Buffer | undefined>> {
  if (areSingle(headers)) return headers;
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      const last = Array.isArray(value) ? value[value.length - 1] : value;
      return [name, typeof last === 'string' ? Buffer.from(last) : last];
    }),
  );
}
