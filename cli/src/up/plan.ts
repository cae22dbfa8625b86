/** What `fleetwire up` runs: which services, how many, on which ports, with which environment. Pure. */
import { EDGE_PORTS, EDGE_PORT_NAMES, type EdgePorts } from './ports.js';

/** In the order in which they are stopped: what feeds before what is fed. */
export const SERVICES = ['edge-listener', 'decoder', 'enricher', 'places', 'command-dispatcher'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Where probes and metrics of the first of each are served, when that is free. */
export const HTTP_PORTS: Readonly<Record<ServiceName, number>> = {
  'edge-listener': 9201,
  decoder: 9202,
  enricher: 9203,
  places: 9205,
  'command-dispatcher': 9204,
};

/** What each runs, from the root of the repository. */
export const PROGRAMS: Readonly<Record<ServiceName, string>> = {
  'edge-listener': 'services/edge-listener/dist/main.js',
  decoder: 'services/decoder/dist/main.js',
  enricher: 'services/enricher/dist/main.js',
  places: 'services/enricher/dist/places/main.js',
  'command-dispatcher': 'services/command-dispatcher/dist/main.js',
};

export type ServiceCounts = Readonly<Record<ServiceName, number>>;

export interface ServicePlan {
  /** `decoder`, and `decoder-2` for the second: name of its log, of its entry in the ready line, of its messages. */
  readonly part: string;
  readonly service: ServiceName;
  readonly httpPort: number;
  /** Of an edge: its device ports. */
  readonly edge: EdgePorts | null;
  /** What its environment has on top of this process's. */
  readonly env: Readonly<Record<string, string>>;
}

export interface PlanInput {
  readonly counts: ServiceCounts;
  readonly brokers: readonly string[];
  readonly registry: string;
  /** One an edge. */
  readonly edges: readonly EdgePorts[];
  /** One a service, in the order of SERVICES and of their numbers. */
  readonly httpPorts: readonly number[];
  readonly logLevel: string;
  readonly edgeHost: string;
}

/** Names of all parts, in the order of SERVICES. */
export function partNames(
  counts: ServiceCounts,
): readonly { readonly part: string; readonly service: ServiceName; readonly index: number }[] {
  return SERVICES.flatMap((service) =>
    Array.from({ length: counts[service] }, (_, index) => ({
      part: index === 0 ? service : `${service}-${index + 1}`,
      service,
      index,
    })),
  );
}

export function planServices(input: PlanInput): readonly ServicePlan[] {
  return partNames(input.counts).map(({ part, service, index }, at) => {
    const httpPort = input.httpPorts[at]!;
    const edge = service === 'edge-listener' ? input.edges[index]! : null;
    return {
      part,
      service,
      httpPort,
      edge,
      env: {
        KAFKA_BROKERS: input.brokers.join(','),
        SCHEMA_REGISTRY_URL: input.registry,
        FLEETWIRE_KAFKA_CLIENT_ID: `fleetwire-${part}`,
        FLEETWIRE_HTTP_HOST: '127.0.0.1',
        FLEETWIRE_HTTP_PORT: String(httpPort),
        LOG_LEVEL: input.logLevel,
        ...(edge === null ? {} : { FLEETWIRE_EDGE_HOST: input.edgeHost, ...edgeEnvironment(edge) }),
      },
    };
  });
}

function edgeEnvironment(ports: EdgePorts): Readonly<Record<string, string>> {
  return Object.fromEntries(EDGE_PORT_NAMES.map((name) => [EDGE_PORTS[name].variable, String(ports[name])]));
}

/** What scripts read of a running instance: the one line of `--json`, and the file `instance.json`. */
export interface ReadyLine {
  readonly ready: true;
  readonly brokers: readonly string[];
  readonly registry: string;
  /** The first edge; absent without one. */
  readonly edge?: EdgeAddresses;
  readonly edges: readonly EdgeAddresses[];
  /** Part → address of its probes and metrics. */
  readonly http: Readonly<Record<string, string>>;
}
export interface EdgeAddresses {
  readonly shared: { readonly tcp: number; readonly udp: number };
  /** TCP and UDP. */
  readonly astra: number;
  readonly h02: number;
  readonly jt808: number;
  readonly atrack: number;
}

export function readyLine(brokers: readonly string[], registry: string, services: readonly ServicePlan[]): ReadyLine {
  const edges = services.flatMap(({ edge }) => {
    if (edge === null) return [];
    const { shared, ...own } = edge;
    return [{ shared: { tcp: shared, udp: shared }, ...own }];
  });
  return {
    ready: true,
    brokers,
    registry,
    ...(edges[0] === undefined ? {} : { edge: edges[0] }),
    edges,
    http: Object.fromEntries(services.map(({ part, httpPort }) => [part, `http://127.0.0.1:${httpPort}`])),
  };
}

/**
 * Arguments of the simulated fleet. On other ports than the usual ones it talks to the shared port, which every protocol finds.
 * It drives until it is stopped.
 */
export function fleetArguments(
  fleet: { readonly devices: number; readonly rate?: number },
  edge: EdgePorts,
): readonly string[] {
  const usual = EDGE_PORT_NAMES.every((name) => edge[name] === EDGE_PORTS[name].fallback);
  return [
    'simulate',
    ...['--devices', String(fleet.devices)],
    ...(fleet.rate === undefined ? [] : ['--rate', String(fleet.rate)]),
    ...['--host', '127.0.0.1'],
    ...(usual ? [] : ['--port', String(edge.shared)]),
    ...['--duration', '3650d', '--drain', '3s'],
  ];
}
