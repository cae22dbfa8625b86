/**
 * The parts of an edge in the order in which they start: codec and producers first, then what must be known before a device may
 * speak (admission, sessions, inbox, lease), then the ports. They stop in reverse: the drain first, the producers last.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { hostname } from 'node:os';
import { FAMILIES, familyOf, type Family } from '@fleetwire/protocols';
import type { Codec } from '@fleetwire/schemas';
import { RepeatLimiter, type Logger, type Metrics, type Part, type Tracer } from '@fleetwire/service';
import { EDGE_INBOX_PARTITIONS, type InRecord, type Streams } from '@fleetwire/streaming';
import { Admission } from './admission.js';
import { SYSTEM_CLOCK, type Clock } from './clock.js';
import { RECORD_OVERHEAD_BYTES, type EdgeConfig, type ListenerName } from './config.js';
import { Connection } from './connection.js';
import type { ConnectionDeps } from './connection-deps.js';
import { Flusher } from './flusher.js';
import { ControlWriter } from './control-writer.js';
import { DeadLetters } from './dead-letters.js';
import { Explainer } from './explain.js';
import { Inbox } from './inbox.js';
import { Lease } from './lease.js';
import { byteCounts, edgeMetrics, udpKernelDrops } from './metrics.js';
import { Ports, listenerNames } from './ports.js';
import { PressureGate } from './pressure.js';
import { CommitWatch, Publisher } from './publisher.js';
import { Sessions } from './sessions.js';
import { VERSION } from './version.js';

export const EDGE_TOPICS = [
  'raw-frames',
  'dead-letters',
  'command-reports',
  'edge-commands',
  'device-sessions',
  'edge-status',
  'devices',
] as const;

const BATCH_RECORDS_MAX = 2_000;
const FLUSH_TIMEOUT_MS = 30_000;

export interface EdgeDeps {
  readonly config: EdgeConfig;
  readonly codec: Codec;
  readonly streams: Pick<Streams, 'producer' | 'batchingProducer' | 'table'>;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Absent or null: nothing is traced. */
  readonly tracer?: Tracer | null;
  readonly clock?: Clock;
  readonly families?: readonly Family[];
}

export interface Edge {
  readonly bootId: string;
  readonly parts: readonly Part[];
  /** Listener and transport → port, once started. */
  readonly ports: ReadonlyMap<string, number>;
  readonly metrics: ReturnType<typeof edgeMetrics>;
}

export function createEdge(deps: EdgeDeps): Edge {
  const { config, codec, streams, log } = deps;
  const clock = deps.clock ?? SYSTEM_CLOCK;
  const families = deps.families ?? FAMILIES;
  assertFrameLimits(families, config.batchBytesMax);
  const bootId = randomBytes(8).toString('hex');
  const inboxPartition = config.inboxPartition ?? randomInt(EDGE_INBOX_PARTITIONS);
  const metrics = edgeMetrics(deps.metrics, { connectionsMax: config.connectionsMax });

  const producer = streams.batchingProducer({
    lingerMs: config.lingerMs,
    batchBytesMax: config.batchBytesMax,
    batchRecordsMax: BATCH_RECORDS_MAX,
    highMarkBytes: config.pendingBytesMax,
    lowMarkBytes: Math.floor(config.pendingBytesMax / 2),
    deliveryTimeoutMs: config.deliveryTimeoutMs,
    log,
  });
  const watch = new CommitWatch(clock);
  const publisher = new Publisher({ producer, codec, watch, metrics, tracer: deps.tracer ?? null });
  const control = new ControlWriter(streams.producer({ log }), log, metrics.produceErrors.of({ topic: 'control' }));

  const admission = new Admission(config.unknownDevices, config.deviceFramesPerMinute);
  const sessions = new Sessions({
    bootId,
    inbox: inboxPartition,
    udpReachableMs: config.udpReachableMs,
    writer: {
      put: (ident, key, session) =>
        control.keep(key, {
          topic: 'device-sessions',
          key,
          partitionKey: ident,
          value: codec.encode('device-sessions', session),
        }),
      tombstone: (ident, key, onSend) =>
        control.keep(key, { topic: 'device-sessions', key, partitionKey: ident, value: null }, onSend),
    },
    onTakeover: (result) => metrics.takeovers.of({ result }).inc(),
  });
  const lease = new Lease({
    bootId,
    host: hostname(),
    version: VERSION,
    inbox: inboxPartition,
    intervalMs: config.leaseIntervalMs,
    listeners: listenerNames(config),
    sessions: () => sessions.size,
    write: (status) => control.write({ topic: 'edge-status', key: bootId, value: codec.encode('edge-status', status) }),
    onResult: (committed) => {
      // A sign of life for the gate: after an outage the lease is the first to be committed.
      if (committed) watch.alive();
      else watch.lost();
    },
    clock,
  });

  const gate = new PressureGate(config.rampMs, (closed) => {
    metrics.pressed.of({}).value = closed ? 1 : 0;
    if (closed) metrics.pauses.of({}).inc();
    log.warn(
      { pending_bytes: producer.bytesPending },
      closed
        ? 'Kafka is behind: no socket is read.'
        : 'Kafka keeps up again: sockets are read again, a slice at a time.',
    );
  });
  const connectionDeps: ConnectionDeps = {
    publisher,
    admission,
    sessions,
    deadLetters: new DeadLetters(config.deadLettersPerMinute, bootId),
    metrics,
    counts: { tcp: byteCounts(metrics, 'tcp'), udp: byteCounts(metrics, 'udp') },
    explainer: new Explainer(metrics, log),
    flusher: new Flusher(),
    clock,
    onBug: (error, { number, listenerName, protocolId }) =>
      log.error(
        { error, connection: number, listener: listenerName, protocol: protocolId },
        'A bug: the bytes of a device threw; its connection is closed.',
      ),
    bootId,
    badFramesMax: config.badFramesMax,
    pendingBytesMax: config.connectionPendingBytesMax,
    udpReachableMs: config.udpReachableMs,
  };
  const ports = new Ports({
    config,
    deps: connectionDeps,
    gate,
    lease,
    metrics,
    log,
    pressure: () => ({
      producerPressed: producer.pressed,
      waitingSinceMs: watch.waitingSinceMs,
      lastCommitMs: watch.lastCommitMs,
      lastFailureMs: watch.lastFailureMs,
    }),
    familiesOf: (name) => familiesOf(name, families),
    afterShed: async () => {
      await producer.flush(FLUSH_TIMEOUT_MS);
      await control.flush(FLUSH_TIMEOUT_MS);
    },
    clock,
  });
  producer.onPressure(() => ports.look());

  const unreadable = new RepeatLimiter(60_000);
  const reading =
    (topic: string, read: (record: InRecord) => void) =>
    (record: InRecord): void => {
      try {
        read(record);
      } catch (error) {
        const suppressed = unreadable.allow(topic);
        if (suppressed !== null)
          log.error(
            { error, topic, partition: record.partition, offset: record.offset, suppressed },
            'A record could not be read and is left out.',
          );
      }
    };
  const devices = streams.table({
    topic: 'devices',
    onRecord: reading('devices', (record) => {
      const ident = record.key?.toString('utf8') ?? '';
      admission.put(ident, record.value === null ? null : codec.decode('devices', record.value));
    }),
    log,
  });
  const tail = streams.table({
    topic: 'device-sessions',
    from: 'end',
    onRecord: reading('device-sessions', (record) => {
      const key = record.key?.toString('utf8') ?? '';
      const cut = key.lastIndexOf('|');
      if (cut < 0) return;
      const ident = key.slice(0, cut);
      // Most records are of devices that other edges hold: they are not even decoded.
      if (sessions.holderOf(ident) === null && key.slice(cut + 1) !== bootId) return;
      const session = record.value === null ? null : codec.decode('device-sessions', record.value);
      sessions.read(ident, key.slice(cut + 1), session, clock.wallMs(), clock.monotonicMs());
    }),
    log,
  });
  const inbox = new Inbox({
    bootId,
    clock,
    targetOf: (ident) => {
      const holder = sessions.holderOf(ident);
      return holder instanceof Connection ? holder : null;
    },
    leaseAgeMs: () => lease.ageMs(),
    tailAgeMs: () => tail.silenceMs(),
    report: (report) =>
      control.write({ topic: 'command-reports', key: report.ident, value: codec.encode('command-reports', report) }),
    count: (result) => {
      metrics.commands.of({ result }).inc();
      if (result === 'bounced') metrics.bounces.of({}).inc();
    },
  });
  const inboxTable = streams.table({
    topic: 'edge-commands',
    partitions: [inboxPartition],
    from: 'end',
    onRecord: reading('edge-commands', (record) => {
      if (record.value !== null) inbox.take(codec.decode('edge-commands', record.value));
    }),
    log,
  });

  metrics.observe({
    pendingBytes: () => producer.bytesPending,
    sessions: () => sessions.size,
    leaseAgeS: () => lease.ageMs() / 1000,
    devices: () => admission.rows,
    connectionsWaiting: () => ports.waiting,
    certificates: () => ports.certificates.notAfterSeconds(),
  });
  udpKernelDrops(deps.metrics, () => [...new Set(ports.numbers.values())]);

  const parts: readonly Part[] = [
    { name: 'producer', stop: () => producer.close() },
    { name: 'control', stop: () => control.close() },
    { name: 'devices', start: () => devices.start(), stop: () => devices.stop() },
    { name: 'sessions', start: () => tail.start(), stop: () => tail.stop() },
    { name: 'inbox', start: () => inboxTable.start(), stop: () => inboxTable.stop() },
    {
      name: 'lease',
      start: (signal) => {
        log.info({ boot_id: bootId, inbox: inboxPartition, version: VERSION }, 'This edge announces itself.');
        return lease.start(signal);
      },
      stop: () => lease.stop(),
    },
    ports.part,
  ];
  return { bootId, parts, ports: ports.numbers, metrics };
}

/** The families that a port serves: all of them on the shared one, the whole family of its protocol on its own. */
function familiesOf(name: ListenerName, families: readonly Family[]): readonly Family[] {
  if (name === 'shared') return families;
  const wanted = familyOf(name).id;
  return families.filter((family) => family.id === wanted);
}

/** A frame and its context must fit in a batch, and with it below the topic's largest message. */
function assertFrameLimits(families: readonly Family[], batchBytesMax: number): void {
  for (const { protocols } of families)
    for (const { id, limits } of protocols)
      if (limits.frameBytesMax + RECORD_OVERHEAD_BYTES > batchBytesMax)
        throw new Error(
          `A frame of ${id} may have ${limits.frameBytesMax} bytes, more than a batch takes: raise FLEETWIRE_BATCH_BYTES_MAX.`,
        );
}
