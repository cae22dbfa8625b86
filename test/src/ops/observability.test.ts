/**
 * Prometheus on the real services: it scrapes all of them, can read every metric, evaluates every rule; and when the broker is stopped the alert of an outage fires, its
 * runbook can be followed word for word, and the alert ends after it. A trace leads through all of them.
 *
 * The rules are those that are deployed. Only their waiting (`for`) is shortened, sixty-fold; FLEETWIRE_OPS_HASTE=1 runs them as they are (`npm run chaos:outage-alert`).
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '@fleetwire/validate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Fleet } from '../harness/fleet.js';
import { Stack } from '../harness/stack.js';
import { waitFor } from '../harness/wait.js';
import { Collector, type TakenSpan } from './collector.js';
import { Prometheus } from './prometheus.js';
import { runTool } from './tools.js';

const HASTE = Number(process.env['FLEETWIRE_OPS_HASTE'] ?? 60);
const ALERT = 'FleetwireBrokerOutage';
/** The age of the lease that the rule waits for is not shortened. */
const FIRES_MS = 240_000 + 120_000 / HASTE;
const QUIET_MS = 180_000;

let stack: Stack;
let fleet: Fleet;
let prometheus: Prometheus;
let collector: Collector;

beforeAll(async () => {
  const services = { 'edge-listener': 1, decoder: 1, enricher: 1, 'command-dispatcher': 1 };
  collector = await Collector.start();
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, FLEETWIRE_TRACE_SHARE: '1' };
  stack = await Stack.start({ brokers: 1, services, partitions: 6, env });
  fleet = new Fleet({ seed: 7, devices: 5, everyMs: 500, transport: 'tcp', ports: stack.ports });
  fleet.start();
  prometheus = await Prometheus.start({
    folder: path.join(stack.dataDir, 'prometheus'),
    targets: stack.services.map(({ label, httpPort }) => ({ pod: label, port: httpPort })),
    haste: HASTE,
  });
}, 240_000);
afterAll(async () => {
  fleet.stop();
  await prometheus.stop();
  await stack.stop();
  await collector.stop();
}, 120_000);

describe('Prometheus', () => {
  it('scrapes every service', async () => {
    interface Targets {
      readonly activeTargets: readonly { readonly health: string; readonly lastError: string }[];
    }
    await waitFor(
      'all targets to be up',
      async () => {
        const { activeTargets } = await prometheus.ask<Targets>('targets');
        return activeTargets.length === 4 && activeTargets.every(({ health }) => health === 'up');
      },
      90_000,
    );
  });

  it('finds nothing to correct in the metrics of any service', async () => {
    for (const { label, httpPort } of stack.services) {
      const text = await (await fetch(`http://127.0.0.1:${httpPort}/metrics`)).text();
      const { code, stdout, stderr } = await runTool('promtool', ['check', 'metrics'], { input: text });
      expect(`${stdout}${stderr}`.trim(), label).toBe('');
      expect(code, label).toBe(0);
    }
  });

  it('evaluates every rule, and none of the alerts of the pipeline fires while all is well', async () => {
    await waitFor(
      'all rules to be evaluated',
      async () => (await prometheus.rules()).every(({ health }) => health !== 'unknown'),
      120_000,
    );
    const rules = await prometheus.rules();
    expect(rules.length).toBeGreaterThan(45);
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
    expect(await prometheus.firing()).not.toContain(ALERT);
  });
});

describe('a trace', () => {
  it('leads from the socket over the decoder to the enriched record, under one id', async () => {
    const whole = (): readonly TakenSpan[] | null => {
      for (const enriched of collector.named('enrich')) {
        const decoded = collector.named('decode').find(({ spanId }) => spanId === enriched.parentSpanId);
        const received = collector.named('receive').find(({ spanId }) => spanId === decoded?.parentSpanId);
        if (decoded !== undefined && received !== undefined) return [received, decoded, enriched];
      }
      return null;
    };
    await waitFor('the spans of one frame from three services', () => whole() !== null, 90_000);
    const spans = whole() ?? [];
    expect(spans.map(({ service }) => service)).toEqual(['edge-listener', 'decoder', 'enricher']);
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    expect(spans[0]?.parentSpanId).toBe('');
    const header = await traceOfEnriched(spans[2]?.traceId ?? '');
    expect(header.split('-')[2]).toBe(spans[2]?.spanId);
  });

  it('is linked with the batch in which its record was processed', async () => {
    const linked = (): boolean =>
      collector.named('decode').some(({ parentSpanId, links }) => {
        const batch = collector.named('decode batch').find(({ spanId }) => links.includes(spanId));
        return batch?.links.includes(parentSpanId) === true;
      });
    await waitFor('a batch and a record that are linked both ways', linked, 90_000);
  });

  it('is an example of the latency that Prometheus keeps', async () => {
    interface Series {
      readonly exemplars: readonly { readonly labels: Readonly<Record<string, string>> }[];
    }
    const now = Date.now() / 1000;
    const query = `query=fleetwire_edge_ack_latency_seconds_bucket&start=${now - 600}&end=${now + 600}`;
    await waitFor(
      'an exemplar with the id of a trace that was sent',
      async () => {
        const series = await prometheus.ask<readonly Series[]>(`query_exemplars?${query}`);
        const ids = series.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels['trace_id']));
        return ids.some((id) => collector.spans.some(({ traceId }) => traceId === id));
      },
      90_000,
    );
  });
});

/** The header of the enriched record of a trace. */
async function traceOfEnriched(traceId: string): Promise<string> {
  let found = '';
  await stack.streams.read({
    topics: ['telemetry-enriched'],
    from: 'beginning',
    untilEnd: true,
    onRecord: ({ headers }) => {
      const header = headers['traceparent']?.toString('latin1') ?? '';
      if (header.includes(traceId)) found = header;
      return found === '';
    },
  });
  return found;
}

/** The commands of a runbook that are marked for one machine, in order. */
function commandsOf(alert: string): readonly string[] {
  const text = readFileSync(path.join(ROOT, 'docs', 'runbooks', `${alert}.md`), 'utf8');
  return [...text.matchAll(/```sh one-machine\n([\s\S]*?)```/g)].flatMap(([, block]) =>
    (block ?? '').split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#')),
  );
}

describe('an outage of the broker', () => {
  it(
    `makes ${ALERT} fire; its runbook can be followed; and it ends when the broker is back`,
    async () => {
      const edge = stack.of('edge-listener')[0]!;
      const broker = stack.cluster.brokers[0]!;
      const env = {
        ...process.env,
        EDGE: `http://127.0.0.1:${edge.httpPort}`,
        PROMETHEUS: prometheus.url,
        KAFKA_BROKERS: stack.cluster.addresses.join(','),
        SCHEMA_REGISTRY_URL: stack.registry.url,
      };
      await broker.stop();
      await waitFor(`${ALERT} to fire`, async () => (await prometheus.firing()).includes(ALERT), FIRES_MS);

      const commands = commandsOf(ALERT);
      expect(commands.length).toBeGreaterThan(2);
      const during = await Promise.all(commands.map((command) => follow(command, env)));
      expect(during.map(({ stdout }) => stdout).join('\n')).toContain('fleetwire_edge_lease_age_seconds');
      expect(during.map(({ stderr, stdout }) => stdout + stderr).join('\n')).toContain(ALERT);
      expect(edge.pid, 'the edge lives through it').not.toBeNull();

      await broker.start();
      await waitFor(`${ALERT} to end`, async () => !(await prometheus.firing()).includes(ALERT), QUIET_MS);
      await waitFor(
        'devices to be answered again',
        async () =>
          (await edge.metric('fleetwire_edge_lease_age_seconds')) < 30 &&
          (await edge.metric('fleetwire_edge_pressed')) === 0,
        QUIET_MS,
      );
      const after = await Promise.all(commands.map((command) => follow(command, env)));
      expect(after.filter(({ code }) => code !== 0)).toEqual([]);
      await fleet.finish();
    },
    FIRES_MS + 3 * QUIET_MS,
  );
});

async function follow(command: string, env: NodeJS.ProcessEnv) {
  return { command, ...(await runTool('bash', ['-c', command], { cwd: ROOT, env })) };
}
