/** Which schema file each topic's values have. Two topics may share one: their subjects are registered apart. */
export const TOPIC_SCHEMAS = {
  'raw-frames': 'raw-frame',
  telemetry: 'telemetry',
  'telemetry-enriched': 'telemetry-enriched',
  'device-state': 'telemetry-enriched',
  'telemetry-replay': 'telemetry',
  events: 'event',
  trips: 'trip',
  duplicates: 'duplicate',
  'dead-letters': 'dead-letter',
  commands: 'command',
  'command-reports': 'command-report',
  'command-events': 'command-event',
  'edge-commands': 'routed-command',
  'device-sessions': 'session',
  'edge-status': 'edge-status',
  'device-settings': 'setting',
  devices: 'device',
  geofences: 'geofence',
  places: 'place',
  media: 'media',
  'sms-outbox': 'sms',
  'enricher-state': 'enricher-state',
  'dispatcher-state': 'dispatcher-state',
} as const;

/** A topic whose values have a schema. */
export type SchemaTopic = keyof typeof TOPIC_SCHEMAS;
export type SchemaName = (typeof TOPIC_SCHEMAS)[SchemaTopic];

export const SCHEMA_TOPICS = Object.keys(TOPIC_SCHEMAS) as readonly SchemaTopic[];

/** Registry subject of a topic's values (TopicNameStrategy). */
export const subjectOf = (topic: SchemaTopic): string => `${topic}-value`;
