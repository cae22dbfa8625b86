/** Every way in which the streaming library refuses. The text of an error names the remedy where there is one. */
export const STREAM_ERROR_CODES = [
  /** The Kafka client in node_modules is not the patched one. */
  'client_unpatched',
  /** A compression was asked for whose codec is not installed. */
  'codec_missing',
  /** The broker refused a send, or did not commit it in time: none of it may be acknowledged. */
  'send_rejected',
  /** The producer is closed, or was closed while the record waited. */
  'closed',
  /** A topic does not exist, or lacks a partition that was asked for. */
  'topic_missing',
  /** Topics that one task reads together differ in their partition counts. */
  'partition_count_differs',
  /** The position of a partition is outside its log. */
  'offset_out_of_range',
  /** A transaction failed; its outcome is learnt from the committed offset. */
  'transaction_failed',
  /** Another process has taken over the transactional id. */
  'fenced',
  /** The consumer stopped and does not start again by itself. */
  'consumer_crashed',
  /** Options contradict each other. */
  'bad_options',
] as const;
export type StreamErrorCode = (typeof STREAM_ERROR_CODES)[number];

/** The one error class of this library. `retriable`: the same call may succeed later without anybody's help. */
export class StreamError extends Error {
  override readonly name = 'StreamError';
  constructor(
    readonly code: StreamErrorCode,
    message: string,
    readonly details: {
      readonly retriable?: boolean;
      readonly cause?: unknown;
      readonly topic?: string;
      readonly partition?: number;
    } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
  }
  get retriable(): boolean {
    return this.details.retriable ?? false;
  }
}

/** What was thrown, as an Error. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** Fields for a log line. */
export function errorFields(thrown: unknown): { error: { name: string; message: string; code?: string } } {
  const error = toError(thrown);
  const code = protocolType(error);
  return { error: { name: error.name, message: error.message, ...(code === null ? {} : { code }) } };
}

/** Depth to which causes are followed: an error whose causes form a ring must not hold us. */
const CAUSE_DEPTH_MAX = 10;

/** The broker's error name (`INVALID_PRODUCER_EPOCH`) from the error or what caused it; null when it is none of the broker's. */
export function protocolType(thrown: unknown): string | null {
  let current: unknown = thrown;
  for (let depth = 0; depth < CAUSE_DEPTH_MAX && current instanceof Error; depth++) {
    if ('type' in current && typeof current.type === 'string') return current.type;
    current = current.cause;
  }
  return null;
}

/**
 * Errors by which a broker says that a newer producer holds the transactional id. 4.x answers with the first of them
 * everywhere; the client does not know code 90 by name.
 */
const FENCED_TYPES: ReadonlySet<string> = new Set([
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'INVALID_PRODUCER_ID_MAPPING',
]);
const PRODUCER_FENCED_CODE = 90;

export function isFenced(thrown: unknown): boolean {
  const type = protocolType(thrown);
  if (type !== null && FENCED_TYPES.has(type)) return true;
  let current: unknown = thrown;
  for (let depth = 0; depth < CAUSE_DEPTH_MAX && current instanceof Error; depth++) {
    if ('code' in current && current.code === PRODUCER_FENCED_CODE) return true;
    if (current.message.includes(`error code ${PRODUCER_FENCED_CODE}`)) return true;
    current = current.cause;
  }
  return false;
}
