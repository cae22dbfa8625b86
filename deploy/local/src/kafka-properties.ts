import { LOOPBACK } from './versions.js';

/** One node, broker and controller at once, of a cluster on the loopback. */
export interface NodePlan {
  readonly id: number;
  readonly port: number;
  readonly controllerPort: number;
  /** A second client listener whose advertised port is a proxy's: who comes through the proxy stays on it. */
  readonly proxied?: { readonly port: number; readonly advertisedPort: number };
}

export interface PropertiesPlan {
  readonly node: NodePlan;
  /** Every node, this one too. */
  readonly nodes: readonly NodePlan[];
  readonly logDir: string;
  /** Short periods, for tests that wait for the broker's own clean-up. */
  readonly quick?: boolean;
  /** Win over everything else. */
  readonly overrides?: Readonly<Record<string, string>>;
}

/**
 * The properties of a node. One node keeps one copy of everything; three keep three, and two must have a record before it counts as committed,
 * the internal topics too: so the death of one loses nothing that was acknowledged.
 */
export function kafkaProperties(plan: PropertiesPlan): Readonly<Record<string, string>> {
  const { node, nodes } = plan;
  const copies = String(Math.min(3, nodes.length));
  const minInSync = String(nodes.length >= 3 ? 2 : 1);
  const listeners = [`PLAINTEXT://${LOOPBACK}:${node.port}`];
  const advertised = [...listeners];
  const protocols = ['PLAINTEXT:PLAINTEXT', 'CONTROLLER:PLAINTEXT'];
  if (node.proxied !== undefined) {
    listeners.push(`PROXIED://${LOOPBACK}:${node.proxied.port}`);
    advertised.push(`PROXIED://${LOOPBACK}:${node.proxied.advertisedPort}`);
    protocols.push('PROXIED:PLAINTEXT');
  }
  return {
    'process.roles': 'broker,controller',
    'node.id': String(node.id),
    'controller.quorum.voters': nodes.map((n) => `${n.id}@${LOOPBACK}:${n.controllerPort}`).join(','),
    listeners: [...listeners, `CONTROLLER://${LOOPBACK}:${node.controllerPort}`].join(','),
    'advertised.listeners': advertised.join(','),
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': protocols.join(','),
    'log.dirs': plan.logDir,
    'auto.create.topics.enable': 'false',
    'unclean.leader.election.enable': 'false',
    'num.partitions': '6',
    'default.replication.factor': copies,
    'min.insync.replicas': minInSync,
    'offsets.topic.num.partitions': '4',
    'offsets.topic.replication.factor': copies,
    'transaction.state.log.num.partitions': '4',
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': minInSync,
    'share.coordinator.state.topic.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': copies,
    'share.coordinator.state.topic.min.isr': minInSync,
    'group.initial.rebalance.delay.ms': '0',
    'log.cleaner.dedupe.buffer.size': '16777216',
    'num.network.threads': '2',
    'num.io.threads': '4',
    // With the stock 9 s a broker that was killed is only let in again when its old session has lapsed: 11 s instead of 3.5.
    'broker.heartbeat.interval.ms': '500',
    'broker.session.timeout.ms': nodes.length > 1 ? '3000' : '2000',
    ...(nodes.length > 1 ? { 'replica.lag.time.max.ms': '5000' } : {}),
    ...(plan.quick === true
      ? {
          'transaction.abort.timed.out.transaction.cleanup.interval.ms': '1000',
          'log.cleaner.backoff.ms': '500',
          'log.initial.task.delay.ms': '1000',
        }
      : {}),
    ...plan.overrides,
  };
}

/** As a Java properties file. A backslash is its escape character, so those of a value are doubled. */
export function formatProperties(properties: Readonly<Record<string, string>>): string {
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value.replaceAll('\\', '\\\\')}\n`)
    .join('');
}
