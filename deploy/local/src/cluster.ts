import path from 'node:path';
import { makeNode, type Broker, type NodeSettings } from './broker.js';
import { LocalError, messageOf } from './errors.js';
import type { NodePlan } from './kafka-properties.js';
import { askCluster } from './metadata.js';
import { LOOPBACK } from './versions.js';
import { freePorts, until } from './wait.js';

const MEET_MS = 90_000;

export interface ClusterOptions extends Omit<NodeSettings, 'logFile'> {
  /** A folder a broker: `broker-1`, `broker-2` … */
  readonly dataDir: string;
  /** Default 3: three voters, three copies, two of which must have a record. */
  readonly brokers?: number;
  /** Client ports from here on, one a broker, then the controllers'. Absent: free ones. */
  readonly firstPort?: number;
  /** One a broker, in order: a second listener that advertises a proxy's port. */
  readonly proxied?: readonly NonNullable<NodePlan['proxied']>[];
}

export interface Cluster {
  readonly brokers: readonly Broker[];
  /** Bootstrap addresses. */
  readonly addresses: readonly string[];
  /** Resolves when every broker that runs and is not frozen sees `count` brokers. False when that did not come about in time. */
  waitForBrokers(count: number, timeoutMs: number): Promise<boolean>;
  /** All at once. */
  stop(): Promise<void>;
}

/** Client and controller ports of each node. */
export function planNodes(
  count: number,
  ports: readonly number[],
  proxied?: ClusterOptions['proxied'],
): readonly NodePlan[] {
  return Array.from({ length: count }, (_, i) => {
    const through = proxied?.[i];
    return {
      id: i + 1,
      port: ports[i]!,
      controllerPort: ports[count + i]!,
      ...(through === undefined ? {} : { proxied: through }),
    };
  });
}

/** Brokers that vote together, started; resolves when all see all. About 7 s for three on 2 idle cores. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const count = options.brokers ?? 3;
  if (count < 1) throw new LocalError('settings', `brokers: ${count} is no cluster; give 1 or more`);
  const { firstPort } = options;
  const ports =
    firstPort === undefined ? await freePorts(count * 2) : Array.from({ length: count * 2 }, (_, i) => firstPort + i);
  const nodes = planNodes(count, ports, options.proxied);
  const brokers: Broker[] = [];
  for (const node of nodes) {
    brokers.push(await makeNode(node, nodes, path.join(options.dataDir, `broker-${node.id}`), options));
  }
  const cluster: Cluster = {
    brokers,
    addresses: brokers.map((b) => b.address),
    waitForBrokers: async (wanted, timeoutMs) => {
      const met = await until(
        async () => {
          const views = await Promise.all(
            brokers.filter((b) => b.running).map((b) => askCluster(LOOPBACK, b.port, 1000)),
          );
          const answers = views.filter((view) => view !== null);
          return answers.length > 0 && answers.every((view) => view.brokers.length === wanted) ? true : null;
        },
        { timeoutMs },
      );
      return met !== null;
    },
    stop: async () => {
      await Promise.all(brokers.map((b) => b.stop()));
    },
  };
  try {
    // None is ready before a majority votes, so they must come up side by side.
    await Promise.all(brokers.map((b) => b.start()));
    if (!(await cluster.waitForBrokers(count, MEET_MS)))
      throw new LocalError('start_failed', `the ${count} brokers do not see each other`);
  } catch (error) {
    await cluster.stop();
    throw error instanceof LocalError ? error : new LocalError('start_failed', messageOf(error), { cause: error });
  }
  return cluster;
}
