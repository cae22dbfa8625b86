import { ClusterAdmin } from './admin.js';
import { LingeringProducer } from './batching-producer.js';
import { assertPatched, createClient } from './client.js';
import { compressionType } from './codecs.js';
import { fetchAt } from './fetch-at.js';
import { PlainProducer } from './producer.js';
import type { KafkaConfig, StreamLog, Streams } from './ports.js';
import { GroupProcessor } from './processor.js';
import { readTopics } from './reader.js';
import { Sender } from './sender.js';
import { FollowedTable } from './table.js';

/** For what has no log of its own. */
const SILENT: StreamLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/**
 * One Kafka cluster. Nothing is connected yet: each part connects when it is first used.
 *
 * @throws StreamError `client_unpatched`
 */
export function connect(config: KafkaConfig): Streams {
  assertPatched();
  return {
    producer: ({ log, compression }) =>
      new PlainProducer(new Sender(createClient(config, log), compressionType(compression ?? 'none', log), log)),
    batchingProducer: ({ log, ...options }) =>
      new LingeringProducer(
        new Sender(createClient(config, log), compressionType(options.compression ?? 'none', log), log),
        options,
      ),
    processor: (options) =>
      new GroupProcessor(
        createClient(config, options.log),
        options,
        compressionType(options.compression ?? 'zstd', options.log),
      ),
    table: (options) => new FollowedTable(createClient(config, options.log), config.clientId, options),
    read: (options) => readTopics(createClient(config, SILENT), config.clientId, options, SILENT),
    fetchAt: (topic, partition, offsets) =>
      fetchAt(createClient(config, SILENT), config.clientId, topic, partition, offsets, SILENT),
    admin: () => new ClusterAdmin(createClient(config, SILENT)),
  };
}
