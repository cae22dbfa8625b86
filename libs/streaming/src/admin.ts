import kafkajs from 'kafkajs';
import type { Admin as ClientAdmin, Kafka } from 'kafkajs';
import { protocolType, StreamError } from './errors.js';
import { type LogBounds, logBounds, requireTopics } from './offsets.js';
import type { Admin, TopicDifference, TopicSpec } from './ports.js';

/** A topic that was just made is not in every broker's metadata at once. */
const TOPIC_READY_TIMEOUT_MS = 30_000;
const TOPIC_READY_POLL_MS = 100;
/** Set on the topic itself, not inherited. */
const SOURCE_TOPIC = kafkajs.ConfigSource.TOPIC_CONFIG;

interface Existing {
  readonly partitions: number;
  readonly config: ReadonlyMap<string, string>;
  /** Of those, what was set on the topic itself. */
  readonly own: ReadonlyMap<string, string>;
}

/** Differences between what is wanted and what is; pure. */
export function compareTopics(specs: readonly TopicSpec[], existing: ReadonlyMap<string, Existing>): TopicDifference[] {
  const differences: TopicDifference[] = [];
  for (const spec of specs) {
    const have = existing.get(spec.name);
    if (have === undefined) {
      differences.push({ topic: spec.name, what: 'missing', want: `${spec.partitions} partitions`, have: 'none' });
      continue;
    }
    if (have.partitions !== spec.partitions) {
      differences.push({
        topic: spec.name,
        what: 'partitions',
        want: String(spec.partitions),
        have: String(have.partitions),
      });
    }
    for (const [key, want] of Object.entries(spec.config)) {
      const value = have.config.get(key) ?? '';
      if (!sameValue(key, want, value)) differences.push({ topic: spec.name, what: 'config', key, want, have: value });
    }
  }
  return differences;
}

/** The broker gives a clean-up policy back in an order of its own. */
function sameValue(key: string, want: string, have: string): boolean {
  if (key !== 'cleanup.policy') return want === have;
  return want.split(',').sort().join() === have.split(',').sort().join();
}

export class ClusterAdmin implements Admin {
  private connected: Promise<ClientAdmin> | null = null;

  constructor(private readonly client: Kafka) {}

  private admin(): Promise<ClientAdmin> {
    this.connected ??= (async () => {
      const admin = this.client.admin();
      await admin.connect();
      return admin;
    })().catch((error: unknown) => {
      this.connected = null;
      throw error;
    });
    return this.connected;
  }

  private async existing(specs: readonly TopicSpec[]): Promise<Map<string, Existing>> {
    const admin = await this.admin();
    const present = new Set(await admin.listTopics());
    const names = specs.map(({ name }) => name).filter((name) => present.has(name));
    const found = new Map<string, Existing>();
    if (names.length === 0) return found;
    const { topics } = await admin.fetchTopicMetadata({ topics: names });
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: names.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
    });
    const entriesOf = new Map(resources.map(({ resourceName, configEntries }) => [resourceName, configEntries]));
    for (const { name, partitions } of topics) {
      const entries = entriesOf.get(name) ?? [];
      found.set(name, {
        partitions: partitions.length,
        config: new Map(entries.map(({ configName, configValue }) => [configName, configValue])),
        own: new Map(
          entries
            .filter((entry) => entry.configSource === SOURCE_TOPIC)
            .map(({ configName, configValue }) => [configName, configValue]),
        ),
      });
    }
    return found;
  }

  async verifyTopics(specs: readonly TopicSpec[]): Promise<readonly TopicDifference[]> {
    return compareTopics(specs, await this.existing(specs));
  }

  async applyTopics(specs: readonly TopicSpec[]): Promise<readonly TopicDifference[]> {
    const admin = await this.admin();
    const existing = await this.existing(specs);
    const differences = compareTopics(specs, existing);
    const missing = new Set(differences.filter(({ what }) => what === 'missing').map(({ topic }) => topic));
    const toMake = specs.filter(({ name }) => missing.has(name));
    if (toMake.length > 0) {
      try {
        await admin.createTopics({
          // The client's own waiting fails while a leader is being elected.
          waitForLeaders: false,
          topics: toMake.map((spec) => ({
            topic: spec.name,
            numPartitions: spec.partitions,
            replicationFactor: spec.replicationFactor,
            configEntries: Object.entries(spec.config).map(([name, value]) => ({ name, value })),
          })),
        });
      } catch (error) {
        // Two processes may make them at once.
        if (protocolType(error) !== 'TOPIC_ALREADY_EXISTS') throw error;
      }
      await this.waitForLeaders(toMake);
    }
    const changed = new Set(differences.filter(({ what }) => what === 'config').map(({ topic }) => topic));
    const resources = specs
      .filter(({ name }) => changed.has(name))
      .map(({ name, config }) => ({
        type: kafkajs.ConfigResourceTypes.TOPIC,
        name,
        // The request replaces all of a topic's own settings, so what an operator added is sent along.
        configEntries: [...new Map([...(existing.get(name)?.own ?? []), ...Object.entries(config)])].map(
          ([key, value]) => ({ name: key, value }),
        ),
      }));
    if (resources.length > 0) await admin.alterConfigs({ validateOnly: false, resources });
    return differences.filter(({ what }) => what !== 'partitions');
  }

  private async waitForLeaders(specs: readonly TopicSpec[]): Promise<void> {
    const admin = await this.admin();
    const deadline = performance.now() + TOPIC_READY_TIMEOUT_MS;
    for (;;) {
      try {
        const { topics } = await admin.fetchTopicMetadata({ topics: specs.map(({ name }) => name) });
        const ready = specs.every((spec) => {
          const partitions = topics.find(({ name }) => name === spec.name)?.partitions ?? [];
          return partitions.length > 0 && partitions.every(({ leader }) => leader >= 0);
        });
        if (ready) return;
      } catch (error) {
        if (performance.now() > deadline) throw error;
      }
      if (performance.now() > deadline) {
        throw new StreamError(
          'topic_missing',
          `Topics have no leaders ${TOPIC_READY_TIMEOUT_MS} ms after they were made; are enough brokers up?`,
          { retriable: true },
        );
      }
      await new Promise((resolve) => setTimeout(resolve, TOPIC_READY_POLL_MS));
    }
  }

  async endOffsets(topic: string): Promise<ReadonlyMap<number, number>> {
    const bounds = await this.bounds(topic);
    return new Map([...bounds].map(([partition, { end }]) => [partition, end]));
  }

  private async bounds(topic: string): Promise<ReadonlyMap<number, LogBounds>> {
    const admin = await this.admin();
    await requireTopics(admin, [topic]);
    return logBounds(admin, topic);
  }

  async partitionCount(topic: string): Promise<number> {
    return (await this.bounds(topic)).size;
  }

  async close(): Promise<void> {
    const connected = this.connected;
    this.connected = null;
    await (await connected?.catch(() => null))?.disconnect();
  }
}
