/**
 * The dispatcher's work on one partition: the commands of all its devices, and the only writer of their events.
 *
 * Guarantees: state, events and input offsets commit together, so that a command has exactly one terminal event; a command is
 * sent to an edge only after its routing is committed; an attempt goes to another edge only after `bounced`.
 */
import { deviceTypeOf, type ProtocolId } from '@fleetwire/protocols';
import type { Codec, Command, CommandEvent, CommandReport, RoutedCommand } from '@fleetwire/schemas';
import { failpoint, learnSchemas, recordDeadLetter, RecordGuard } from '@fleetwire/service';
import { partitionOf, type InRecord, type OutRecord, type StepResult, type Task } from '@fleetwire/streaming';
import { SchemaError } from '@fleetwire/schemas';
import type { CommitPulse } from './commit-pulse.js';
import { DeviceTable } from './device-table.js';
import type { Leases } from './leases.js';
import { answer, edgeReport, expire, handOver, refuse, request, route, timeOut } from './machine.js';
import type { DispatcherMetrics } from './metrics.js';
import { emptyDevice, nextInQueue, parseDevice, type DeviceCommands, type Entry } from './model.js';
import { RESEND_MS, type Outbox } from './outbox.js';
import { commandOfWrite, isIdempotent, planOf, readBackOf, settingRecordOf, settingsSetBy } from './plan.js';
import { Sessions } from './sessions.js';
import { argumentsOf, refusalFor, refusalOf, smsText } from './validate.js';

export const STAGE = 'command-dispatcher';
export const COMMANDS = 'commands';
export const REPORTS = 'command-reports';
export const SESSIONS = 'device-sessions';
export const DEVICES = 'devices';
export const SETTINGS = 'device-settings';
export const STATE_TOPIC = 'dispatcher-state';
/** Version of the state payload: JSON of DeviceCommands. */
const STATE_FORMAT = 1;
/** Sessions of dead edges that one tick removes. */
const CLEAN_UP_PER_TICK_MAX = 1000;
/** Part of the state record that only shows that this dispatcher can commit. */
const BEAT = 'beat';
/** Header of a command that was forwarded from a wrong partition: once, never again. */
const FORWARDED = 'forwarded';

export interface DispatcherDeps {
  readonly codec: Codec;
  readonly partitions: number;
  readonly leases: Leases;
  readonly outbox: Pick<Outbox, 'send' | 'endSession'>;
  readonly pulse: CommitPulse;
  readonly metrics: DispatcherMetrics;
  readonly smsGateway: boolean;
}

export class DispatcherTask implements Task {
  readonly #deps: DispatcherDeps;
  readonly #partition: number;
  readonly #guard: RecordGuard;
  readonly #sessions = new Sessions();
  readonly #table = new DeviceTable();
  readonly #devices = new Map<string, DeviceCommands>();
  /** Devices with a command that has not ended. */
  readonly #active = new Set<string>();
  readonly #touched = new Set<string>();
  /** Command id → when its routing was last sent, ms. */
  readonly #sentAtMs = new Map<string, number>();

  constructor(partition: number, deps: DispatcherDeps) {
    this.#deps = deps;
    this.#partition = partition;
    this.#guard = new RecordGuard(deps.codec, STAGE, partition, deps.partitions);
  }

  prepare(records: readonly InRecord[]): Promise<void> {
    return learnSchemas(this.#deps.codec, records);
  }

  load(record: InRecord): void {
    const key = record.key?.toString('utf8') ?? '';
    if (record.topic === SESSIONS) {
      const [ident = '', bootId = ''] = key.split('|');
      this.#guard.read(SESSIONS, record, ident, (session) => this.#sessions.put(ident, bootId, session, record.offset));
      return;
    }
    if (record.topic === DEVICES) {
      this.#guard.read(DEVICES, record, key, (device) => this.#table.putDevice(key, device));
      return;
    }
    if (record.topic === SETTINGS) {
      const [ident = '', name = '', side = ''] = key.split('|');
      this.#guard.read(SETTINGS, record, ident, (setting) => this.#table.putSetting(ident, name, side, setting));
      return;
    }
    if (record.value === null) {
      this.#devices.delete(key);
      this.#active.delete(key);
      return;
    }
    const { part, payload } = this.#deps.codec.decode(STATE_TOPIC, record.value);
    if (part === BEAT) return;
    const device = parseDevice(payload.toString('utf8'));
    this.#devices.set(key, device);
    this.#noteActive(key, device);
  }

  process(records: readonly InRecord[], nowMs: number): StepResult {
    const outputs = this.#guard.takeDeadLetters();
    for (const record of records) {
      if (record.topic === COMMANDS) this.#command(record, nowMs * 1000, outputs);
      else this.#report(record, nowMs * 1000, outputs);
    }
    return this.#result(outputs);
  }

  tick(nowMs: number): StepResult | null {
    const nowUs = nowMs * 1000;
    const outputs = this.#guard.takeDeadLetters();
    for (const ident of [...this.#active]) {
      const device = this.#devices.get(ident)!;
      this.#publish(ident, timeOut(device, this.#holding(ident, device), nowUs), outputs);
      this.#route(ident, device, nowUs, outputs);
      this.#sendAgain(ident, device, nowMs);
    }
    const { leases, outbox } = this.#deps;
    for (const { ident, bootId } of this.#sessions.of((id) => leases.forgotten(id), CLEAN_UP_PER_TICK_MAX))
      outbox.endSession(ident, bootId);
    const beat = this.#deps.pulse.beatDue(performance.now()) ? [this.#beat()] : [];
    return outputs.length + beat.length === 0 ? null : this.#result(outputs, beat);
  }

  #holding(ident: string, { outstanding }: DeviceCommands): { edgeAlive: boolean; left: boolean } {
    const bootId = outstanding?.bootId ?? null;
    if (outstanding === null || bootId === null) return { edgeAlive: true, left: false };
    return {
      edgeAlive: this.#deps.leases.alive(bootId),
      left: this.#sessions.connectionOf(ident, bootId) !== outstanding.connection,
    };
  }

  #command(record: InRecord, nowUs: number, outputs: OutRecord[]): void {
    const { codec, metrics, smsGateway } = this.#deps;
    let command: Command;
    try {
      if (record.value === null) return;
      command = codec.decode(COMMANDS, record.value);
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error;
      metrics.invalid();
      const ident = record.key?.toString('utf8') ?? null;
      const failure = { reason: 'invalid', stage: STAGE, ident, error: error.message, version: null } as const;
      outputs.push(recordDeadLetter(codec, record, failure));
      return;
    }
    if (partitionOf(command.ident, this.#deps.partitions) !== this.#partition) {
      this.#forward(record, command, outputs);
      return;
    }
    const { ident } = command;
    const device = this.#deviceOf(ident);
    const phone = this.#table.phone(ident);
    const refusal = refusalOf(command, { nowUs, protocol: this.#protocol(ident), smsGateway, phone });
    const events = request(device, command, refusal, nowUs);
    if (events.length === 0) metrics.repeated();
    this.#publish(ident, events, outputs);
    if (events.at(-1)?.state === 'queued') {
      if (command.channel === 'sms') this.#handOver(device, command, phone ?? '', nowUs, outputs);
      else {
        const type = this.#protocol(ident) ?? deviceTypeOf(device.protocol);
        this.#desire(device.queue.at(-1), type, nowUs, outputs);
      }
    }
    this.#route(ident, device, nowUs, outputs);
  }

  /** What the device speaks: by its session, else by what users say of it; null: not known. */
  #protocol(ident: string): ProtocolId | null {
    const held = this.#sessions.current(ident, (bootId) => this.#deps.leases.alive(bootId));
    return deviceTypeOf(held?.session.protocol) ?? this.#table.protocol(ident);
  }

  #handOver(device: DeviceCommands, command: Command, phone: string, nowUs: number, outputs: OutRecord[]): void {
    const { ident, id, tenant, expires_at, requested_at } = command;
    const text = smsText(argumentsOf(command.arguments) ?? {}) ?? '';
    const sms = { ident, tenant, command_id: id, attempt: 1, phone, text, expires_at, requested_at };
    const value = this.#deps.codec.encode('sms-outbox', sms);
    outputs.push({ topic: 'sms-outbox', key: ident, partition: this.#partition, value });
    this.#publish(ident, handOver(device, id, nowUs), outputs);
  }

  /**
   * What a command sets is wanted from now on, whatever becomes of the command: drift is measured against it. A device that nobody
   * knows has no names for its settings before it is there.
   */
  #desire(entry: Entry | undefined, type: ProtocolId | null, nowUs: number, outputs: OutRecord[]): void {
    if (entry === undefined || entry.desired || type === null) return;
    entry.desired = true;
    this.#settings(type, entry.command, 'desired', nowUs, outputs);
  }

  #settings(
    type: ProtocolId,
    command: Command,
    side: 'desired' | 'reported',
    atUs: number,
    outputs: OutRecord[],
  ): void {
    for (const setting of settingsSetBy(type, command)) {
      const value = this.#deps.codec.encode(SETTINGS, settingRecordOf(command, setting, side, atUs));
      const key = `${command.ident}|${setting.name}|${side}`;
      outputs.push({ topic: SETTINGS, key, partition: this.#partition, value });
    }
  }

  /** A client's partitioner put it elsewhere: it goes to its own partition, once. */
  #forward(record: InRecord, command: Command, outputs: OutRecord[]): void {
    const { codec, metrics } = this.#deps;
    metrics.forwarded();
    if (record.headers[FORWARDED] === undefined) {
      const headers = { [FORWARDED]: `${record.partition}/${record.offset}` };
      outputs.push({ topic: COMMANDS, key: command.ident, value: record.value, headers });
      return;
    }
    const error = `the partition of ${command.ident} is another one, and it was forwarded already`;
    const failure = { reason: 'wrong_partition', stage: STAGE, ident: command.ident, error, version: null } as const;
    outputs.push(recordDeadLetter(codec, record, failure));
  }

  #report(record: InRecord, nowUs: number, outputs: OutRecord[]): void {
    if (record.value === null) return;
    const report = this.#deps.codec.decode(REPORTS, record.value);
    const device = this.#devices.get(report.ident);
    if (device === undefined) {
      this.#deps.metrics.unsolicited();
      return;
    }
    if (report.kind === 'answered') this.#answer(device, report, nowUs, outputs);
    else this.#publish(report.ident, edgeReport(device, report, nowUs), outputs);
    this.#route(report.ident, device, nowUs, outputs);
  }

  #answer(device: DeviceCommands, report: CommandReport, nowUs: number, outputs: OutRecord[]): void {
    const waiting = [device.outstanding, ...device.queue].filter((entry) => entry !== null);
    const events = answer(device, report.ident, report, nowUs);
    if (events.length === 0) this.#deps.metrics.unsolicited();
    this.#publish(report.ident, events, outputs);
    const end = events.find((event) => event.state === 'succeeded');
    const command = waiting.find((entry) => entry.command.id === end?.id)?.command;
    const type = deviceTypeOf(report.protocol);
    if (end === undefined || command === undefined || type === null) return;
    const read = readBackOf(type, command, end);
    if (read === null) this.#settings(type, command, 'reported', report.at, outputs);
    else {
      const value = this.#deps.codec.encode(COMMANDS, read);
      outputs.push({ topic: COMMANDS, key: command.ident, partition: this.#partition, value });
    }
  }

  /** Routes the next command that can be worded for the connection that holds the device now. */
  #route(ident: string, device: DeviceCommands, nowUs: number, outputs: OutRecord[]): void {
    this.#publish(ident, expire(device, nowUs), outputs);
    if (device.outstanding !== null || device.queue.length === 0) return;
    const held = this.#sessions.current(ident, (bootId) => this.#deps.leases.alive(bootId));
    if (held === null) return;
    const { session, offset } = held;
    if (session.reachable_until !== null && session.reachable_until <= nowUs) return;
    const type = deviceTypeOf(session.protocol);
    if (type === null) return;
    for (let entry = nextInQueue(device); entry !== null; entry = nextInQueue(device)) {
      const refusal = refusalFor(type, entry.command, argumentsOf(entry.command.arguments) ?? {});
      if (refusal === null) {
        const { boot_id: bootId, connection, inbox, protocol } = session;
        const to = { bootId, connection, inbox, sessionOffset: offset, protocol };
        this.#desire(entry, type, nowUs, outputs);
        this.#publish(ident, route(device, to, planOf(type, entry.command), nowUs), outputs);
        return;
      }
      this.#publish(ident, [refuse(device, entry, refusal, nowUs)], outputs);
    }
  }

  #publish(ident: string, events: readonly CommandEvent[], outputs: OutRecord[]): void {
    if (events.length === 0) return;
    this.#touched.add(ident);
    const device = this.#devices.get(ident)!;
    this.#noteActive(ident, device);
    for (const event of events) {
      this.#deps.metrics.event(event);
      // Ended, or bounced: the next attempt is sent at once.
      if (event.terminal || event.state === 'queued') this.#sentAtMs.delete(event.id);
      outputs.push({
        topic: 'command-events',
        key: ident,
        partition: this.#partition,
        value: this.#deps.codec.encode('command-events', event),
      });
    }
  }

  #result(outputs: readonly OutRecord[], beat: readonly OutRecord[] = []): StepResult {
    const state: OutRecord[] = [...beat];
    const routed: RoutedCommand[] = [];
    for (const ident of this.#touched) {
      const device = this.#devices.get(ident)!;
      state.push(this.#stateRecord(ident, device));
      const entry = device.outstanding;
      if (entry?.state === 'routed' && !this.#sentAtMs.has(entry.command.id)) routed.push(this.#routed(entry));
    }
    this.#touched.clear();
    return {
      outputs,
      state,
      afterCommit: () => {
        this.#deps.pulse.committed(performance.now());
        if (routed.length > 0) failpoint('dispatcher.committed');
        for (const command of routed) this.#send(command, Date.now());
      },
    };
  }

  #send(routed: RoutedCommand, nowMs: number): void {
    this.#sentAtMs.set(routed.command.id, nowMs);
    this.#deps.outbox.send(routed);
  }

  #sendAgain(ident: string, device: DeviceCommands, nowMs: number): void {
    const entry = device.outstanding;
    // What this step has just routed is sent after its commit.
    if (entry?.state !== 'routed' || this.#touched.has(ident)) return;
    if (nowMs - (this.#sentAtMs.get(entry.command.id) ?? 0) >= RESEND_MS) this.#send(this.#routed(entry), nowMs);
  }

  #deviceOf(ident: string): DeviceCommands {
    let device = this.#devices.get(ident);
    if (device === undefined) this.#devices.set(ident, (device = emptyDevice()));
    return device;
  }

  #noteActive(ident: string, device: DeviceCommands): void {
    if (device.outstanding === null && device.queue.length === 0) this.#active.delete(ident);
    else this.#active.add(ident);
  }

  #stateRecord(ident: string, device: DeviceCommands): OutRecord {
    return this.#stateOf(ident, ident, '', Buffer.from(JSON.stringify(device)));
  }

  #beat(): OutRecord {
    return this.#stateOf(BEAT, '', BEAT, Buffer.alloc(0));
  }

  #stateOf(key: string, ident: string, part: string, payload: Buffer): OutRecord {
    const value = this.#deps.codec.encode(STATE_TOPIC, {
      kind: 'state',
      ident,
      part,
      format: STATE_FORMAT,
      payload,
      barrier: null,
      inputs: [],
      written_at: null,
    });
    return { topic: STATE_TOPIC, key, partition: this.#partition, value };
  }

  #routed(entry: Entry): RoutedCommand {
    const { command } = entry;
    const type = deviceTypeOf(entry.protocol);
    return {
      command: type === null ? command : commandOfWrite(type, command, entry.writes + 1),
      attempt: entry.attempt,
      boot_id: entry.bootId ?? '',
      connection: entry.connection,
      inbox: entry.inbox,
      settings: this.#table.settings(command.ident),
      idempotent: type !== null && isIdempotent(type, command.name),
      device_type: this.#table.type(command.ident) ?? type,
      session_offset: entry.sessionOffset,
      routed_at: entry.routedAtUs,
    };
  }
}
