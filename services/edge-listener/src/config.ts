import { familyOf, PROTOCOLS, protocolOf, type ProtocolId } from '@fleetwire/protocols';
import {
  checkCommon,
  choice,
  commonVariables,
  defineConfig,
  integer,
  list,
  optional,
  port,
  text,
  type ConfigOf,
  type ConfigProblem,
  type Variable,
} from '@fleetwire/service';
import { EDGE_INBOX_PARTITIONS, SEND_BYTES_MAX } from '@fleetwire/streaming';
import { parseCidr } from './cidr.js';
import { checkTls, tlsVariables } from './config-tls.js';
import { checkPod, podVariables } from './pod-cost.js';

export const LISTENERS = ['shared', ...PROTOCOLS] as const;
export type ListenerName = (typeof LISTENERS)[number];

/** Bytes of a RawFrame beside its frame: names, context, Avro and Kafka framing. */
export const RECORD_OVERHEAD_BYTES = 4_096;
const HOUR_MS = 3_600_000;

/** A port for each protocol, which serves its whole family. */
function protocolPorts(): Record<`${ProtocolId}Port`, Variable<number>> {
  const entries = PROTOCOLS.map((id) => {
    const { title, port: usual } = protocolOf(id);
    const others = familyOf(id).protocols.filter((one) => one.id !== id);
    const too = others.length === 0 ? '' : ` (${others.map((one) => one.title).join(', ')} too)`;
    const meaning = `TCP and UDP port of ${title} devices${too}`;
    return [`${id}Port`, port(`FLEETWIRE_${id.toUpperCase()}_PORT`, { meaning, default: usual })] as const;
  });
  return Object.fromEntries(entries) as Record<`${ProtocolId}Port`, Variable<number>>;
}

const SPEC = {
  ...commonVariables('edge-listener', 9201),
  host: text('FLEETWIRE_EDGE_HOST', { meaning: 'address on which devices are taken', default: '0.0.0.0' }),
  listeners: list('FLEETWIRE_LISTENERS', {
    meaning: `plain ports that are opened, comma-separated, of ${LISTENERS.join(', ')}; none: TLS ports alone`,
    default: LISTENERS,
    min: 1,
    problemOf: (name) =>
      name === 'none' || LISTENERS.some((known) => known === name) ? null : `names an unknown listener: "${name}"`,
    remedy: `Name some of ${LISTENERS.join(', ')}, or none.`,
  }),
  sharedPort: port('FLEETWIRE_SHARED_PORT', { meaning: 'TCP and UDP port that detects the protocol', default: 8888 }),
  ...protocolPorts(),

  ...tlsVariables(LISTENERS),
  ...podVariables(),

  unknownDevices: choice('FLEETWIRE_UNKNOWN_DEVICES', ['allow', 'refuse'], {
    meaning: 'what happens to a device that is not in the topic devices: allow or refuse',
    default: 'allow',
  }),
  connectionsMax: integer('FLEETWIRE_CONNECTIONS_MAX', {
    meaning: 'TCP connections; more are closed at once',
    default: 15_000,
    min: 1,
    max: 1_000_000,
  }),
  connectionsPerAddressMax: integer('FLEETWIRE_CONNECTIONS_PER_ADDRESS_MAX', {
    meaning: 'TCP connections of one address; carriers put whole fleets behind one',
    default: 5_000,
    min: 1,
    max: 1_000_000,
  }),
  deviceFramesPerMinute: optional(
    integer('FLEETWIRE_DEVICE_FRAMES_PER_MINUTE', {
      meaning:
        'frames of a device whose row in devices has no limits of its own; more end its connection; none: no limit',
      unit: '1/min',
      min: 1,
      max: 1_000_000,
    }),
  ),
  acceptsPerSecond: integer('FLEETWIRE_ACCEPTS_PER_SECOND', {
    meaning: 'TCP connections that are begun a second; in a storm the others wait in order, unread',
    unit: '1/s',
    default: 2_000,
    min: 1,
    max: 100_000,
  }),
  firstFrameTimeoutMs: integer('FLEETWIRE_FIRST_FRAME_TIMEOUT_MS', {
    meaning:
      'time in which a connection must send its first whole frame, and then complete any frame that it has begun',
    unit: 'ms',
    default: 60_000,
    min: 100,
    max: HOUR_MS,
  }),
  badFramesMax: integer('FLEETWIRE_BAD_FRAMES_MAX', {
    meaning: 'bad frames in a row after which a connection is closed',
    default: 20,
    min: 1,
    max: 10_000,
  }),
  connectionPendingBytesMax: integer('FLEETWIRE_CONNECTION_PENDING_BYTES_MAX', {
    meaning: 'uncommitted bytes of one connection at which it is not read any more',
    unit: 'bytes',
    default: 262_144,
    min: 4_096,
    max: 16_777_216,
  }),
  pendingBytesMax: integer('FLEETWIRE_PENDING_BYTES_MAX', {
    meaning: 'uncommitted bytes in all at which no socket is read any more and datagrams are dropped',
    unit: 'bytes',
    default: 33_554_432,
    min: 65_536,
    max: 1_073_741_824,
  }),
  rampMs: integer('FLEETWIRE_RAMP_MS', {
    meaning: 'time over which all sockets are read again after a stop',
    unit: 'ms',
    default: 5_000,
    min: 0,
    max: 600_000,
  }),
  lingerMs: integer('FLEETWIRE_LINGER_MS', {
    meaning: 'time that a frame waits for others of its batch',
    unit: 'ms',
    default: 5,
    min: 0,
    max: 1_000,
  }),
  batchBytesMax: integer('FLEETWIRE_BATCH_BYTES_MAX', {
    meaning: 'bytes of one send to Kafka',
    unit: 'bytes',
    default: 524_288,
    min: 16_384,
    max: SEND_BYTES_MAX,
  }),
  deliveryTimeoutMs: integer('FLEETWIRE_DELIVERY_TIMEOUT_MS', {
    meaning:
      'time after which an uncommitted frame counts as refused: it is not acknowledged and its connection is closed',
    unit: 'ms',
    default: 30_000,
    min: 1_000,
    max: 600_000,
  }),
  deadLettersPerMinute: integer('FLEETWIRE_DEAD_LETTERS_PER_MINUTE', {
    meaning: 'dead letters of one address and reason; more are only counted',
    unit: '1/min',
    default: 10,
    min: 0,
    max: 100_000,
  }),
  udpSessionsMax: integer('FLEETWIRE_UDP_SESSIONS_MAX', {
    meaning: 'source addresses that are remembered; the one silent for longest is forgotten',
    default: 50_000,
    min: 1,
    max: 1_000_000,
  }),
  udpSessionIdleMs: integer('FLEETWIRE_UDP_SESSION_IDLE_MS', {
    meaning: 'silence after which a source address is forgotten',
    unit: 'ms',
    default: 600_000,
    min: 1_000,
    max: 24 * HOUR_MS,
  }),
  udpReachableMs: integer('FLEETWIRE_UDP_REACHABLE_MS', {
    meaning:
      'time after a datagram in which a command reaches its sender: what the address translation on the way keeps',
    unit: 'ms',
    default: 25_000,
    min: 1_000,
    max: HOUR_MS,
  }),
  proxyProtocol: choice('FLEETWIRE_PROXY_PROTOCOL', ['off', 'required'], {
    meaning: 'PROXY protocol version 2 on TCP: off or required',
    default: 'off',
  }),
  proxyTrusted: list('FLEETWIRE_PROXY_TRUSTED', {
    meaning: 'networks of the proxies that may say whom they speak for, comma-separated, such as 10.0.0.0/8',
    default: [],
    problemOf: (entry) => (parseCidr(entry) === null ? `has an entry that is no network: "${entry}"` : null),
    remedy: 'Give networks such as 10.0.0.0/8, comma-separated.',
  }),
  leaseIntervalMs: integer('FLEETWIRE_LEASE_INTERVAL_MS', {
    meaning: 'how often the lease in edge-status is renewed',
    unit: 'ms',
    default: 3_000,
    min: 500,
    max: 5_000,
  }),
  inboxPartition: optional(
    integer('FLEETWIRE_INBOX_PARTITION', {
      meaning: 'partition of edge-commands that is the inbox; none: one at random',
      min: 0,
      max: EDGE_INBOX_PARTITIONS - 1,
    }),
  ),
  readyOutageMs: integer('FLEETWIRE_READY_OUTAGE_MS', {
    meaning: 'how long brokers may be away before the service says that it is not ready',
    unit: 'ms',
    default: 300_000,
    min: 0,
    max: 24 * HOUR_MS,
  }),
  lameDuckMs: integer('FLEETWIRE_DRAIN_LAME_DUCK_MS', {
    meaning:
      'time between the signal and the closing of the ports: longer than a load balancer takes to send devices elsewhere',
    unit: 'ms',
    default: 0,
    min: 0,
    max: 600_000,
  }),
  shedPerSecond: integer('FLEETWIRE_DRAIN_SHED_PER_SECOND', {
    meaning: 'connections that are ended a second while the service drains',
    unit: '1/s',
    default: 300,
    min: 1,
    max: 100_000,
  }),
} as const;

export type EdgeConfig = ConfigOf<typeof SPEC>;

function check(config: EdgeConfig): readonly ConfigProblem[] {
  const problems = [...checkCommon(config), ...checkTls(config, LISTENERS), ...checkPod(config)];
  // A pressed producer must still take a whole batch, or pressure would never end.
  if (config.pendingBytesMax < 2 * config.batchBytesMax)
    problems.push({
      variable: 'FLEETWIRE_PENDING_BYTES_MAX',
      problem: `is ${config.pendingBytesMax}, less than two batches`,
      remedy: `Give at least ${2 * config.batchBytesMax}, or lower FLEETWIRE_BATCH_BYTES_MAX.`,
    });
  if (config.connectionsPerAddressMax > config.connectionsMax)
    problems.push({
      variable: 'FLEETWIRE_CONNECTIONS_PER_ADDRESS_MAX',
      problem: `is ${config.connectionsPerAddressMax}, above FLEETWIRE_CONNECTIONS_MAX`,
      remedy: `Give at most ${config.connectionsMax}.`,
    });
  // An address is announced again after half its window: it must not be forgotten before.
  if (config.udpSessionIdleMs < config.udpReachableMs)
    problems.push({
      variable: 'FLEETWIRE_UDP_SESSION_IDLE_MS',
      problem: `is ${config.udpSessionIdleMs}, below FLEETWIRE_UDP_REACHABLE_MS`,
      remedy: `Give at least ${config.udpReachableMs}.`,
    });
  if (config.proxyProtocol === 'required' && config.proxyTrusted.length === 0)
    problems.push({
      variable: 'FLEETWIRE_PROXY_TRUSTED',
      problem: 'is not set',
      remedy: 'Name the networks of your proxies, or anybody could speak for anybody.',
    });
  return problems;
}

export const definition = defineConfig('edge-listener', SPEC, check);
/** Reads the environment; throws ConfigError with every problem. */
export const loadConfig = definition.load;

/** Listener → its port and the variable that sets it. */
export function portOf(config: EdgeConfig, name: ListenerName): { readonly port: number; readonly variable: string } {
  return { port: config[`${name}Port`], variable: SPEC[`${name}Port`].name };
}
