/** Which ports an edge listens on, how they are set, and whether they are free. */
import dgram from 'node:dgram';
import { portIsFree } from '@fleetwire/local';
import { PROTOCOLS, protocolOf } from '@fleetwire/protocols';
import { failed, usage } from '../errors.js';

/** The shared port detects the protocol; the others are those that fleets already use. Each for TCP and UDP. */
export const EDGE_PORT_NAMES = ['shared', ...PROTOCOLS] as const;
export type EdgePortName = (typeof EDGE_PORT_NAMES)[number];
const each = <T>(of: (name: EdgePortName) => T): Readonly<Record<EdgePortName, T>> =>
  Object.fromEntries(EDGE_PORT_NAMES.map((name) => [name, of(name)])) as Record<EdgePortName, T>;
const SHARED_PORT = 8888;
export const EDGE_PORTS = each((name) => ({
  fallback: name === 'shared' ? SHARED_PORT : protocolOf(name).port,
  variable: `FLEETWIRE_${name.toUpperCase()}_PORT`,
  option: `--${name}-port`,
}));
export type EdgePorts = Readonly<Record<EdgePortName, number>>;

/** Further edges stand on these ports plus 100, 200 …: no two of the defaults then meet. */
const EDGE_STEP = 100;
const PORT_MAX = 65_535;

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The ports of the first edge: option, else variable, else default. 0 stays 0: a free one is chosen later.
 * Throws a usage error that names the option or variable.
 */
export function edgePorts(options: Readonly<Partial<Record<EdgePortName, number>>>, env: Env): EdgePorts {
  const one = (name: EdgePortName): number => {
    const { fallback, variable } = EDGE_PORTS[name];
    const given = options[name];
    if (given !== undefined) return given;
    const text = (env[variable] ?? '').trim();
    if (text === '') return fallback;
    const port = /^\d+$/.test(text) ? Number(text) : NaN;
    if (!(port <= PORT_MAX))
      throw usage(`${variable}: "${text}" is not a port`, 'give a whole number from 0 to 65535, or unset it');
    return port;
  };
  const ports = each(one);
  for (const [i, a] of EDGE_PORT_NAMES.entries()) {
    const b = EDGE_PORT_NAMES.slice(0, i).find((other) => ports[other] !== 0 && ports[other] === ports[a]);
    if (b === undefined) continue;
    throw usage(
      `${a} and ${b} have the same port ${ports[a]}`,
      `give another with ${EDGE_PORTS[a].option} (or ${EDGE_PORTS[a].variable})`,
    );
  }
  return ports;
}

/** Ports of the edge with that index (0: the first). Throws a usage error when they would go beyond the last port. */
export function portsOfEdge(first: EdgePorts, index: number): EdgePorts {
  const shift = (name: EdgePortName): number => {
    if (first[name] === 0) return 0;
    const port = first[name] + index * EDGE_STEP;
    if (port > PORT_MAX)
      throw usage(
        `edge ${index + 1} would have ${name} on port ${port}`,
        `give a lower ${EDGE_PORTS[name].option}, or fewer --edges`,
      );
    return port;
  };
  return each(shift);
}

/** Replaces each 0 by a port that is free for TCP and UDP, and checks the others. Throws an error that names port and setting. */
export async function takePorts(ports: EdgePorts, host: string, chosen: Set<number>): Promise<EdgePorts> {
  const taken: Record<EdgePortName, number> = { ...ports };
  for (const name of EDGE_PORT_NAMES) {
    const port = ports[name] === 0 ? await freeForBoth(host, chosen) : ports[name];
    if (ports[name] !== 0) await requireFree(name, port, host);
    chosen.add(port);
    taken[name] = port;
  }
  return taken;
}

async function requireFree(name: EdgePortName, port: number, host: string): Promise<void> {
  const tcp = await portIsFree(port, host);
  if (tcp && (await udpIsFree(port, host))) return;
  const { option, variable } = EDGE_PORTS[name];
  throw failed(
    `device port ${port}/${tcp ? 'udp' : 'tcp'} (${name}) is in use on ${host}`,
    `end what listens there, or choose another with ${option} (or ${variable}; 0 takes a free one)`,
  );
}

/** Tried so often; each try is a port that the system calls free for UDP. */
const TRIES_MAX = 50;

async function freeForBoth(host: string, chosen: ReadonlySet<number>): Promise<number> {
  for (let i = 0; i < TRIES_MAX; i++) {
    const port = await bindUdp(0, host);
    if (port !== null && !chosen.has(port) && (await portIsFree(port, host))) return port;
  }
  throw failed('the system gives no free port', 'give the ports with the --…-port options');
}

async function udpIsFree(port: number, host: string): Promise<boolean> {
  return (await bindUdp(port, host)) !== null;
}

/** Binds and lets go again; the port, or null. */
function bindUdp(port: number, host: string): Promise<number | null> {
  return new Promise((resolve) => {
    const socket = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.once('error', () => socket.close(() => resolve(null)));
    socket.bind({ port, address: host, exclusive: true }, () => {
      const bound = socket.address().port;
      socket.close(() => resolve(bound));
    });
  });
}
