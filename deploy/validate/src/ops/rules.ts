/**
 * Recording rules and alerts as one set of groups. Objectives: 99.9 % of the frames are answered within a second, after the commit; 99 % of the commands that
 * were not refused or cancelled end before they expire. Burn rates are looked at over two windows each, a long one that decides and a short one that ends the
 * alert soon after the fault.
 */
import { COMMAND_ALERTS, EDGE_ALERTS, PIPELINE_ALERTS, RUNTIME_ALERTS, type Alert } from './alerts.js';
import type { JsonObject } from '../json.js';

/** `{alert}` is put in. The product's pages; an operator's fork may stand elsewhere. */
export const RUNBOOK_URL = 'https://fleetwire.example.com/docs/runbooks/';
const WINDOWS = ['5m', '30m', '1h', '2h', '6h', '1d', '3d'] as const;
type Window = (typeof WINDOWS)[number];

/** Factor by which the budget burns, the two windows, the time to hold, and how bad that is: the budget of 30 days would last 2, 5, 10 and 30. */
const BURNS = [
  { factor: 14.4, long: '1h', short: '5m', for: '2m', severity: 'critical' },
  { factor: 6, long: '6h', short: '30m', for: '15m', severity: 'critical' },
  { factor: 3, long: '1d', short: '2h', for: '1h', severity: 'warning' },
  { factor: 1, long: '3d', short: '6h', for: '3h', severity: 'warning' },
] as const satisfies readonly { long: Window; short: Window; [key: string]: unknown }[];

interface Objective {
  readonly alert: string;
  /** Name of the recording before the window. */
  readonly recording: string;
  /** Share that may be bad. */
  readonly budget: number;
  readonly summary: string;
  readonly bad: (window: Window) => string;
}

const OBJECTIVES: readonly Objective[] = [
  {
    alert: 'FleetwireIngestAckBudgetBurn',
    recording: 'fleetwire:edge_ack_bad:ratio_rate',
    budget: 0.001,
    summary: 'Frames are answered late or not at all, so often that the budget of the month would end early.',
    // `or vector(0)`: without it the rule would say nothing until the first frame was refused.
    bad: (w) =>
      `1 - (sum(rate(fleetwire_edge_ack_latency_seconds_bucket{le="1"}[${w}])) / (sum(rate(fleetwire_edge_ack_latency_seconds_count[${w}])) + (sum(rate(fleetwire_edge_frames_total{result=~"nacked|dropped"}[${w}])) or vector(0))))`,
  },
  {
    alert: 'FleetwireCommandDeliveryBudgetBurn',
    recording: 'fleetwire:command_bad:ratio_rate',
    budget: 0.01,
    summary: 'Commands expire before they reach their devices, so often that the budget of the month would end early.',
    bad: (w) =>
      `(sum(rate(fleetwire_commands_ended_total{state="expired"}[${w}])) or vector(0)) / sum(rate(fleetwire_commands_ended_total{state!~"refused|cancelled"}[${w}]))`,
  },
];

export interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}
export interface Group {
  readonly name: string;
  readonly interval?: string;
  readonly rules: readonly Rule[];
}

const RECORDINGS: readonly Rule[] = [
  {
    // Of the partition that is furthest behind: the age of what it has not read; 0 when all are caught up.
    record: 'fleetwire:lag:seconds',
    expr: 'max by (app, topic) (fleetwire_lag_seconds)',
  },
  {
    record: 'fleetwire:dead_letters:rate10m',
    expr: 'sum by (app, reason) (rate(fleetwire_dlq_records_total[10m])) or sum by (app, reason) (rate(fleetwire_decode_rejections_total[10m]))',
  },
];

function burns(objective: Objective): readonly Alert[] {
  return BURNS.map(({ factor, long, short, for: duration, severity }) => {
    const above = (window: Window): string => `${objective.recording}${window} > (${factor} * ${objective.budget})`;
    return {
      alert: objective.alert,
      expr: `${above(long)} and ${above(short)}`,
      for: duration,
      severity,
      summary: objective.summary,
      labels: { long, short },
    };
  });
}

function alertRule(alert: Alert): Rule {
  return {
    alert: alert.alert,
    expr: alert.expr,
    for: alert.for,
    labels: { severity: alert.severity, ...alert.labels },
    annotations: { summary: alert.summary, runbook_url: `${RUNBOOK_URL}${alert.alert}.md` },
  };
}

/** Every group, in the order of the file. */
export const GROUPS: readonly Group[] = [
  {
    name: 'fleetwire-recordings',
    interval: '30s',
    rules: [
      ...OBJECTIVES.flatMap(({ recording, bad }) =>
        WINDOWS.map((window) => ({ record: `${recording}${window}`, expr: bad(window) })),
      ),
      ...RECORDINGS,
    ],
  },
  { name: 'fleetwire-objectives', rules: OBJECTIVES.flatMap(burns).map(alertRule) },
  { name: 'fleetwire-edge', rules: EDGE_ALERTS.map(alertRule) },
  { name: 'fleetwire-pipeline', rules: PIPELINE_ALERTS.map(alertRule) },
  { name: 'fleetwire-commands', rules: COMMAND_ALERTS.map(alertRule) },
  { name: 'fleetwire-runtime', rules: RUNTIME_ALERTS.map(alertRule) },
];

/** Names of all alerts, each once. */
export const ALERT_NAMES: readonly string[] = [
  ...new Set(GROUPS.flatMap(({ rules }) => rules.flatMap(({ alert }) => (alert === undefined ? [] : [alert])))),
];

/** For a Prometheus that reads rule files. */
export const RULES_FILE: JsonObject = { groups: GROUPS.map(plain) };

/** For the Prometheus operator. */
export const PROMETHEUS_RULE: JsonObject = {
  apiVersion: 'monitoring.coreos.com/v1',
  kind: 'PrometheusRule',
  metadata: { name: 'fleetwire', namespace: 'fleetwire', labels: { 'app.kubernetes.io/part-of': 'fleetwire' } },
  spec: { groups: GROUPS.map(plain) },
};

function plain(group: Group): JsonObject {
  return { ...group, rules: group.rules.map((rule): JsonObject => ({ ...rule })) };
}
