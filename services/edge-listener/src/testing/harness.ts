/** An edge over Kafka in memory and loopback sockets, and devices that speak to it. */
import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { Codec, type CommandReport, type DeadLetter, type RawFrame, type RoutedCommandDraft } from '@fleetwire/schemas';
import { Metrics, createLogger, type Part } from '@fleetwire/service';
import type { Family } from '@fleetwire/protocols';
import { SYSTEM_CLOCK, type Clock } from '../clock.js';
import { loadConfig } from '../config.js';
import { createEdge, type Edge } from '../edge.js';
import { lineFamily } from './line-protocol.js';
import { MemoryStreams } from './memory-streams.js';

const ENV = {
  KAFKA_BROKERS: 'memory:1',
  SCHEMA_REGISTRY_URL: 'http://memory',
  FLEETWIRE_EDGE_HOST: '127.0.0.1',
  FLEETWIRE_LISTENERS: 'shared',
  FLEETWIRE_SHARED_PORT: '0',
  FLEETWIRE_INBOX_PARTITION: '3',
  FLEETWIRE_RAMP_MS: '0',
  FLEETWIRE_LEASE_INTERVAL_MS: '500',
};

/** The system's, put forward when a test says so: a time-out comes without waiting for it. */
export class JumpingClock implements Clock {
  #aheadMs = 0;
  jump(ms: number): void {
    this.#aheadMs += ms;
  }
  wallMs(): number {
    return SYSTEM_CLOCK.wallMs() + this.#aheadMs;
  }
  monotonicMs(): number {
    return SYSTEM_CLOCK.monotonicMs() + this.#aheadMs;
  }
}

export class TestEdge {
  readonly streams = new MemoryStreams();
  readonly codec = Codec.local();
  readonly metrics = new Metrics('edge-listener', { process: false });
  readonly logs: Record<string, unknown>[] = [];
  readonly edge: Edge;
  readonly #parts: Part[] = [];

  constructor(
    options: {
      readonly env?: Record<string, string>;
      readonly families?: readonly Family[];
      readonly clock?: Clock;
    } = {},
  ) {
    const write = (line: string): void => void this.logs.push(JSON.parse(line) as Record<string, unknown>);
    this.edge = createEdge({
      config: loadConfig({ ...ENV, ...options.env }),
      codec: this.codec,
      streams: this.streams,
      log: createLogger({ service: 'edge-listener', level: 'debug', destination: { write } }),
      metrics: this.metrics,
      families: options.families ?? [lineFamily()],
      ...(options.clock !== undefined && { clock: options.clock }),
    });
  }

  static async start(options: ConstructorParameters<typeof TestEdge>[0] = {}): Promise<TestEdge> {
    const edge = new TestEdge(options);
    await edge.start();
    return edge;
  }
  async start(): Promise<void> {
    for (const part of this.edge.parts) {
      this.#parts.push(part);
      await part.start?.(new AbortController().signal);
    }
  }
  /** Stops what was started, last first; `hurry` as at a second signal, which may come later. */
  async stop(hurry: boolean | AbortSignal = true): Promise<void> {
    const signal = hurry === true ? AbortSignal.abort() : hurry === false ? new AbortController().signal : hurry;
    for (const part of this.#parts.splice(0).reverse()) await part.stop?.(signal);
  }
  get ready(): true | string {
    for (const part of this.edge.parts) {
      const ready = part.ready?.() ?? true;
      if (ready !== true) return ready;
    }
    return true;
  }

  port(transport: 'tcp' | 'udp'): number {
    return this.edge.ports.get(`shared/${transport}`) ?? 0;
  }
  tcp(localAddress?: string): Promise<TcpDevice> {
    return TcpDevice.connect(this.port('tcp'), localAddress);
  }
  udp(): Promise<UdpDevice> {
    return UdpDevice.open(this.port('udp'));
  }

  get frames(): readonly RawFrame[] {
    return this.streams.of('raw-frames').map((record) => this.codec.decode('raw-frames', record.value!));
  }
  get deadLetters(): readonly DeadLetter[] {
    return this.streams.of('dead-letters').map((record) => this.codec.decode('dead-letters', record.value!));
  }
  get reports(): readonly CommandReport[] {
    return this.streams.of('command-reports').map((record) => this.codec.decode('command-reports', record.value!));
  }
  /** `ident connection` of each session record, `ident -` of each tombstone, in order. */
  get sessions(): readonly string[] {
    return this.streams.of('device-sessions').map(({ key, value }) => {
      const ident = key!.toString().split('|')[0]!;
      return `${ident} ${value === null ? '-' : this.codec.decode('device-sessions', value).connection}`;
    });
  }
  /** Sum of the series of a metric that have these labels. */
  async metric(name: string, labels: Record<string, string> = {}): Promise<number> {
    let sum = 0;
    for (const line of (await this.metrics.expose()).split('\n'))
      if (line.startsWith(`${name}{`) && Object.entries(labels).every(([k, v]) => line.includes(`${k}="${v}"`)))
        sum += Number(line.slice(line.lastIndexOf(' ') + 1));
    return sum;
  }

  /** Sends a command as the dispatcher would. */
  route(
    id: string,
    more: Partial<Omit<RoutedCommandDraft, 'command'>> & { readonly name?: string; readonly ident?: string } = {},
    command: Partial<RoutedCommandDraft['command']> = {},
  ): void {
    const { name = 'locate', ident = '77', ...rest } = more;
    const nowUs = Date.now() * 1000;
    const routed: RoutedCommandDraft = {
      command: {
        id,
        ident,
        name,
        arguments: '{}',
        expires_at: nowUs + 60e6,
        delivery: 'at_most_once',
        condition: null,
        priority: 0,
        confirm: false,
        channel: 'connection',
        cancel_of: null,
        requested_at: nowUs,
        requested_by: 'test',
        tenant: null,
        ...command,
      },
      attempt: 1,
      boot_id: this.edge.bootId,
      connection: 1,
      inbox: 3,
      settings: '{}',
      routed_at: nowUs,
      ...rest,
    };
    this.streams.write({
      topic: 'edge-commands',
      key: ident,
      partition: 3,
      value: this.codec.encode('edge-commands', routed),
    });
  }
}

/** What a device heard, and a way to wait for it. */
class Heard {
  text = '';
  ended = false;
  readonly #waiting = new Set<() => void>();
  hear(text: string): void {
    this.text += text;
    for (const look of [...this.#waiting]) look();
  }
  end(): void {
    this.ended = true;
    for (const look of [...this.#waiting]) look();
  }
  until(ready: () => boolean): Promise<void> {
    if (ready()) return Promise.resolve();
    return new Promise((resolve) => {
      const look = (): void => {
        if (!ready()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
    });
  }
}

export class TcpDevice extends Heard {
  private constructor(readonly socket: Socket) {
    super();
    socket.on('data', (chunk: Buffer) => this.hear(chunk.toString('latin1')));
    socket.on('close', () => this.end());
    socket.on('error', () => undefined);
  }
  /** On a socket that is connected. */
  static over(socket: Socket): TcpDevice {
    return new TcpDevice(socket);
  }
  static connect(port: number, localAddress = '127.0.0.1'): Promise<TcpDevice> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', localAddress }, () => resolve(new TcpDevice(socket)));
      socket.once('error', reject);
    });
  }
  say(text: string | Uint8Array): void {
    this.socket.write(text);
  }
  hears(text: string): Promise<void> {
    return this.until(() => this.text === text);
  }
  closed(): Promise<void> {
    return this.until(() => this.ended);
  }
}

export class UdpDevice extends Heard {
  private constructor(
    readonly socket: ReturnType<typeof createSocket>,
    readonly port: number,
  ) {
    super();
    socket.on('message', (datagram) => this.hear(datagram.toString('latin1')));
  }
  static open(port: number): Promise<UdpDevice> {
    return new Promise((resolve) => {
      const socket = createSocket('udp4');
      socket.bind(0, '127.0.0.1', () => resolve(new UdpDevice(socket, port)));
    });
  }
  say(text: string): void {
    this.socket.send(text, this.port, '127.0.0.1');
  }
  hears(text: string): Promise<void> {
    return this.until(() => this.text === text);
  }
  close(): void {
    this.socket.close();
  }
}
