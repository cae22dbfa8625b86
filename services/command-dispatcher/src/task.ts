/**
 * The dispatcher's work on one partition: the commands of all its devices, and the only writer of their events.
 *
 * Guarantees: state, events and input offsets commit together, so that a command has exactly one terminal event; a command is
 * sent to an edge only after its routing is committed; an attempt goes to another edge only after `bounced`.
 */
import { deviceTypeOf } from '@fleetwire/protocols';
import { SchemaError, type Codec, type Command, type CommandReport } from '@fleetwire/schemas';
import { type DeadLetterCounts, failpoint, learnSchemas, recordDeadLetter, RecordGuard } from '@fleetwire/service';
import { partitionOf, type InRecord, type OutRecord, type StepResult, type Task } from '@fleetwire/streaming';
import { Book } from './book.js';
import type { CommitPulse } from './commit-pulse.js';
import { DeviceTable } from './device-table.js';
import { commandOfJson, isJson } from './json-command.js';
import type { Leases } from './leases.js';
import { answer, edgeReport, handOver, request, timeOut } from './machine.js';
import type { DispatcherMetrics } from './metrics.js';
import type { DeviceCommands } from './model.js';
import type { Outbox } from './outbox.js';
import { readBackOf } from './plan.js';
import { BEAT, Records } from './records.js';
import { Router } from './router.js';
import { Sessions } from './sessions.js';
import { refusalOf } from './validate.js';

export const STAGE = 'command-dispatcher';
export const COMMANDS = 'commands';
export const REPORTS = 'command-reports';
export const SESSIONS = 'device-sessions';
export const DEVICES = 'devices';
export const SETTINGS = 'device-settings';
export const STATE_TOPIC = 'dispatcher-state';
/** Sessions of dead edges that one tick removes. */
const CLEAN_UP_PER_TICK_MAX = 1000;
/** Header of a command that was forwarded from a wrong partition: once, never again. */
const FORWARDED = 'forwarded';
const SEPARATOR = 0x7c;

export interface DispatcherDeps {
  /** Counts what is given up. */
  readonly deadLetters?: DeadLetterCounts;
  readonly codec: Codec;
  readonly partitions: number;
  readonly leases: Leases;
  readonly outbox: Pick<Outbox, 'send' | 'endSession'>;
  readonly pulse: CommitPulse;
  readonly metrics: DispatcherMetrics;
  readonly smsGateway: boolean;
  /** A device that was written to once has so long to answer. */
  readonly answerMs: number;
}

export class DispatcherTask implements Task {
  readonly #deps: DispatcherDeps;
  readonly #partition: number;
  readonly #guard: RecordGuard;
  readonly #sessions = new Sessions();
  readonly #table = new DeviceTable();
  readonly #records: Records;
  readonly #book: Book;
  readonly #router: Router;
  /** `Leases.changes` as they were at the last tick. */
  #leaseChanges = -1;

  constructor(partition: number, deps: DispatcherDeps) {
    const { codec, partitions, metrics, leases, outbox, answerMs } = deps;
    this.#deps = deps;
    this.#partition = partition;
    this.#guard = new RecordGuard(codec, STAGE, partition, partitions, deps.deadLetters);
    this.#records = new Records(codec, partition);
    this.#book = new Book(this.#records, metrics);
    const [sessions, table, records, book] = [this.#sessions, this.#table, this.#records, this.#book];
    this.#router = new Router({ book, records, sessions, table, leases, outbox, answerMs });
  }

  prepare(records: readonly InRecord[]): Promise<void> {
    return learnSchemas(this.#deps.codec, records);
  }

  load(record: InRecord): void {
    switch (record.topic) {
      case SESSIONS:
        this.#loadSession(record);
        return;
      case DEVICES: {
        const key = record.key?.toString('utf8') ?? '';
        this.#guard.read(DEVICES, record, key, (device) => this.#table.putDevice(key, device));
        return;
      }
      case SETTINGS: {
        const [ident = '', name = '', side = ''] = (record.key?.toString('utf8') ?? '').split('|');
        this.#guard.read(SETTINGS, record, ident, (setting) => this.#table.putSetting(ident, name, side, setting));
        return;
      }
      default:
        this.#loadState(record);
    }
  }

  /** Key: ident and boot id. The strings are made of the bytes, one by one: parts of a longer string would keep it whole, a million times. */
  #loadSession(record: InRecord): void {
    const key = record.key ?? Buffer.alloc(0);
    const cut = key.indexOf(SEPARATOR);
    const ident = key.toString('utf8', 0, cut < 0 ? key.length : cut);
    const bootId = cut < 0 ? '' : key.toString('utf8', cut + 1);
    this.#guard.read(SESSIONS, record, ident, (session) => {
      this.#sessions.put(ident, bootId, session, record.offset);
      this.#book.wake(ident);
    });
  }

  #loadState({ key, value }: InRecord): void {
    const ident = key?.toString('utf8') ?? '';
    if (value === null) {
      this.#book.load(ident, null);
      return;
    }
    const { part, payload } = this.#deps.codec.decode(STATE_TOPIC, value);
    if (part !== BEAT) this.#book.load(ident, payload.toString('utf8'));
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
    const { leases, outbox, pulse } = this.#deps;
    const nowUs = nowMs * 1000;
    const outputs = this.#guard.takeDeadLetters();
    if (leases.changes !== this.#leaseChanges) this.#book.wakeAll();
    this.#leaseChanges = leases.changes;
    for (const ident of this.#book.due(nowUs)) {
      const device = this.#book.of(ident);
      const { outstanding } = device;
      this.#book.publish(ident, timeOut(device, this.#router.holding(ident, device), nowUs), outputs);
      if (device.outstanding !== outstanding) this.#router.settled(outstanding);
      this.#router.route(ident, device, nowUs, outputs);
      this.#router.sendAgain(ident, device, nowMs);
      this.#book.looked(ident, nowUs);
    }
    for (const { ident, bootId } of this.#sessions.of((id) => leases.forgotten(id), CLEAN_UP_PER_TICK_MAX))
      outbox.endSession(ident, bootId);
    const beat = pulse.beatDue(performance.now()) ? [this.#records.beat()] : [];
    return outputs.length + beat.length === 0 ? null : this.#result(outputs, beat);
  }

  #command(record: InRecord, nowUs: number, outputs: OutRecord[]): void {
    const { metrics, smsGateway } = this.#deps;
    const command = this.#read(record, outputs);
    if (command === null) return;
    const { ident } = command;
    if (partitionOf(ident, this.#deps.partitions) !== this.#partition) {
      this.#forward(record, command, outputs);
      return;
    }
    const device = this.#book.of(ident);
    const phone = this.#table.phone(ident);
    const protocol = this.#router.protocol(ident);
    const events = request(device, command, refusalOf(command, { nowUs, protocol, smsGateway, phone }), nowUs);
    if (events.length === 0) metrics.repeated();
    this.#book.publish(ident, events, outputs);
    if (events.at(-1)?.state === 'queued') {
      if (command.channel === 'sms') {
        outputs.push(this.#records.sms(command, phone ?? ''));
        this.#book.publish(ident, handOver(device, command.id, nowUs), outputs);
      } else this.#router.desire(device.queue.at(-1), protocol ?? deviceTypeOf(device.protocol), nowUs, outputs);
    }
    this.#router.route(ident, device, nowUs, outputs);
  }

  /** Null: a tombstone, or no command: that is a dead letter. */
  #read(record: InRecord, outputs: OutRecord[]): Command | null {
    const { codec } = this.#deps;
    const { value } = record;
    if (value === null) return null;
    if (isJson(value)) {
      const read = commandOfJson(value, record.timestampMs);
      if ('command' in read) return read.command;
      this.#invalid(record, read.error, outputs);
      return null;
    }
    try {
      return codec.decode(COMMANDS, value);
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error;
      this.#invalid(record, error.message, outputs);
      return null;
    }
  }

  #invalid(record: InRecord, error: string, outputs: OutRecord[]): void {
    this.#deps.metrics.invalid();
    const ident = record.key?.toString('utf8') ?? null;
    outputs.push(
      recordDeadLetter(this.#deps.codec, record, { reason: 'invalid', stage: STAGE, ident, error, version: null }),
    );
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
    const { ident } = report;
    const device = this.#book.get(ident);
    if (device === undefined) {
      this.#deps.metrics.unsolicited();
      return;
    }
    if (report.kind === 'answered') this.#answer(device, report, nowUs, outputs);
    else {
      const { outstanding } = device;
      const events = edgeReport(device, report, nowUs);
      if (events.length > 0) this.#router.settled(outstanding);
      if (outstanding !== null && events[0]?.state === 'written')
        this.#deps.metrics.written((outstanding.writtenAtUs - outstanding.routedAtUs) / 1_000_000);
      this.#book.publish(ident, events, outputs);
    }
    this.#router.route(ident, device, nowUs, outputs);
  }

  #answer(device: DeviceCommands, report: CommandReport, nowUs: number, outputs: OutRecord[]): void {
    const { outstanding } = device;
    const waiting = [outstanding, ...device.queue].filter((entry) => entry !== null);
    const events = answer(device, report.ident, report, nowUs);
    if (device.outstanding !== outstanding) this.#router.settled(outstanding);
    if (events.length === 0) this.#deps.metrics.unsolicited();
    this.#book.publish(report.ident, events, outputs);
    const end = events.find((event) => event.state === 'succeeded');
    const command = waiting.find((entry) => entry.command.id === end?.id)?.command;
    const type = deviceTypeOf(report.protocol);
    if (end === undefined || command === undefined || type === null) return;
    const read = readBackOf(type, command, end);
    if (read === null) outputs.push(...this.#records.settings(type, command, 'reported', report.at));
    else outputs.push(this.#records.command(read));
  }

  #result(outputs: readonly OutRecord[], beat: readonly OutRecord[] = []): StepResult {
    const touched = this.#book.takeTouched();
    const state = [...beat, ...touched.map(([ident, device]) => this.#records.state(ident, device))];
    const routed = touched.map(([, device]) => this.#router.unsent(device)).filter((one) => one !== null);
    return {
      outputs,
      state,
      afterCommit: () => {
        this.#deps.pulse.committed(performance.now());
        if (routed.length > 0) failpoint('dispatcher.committed');
        for (const command of routed) this.#router.send(command, Date.now());
      },
    };
  }
}
