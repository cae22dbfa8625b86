/** Rules, dashboards and runbooks name metrics, labels and label values that a service registers; every alert has a page and a test in which it fires. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MetricRow } from '@fleetwire/service';
import { describe, expect, it } from 'vitest';
import { at, isObject, listOf, rowsOf, textOf, type Json } from '../json.js';
import { readPromql, withoutGrafana, type Selector } from '../promql.js';
import { ROOT } from '../render.js';
import { DASHBOARDS } from './dashboards.js';
import { ALERT_NAMES, GROUPS } from './rules.js';
import { serviceMetrics } from './services.js';

const SERVICES = serviceMetrics();
const ROWS = SERVICES.flatMap(({ metrics }) => metrics.rows);
/** Added by who scrapes, or by a histogram. */
const TARGET_LABELS = new Set(['app', 'pod', 'namespace', 'instance', 'job', 'le']);
/** Of Prometheus, node and cluster exporters, and of the Node client. */
const FOREIGN = new Set([
  'up',
  'nodejs_eventloop_lag_p99_seconds',
  'kube_pod_container_status_restarts_total',
  'kube_pod_container_status_last_terminated_reason',
  'node_nf_conntrack_entries',
  'node_nf_conntrack_entries_limit',
]);
const RECORDED = new Set(
  GROUPS.flatMap(({ rules }) => rules.flatMap(({ record }) => (record === undefined ? [] : [record]))),
);

const rowsFor = (metric: string): readonly MetricRow[] => {
  const base = metric.replace(/_(bucket|count|sum)$/, '');
  return ROWS.filter((row) => row.name === metric || (row.type === 'histogram' && row.name === base));
};

function problemsOf(where: string, selector: Selector): readonly string[] {
  const { metric, labels } = selector;
  if (FOREIGN.has(metric) || RECORDED.has(metric)) return [];
  const rows = rowsFor(metric);
  if (rows.length === 0) return [`${where}: no service registers ${metric}`];
  return labels.flatMap(({ name }) =>
    TARGET_LABELS.has(name) || rows.some((row) => row.labels.includes(name))
      ? []
      : [`${where}: ${metric} has no label ${name}`],
  );
}

const expressions: readonly { where: string; expr: string }[] = [
  ...GROUPS.flatMap(({ rules }) => rules.map((rule) => ({ where: rule.alert ?? rule.record ?? '', expr: rule.expr }))),
  ...DASHBOARDS.flatMap(({ file, body }) =>
    rowsOf(body['panels']).flatMap(({ row }) =>
      listOf(row['targets']).map((target) => ({
        where: `${file}: ${textOf(row['title']) ?? ''}`,
        expr: withoutGrafana(textOf(at(target, 'expr')) ?? ''),
      })),
    ),
  ),
];

const RUNBOOKS = join(ROOT, 'docs', 'runbooks');
const runbook = (alert: string): string => readFileSync(join(RUNBOOKS, `${alert}.md`), 'utf8');

describe('rules and dashboards', () => {
  it('have expressions that can be read', () => {
    expect(expressions.length).toBeGreaterThan(80);
    expect(expressions.filter(({ expr }) => readPromql(expr).error !== null)).toEqual([]);
  });

  it('name metrics and labels that a service registers', () => {
    const selectors = expressions.flatMap(({ where, expr }) =>
      readPromql(expr).selectors.map((one) => ({ where, one })),
    );
    expect(selectors.length).toBeGreaterThan(100);
    expect(selectors.flatMap(({ where, one }) => problemsOf(where, one))).toEqual([]);
  });

  it('compare closed labels with values that exist from the start', async () => {
    const text = (await Promise.all(SERVICES.map(({ metrics }) => metrics.expose()))).join('\n');
    const missing = expressions.flatMap(({ where, expr }) =>
      readPromql(expr)
        .selectors.filter(({ metric }) => rowsFor(metric).length > 0)
        .flatMap(({ metric, labels }) =>
          labels.flatMap(({ name, value }) =>
            value
              .split('|')
              .filter((one) => !hasSeries(text, metric, name, one))
              .map((one) => `${where}: ${metric} has no ${name}="${one}"`),
          ),
        ),
    );
    expect(missing).toEqual([]);
  });

  it('notice a metric, a label and an expression that do not exist', () => {
    const [metric] = readPromql('rate(fleetwire_nothing_total[5m])').selectors;
    const [label] = readPromql('fleetwire_edge_pressed{protocol="h02"}').selectors;
    expect(problemsOf('x', metric!)).toEqual(['x: no service registers fleetwire_nothing_total']);
    expect(problemsOf('x', label!)).toEqual(['x: fleetwire_edge_pressed has no label protocol']);
    expect(readPromql('sum(rate(a[5m])').error).not.toBeNull();
  });
});

function hasSeries(text: string, metric: string, label: string, value: string): boolean {
  return text.split('\n').some((line) => line.startsWith(`${metric}{`) && line.includes(`${label}="${value}"`));
}

describe('every alert', () => {
  it('has a page that says what it means, where to look, what to do and whom to call', () => {
    for (const alert of ALERT_NAMES) {
      const headings = runbook(alert)
        .split('\n')
        .filter((line) => line.startsWith('#'));
      expect(headings, alert).toEqual([`# ${alert}`, '## Meaning', '## Look', '## Act', '## Escalate']);
    }
  });

  it('has a page, and no page is left of an alert that is gone', () => {
    const pages = readdirSync(RUNBOOKS).filter((name) => name.startsWith('Fleetwire'));
    expect(pages.sort()).toEqual(ALERT_NAMES.map((name) => `${name}.md`).sort());
  });

  it('has pages that name only metrics that are registered', () => {
    const known = new Set([...ROWS.map(({ name }) => name), ...RECORDED]);
    const named = ALERT_NAMES.flatMap((alert) =>
      [...runbook(alert).matchAll(/\bfleetwire[_:][a-z0-9_:]+/g)].map(([metric]) => ({ alert, metric })),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter(({ metric }) => !known.has(metric.replace(/_(bucket|count|sum)$/, '')))).toEqual([]);
  });

  it('fires in a test of Prometheus itself (npm run test:ops)', () => {
    const text = readFileSync(join(ROOT, 'deploy', 'k8s', 'tests', 'rules.test.yaml'), 'utf8');
    const firing = new Set([...text.matchAll(/alertname="(\w+)",\s*alertstate="firing"/g)].map((match) => match[1]));
    expect(ALERT_NAMES.filter((alert) => !firing.has(alert))).toEqual([]);
  });
});

describe('every dashboard', () => {
  it('takes its data source from a variable, names no job, and places panels side by side without overlap', () => {
    for (const { file, body } of DASHBOARDS) {
      expect(uidsOf(body['panels']), file).toEqual(['${datasource}']);
      expect(JSON.stringify(body), file).not.toContain('job=');
      const places = rowsOf(body['panels']).map(({ row }) =>
        JSON.stringify([at(row, 'gridPos', 'x'), at(row, 'gridPos', 'y')]),
      );
      expect(new Set(places).size, file).toBe(places.length);
    }
  });
});

function uidsOf(value: Json | undefined): readonly string[] {
  const found = new Set<string>();
  const walk = (one: Json | undefined): void => {
    if (isObject(one)) {
      const uid = textOf(one['uid']);
      if (uid !== null) found.add(uid);
      Object.values(one).forEach(walk);
    } else listOf(one).forEach(walk);
  };
  walk(value);
  return [...found];
}
