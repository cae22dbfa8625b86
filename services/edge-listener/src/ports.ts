/** All ports of the edge: open, sweep, press, drain. */
import type { Server, Socket } from 'node:net';
import type { Family } from '@fleetwire/protocols';
import type { Logger, Part } from '@fleetwire/service';
import { Certificates } from './certificates.js';
import type { Clock } from './clock.js';
import { portOf, type EdgeConfig, type ListenerName, LISTENERS } from './config.js';
import { parseTlsPort } from './config-tls.js';
import type { Connection } from './connection.js';
import type { ConnectionDeps } from './connection-deps.js';
import { drain } from './drain.js';
import { Intake, Slots } from './intake.js';
import type { Lease } from './lease.js';
import { ConnectionLimits } from './limits.js';
import { listenTcp, refuse, type TcpShared } from './listener-tcp.js';
import { TlsTerminator } from './listener-tls.js';
import { listenUdp, type UdpListener } from './listener-udp.js';
import type { EdgeMetrics } from './metrics.js';
import type { PressureGate, PressureState } from './pressure.js';
import type { TcpConnection } from './tcp-connection.js';
import { UdpSessions } from './udp-sessions.js';

/** The gate is looked at that often: a step of the ramp is not shorter. */
const LOOK_MS = 100;
const SWEEP_MS = 1_000;
const SHED_SLICE_MS = 100;
/** Time that answers under way have at the end of the drain, beyond the delivery time-out of their frames. */
const SETTLE_MS = 2_000;
/** Time that peers have at the very end to close their side. */
const LAST_CLOSE_MS = 1_000;
/** What the stop may take beside shedding. */
const STOP_MARGIN_MS = 65_000;

export interface PortsOptions {
  readonly config: EdgeConfig;
  readonly deps: ConnectionDeps;
  readonly gate: PressureGate;
  readonly lease: Pick<Lease, 'say' | 'ageMs'>;
  readonly metrics: EdgeMetrics;
  readonly log: Logger;
  readonly pressure: () => PressureState;
  readonly familiesOf: (name: ListenerName) => readonly Family[];
  /** Commits what is under way and the ends of the sessions. */
  readonly afterShed: () => Promise<void>;
  readonly clock: Clock;
}

export class Ports {
  /** `astra/tcp` → number. */
  readonly numbers = new Map<string, number>();
  readonly #options: PortsOptions;
  readonly #limits: ConnectionLimits;
  readonly #connections = new Set<TcpConnection>();
  readonly #udpSessions: UdpSessions;
  readonly #intake: Intake<Socket>;
  readonly #certificates: Certificates;
  readonly #servers: Server[] = [];
  readonly #datagrams: UdpListener[] = [];
  #timers: NodeJS.Timeout[] = [];
  #open = false;
  #next = 1;

  constructor(options: PortsOptions) {
    this.#options = options;
    const { config } = options;
    this.#limits = new ConnectionLimits(config.connectionsMax, config.connectionsPerAddressMax);
    this.#udpSessions = new UdpSessions(config.udpSessionsMax, config.udpSessionIdleMs);
    this.#intake = new Intake(config.acceptsPerSecond, options.clock);
    this.#certificates = new Certificates(config, LISTENERS, options.log);
  }

  /** Accepted connections that wait for their turn. */
  get waiting(): number {
    return this.#intake.length;
  }
  get certificates(): Pick<Certificates, 'notAfterSeconds'> {
    return this.#certificates;
  }

  get part(): Part {
    const { config } = this.#options;
    const shedMs = (config.connectionsMax / config.shedPerSecond) * 1000;
    return {
      name: 'listeners',
      start: () => this.start(),
      stop: (hurry) => this.stop(hurry),
      stopTimeoutMs: config.lameDuckMs + shedMs + config.deliveryTimeoutMs + STOP_MARGIN_MS,
      ready: () => this.#ready(),
    };
  }

  async start(): Promise<void> {
    const { config, deps, gate, familiesOf } = this.#options;
    const nextNumber = (): number => this.#next++;
    const tcp: TcpShared = {
      deps,
      gate,
      nextNumber,
      limits: this.#limits,
      intake: this.#intake,
      connections: this.#connections,
      firstFrameTimeoutMs: config.firstFrameTimeoutMs,
      trustedProxies: config.proxyProtocol === 'required' ? config.proxyTrusted : null,
    };
    const udp = { deps, gate, nextNumber, sessions: this.#udpSessions };
    for (const name of LISTENERS) {
      if (!config.listeners.includes(name)) continue;
      const { port, variable } = portOf(config, name);
      const options = { name, variable, families: familiesOf(name), host: config.host, port };
      const number = await this.#listen({ ...options, tls: null }, tcp);
      // UDP takes the same number, also where the system chose it.
      const datagrams = await listenUdp({ ...options, port: number }, udp);
      this.#datagrams.push(datagrams);
      this.numbers.set(`${name}/udp`, datagrams.port);
    }
    await this.#startTls(tcp);
    this.#open = true;
    this.#timers = [setInterval(() => this.look(), LOOK_MS), setInterval(() => this.#sweep(), SWEEP_MS)];
    void this.#options.lease.say('serving');
    this.#options.log.info({ ports: Object.fromEntries(this.numbers) }, 'Devices are taken.');
  }

  /** TLS ports come beside the plain ones of the same families, under names of their own. */
  async #startTls(tcp: TcpShared): Promise<void> {
    const { config, metrics, familiesOf } = this.#options;
    const slots = new Slots(config.tlsHandshakesMax);
    for (const listener of LISTENERS) {
      const wanted = config.tlsPorts
        .map((entry) => parseTlsPort(entry, LISTENERS))
        .find((one) => one?.listener === listener);
      if (wanted === undefined || wanted === null) continue;
      const tls = new TlsTerminator({
        listener,
        certificates: this.#certificates,
        clientCertificates: config.tlsClientCertificates,
        handshakeTimeoutMs: config.tlsHandshakeTimeoutMs,
        slots,
        metrics,
      });
      const { host } = config;
      const variable = 'FLEETWIRE_TLS_PORTS';
      await this.#listen(
        { name: tlsName(listener), variable, families: familiesOf(listener), host, port: wanted.port, tls },
        tcp,
      );
    }
  }

  async #listen(options: Parameters<typeof listenTcp>[0], shared: TcpShared): Promise<number> {
    const server = await listenTcp(options, shared);
    this.#servers.push(server);
    const address = server.address();
    const number = address !== null && typeof address === 'object' ? address.port : options.port;
    this.numbers.set(`${options.name}/tcp`, number);
    return number;
  }

  /** Looks at the pressure; also called at each change of the producer's. */
  look(): void {
    const { gate, pressure, clock } = this.#options;
    gate.look(pressure(), clock.monotonicMs(), () => this.#connections);
  }

  async stop(hurry: AbortSignal): Promise<void> {
    const { config, deps, lease, metrics, log, clock, afterShed } = this.#options;
    metrics.draining.of({}).value = 1;
    const left = await drain(
      {
        lameDuckMs: this.#open ? config.lameDuckMs : 0,
        shedPerSecond: config.shedPerSecond,
        sliceMs: SHED_SLICE_MS,
        settleMs: config.deliveryTimeoutMs + SETTLE_MS,
        closeListeners: () => {
          this.#open = false;
          // Stops accepting; the promise of close() would wait for the connections that are shed next.
          for (const server of this.#servers) server.close();
          for (const listener of this.#datagrams) listener.stopReading();
          for (const socket of this.#intake.close()) if (!socket.destroyed) refuse(socket, 'drain', { deps });
          // A source of datagrams holds nothing that it would open anew in a rush.
          for (const one of this.#udpSessions.all()) one.finish('drain');
          void lease.say('draining');
        },
        connections: () => this.#all(),
        onStep: (step) => log.info({ step, connections: this.#limits.open }, 'The edge drains.'),
        clock,
      },
      hurry,
    );
    if (left > 0) log.error({ connections: left }, 'Connections still owed answers when the drain ended.');
    await afterShed();
    await this.#lingering();
    for (const timer of this.#timers) clearInterval(timer);
    for (const listener of this.#datagrams) await listener.close();
  }

  /** The last ones are given a moment to take their answers and close: the end of the process would reset them. */
  async #lingering(): Promise<void> {
    const { clock } = this.#options;
    const deadline = clock.monotonicMs() + LAST_CLOSE_MS;
    while (this.#connections.size > 0 && clock.monotonicMs() < deadline)
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS / 5));
    for (const one of this.#connections) one.destroy();
  }

  #all(): readonly Connection[] {
    return [...[...this.#connections].map((one) => one.connection), ...this.#udpSessions.all()];
  }

  #sweep(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const one of this.#connections) one.sweep(nowMs);
    for (const one of this.#udpSessions.all()) one.tick();
    this.#udpSessions.sweep(nowMs);
  }

  #ready(): true | string {
    const { config, lease } = this.#options;
    if (!this.#open) return 'the ports are not open';
    if (this.#limits.open >= config.connectionsMax)
      return `there are ${this.#limits.open} connections, as many as are taken`;
    // A short outage must not take every edge out of the load balancer at once.
    const ageMs = lease.ageMs();
    return (
      ageMs <= config.readyOutageMs + config.leaseIntervalMs || `nothing was committed for ${Math.round(ageMs)} ms`
    );
  }
}

/** `astra-tls`: what frames, sessions and metrics call the TLS port of a listener. */
const tlsName = (listener: ListenerName): string => `${listener}-tls`;

/** What is opened, as frames and sessions name it. */
export function listenerNames(config: EdgeConfig): readonly string[] {
  const tls = config.tlsPorts.flatMap((entry) => parseTlsPort(entry, LISTENERS)?.listener ?? []);
  return LISTENERS.flatMap((name) => [
    ...(config.listeners.includes(name) ? [name] : []),
    ...(tls.includes(name) ? [tlsName(name)] : []),
  ]);
}
