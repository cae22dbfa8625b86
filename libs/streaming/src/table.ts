import type { Kafka } from 'kafkajs';
import { errorFields } from './errors.js';
import { Follower } from './follower.js';
import type { Table, TableOptions } from './ports.js';

/** A topic that this process needs whole, or from its end on. A partition that is out of range stands still and shows as silence. */
export class FollowedTable implements Table {
  private readonly follower: Follower;

  constructor(client: Kafka, clientId: string, options: TableOptions) {
    this.follower = new Follower({
      client,
      clientId,
      topics: [options.topic],
      ...(options.partitions === undefined ? {} : { partitions: options.partitions }),
      from: options.from ?? 'beginning',
      onRecord: options.onRecord,
      onThrow: ({ topic, partition, offset }, error) =>
        options.log.error(
          { topic, partition, offset, ...errorFields(error) },
          'a table record could not be loaded and is left out',
        ),
      onOutOfRange: (error) =>
        options.log.error(
          { topic: error.details.topic, partition: error.details.partition, error: { message: error.message } },
          'a table partition is out of range, an operator has to choose',
        ),
      log: options.log,
    });
  }

  async start(): Promise<void> {
    await this.follower.start();
    await this.follower.caughtUp;
  }
  stop(): Promise<void> {
    return this.follower.stop();
  }
  silenceMs(): number {
    return this.follower.silenceMs();
  }
}
