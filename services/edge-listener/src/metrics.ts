/** All metrics of the edge. Every label set exists at 0 from the start; no label names a device. */
import { readFileSync } from 'node:fs';
import { PROTOCOLS, REJECT_REASONS } from '@fleetwire/protocols';
import type { Count, Metrics } from '@fleetwire/service';

/** A connection that has not said what it speaks is `unknown`. */
export const PROTOCOL_LABELS = [...PROTOCOLS, 'unknown'] as const;
export const TRANSPORTS = ['tcp', 'udp'] as const;

/** What became of a frame. */
export const FRAME_RESULTS = [
  'acked', // committed, and its answer was written
  'stored', // committed; it has no answer
  'unanswered', // committed, but the connection was gone or the answer too old
  'nacked', // not committed, so not answered: the device sends again
  'duplicate', // a copy of a frame still pending on its connection; shares that one's answer
  'dead_lettered', // bad; its bytes are in dead-letters
  'suppressed', // bad, and beyond the rate of dead letters of its address
  'refused', // the device may not send it: blocked, unknown, other protocol, over its limits
] as const;
export type FrameResult = (typeof FRAME_RESULTS)[number];

/** What became of each byte that was received. */
export const BYTE_OUTCOMES = [
  'data', // in a committed frame with reports
  'control', // in a committed login, heartbeat, acknowledgement or answer
  'nacked',
  'duplicate',
  'dead_lettered',
  'suppressed',
  'refused',
  'noise', // no frame at all
  'filler', // between frames by the protocol's own rules
  'unfinished', // the connection ended before the frame did, or was closed with bytes unread
  'dropped', // datagrams that came under pressure
] as const;
export type ByteOutcome = (typeof BYTE_OUTCOMES)[number];

export const CLOSE_REASONS = [
  'peer', // the device closed
  'error', // the socket failed
  'idle',
  'no_frame', // no whole frame in time
  'bad_frames', // too many in a row
  'broken', // the protocol says that it cannot be read on
  'blocked', // refused by `devices`, or unknown where unknown devices are refused
  'rate_limited',
  'commit_failed',
  'reply_too_old',
  'slow_reader', // does not read its answers
  'superseded', // the device has a newer session
  'too_many', // connections in all
  'too_many_per_address',
  'proxy_header', // no PROXY header, or not from a trusted proxy
  'tls', // no handshake; see fleetwire_edge_tls_handshakes_total
  'expired', // UDP: silent for too long, or forgotten for others
  'drain',
  'bug', // of ours; see the log
] as const;
export type CloseReason = (typeof CLOSE_REASONS)[number];

/** What became of a TLS handshake. */
export const HANDSHAKE_RESULTS = [
  'done',
  'failed', // no TLS, or nothing in common
  'refused', // the device's certificate is not good, or missing where it is required
  'timeout',
  'gone', // the peer closed
] as const;
export type HandshakeResult = (typeof HANDSHAKE_RESULTS)[number];

export const REFUSAL_REASONS = ['blocked', 'unknown_device', 'wrong_protocol', 'rate_limited'] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

export const COMMAND_RESULTS = [
  'written',
  'withheld',
  'refused',
  'bounced',
  'repeated', // a repeat of an attempt that was taken already
  'foreign', // for another edge that shares the inbox
  'invalid', // not readable
] as const;
export type CommandResult = (typeof COMMAND_RESULTS)[number];

export type EdgeMetrics = ReturnType<typeof edgeMetrics>;

/** Levels that are asked for when the metrics are scraped. */
export interface Observables {
  readonly pendingBytes: () => number;
  readonly sessions: () => number;
  readonly leaseAgeS: () => number;
  readonly devices: () => number;
  readonly connectionsWaiting: () => number;
  /** Folder of a certificate → seconds since 1970. */
  readonly certificates: () => ReadonlyMap<string, number>;
}

export function edgeMetrics(metrics: Metrics, now: { readonly connectionsMax: number }) {
  const protocol = PROTOCOL_LABELS;
  const transport = TRANSPORTS;
  let observed: Observables | null = null;
  const asked = (name: string, help: string, of: (from: Observables) => number): void => {
    metrics.gauge({
      name,
      help,
      collect: (series) => {
        if (observed !== null) series.of({}).value = of(observed);
      },
    });
  };
  asked('fleetwire_edge_pending_bytes', 'bytes not committed yet', (from) => from.pendingBytes());
  asked('fleetwire_edge_sessions', 'devices held', (from) => from.sessions());
  asked('fleetwire_edge_lease_age_seconds', 'age of the last committed lease', (from) => from.leaseAgeS());
  asked(
    'fleetwire_edge_device_rows',
    'rows of the topic devices that are kept because they differ from the default',
    (from) => from.devices(),
  );
  asked('fleetwire_edge_connections_waiting', 'accepted connections that wait for their turn', (from) =>
    from.connectionsWaiting(),
  );
  metrics.gauge({
    name: 'fleetwire_tls_certificate_not_after_timestamp_seconds',
    help: 'time at which the certificate of a TLS port ends, by its folder',
    labels: { certificate: null },
    collect: (series) => {
      for (const [certificate, seconds] of observed?.certificates() ?? []) series.of({ certificate }).value = seconds;
    },
  });
  metrics
    .gauge({ name: 'fleetwire_edge_connections_limit', help: 'TCP connections that are taken at most' })
    .of({}).value = now.connectionsMax;
  return {
    received: metrics.counter({
      name: 'fleetwire_edge_received_bytes_total',
      help: 'bytes read from sockets',
      labels: { transport },
    }),
    bytes: metrics.counter({
      name: 'fleetwire_edge_outcome_bytes_total',
      help: 'what became of those bytes; when idle the sum is what was received',
      labels: { transport, outcome: BYTE_OUTCOMES },
    }),
    frames: metrics.counter({
      name: 'fleetwire_edge_frames_total',
      help: 'frames by what became of them',
      labels: { protocol, result: [...FRAME_RESULTS, 'dropped'] },
    }),
    rejected: metrics.counter({
      name: 'fleetwire_edge_rejected_frames_total',
      help: 'bytes that were no good frame, by reason',
      labels: { protocol, reason: REJECT_REASONS },
    }),
    refused: metrics.counter({
      name: 'fleetwire_edge_refused_frames_total',
      help: 'frames of devices that may not send them, by reason',
      labels: { reason: REFUSAL_REASONS },
    }),
    deadLetters: metrics.counter({
      name: 'fleetwire_dlq_records_total',
      help: 'dead letters written',
      labels: { stage: ['edge-listener'], reason: REJECT_REASONS },
    }),
    ackLatency: metrics.histogram({
      name: 'fleetwire_edge_ack_latency_seconds',
      help: 'time from the last byte of a frame to its answer',
      labels: { protocol },
    }),
    connections: metrics.gauge({
      name: 'fleetwire_edge_connections',
      help: 'open TCP connections and remembered UDP sources',
      labels: { transport, protocol },
    }),
    opened: metrics.counter({
      name: 'fleetwire_edge_connections_opened_total',
      help: 'connections taken, and UDP sources first heard',
      labels: { transport },
    }),
    closed: metrics.counter({
      name: 'fleetwire_edge_connections_closed_total',
      help: 'connections ended, by reason',
      labels: { transport, reason: CLOSE_REASONS },
    }),
    handshakes: metrics.counter({
      name: 'fleetwire_edge_tls_handshakes_total',
      help: 'TLS handshakes by what became of them',
      labels: { result: HANDSHAKE_RESULTS },
    }),
    detections: metrics.counter({
      name: 'fleetwire_edge_detections_total',
      help: 'what the shared port took a connection for; none: nothing it knows',
      labels: { transport, protocol: [...PROTOCOLS, 'none'] },
    }),
    pressed: metrics.gauge({
      name: 'fleetwire_edge_pressed',
      help: '1 while no socket is read because Kafka is behind',
    }),
    pauses: metrics.counter({ name: 'fleetwire_edge_pauses_total', help: 'times that all sockets were stopped' }),
    produceErrors: metrics.counter({
      name: 'fleetwire_kafka_produce_errors_total',
      help: 'records that Kafka did not commit',
      labels: { topic: ['raw-frames', 'dead-letters', 'control'] },
    }),
    takeovers: metrics.counter({
      name: 'fleetwire_edge_takeovers_total',
      help: 'devices that a newer session took: closed, both left because it happens again and again, or the quietest of too many closed',
      labels: { result: ['closed', 'flapping', 'crowded'] },
    }),
    commands: metrics.counter({
      name: 'fleetwire_edge_commands_total',
      help: 'routed commands by what was done with them',
      labels: { result: COMMAND_RESULTS },
    }),
    bounces: metrics.counter({ name: 'fleetwire_command_bounces_total', help: 'routed commands that were sent back' }),
    draining: metrics.gauge({ name: 'fleetwire_edge_draining', help: '1 from the signal to the end' }),
    observe: (from: Observables) => {
      observed = from;
    },
  };
}

/** The byte counters of one transport, for the hot path. */
export type ByteCounts = Readonly<Record<ByteOutcome, Count>>;
export function byteCounts(metrics: EdgeMetrics, transport: (typeof TRANSPORTS)[number]): ByteCounts {
  const of = (outcome: ByteOutcome): Count => metrics.bytes.of({ transport, outcome });
  return {
    data: of('data'),
    control: of('control'),
    nacked: of('nacked'),
    duplicate: of('duplicate'),
    dead_lettered: of('dead_lettered'),
    suppressed: of('suppressed'),
    refused: of('refused'),
    noise: of('noise'),
    filler: of('filler'),
    unfinished: of('unfinished'),
    dropped: of('dropped'),
  };
}

/** Datagrams that the kernel dropped because the process was late, from /proc/net/udp; other systems do not say. */
export function udpKernelDrops(metrics: Metrics, ports: () => readonly number[]): void {
  let seen = 0;
  metrics.counter({
    name: 'fleetwire_edge_udp_kernel_drops_total',
    help: 'datagrams that the kernel dropped on the ports of the edge',
    collect: (series) => {
      const wanted = new Set(ports());
      let drops = 0;
      for (const file of ['/proc/net/udp', '/proc/net/udp6']) drops += dropsOf(readText(file), wanted);
      // A closed port takes its drops with it.
      series.of({}).inc(Math.max(0, drops - seen));
      seen = drops;
    },
  });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // Not Linux: there is nothing to tell.
  }
}

/** Sum of the last column (drops) over the rows whose local port (hexadecimal, behind the colon) is wanted. */
export function dropsOf(table: string, ports: ReadonlySet<number>): number {
  let drops = 0;
  for (const line of table.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/);
    const local = columns[1]?.split(':')[1];
    if (local !== undefined && ports.has(Number.parseInt(local, 16))) drops += Number(columns.at(-1) ?? 0);
  }
  return drops;
}
