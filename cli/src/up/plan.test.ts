import { describe, expect, it } from 'vitest';
import { fleetArguments, planServices, readyLine, type ServicePlan } from './plan.js';
import { edgePorts, portsOfEdge } from './ports.js';

const first = edgePorts({}, {});
const plan = (edges: number, decoders: number): readonly ServicePlan[] =>
  planServices({
    counts: { 'edge-listener': edges, decoder: decoders, enricher: 1, places: 0, 'command-dispatcher': 1 },
    brokers: ['a:1', 'b:2'],
    registry: 'http://r/apis/ccompat/v7',
    edges: Array.from({ length: edges }, (_, i) => portsOfEdge(first, i)),
    httpPorts: [1, 2, 3, 4, 5, 6],
    logLevel: 'warn',
    edgeHost: '0.0.0.0',
  });

describe('the services of an instance', () => {
  it('are named with their number from the second on', () => {
    expect(plan(2, 2).map((s) => s.part)).toEqual([
      'edge-listener',
      'edge-listener-2',
      'decoder',
      'decoder-2',
      'enricher',
      'command-dispatcher',
    ]);
  });

  it('get what they need by their environment', () => {
    const [, second, decoder] = plan(2, 1);
    expect(second!.env).toMatchObject({
      KAFKA_BROKERS: 'a:1,b:2',
      SCHEMA_REGISTRY_URL: 'http://r/apis/ccompat/v7',
      FLEETWIRE_HTTP_PORT: '2',
      FLEETWIRE_HTTP_HOST: '127.0.0.1',
      FLEETWIRE_SHARED_PORT: '8988',
      FLEETWIRE_ASTRA_PORT: '5203',
      FLEETWIRE_H02_PORT: '5113',
      FLEETWIRE_JT808_PORT: '5115',
      FLEETWIRE_ATRACK_PORT: '5144',
      FLEETWIRE_KAFKA_CLIENT_ID: 'fleetwire-edge-listener-2',
      LOG_LEVEL: 'warn',
    });
    expect(decoder!.env).not.toHaveProperty('FLEETWIRE_SHARED_PORT');
  });
});

describe('the ready line', () => {
  it('names brokers, registry, every port and every address of probes', () => {
    expect(JSON.parse(JSON.stringify(readyLine(['a:1'], 'http://r', plan(1, 1))))).toEqual({
      ready: true,
      brokers: ['a:1'],
      registry: 'http://r',
      edge: { shared: { tcp: 8888, udp: 8888 }, astra: 5103, h02: 5013, jt808: 5015, atrack: 5044 },
      edges: [{ shared: { tcp: 8888, udp: 8888 }, astra: 5103, h02: 5013, jt808: 5015, atrack: 5044 }],
      http: {
        'edge-listener': 'http://127.0.0.1:1',
        decoder: 'http://127.0.0.1:2',
        enricher: 'http://127.0.0.1:3',
        'command-dispatcher': 'http://127.0.0.1:4',
      },
    });
  });

  it('has no edge where none runs', () => {
    expect(readyLine(['a:1'], 'http://r', plan(0, 1))).not.toHaveProperty('edge');
  });
});

describe('the simulated fleet', () => {
  it('talks to each protocol’s own port, or to the shared one where the ports are not the usual ones', () => {
    expect(fleetArguments({ devices: 5 }, first)).not.toContain('--port');
    const other = fleetArguments({ devices: 5, rate: 2.5 }, portsOfEdge(first, 1));
    expect(other.slice(other.indexOf('--port'), other.indexOf('--port') + 2)).toEqual(['--port', '8988']);
    expect(other.slice(other.indexOf('--rate'), other.indexOf('--rate') + 2)).toEqual(['--rate', '2.5']);
  });
});
