/** The alerts. Their expressions name metrics that the services register, which a test asserts; each has a page under docs/runbooks. */

export type Severity = 'critical' | 'warning' | 'info';

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly severity: Severity;
  /** One sentence; may name labels as `{{ $labels.topic }}`. */
  readonly summary: string;
  readonly labels?: Readonly<Record<string, string>>;
}

const row = (severity: Severity, alert: string, duration: string, summary: string, expr: string): Alert => ({
  alert,
  expr,
  for: duration,
  severity,
  summary,
});

/** TCP connections of the whole fleet. */
const FLEET = 'sum(fleetwire_edge_connections{transport="tcp"})';
const BY_POD = 'sum by (pod) (fleetwire_edge_connections{transport="tcp"})';
/** Half of the shortest retention of an input of a service: three days. */
const HALF_RETENTION_S = 129_600;

export const EDGE_ALERTS: readonly Alert[] = [
  row(
    'critical',
    'FleetwireBrokerOutage',
    '1m',
    'No edge has committed anything for 30 s: brokers or quorum are away.',
    'min(fleetwire_edge_lease_age_seconds) > 30',
  ),
  row(
    'warning',
    'FleetwireEdgePressed',
    '2m',
    'The edge {{ $labels.pod }} does not read its sockets because Kafka is behind.',
    'max by (pod) (fleetwire_edge_pressed) == 1',
  ),
  row(
    'critical',
    'FleetwireEdgeProduceFailing',
    '5m',
    'Kafka refuses records of {{ $labels.topic }} from {{ $labels.pod }}.',
    'sum by (pod, topic) (rate(fleetwire_kafka_produce_errors_total[5m])) > 0',
  ),
  row(
    'warning',
    'FleetwireEdgeAckLatencyP99High',
    '10m',
    'One in a hundred frames of {{ $labels.protocol }} waits over a second for its answer.',
    'histogram_quantile(0.99, sum by (le, protocol) (rate(fleetwire_edge_ack_latency_seconds_bucket[5m]))) > 1',
  ),
  row(
    'warning',
    'FleetwireEdgeReconnectStorm',
    '5m',
    'More than 0.5 % of the fleet connects again each second, and no edge drains.',
    `sum(rate(fleetwire_edge_connections_opened_total{transport="tcp"}[5m])) / clamp_min(sum(avg_over_time(fleetwire_edge_connections{transport="tcp"}[30m])), 1) > 0.005 unless on () max(fleetwire_edge_draining) > 0`,
  ),
  row(
    'critical',
    'FleetwireFleetConnectionsDropped',
    '5m',
    'The fleet has lost more than 30 % of its connections in half an hour.',
    `${FLEET} < 0.7 * sum(fleetwire_edge_connections{transport="tcp"} offset 30m) and sum(fleetwire_edge_connections{transport="tcp"} offset 30m) > 500`,
  ),
  row(
    'warning',
    'FleetwireEdgeNearConnectionLimit',
    '15m',
    'The edge {{ $labels.pod }} holds over 85 % of the connections that it takes.',
    `max by (pod) (${BY_POD} / on (pod) max by (pod) (fleetwire_edge_connections_limit)) > 0.85`,
  ),
  row(
    'info',
    'FleetwireEdgeConnectionsUnbalanced',
    '2h',
    'One edge holds more than twice the mean.',
    `max(${BY_POD}) > 2 * avg(${BY_POD}) and avg(${BY_POD}) > 1000`,
  ),
  row(
    'warning',
    'FleetwireEdgeUdpKernelDrops',
    '10m',
    'The kernel drops datagrams of {{ $labels.pod }}.',
    'sum by (pod) (rate(fleetwire_edge_udp_kernel_drops_total[5m])) > 1',
  ),
  row(
    'warning',
    'FleetwireEdgeDrainStuck',
    '8m',
    'The edge {{ $labels.pod }} drains and still holds devices.',
    `max by (pod) (fleetwire_edge_draining) == 1 and on (pod) ${BY_POD} > 0`,
  ),
  row(
    'warning',
    'FleetwireEdgeBug',
    '0m',
    'Bytes of a device made {{ $labels.pod }} throw; the connection was closed.',
    'sum by (pod) (increase(fleetwire_edge_connections_closed_total{reason="bug"}[15m])) > 0',
  ),
  row(
    'warning',
    'FleetwireDevicesRefused',
    '15m',
    'Frames are refused: {{ $labels.reason }}.',
    'sum by (reason) (rate(fleetwire_edge_refused_frames_total[10m])) > 1',
  ),
  row(
    'info',
    'FleetwireDevicesFlapping',
    '30m',
    'Devices are on two edges again and again: clones, or two servers in one device.',
    'sum(increase(fleetwire_edge_takeovers_total{result="flapping"}[30m])) > 0',
  ),
];

export const PIPELINE_ALERTS: readonly Alert[] = [
  row(
    'warning',
    'FleetwireConsumerLagHigh',
    '5m',
    '{{ $labels.app }} is over a minute behind on {{ $labels.topic }}.',
    'fleetwire:lag:seconds > 60',
  ),
  row(
    'critical',
    'FleetwireConsumerLagCritical',
    '5m',
    '{{ $labels.app }} is over ten minutes behind on {{ $labels.topic }}.',
    'fleetwire:lag:seconds > 600',
  ),
  row(
    'critical',
    'FleetwireConsumerLagNearRetention',
    '5m',
    '{{ $labels.app }} on {{ $labels.topic }} is near the end of what is kept: records will be lost.',
    `fleetwire:lag:seconds > ${HALF_RETENTION_S}`,
  ),
  row(
    'critical',
    'FleetwireConsumerStalled',
    '10m',
    '{{ $labels.app }} reads nothing of {{ $labels.topic }}, and there is something to read.',
    'sum by (app, topic) (rate(fleetwire_consumed_records_total[5m])) == 0 and on (app, topic) sum by (app, topic) (fleetwire_lag_records) > 0',
  ),
  row(
    'warning',
    'FleetwireRecordsLate',
    '10m',
    'Records of {{ $labels.topic }} are over 30 s old when {{ $labels.app }} has committed them.',
    'histogram_quantile(0.95, sum by (le, app, topic) (rate(fleetwire_record_age_seconds_bucket[5m]))) > 30',
  ),
  row(
    'critical',
    'FleetwireServiceMissing',
    '5m',
    'There is no {{ $labels.app }} at all.',
    'absent(fleetwire_edge_connections_limit{app="edge-listener"}) or absent(fleetwire_consumed_records_total{app="decoder"}) or absent(fleetwire_consumed_records_total{app="enricher"}) or absent(fleetwire_consumed_records_total{app="command-dispatcher"})',
  ),
  row(
    'critical',
    'FleetwireTransactionsFailing',
    '10m',
    'Batches of {{ $labels.app }} fail again and again: {{ $labels.reason }}.',
    'sum by (app, reason) (rate(fleetwire_transactions_failed_total[5m])) > 0.05',
  ),
  row(
    'warning',
    'FleetwireRestoreSlow',
    '0m',
    'Partitions of {{ $labels.app }} take over 30 s to restore.',
    'histogram_quantile(0.95, sum by (le, app) (rate(fleetwire_restore_duration_seconds_bucket[15m]))) > 30',
  ),
  row(
    'warning',
    'FleetwireDecodeErrorRatioHigh',
    '10m',
    'More than 0.5 % of the frames of {{ $labels.protocol }} can not be decoded.',
    'sum by (protocol) (rate(fleetwire_frames_decoded_total{outcome="rejected"}[10m])) / sum by (protocol) (rate(fleetwire_frames_decoded_total[10m])) > 0.005 and sum by (protocol) (rate(fleetwire_frames_decoded_total[10m])) > 1',
  ),
  row(
    'warning',
    'FleetwireDeadLetterRate',
    '15m',
    '{{ $labels.app }} writes dead letters: {{ $labels.reason }}.',
    'fleetwire:dead_letters:rate10m > 0.1',
  ),
  row(
    'critical',
    'FleetwireDeadLetterBurst',
    '2m',
    'More than 1 % of what comes in ends as dead letters.',
    'sum(fleetwire:dead_letters:rate10m) > 0.01 * sum(rate(fleetwire_consumed_records_total{app="decoder"}[10m])) and sum(fleetwire:dead_letters:rate10m) * 600 > 100',
  ),
  row(
    'warning',
    'FleetwireDuplicateRatioHigh',
    '30m',
    'Over a fifth of the reports are known already: devices do not get their answers.',
    'sum(rate(fleetwire_reports_enriched_total{outcome="duplicate"}[15m])) / sum(rate(fleetwire_reports_enriched_total[15m])) > 0.2',
  ),
  row(
    'warning',
    'FleetwireRecordBug',
    '0m',
    'A record of {{ $labels.app }} failed twice and is a dead letter: a bug of ours.',
    'sum by (app) (increase(fleetwire_dlq_records_total{reason="bug"}[15m])) > 0',
  ),
];

export const COMMAND_ALERTS: readonly Alert[] = [
  row(
    'warning',
    'FleetwireCommandLatencyP95High',
    '15m',
    'One command in twenty takes more than 30 s from its routing until the edge has written it.',
    'histogram_quantile(0.95, sum by (le) (rate(fleetwire_command_delivery_seconds_bucket[10m]))) > 30',
  ),
  row(
    'warning',
    'FleetwireCommandMisrouted',
    '10m',
    'More than 2 % of the routed commands come to an edge that does not hold the device.',
    'sum(rate(fleetwire_command_bounces_total[10m])) / sum(rate(fleetwire_edge_commands_total{result!~"foreign|repeated"}[10m])) > 0.02',
  ),
  row(
    'warning',
    'FleetwireCommandsUnconfirmed',
    '30m',
    'Over a fifth of the commands end without anybody knowing whether they were done.',
    'sum(rate(fleetwire_commands_ended_total{state="unconfirmed"}[30m])) / sum(rate(fleetwire_commands_ended_total[30m])) > 0.2',
  ),
];

export const RUNTIME_ALERTS: readonly Alert[] = [
  row(
    'warning',
    'FleetwireEventLoopLagHigh',
    '10m',
    'The main loop of {{ $labels.pod }} answers late.',
    'nodejs_eventloop_lag_p99_seconds{app=~"edge-listener|decoder|enricher|command-dispatcher"} > 0.2',
  ),
  row(
    'critical',
    'FleetwireTargetDown',
    '5m',
    '{{ $labels.instance }} can not be scraped.',
    'up{job=~".*fleetwire.*"} == 0',
  ),
  row(
    'warning',
    'FleetwireCertificateExpiry',
    '1h',
    'The certificate {{ $labels.certificate }} of {{ $labels.pod }} ends within 14 days.',
    'fleetwire_tls_certificate_not_after_timestamp_seconds > 0 and fleetwire_tls_certificate_not_after_timestamp_seconds - time() < 14 * 86400',
  ),
  row(
    'critical',
    'FleetwirePodOOMKilled',
    '0m',
    '{{ $labels.pod }} was killed for its memory.',
    'increase(kube_pod_container_status_restarts_total{namespace="fleetwire"}[15m]) > 0 and on (namespace, pod, container) kube_pod_container_status_last_terminated_reason{reason="OOMKilled"} == 1',
  ),
  row(
    'warning',
    'FleetwireNodeConntrackNearLimit',
    '10m',
    'The node {{ $labels.instance }} has used three quarters of its connection table.',
    'node_nf_conntrack_entries / node_nf_conntrack_entries_limit > 0.75',
  ),
];
