export type * from './ports.js';
export { connect } from './connect.js';
export { STREAM_ERROR_CODES, StreamError, type StreamErrorCode } from './errors.js';
export { murmur2, partitionOf } from './partition.js';
export {
  DEFAULT_PARTITIONS,
  EDGE_INBOX_PARTITIONS,
  MESSAGE_BYTES_MAX,
  MIN_INSYNC_REPLICAS,
  SEND_BYTES_MAX,
  type TopicDescription,
  type TopicName,
  TOPICS,
  topicSpecs,
  SUPERSEDED_FENCES_MS,
} from './topics.js';
