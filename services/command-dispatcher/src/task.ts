/**
 * The dispatcher's work on one partition: the commands of all its devices, and the only writer of their events.
 *
 * Guarantees: state, events and input offsets commit together, so that a command has exactly one terminal event; a command is
 * sent to an edge only after its routing is committed; an attempt goes to another edge only after `bounced`.
 */
import type { Codec, Command, CommandEvent, RoutedCommand } from '@fleetwire/schemas';
import { failpoint, learnSchemas, recordDeadLetter, RecordGuard } from '@fleetwire/service';
import { partitionOf, type InRecord, type OutRecord, type StepResult, type Task } from '@fleetwire/streaming';
import { SchemaError } from '@fleetwire/schemas';
import type { Leases } from './leases.js';
import { answer, edgeReport, expire, request, route, timeOut } from './machine.js';
import type { DispatcherMetrics } from './metrics.js';
import { emptyDevice, type DeviceCommands } from './model.js';
import { RESEND_MS, type Outbox } from './outbox.js';
import { Sessions } from './sessions.js';
import { refusalOf } from './validate.js';

export const STAGE = 'command-dispatcher';
export const COMMANDS = 'commands';
export const REPORTS = 'command-reports';
export const SESSIONS = 'device-sessions';
export const STATE_TOPIC = 'dispatcher-state';
/** Version of the state payload: JSON of DeviceCommands. */
const STATE_FORMAT = 1;
/** Sessions of dead edges that one tick removes. */
const CLEAN_UP_PER_TICK_MAX = 1000;
/** Header of a command that was forwarded from a wrong partition: once, never again. */
const FORWARDED = 'forwarded';

export interface DispatcherDeps {
  readonly codec: Codec;
  readonly partitions: number;
  readonly leases: Leases;
  readonly outbox: Outbox;
  readonly metrics: DispatcherMetrics;
  readonly smsGateway: boolean;
}

export class DispatcherTask implements Task {
  readonly #deps: DispatcherDeps;
  readonly #partition: number;
  readonly #guard: RecordGuard;
  readonly #sessions = new Sessions();
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
    if (record.value === null) {
      this.#devices.delete(key);
      this.#active.delete(key);
      return;
    }
    const device = JSON.parse(
      this.#deps.codec.decode(STATE_TOPIC, record.value).payload.toString('utf8'),
    ) as DeviceCommands;
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
      const { outstanding } = device;
      const alive = outstanding?.bootId == null || this.#deps.leases.alive(outstanding.bootId);
      const events = [...timeOut(device, alive, nowUs), ...expire(device, nowUs), ...this.#route(ident, device, nowUs)];
      this.#publish(ident, events, outputs);
      this.#sendAgain(ident, device, nowMs);
    }
    const { leases, outbox } = this.#deps;
    for (const { ident, bootId } of this.#sessions.of((id) => leases.forgotten(id), CLEAN_UP_PER_TICK_MAX))
      outbox.endSession(ident, bootId);
    return outputs.length === 0 ? null : this.#result(outputs);
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
    const device = this.#deviceOf(command.ident);
    const events = request(device, command, refusalOf(command, nowUs, smsGateway), nowUs);
    if (events.length === 0) metrics.repeated();
    this.#publish(command.ident, [...events, ...this.#route(command.ident, device, nowUs)], outputs);
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
    const events =
      report.kind === 'answered' ? answer(device, report.ident, report, nowUs) : edgeReport(device, report, nowUs);
    if (events.length === 0 && report.kind === 'answered') this.#deps.metrics.unsolicited();
    this.#publish(report.ident, [...events, ...this.#route(report.ident, device, nowUs)], outputs);
  }

  #route(ident: string, device: DeviceCommands, nowUs: number): CommandEvent[] {
    if (device.outstanding !== null || device.queue.length === 0) return [];
    const held = this.#sessions.current(ident, (bootId) => this.#deps.leases.alive(bootId));
    if (held === null) return [];
    const { session, offset } = held;
    if (session.reachable_until !== null && session.reachable_until <= nowUs) return [];
    const { boot_id: bootId, connection, inbox } = session;
    return route(device, { bootId, connection, inbox, sessionOffset: offset }, nowUs);
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

  #result(outputs: readonly OutRecord[]): StepResult {
    const state: OutRecord[] = [];
    const routed: RoutedCommand[] = [];
    for (const ident of this.#touched) {
      const device = this.#devices.get(ident)!;
      state.push(this.#stateRecord(ident, device));
      const entry = device.outstanding;
      if (entry?.state === 'routed' && !this.#sentAtMs.has(entry.command.id)) routed.push(routedCommand(entry));
    }
    this.#touched.clear();
    return {
      outputs,
      state,
      afterCommit: () => {
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
    if (nowMs - (this.#sentAtMs.get(entry.command.id) ?? 0) >= RESEND_MS) this.#send(routedCommand(entry), nowMs);
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
    const value = this.#deps.codec.encode(STATE_TOPIC, {
      kind: 'state',
      ident,
      part: '',
      format: STATE_FORMAT,
      payload: Buffer.from(JSON.stringify(device)),
      barrier: null,
      inputs: [],
      written_at: null,
    });
    return { topic: STATE_TOPIC, key: ident, partition: this.#partition, value };
  }
}

function routedCommand(entry: NonNullable<DeviceCommands['outstanding']>): RoutedCommand {
  return {
    command: entry.command,
    attempt: entry.attempt,
    boot_id: entry.bootId ?? '',
    connection: entry.connection,
    inbox: entry.inbox,
    settings: '{}',
    idempotent: false,
    device_type: null,
    session_offset: null,
    routed_at: entry.routedAtUs,
  };
}
