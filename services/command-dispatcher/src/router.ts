/**
 * Which command of a device goes to which edge, and the sending of it: after the commit of its routing, and again every second until
 * the edge says something.
 */
import { deviceTypeOf, type ProtocolId } from '@fleetwire/protocols';
import type { RoutedCommand } from '@fleetwire/schemas';
import type { OutRecord } from '@fleetwire/streaming';
import type { Book } from './book.js';
import type { DeviceTable } from './device-table.js';
import type { Leases } from './leases.js';
import { expire, refuse, route, type Holding } from './machine.js';
import { nextInQueue, type DeviceCommands, type Entry } from './model.js';
import { RESEND_MS, type Outbox } from './outbox.js';
import { commandOfWrite, isIdempotent, planOf } from './plan.js';
import type { Records } from './records.js';
import type { HeldSession, Sessions } from './sessions.js';
import { argumentsOf, refusalFor } from './validate.js';

export interface RouterDeps {
  readonly book: Book;
  readonly records: Records;
  readonly sessions: Sessions;
  readonly table: DeviceTable;
  readonly leases: Leases;
  readonly outbox: Pick<Outbox, 'send'>;
  readonly answerMs: number;
}

export class Router {
  readonly #deps: RouterDeps;
  /** Command id and attempt → when it was last sent, ms. */
  readonly #sentAtMs = new Map<string, number>();

  constructor(deps: RouterDeps) {
    this.#deps = deps;
  }

  /** What the device speaks: by its session, else by what users say of it; null: not known. */
  protocol(ident: string): ProtocolId | null {
    return deviceTypeOf(this.#held(ident)?.protocol) ?? this.#deps.table.protocol(ident);
  }

  /** The edge that has the outstanding command. */
  holding(ident: string, { outstanding }: DeviceCommands): Holding {
    const bootId = outstanding?.bootId ?? null;
    if (outstanding === null || bootId === null) return { edgeAlive: true, left: false };
    const { leases, sessions } = this.#deps;
    return {
      edgeAlive: leases.alive(bootId),
      left: sessions.connectionOf(ident, bootId) !== outstanding.connection,
    };
  }

  /** Ends what has expired, and routes the next command that can be worded for the connection that holds the device now. */
  route(ident: string, device: DeviceCommands, nowUs: number, outputs: OutRecord[]): void {
    const { book } = this.#deps;
    book.publish(ident, expire(device, nowUs), outputs);
    if (device.outstanding !== null || device.queue.length === 0) return;
    const held = this.#held(ident);
    if (held === null || (held.reachableUntil !== null && held.reachableUntil <= nowUs)) return;
    const type = deviceTypeOf(held.protocol);
    if (type === null) return;
    for (let entry = nextInQueue(device); entry !== null; entry = nextInQueue(device)) {
      const refusal = refusalFor(type, entry.command, argumentsOf(entry.command.arguments) ?? {});
      if (refusal === null) {
        const { bootId, connection, inbox, protocol, offset: sessionOffset } = held;
        const to = { bootId, connection, inbox, sessionOffset, protocol };
        this.desire(entry, type, nowUs, outputs);
        book.publish(ident, route(device, to, planOf(type, entry.command, this.#deps.answerMs * 1000), nowUs), outputs);
        return;
      }
      book.publish(ident, [refuse(device, entry, refusal, nowUs)], outputs);
    }
  }

  /**
   * What a command sets is wanted from now on, whatever becomes of the command: drift is measured against it. A device that nobody
   * knows has no names for its settings before it is there.
   */
  desire(entry: Entry | undefined, type: ProtocolId | null, nowUs: number, outputs: OutRecord[]): void {
    if (entry === undefined || entry.desired || type === null) return;
    entry.desired = true;
    outputs.push(...this.#deps.records.settings(type, entry.command, 'desired', nowUs));
  }

  /** What is routed and was not sent yet: after the commit of this step. */
  unsent({ outstanding }: DeviceCommands): RoutedCommand | null {
    if (outstanding?.state !== 'routed' || this.#sentAtMs.has(keyOf(outstanding))) return null;
    return this.#routed(outstanding);
  }

  send(routed: RoutedCommand, nowMs: number): void {
    const key = `${routed.command.id}|${routed.attempt}`;
    // Two steps of one transaction may both have seen it unsent.
    if (nowMs - (this.#sentAtMs.get(key) ?? Number.NEGATIVE_INFINITY) < RESEND_MS) return;
    this.#sentAtMs.set(key, nowMs);
    this.#deps.outbox.send(routed);
  }

  sendAgain(ident: string, { outstanding }: DeviceCommands, nowMs: number): void {
    // What this step has just routed is sent after its commit.
    if (outstanding?.state === 'routed' && !this.#deps.book.isTouched(ident))
      this.send(this.#routed(outstanding), nowMs);
  }

  /** The edge has said something of this attempt, or nobody will ask for it again. */
  settled(entry: Entry | null): void {
    if (entry !== null) this.#sentAtMs.delete(keyOf(entry));
  }

  #held(ident: string): HeldSession | null {
    const { sessions, leases } = this.#deps;
    return sessions.current(ident, (bootId) => leases.alive(bootId));
  }

  #routed(entry: Entry): RoutedCommand {
    const { table } = this.#deps;
    const { command } = entry;
    const type = deviceTypeOf(entry.protocol);
    return {
      command: type === null ? command : commandOfWrite(type, command, entry.writes + 1),
      attempt: entry.attempt,
      boot_id: entry.bootId ?? '',
      connection: entry.connection,
      inbox: entry.inbox,
      settings: table.settings(command.ident),
      idempotent: type !== null && isIdempotent(type, command.name),
      device_type: table.type(command.ident) ?? type,
      session_offset: entry.sessionOffset,
      routed_at: entry.routedAtUs,
    };
  }
}

const keyOf = ({ command, attempt }: Entry): string => `${command.id}|${attempt}`;
