/** The tables of the README are those of the code. */
import { readFileSync } from 'node:fs';
import { ConfigError, Metrics, metricTable, readTable, variableTable } from '@fleetwire/service';
import { describe, expect, it } from 'vitest';
import { definition, loadConfig } from './config.js';
import { edgeMetrics, udpKernelDrops } from './metrics.js';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const REQUIRED = { KAFKA_BROKERS: 'a:1', SCHEMA_REGISTRY_URL: 'http://r' };

describe('the README', () => {
  it('lists every variable as loadConfig reads it', () => {
    const rows = readTable(variableTable(definition.table).join('\n'), 'variable');
    expect(readTable(README, 'variable')).toEqual(rows);
  });

  it('lists every metric', () => {
    const metrics = new Metrics('edge-listener', { process: false });
    edgeMetrics(metrics, { connectionsMax: 1 });
    udpKernelDrops(metrics, () => []);
    const rows = readTable(metricTable(metrics.rows).join('\n'), 'metric');
    expect(readTable(README, 'metric')).toEqual(rows);
  });
});

describe('loadConfig', () => {
  it('has the ports that fleets use', () => {
    expect(loadConfig(REQUIRED)).toMatchObject({
      sharedPort: 8888,
      astraPort: 5103,
      h02Port: 5013,
      jt808Port: 5015,
      atrackPort: 5044,
    });
  });

  it('asserts the relations between limits', () => {
    const env = {
      ...REQUIRED,
      FLEETWIRE_PENDING_BYTES_MAX: '65536',
      FLEETWIRE_CONNECTIONS_MAX: '10',
      FLEETWIRE_UDP_SESSION_IDLE_MS: '2000',
      FLEETWIRE_PROXY_PROTOCOL: 'required',
    };
    let problems: readonly string[] = [];
    try {
      loadConfig(env);
    } catch (error) {
      if (error instanceof ConfigError) problems = error.problems.map((problem) => problem.variable);
    }
    expect(problems).toEqual([
      'FLEETWIRE_PENDING_BYTES_MAX',
      'FLEETWIRE_CONNECTIONS_PER_ADDRESS_MAX',
      'FLEETWIRE_UDP_SESSION_IDLE_MS',
      'FLEETWIRE_PROXY_TRUSTED',
    ]);
  });

  it('names an unknown listener', () => {
    expect(() => loadConfig({ ...REQUIRED, FLEETWIRE_LISTENERS: 'astra,gt06' })).toThrow('unknown listener: "gt06"');
  });
});
