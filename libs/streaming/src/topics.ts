import type { Compression, TopicSpec } from './ports.js';

/** Partitions of every topic that is partitioned by ident, on one machine. Changed only by re-keying into new topics. */
export const DEFAULT_PARTITIONS = 6;
/** Inboxes of edge processes: partitions of `edge-commands`. More edges than this share inboxes and skip what is not theirs. */
export const EDGE_INBOX_PARTITIONS = 64;
/** `max.message.bytes` of every topic: Kafka's own default for a record batch, header included. */
export const MESSAGE_BYTES_MAX = 1_048_588;
/** Most bytes of records in one request: with this, whatever partition they fall on, a batch stays below `MESSAGE_BYTES_MAX`. */
export const SEND_BYTES_MAX = 786_432;
/** In-sync replicas that a commit needs, where there are so many replicas. */
export const MIN_INSYNC_REPLICAS = 2;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How long a version of a geofence can be read after a newer one, or its end, was written: as long as `events` are kept. */
export const SUPERSEDED_FENCES_MS = 30 * DAY_MS;

type Cleanup = 'delete' | 'compact' | 'compact,delete';

export interface TopicDescription {
  readonly cleanup: Cleanup;
  /** null where records are only compacted. */
  readonly retentionMs: number | null;
  /** True: the partition is that of the ident, and the partition count is the common one. */
  readonly byIdent: boolean;
  /** Fixed partition count of a topic that is not partitioned by ident; absent: the common one. */
  readonly partitions?: number;
  readonly key: string;
  readonly compression: Compression;
  readonly writtenBy: readonly string[];
  readonly readBy: readonly string[];
  /** A record of a compacted topic can be read for that long after a newer one of its key was written. */
  readonly supersededMs?: number;
  /** Internal state: short segments, and tombstones that need not outlive a restore. */
  readonly state?: true;
}

const byIdent = (
  cleanup: Cleanup,
  retentionDays: number | null,
  key: string,
  compression: Compression,
  writtenBy: readonly string[],
  readBy: readonly string[],
): TopicDescription => ({
  cleanup,
  retentionMs: retentionDays === null ? null : retentionDays * DAY_MS,
  byIdent: true,
  key,
  compression,
  writtenBy,
  readBy,
});

/** Every topic of Fleetwire: the one place that knows names, clean-up and who writes and reads. */
export const TOPICS = {
  'raw-frames': byIdent('delete', 7, 'ident', 'zstd', ['edge-listener'], ['decoder', 'replay']),
  telemetry: byIdent('delete', 3, 'ident', 'zstd', ['decoder', 'replay'], ['enricher']),
  'telemetry-enriched': byIdent('delete', 7, 'ident', 'zstd', ['enricher'], ['users', 'places']),
  'device-state': byIdent('compact', null, 'ident', 'zstd', ['enricher'], ['users']),
  events: byIdent('compact,delete', 30, 'ident + event id', 'zstd', ['enricher'], ['users']),
  trips: byIdent('compact,delete', 90, 'ident + trip id', 'zstd', ['enricher'], ['users', 'places']),
  duplicates: byIdent('delete', 1, 'ident', 'zstd', ['enricher'], ['users']),
  'dead-letters': byIdent(
    'delete',
    30,
    'ident or peer',
    'zstd',
    ['edge-listener', 'decoder', 'enricher', 'places', 'command-dispatcher'],
    ['users', 'decoder'],
  ),
  'telemetry-replay': byIdent('delete', 3, 'ident', 'zstd', ['replay'], ['users']),
  // The dispatcher forwards a command that another client has put on the wrong partition.
  commands: byIdent('delete', 30, 'ident', 'none', ['users', 'decoder', 'command-dispatcher'], ['command-dispatcher']),
  'command-reports': byIdent('delete', 7, 'ident', 'none', ['edge-listener', 'decoder'], ['command-dispatcher']),
  'command-events': byIdent('delete', 90, 'ident', 'none', ['command-dispatcher'], ['users']),
  'edge-commands': {
    cleanup: 'delete',
    retentionMs: DAY_MS,
    byIdent: false,
    partitions: EDGE_INBOX_PARTITIONS,
    key: 'ident, partition explicit',
    compression: 'none',
    writtenBy: ['command-dispatcher'],
    readBy: ['edge-listener'],
  },
  'device-sessions': byIdent(
    'compact',
    null,
    'ident + boot id',
    'none',
    ['edge-listener', 'command-dispatcher'],
    ['command-dispatcher', 'edge-listener', 'enricher'],
  ),
  'edge-status': {
    cleanup: 'compact,delete',
    retentionMs: DAY_MS,
    byIdent: false,
    partitions: 1,
    key: 'boot id',
    compression: 'none',
    writtenBy: ['edge-listener'],
    readBy: ['command-dispatcher'],
  },
  'device-settings': byIdent(
    'compact',
    null,
    'ident + setting',
    'none',
    ['decoder', 'command-dispatcher'],
    ['command-dispatcher', 'decoder'],
  ),
  devices: byIdent(
    'compact',
    null,
    'ident',
    'none',
    ['users'],
    ['edge-listener', 'decoder', 'enricher', 'command-dispatcher'],
  ),
  geofences: {
    cleanup: 'compact',
    retentionMs: null,
    byIdent: false,
    partitions: 1,
    key: 'geofence id',
    compression: 'none',
    // A late report is judged by the fence of its time, also after a restart: see docs/decisions/geofence-versions.md.
    supersededMs: SUPERSEDED_FENCES_MS,
    writtenBy: ['users'],
    readBy: ['enricher'],
  },
  places: {
    cleanup: 'compact',
    retentionMs: null,
    byIdent: false,
    key: 'H3 cell',
    compression: 'none',
    writtenBy: ['places'],
    readBy: ['users'],
  },
  media: byIdent('delete', 7, 'ident', 'none', ['decoder'], ['users']),
  'sms-outbox': byIdent('delete', 7, 'ident', 'none', ['command-dispatcher'], ['users']),
  'enricher-state': { ...byIdent('compact', null, 'ident + part', 'zstd', ['enricher'], ['enricher']), state: true },
  'dispatcher-state': {
    ...byIdent('compact', null, 'ident + part', 'zstd', ['command-dispatcher'], ['command-dispatcher']),
    state: true,
  },
} as const satisfies Record<string, TopicDescription>;

export type TopicName = keyof typeof TOPICS;

/** Segments of compacted topics are short: what is in the active one is not compacted, and is read at each load. */
const COMPACTED = {
  'segment.ms': String(6 * HOUR_MS),
  'segment.bytes': String(64 * 1024 * 1024),
  'min.cleanable.dirty.ratio': '0.2',
  'max.compaction.lag.ms': String(DAY_MS),
};
/** State is read in one go by its owner alone, so its tombstones need not outlive an hour. */
const STATE = { ...COMPACTED, 'segment.ms': String(HOUR_MS), 'delete.retention.ms': String(HOUR_MS) };
/** A table's reader that was away for less than this sees the tombstones when it comes back. */
const TABLE = { ...COMPACTED, 'delete.retention.ms': String(DAY_MS) };

function configOf(topic: TopicDescription, replicationFactor: number): Record<string, string> {
  return {
    'cleanup.policy': topic.cleanup,
    'max.message.bytes': String(MESSAGE_BYTES_MAX),
    'min.insync.replicas': String(Math.min(MIN_INSYNC_REPLICAS, replicationFactor)),
    'unclean.leader.election.enable': 'false',
    'message.timestamp.type': 'CreateTime',
    'compression.type': 'producer',
    ...(topic.retentionMs === null ? {} : { 'retention.ms': String(topic.retentionMs) }),
    ...(topic.cleanup === 'delete' ? {} : topic.state === true ? STATE : TABLE),
    // The cleaner drops a record only for a newer one that it may clean itself: that one's age is what counts.
    ...(topic.supersededMs === undefined
      ? {}
      : {
          'min.compaction.lag.ms': String(topic.supersededMs),
          'max.compaction.lag.ms': String(topic.supersededMs + DAY_MS),
        }),
  };
}

/** What `Admin.applyTopics` and `verifyTopics` take. @param options.partitions of the topics partitioned by ident, and of those that say nothing else */
export function topicSpecs(options: { readonly partitions: number; readonly replicationFactor: number }): TopicSpec[] {
  return Object.entries<TopicDescription>(TOPICS).map(([name, topic]) => ({
    name,
    partitions: topic.partitions ?? options.partitions,
    replicationFactor: options.replicationFactor,
    config: configOf(topic, options.replicationFactor),
  }));
}
