import { describe, expect, it } from 'vitest';
import { compareTopics } from './admin.js';
import { EDGE_INBOX_PARTITIONS, MESSAGE_BYTES_MAX, SEND_BYTES_MAX, TOPICS, topicSpecs } from './topics.js';

describe('the topics', () => {
  it('give everything that is partitioned by ident one partition count', () => {
    const specs = new Map(topicSpecs({ partitions: 48, replicationFactor: 3 }).map((spec) => [spec.name, spec]));
    for (const [name, topic] of Object.entries(TOPICS)) {
      const { partitions } = specs.get(name)!;
      if (topic.byIdent) expect([name, partitions]).toEqual([name, 48]);
    }
    expect(specs.get('edge-commands')!.partitions).toBe(EDGE_INBOX_PARTITIONS);
  });

  it('need two in-sync replicas where there are two, and never elect an unclean leader', () => {
    for (const { config } of topicSpecs({ partitions: 6, replicationFactor: 3 })) {
      expect(config).toMatchObject({ 'min.insync.replicas': '2', 'unclean.leader.election.enable': 'false' });
    }
    for (const { config } of topicSpecs({ partitions: 6, replicationFactor: 1 }))
      expect(config['min.insync.replicas']).toBe('1');
  });

  it('keep records for as long as they say, and compacted ones without end', () => {
    const specs = new Map(topicSpecs({ partitions: 6, replicationFactor: 1 }).map((spec) => [spec.name, spec.config]));
    expect(specs.get('raw-frames')).toMatchObject({
      'cleanup.policy': 'delete',
      'retention.ms': String(7 * 86_400_000),
    });
    expect(specs.get('trips')).toMatchObject({
      'cleanup.policy': 'compact,delete',
      'retention.ms': String(90 * 86_400_000),
    });
    expect(specs.get('devices')).not.toHaveProperty('retention.ms');
    // A fence's former version outlives its successor's writing by so much: the cleaner looks at the successor's age.
    expect(specs.get('geofences')).toMatchObject({
      'min.compaction.lag.ms': String(30 * 86_400_000),
      'max.compaction.lag.ms': String(31 * 86_400_000),
    });
  });

  it('take any request of this library in one batch', () => {
    expect(SEND_BYTES_MAX).toBeLessThan(MESSAGE_BYTES_MAX);
  });
});

describe('comparing topics', () => {
  const spec = {
    name: 't',
    partitions: 6,
    replicationFactor: 1,
    config: { 'cleanup.policy': 'compact,delete', 'retention.ms': '5' },
  };
  const have = (partitions: number, config: Record<string, string>) =>
    new Map([['t', { partitions, config: new Map(Object.entries(config)), own: new Map<string, string>() }]]);

  it('finds nothing where only the order of a policy differs', () => {
    expect(
      compareTopics([spec], have(6, { 'cleanup.policy': 'delete,compact', 'retention.ms': '5', other: 'x' })),
    ).toEqual([]);
  });

  it('names what is missing or differs, with both values', () => {
    expect(compareTopics([spec], new Map())).toMatchObject([{ topic: 't', what: 'missing' }]);
    expect(compareTopics([spec], have(3, { 'cleanup.policy': 'compact,delete', 'retention.ms': '7' }))).toEqual([
      { topic: 't', what: 'partitions', want: '6', have: '3' },
      { topic: 't', what: 'config', key: 'retention.ms', want: '5', have: '7' },
    ]);
  });
});
