/** The dashboards: rows of panels, each with its queries, written out as Grafana reads them. The data source is a variable, and no job is named. */
import type { JsonObject } from '../json.js';

interface Query {
  readonly expr: string;
  readonly legend: string;
}
interface Panel {
  readonly title: string;
  readonly unit: 'short' | 's' | 'ops' | 'percentunit' | 'bytes' | 'Bps';
  /** What a healthy value is, or how to read it. */
  readonly description: string;
  readonly queries: readonly Query[];
}
export interface Dashboard {
  readonly file: string;
  readonly body: JsonObject;
}

const COLUMNS = 24;
const PANEL = { w: 12, h: 8 };
const SOURCE = { type: 'prometheus', uid: '${datasource}' };

const q = (legend: string, expr: string): Query => ({ legend, expr });
const p = (title: string, unit: Panel['unit'], description: string, ...queries: readonly Query[]): Panel => ({
  title,
  unit,
  description,
  queries,
});

function dashboard(file: string, title: string, panels: readonly Panel[]): Dashboard {
  return {
    file,
    body: {
      uid: `fleetwire-${file}`,
      title: `Fleetwire: ${title}`,
      tags: ['fleetwire'],
      schemaVersion: 39,
      editable: true,
      refresh: '30s',
      time: { from: 'now-3h', to: 'now' },
      templating: { list: [{ name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' }] },
      panels: panels.map(panelOf),
    },
  };
}

function panelOf(panel: Panel, index: number): JsonObject {
  const perRow = COLUMNS / PANEL.w;
  return {
    id: index + 1,
    type: 'timeseries',
    title: panel.title,
    description: panel.description,
    datasource: SOURCE,
    gridPos: { ...PANEL, x: (index % perRow) * PANEL.w, y: Math.floor(index / perRow) * PANEL.h },
    fieldConfig: { defaults: { unit: panel.unit, min: 0 }, overrides: [] },
    options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
    targets: panel.queries.map(({ expr, legend }, at) => ({
      refId: String.fromCharCode(65 + at),
      datasource: SOURCE,
      expr,
      legendFormat: legend,
    })),
  };
}

const R = '[$__rate_interval]';

const FLEET = dashboard('fleet', 'fleet', [
  p(
    'Devices connected',
    'short',
    'Open TCP connections and remembered UDP sources.',
    q('{{transport}} {{protocol}}', 'sum by (transport, protocol) (fleetwire_edge_connections)'),
  ),
  p(
    'Frames',
    'ops',
    'By what became of them; nacked and dropped are bad.',
    q('{{result}}', `sum by (result) (rate(fleetwire_edge_frames_total${R}))`),
  ),
  p(
    'Answered within a second',
    'percentunit',
    'Objective: 99.9 %.',
    q('1 h', '1 - fleetwire:edge_ack_bad:ratio_rate1h'),
    q('3 d', '1 - fleetwire:edge_ack_bad:ratio_rate3d'),
  ),
  p(
    'Commands that did not expire',
    'percentunit',
    'Objective: 99 %.',
    q('1 h', '1 - fleetwire:command_bad:ratio_rate1h'),
    q('3 d', '1 - fleetwire:command_bad:ratio_rate3d'),
  ),
  p(
    'Reports',
    'ops',
    'From the decoder, and what the enricher made of them.',
    q('decoded {{kind}}', `sum by (kind) (rate(fleetwire_reports_decoded_total${R}))`),
    q('{{outcome}}', `sum by (outcome) (rate(fleetwire_reports_enriched_total${R}))`),
  ),
  p(
    'Behind',
    's',
    'Time that a consumer would need to catch up at its pace of now.',
    q('{{app}} {{topic}}', 'fleetwire:lag:seconds'),
  ),
  p('Dead letters', 'ops', 'By service and reason.', q('{{app}} {{reason}}', 'fleetwire:dead_letters:rate10m > 0')),
  p(
    'Services',
    'short',
    'Processes that are scraped.',
    q('{{app}}', 'count by (app) (fleetwire_consumed_records_total or fleetwire_edge_connections_limit)'),
  ),
]);

const EDGE = dashboard('edge', 'edge', [
  p(
    'Answer latency',
    's',
    'From the last byte of a frame to its answer, which waits for the commit.',
    q(
      'p50 {{protocol}}',
      `histogram_quantile(0.5, sum by (le, protocol) (rate(fleetwire_edge_ack_latency_seconds_bucket${R})))`,
    ),
    q(
      'p99 {{protocol}}',
      `histogram_quantile(0.99, sum by (le, protocol) (rate(fleetwire_edge_ack_latency_seconds_bucket${R})))`,
    ),
  ),
  p(
    'Connections by pod',
    'short',
    'TCP, against the limit.',
    q('{{pod}}', 'sum by (pod) (fleetwire_edge_connections{transport="tcp"})'),
    q('limit {{pod}}', 'max by (pod) (fleetwire_edge_connections_limit)'),
  ),
  p(
    'Opened and closed',
    'ops',
    'Closed by reason.',
    q('opened {{transport}}', `sum by (transport) (rate(fleetwire_edge_connections_opened_total${R}))`),
    q('closed {{reason}}', `sum by (reason) (rate(fleetwire_edge_connections_closed_total${R}))`),
  ),
  p(
    'Bytes',
    'Bps',
    'Received, and what became of them: when idle the sums are equal.',
    q('received {{transport}}', `sum by (transport) (rate(fleetwire_edge_received_bytes_total${R}))`),
    q('{{outcome}}', `sum by (outcome) (rate(fleetwire_edge_outcome_bytes_total${R}))`),
  ),
  p('Pressure', 'short', '1 while no socket is read.', q('{{pod}}', 'max by (pod) (fleetwire_edge_pressed)')),
  p(
    'Not committed yet',
    'bytes',
    'Bounded by FLEETWIRE_PENDING_BYTES_MAX.',
    q('{{pod}}', 'sum by (pod) (fleetwire_edge_pending_bytes)'),
  ),
  p(
    'Rejected and refused',
    'ops',
    'Bad frames by reason, and devices that may not send.',
    q('bad {{reason}}', `sum by (reason) (rate(fleetwire_edge_rejected_frames_total${R}))`),
    q('refused {{reason}}', `sum by (reason) (rate(fleetwire_edge_refused_frames_total${R}))`),
  ),
  p(
    'Datagrams dropped by the kernel',
    'ops',
    'Above 0 the process is late.',
    q('{{pod}}', `sum by (pod) (rate(fleetwire_edge_udp_kernel_drops_total${R}))`),
  ),
]);

const PIPELINE = dashboard('pipeline', 'pipeline', [
  p(
    'Consumed',
    'ops',
    'Records processed and committed.',
    q('{{app}} {{topic}}', `sum by (app, topic) (rate(fleetwire_consumed_records_total${R}))`),
  ),
  p(
    'Produced',
    'ops',
    'Records that those steps wrote.',
    q('{{app}} {{topic}}', `sum by (app, topic) (rate(fleetwire_produced_records_total${R}))`),
  ),
  p(
    'Lag',
    'short',
    'Records behind the end, of all partitions.',
    q('{{app}} {{topic}}', 'sum by (app, topic) (fleetwire_lag_records)'),
  ),
  p(
    'Age when committed',
    's',
    'Of the last record of a batch, p95.',
    q(
      '{{app}} {{topic}}',
      `histogram_quantile(0.95, sum by (le, app, topic) (rate(fleetwire_record_age_seconds_bucket${R})))`,
    ),
  ),
  p(
    'Time of a step',
    's',
    'A batch until its commit, p95.',
    q(
      '{{app}} {{topic}}',
      `histogram_quantile(0.95, sum by (le, app, topic) (rate(fleetwire_step_duration_seconds_bucket${R})))`,
    ),
  ),
  p(
    'Batches begun again',
    'ops',
    'Transactions that failed, by reason.',
    q('{{app}} {{reason}}', `sum by (app, reason) (rate(fleetwire_transactions_failed_total${R}))`),
  ),
  p(
    'Restore',
    's',
    'From an assignment until the partition was ready, p95.',
    q('{{app}}', `histogram_quantile(0.95, sum by (le, app) (rate(fleetwire_restore_duration_seconds_bucket${R})))`),
  ),
  p(
    'Frames decoded',
    'ops',
    'By outcome.',
    q('{{protocol}} {{outcome}}', `sum by (protocol, outcome) (rate(fleetwire_frames_decoded_total${R}))`),
  ),
  p(
    'Events and trips',
    'ops',
    'First word, later revisions, and retractions, by topic.',
    q('{{topic}} {{outcome}}', `sum by (topic, outcome) (rate(fleetwire_fold_outputs_total${R}))`),
    q('folded again', `sum(rate(fleetwire_refolds_total${R}))`),
  ),
  p(
    'Online and offline',
    'ops',
    'Devices that came or went.',
    q('{{type}}', `sum by (type) (rate(fleetwire_presence_events_total${R}))`),
  ),
  p(
    'Duplicates',
    'ops',
    'By where they were found.',
    q('{{cause}}', `sum by (cause) (rate(fleetwire_duplicates_total${R}))`),
  ),
  p('Event loop', 's', 'Delay of the main loop, p99.', q('{{app}} {{pod}}', 'nodejs_eventloop_lag_p99_seconds')),
]);

const COMMANDS = dashboard('commands', 'commands', [
  p(
    'Events',
    'ops',
    'By the state reached.',
    q('{{state}}', `sum by (state) (rate(fleetwire_command_events_total${R}))`),
  ),
  p(
    'Ends',
    'ops',
    'Each command has one.',
    q('{{state}}', `sum by (state) (rate(fleetwire_commands_ended_total${R}))`),
  ),
  p(
    'On the edge',
    'ops',
    'What was done with routed commands.',
    q('{{result}}', `sum by (result) (rate(fleetwire_edge_commands_total${R}))`),
  ),
  p(
    'Routed → written',
    's',
    'From routing to the connection until the edge has written it.',
    q('p50', `histogram_quantile(0.5, sum by (le) (rate(fleetwire_command_delivery_seconds_bucket${R})))`),
    q('p95', `histogram_quantile(0.95, sum by (le) (rate(fleetwire_command_delivery_seconds_bucket${R})))`),
  ),
  p(
    'Bounced',
    'ops',
    'The edge did not hold the device any more.',
    q('bounced', `sum(rate(fleetwire_command_bounces_total${R}))`),
  ),
  p(
    'Answers',
    'ops',
    'Of devices, and those that belong to no command.',
    q('{{protocol}}', `sum by (protocol) (rate(fleetwire_command_answers_total${R}))`),
    q('unsolicited', `sum(rate(fleetwire_answers_unsolicited_total${R}))`),
  ),
  p(
    'Not taken',
    'ops',
    'Records of commands that made no command.',
    q('{{reason}}', `sum by (reason) (rate(fleetwire_commands_not_taken_total${R}))`),
  ),
]);

const DRAIN = dashboard('drain', 'rollout and drain', [
  p('Draining', 'short', '1 from the signal to the end.', q('{{pod}}', 'max by (pod) (fleetwire_edge_draining)')),
  p(
    'Connections by pod',
    'short',
    'Old pods fall at the shed rate, new ones rise.',
    q('{{pod}}', 'sum by (pod) (fleetwire_edge_connections{transport="tcp"})'),
  ),
  p(
    'Closed by the drain',
    'ops',
    'Beside other reasons; only the drain should rise.',
    q('{{reason}}', `sum by (reason) (rate(fleetwire_edge_connections_closed_total${R}))`),
  ),
  p(
    'Opened',
    'ops',
    'Each device should come back once.',
    q('{{pod}}', `sum by (pod) (rate(fleetwire_edge_connections_opened_total${R}))`),
  ),
  p(
    'Lease',
    's',
    'Age of the last committed lease of an edge.',
    q('{{pod}}', 'max by (pod) (fleetwire_edge_lease_age_seconds)'),
  ),
  p(
    'Take-overs',
    'ops',
    'Devices that a newer session took.',
    q('{{result}}', `sum by (result) (rate(fleetwire_edge_takeovers_total${R}))`),
  ),
]);

export const DASHBOARDS: readonly Dashboard[] = [FLEET, EDGE, PIPELINE, COMMANDS, DRAIN];
