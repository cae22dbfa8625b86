/** Real edges, decoder and dispatcher as processes on a broker, and a user who commands devices and reads how it ended. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { SimulatedId } from '@fleetwire/protocols/ids';
import { createFleet } from '@fleetwire/protocols/fleet';
import { Codec, type CommandDraft, type CommandEvent, type DeviceDraft, type Setting } from '@fleetwire/schemas';
import { connect, topicSpecs, type OutRecord, type Producer, type Streams, type Table } from '@fleetwire/streaming';
import { planService, type ServiceName, type ServiceProcess } from '../stack.js';
import { waitFor } from '../wait.js';
import { CommandedDevice } from './device.js';
import type { SessionSeen } from './evidence.js';
import { silentLog } from './log.js';

const PARTITIONS = 4;
/** The dispatcher's patience: shorter than usual, and longer than a loaded machine takes. */
const ANSWER_MS = 25_000;

export { PARTITIONS as COMMAND_PARTITIONS };

export interface WorldOptions {
  readonly brokers: readonly string[];
  /** Address of the schema registry, which has all schemas. */
  readonly registry: string;
  /** Environment of the edges, over the usual. */
  readonly edgeEnv?: Readonly<Record<string, string>>;
}

export class CommandWorld {
  readonly edges: readonly ServiceProcess[];
  readonly decoder: ServiceProcess;
  readonly dispatcher: ServiceProcess;
  /** Every session record, in the order of the log of each device. */
  readonly sessions: SessionSeen[] = [];
  readonly #services: readonly ServiceProcess[];
  readonly #dataDir: string;
  readonly #streams: Streams;
  readonly #codec: Codec;
  readonly #producer: Producer;
  readonly #tables: Table[] = [];
  readonly #stories = new Map<string, CommandEvent[]>();
  readonly #settings = new Map<string, Setting>();
  readonly #devices: CommandedDevice[] = [];
  /** Idents differ between worlds that share topics. */
  readonly #seed = Math.floor(Math.random() * 1e6);

  private constructor(dataDir: string, streams: Streams, codec: Codec, services: readonly ServiceProcess[]) {
    this.#dataDir = dataDir;
    this.#streams = streams;
    this.#codec = codec;
    this.#services = services;
    this.edges = services.filter(({ name }) => name === 'edge-listener');
    this.decoder = services.find(({ name }) => name === 'decoder')!;
    this.dispatcher = services.find(({ name }) => name === 'command-dispatcher')!;
    this.#producer = streams.producer({ log: silentLog });
  }

  static async start(options: WorldOptions): Promise<CommandWorld> {
    const streams = connect({ brokers: options.brokers, clientId: 'command-test' });
    const admin = streams.admin();
    await admin.applyTopics(topicSpecs({ partitions: PARTITIONS, replicationFactor: 1 }));
    await admin.close();
    const dataDir = await mkdtemp(path.join(os.tmpdir(), 'fleetwire-commands-'));
    const codec = await Codec.connect({
      registryUrl: options.registry,
      topics: ['commands', 'command-events', 'devices', 'device-settings', 'device-sessions', 'sms-outbox'],
      timeoutMs: 10_000,
    });
    const services = [
      await service('edge-listener', 'edge-1', dataDir, options),
      await service('edge-listener', 'edge-2', dataDir, options),
      await service('decoder', 'decoder', dataDir, options),
      await service('command-dispatcher', 'dispatcher', dataDir, options),
    ];
    const world = new CommandWorld(dataDir, streams, codec, services);
    await Promise.all([...services.map((one) => one.start()), world.#follow()]);
    await Promise.all(services.map((one) => one.ready()));
    return world;
  }

  async stop(): Promise<void> {
    for (const device of this.#devices) device.stop();
    await Promise.all(this.#services.map((one) => one.stop()));
    await Promise.all(this.#tables.map((table) => table.stop()));
    await this.#producer.close();
    await rm(this.#dataDir, { recursive: true, force: true });
  }

  /** Devices that try the edges in turn, from the one named on; not started yet. */
  devices(
    protocol: SimulatedId | 'mixed',
    count: number,
    edge: 0 | 1 = 0,
    transport: 'tcp' | 'udp' = 'tcp',
  ): readonly CommandedDevice[] {
    const seed = this.#seed + this.#devices.length;
    const fleet = createFleet({ protocol, transport, count, seed, startMs: Date.now() });
    const ports = this.edges.map(({ devicePort }) => devicePort);
    const made = fleet.map(
      (tracker) => new CommandedDevice(tracker, () => (edge === 0 ? ports : [...ports].reverse()), transport),
    );
    this.#devices.push(...made);
    return made;
  }

  async online(protocol: SimulatedId, edge: 0 | 1 = 0, transport: 'tcp' | 'udp' = 'tcp'): Promise<CommandedDevice> {
    const device = this.devices(protocol, 1, edge, transport)[0]!;
    device.start();
    await device.online();
    return device;
  }

  /** Writes a command and returns its id. */
  async send(ident: string, name: string, args: object = {}, over: Partial<CommandDraft> = {}): Promise<string> {
    const id = randomUUID();
    const nowUs = Date.now() * 1000;
    const draft: CommandDraft = {
      id,
      ident,
      name,
      arguments: JSON.stringify(args),
      expires_at: nowUs + 60_000_000,
      requested_at: nowUs,
      requested_by: 'test',
      ...over,
    };
    await this.write({ topic: 'commands', key: ident, value: this.#codec.encode('commands', draft) });
    return id;
  }

  async putDevice(device: DeviceDraft): Promise<void> {
    await this.write({ topic: 'devices', key: device.ident, value: this.#codec.encode('devices', device) });
  }

  /** The bytes of a command. */
  encode(draft: CommandDraft): Buffer {
    return this.#codec.encode('commands', draft);
  }

  async write(record: OutRecord): Promise<void> {
    await this.#producer.send([record]);
  }

  story(id: string): readonly CommandEvent[] {
    return this.#stories.get(id) ?? [];
  }

  /** How many commands have ended for this cause. */
  ended(cause: string): number {
    const all = [...this.#stories.values()].flat();
    return all.filter((event) => event.terminal && event.cause === cause).length;
  }

  async reached(id: string, state: CommandEvent['state'], timeoutMs = 60_000): Promise<CommandEvent> {
    const found = (): CommandEvent | undefined => this.story(id).find((event) => event.state === state);
    await waitFor(`command ${id} to be ${state}`, () => found() !== undefined, timeoutMs).catch((error: unknown) => {
      throw new Error(`its events: ${JSON.stringify(this.story(id))}`, { cause: error });
    });
    return found()!;
  }

  /** The terminal event. */
  async end(id: string, timeoutMs = 60_000): Promise<CommandEvent> {
    const found = (): CommandEvent | undefined => this.story(id).find((event) => event.terminal);
    await waitFor(`command ${id} to end`, () => found() !== undefined, timeoutMs).catch((error: unknown) => {
      throw new Error(`its events: ${JSON.stringify(this.story(id))}`, { cause: error });
    });
    return found()!;
  }

  /** The newest value of a setting; undefined: none. */
  setting(ident: string, name: string, side: Setting['side']): unknown {
    const value = this.#settings.get(`${ident}|${name}|${side}`)?.value;
    return value === undefined || value === null ? undefined : (JSON.parse(value) as unknown);
  }

  async #follow(): Promise<void> {
    const events = this.#streams.table({
      topic: 'command-events',
      from: 'end',
      log: silentLog,
      onRecord: (record) => {
        const event = this.#codec.decode('command-events', record.value!);
        this.#stories.set(event.id, [...this.story(event.id), event]);
      },
    });
    const settings = this.#streams.table({
      topic: 'device-settings',
      log: silentLog,
      onRecord: ({ key, value }) => {
        if (value !== null) this.#settings.set(key!.toString(), this.#codec.decode('device-settings', value));
      },
    });
    const sessions = this.#streams.table({
      topic: 'device-sessions',
      from: 'end',
      log: silentLog,
      onRecord: ({ key, value }) => {
        const [ident = '', bootId = ''] = key!.toString().split('|');
        const peer = value === null ? null : this.#codec.decode('device-sessions', value).peer;
        this.sessions.push({ ident, bootId, peer, seenMs: Date.now() });
      },
    });
    this.#tables.push(events, settings, sessions);
    await Promise.all(this.#tables.map((table) => table.start()));
  }
}

function service(
  name: ServiceName,
  label: string,
  dataDir: string,
  { brokers, registry, edgeEnv }: WorldOptions,
): Promise<ServiceProcess> {
  const env = {
    ...(name === 'edge-listener' && edgeEnv),
    ...(name === 'command-dispatcher' && {
      FLEETWIRE_SMS_GATEWAY: 'true',
      FLEETWIRE_COMMAND_ANSWER_MS: String(ANSWER_MS),
    }),
  };
  return planService(name, label, { brokers, registry, dataDir, env });
}
