/**
 * The commands of all devices of a partition: what is kept of each, which of them changed in this step, and when each has to be looked
 * at again. Events are written through it, so that a change of state is never without its event, its state record and its time.
 */
import type { CommandEvent } from '@fleetwire/schemas';
import type { OutRecord } from '@fleetwire/streaming';
import { Agenda } from './agenda.js';
import type { DispatcherMetrics } from './metrics.js';
import { emptyDevice, parseDevice, type DeviceCommands } from './model.js';
import type { Records } from './records.js';

export class Book {
  readonly #records: Records;
  readonly #metrics: DispatcherMetrics;
  readonly #devices = new Map<string, DeviceCommands>();
  /** Devices with a command that an edge or the device has to say something about. */
  readonly #outstanding = new Set<string>();
  readonly #agenda = new Agenda();
  readonly #touched = new Set<string>();

  constructor(records: Records, metrics: DispatcherMetrics) {
    this.#records = records;
    this.#metrics = metrics;
  }

  /** A state record; null: a tombstone. */
  load(ident: string, json: string | null): void {
    if (json === null) {
      this.#devices.delete(ident);
      this.#outstanding.delete(ident);
      this.#agenda.set(ident, null);
      return;
    }
    const device = parseDevice(json);
    this.#devices.set(ident, device);
    this.#plan(ident, device, 0);
  }

  get(ident: string): DeviceCommands | undefined {
    return this.#devices.get(ident);
  }

  /** Made when it is new. */
  of(ident: string): DeviceCommands {
    let device = this.#devices.get(ident);
    if (device === undefined) this.#devices.set(ident, (device = emptyDevice()));
    return device;
  }

  /** The device may be reachable now. */
  wake(ident: string): void {
    this.#agenda.wake(ident);
  }

  /** Everything that waits may have another holder now. */
  wakeAll(): void {
    for (const ident of this.#agenda.idents()) this.#agenda.wake(ident);
  }

  /** Devices to look at now: the cost is theirs, not that of all that wait. */
  due(nowUs: number): readonly string[] {
    return [...new Set([...this.#outstanding, ...this.#agenda.take(nowUs)])];
  }

  /** Sets when to look at the device again; call after it was due. */
  looked(ident: string, nowUs: number): void {
    this.#plan(ident, this.#devices.get(ident)!, nowUs);
  }

  publish(ident: string, events: readonly CommandEvent[], outputs: OutRecord[]): void {
    const [first] = events;
    if (first === undefined) return;
    this.#touched.add(ident);
    this.#plan(ident, this.#devices.get(ident)!, first.at);
    for (const event of events) {
      this.#metrics.event(event);
      outputs.push(this.#records.event(event));
    }
  }

  isTouched(ident: string): boolean {
    return this.#touched.has(ident);
  }

  /** Devices that changed since the last call. */
  takeTouched(): readonly (readonly [ident: string, device: DeviceCommands])[] {
    const taken = [...this.#touched].map((ident) => [ident, this.#devices.get(ident)!] as const);
    this.#touched.clear();
    return taken;
  }

  #plan(ident: string, { outstanding, queue }: DeviceCommands, nowUs: number): void {
    if (outstanding === null) this.#outstanding.delete(ident);
    else this.#outstanding.add(ident);
    let atUs: number | null = null;
    for (const { command, retryAtUs } of queue) {
      // What bounced is tried again at its time; everything else waits for a session, or for the end of its time.
      const next = retryAtUs > nowUs ? Math.min(retryAtUs, command.expires_at) : command.expires_at;
      if (atUs === null || next < atUs) atUs = next;
    }
    this.#agenda.set(ident, atUs);
  }
}
