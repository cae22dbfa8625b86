/**
 * The enricher's work on one partition: the state of all its devices, and what each batch writes in one transaction with it.
 *
 * Guarantees: each (message_id, revision) is once in telemetry-enriched for readers of committed records, in the order of
 * telemetry; state, events and trips are what the committed input made them, whatever was killed in between.
 */
import { type Codec, type Enrichment, SchemaError, type Telemetry, type TelemetryOutline } from '@fleetwire/schemas';
import {
  type DeadLetterCounts,
  failpoint,
  learnSchemas,
  RecordGuard,
  StepTrace,
  type Tracer,
} from '@fleetwire/service';
import type { InRecord, OutRecord, StepResult, Task } from '@fleetwire/streaming';
import { DeviceState, glanceOf, STATE_FORMAT, type Glance } from './device-state.js';
import { DeviceBook, GROUP_PREFIX, type GroupBook, hidden } from './devices.js';
import { enrichmentOf, entryKey, settle, take, timeOut, Unsettled, type Taken } from './enrich.js';
import type { FenceBook } from './geofence/book.js';
import { outlineOf, PROTOCOLS, type Entry } from './log/entry.js';
import { withDoubts } from './quality.js';
import type { EnricherMetrics } from './metrics.js';
import type { Mode } from './presence.js';
import { Publisher, STATE_TOPIC, TELEMETRY, type Stamp } from './publish.js';
import { PackedDevices } from './store/packed-devices.js';

export { STATE_TOPIC, TELEMETRY } from './publish.js';
export const STAGE = 'enricher';
export const SESSIONS = 'device-sessions';
export const DEVICES = 'devices';

/** Devices of which one tick publishes a change of presence or a time-out; the rest wait for the next. */
const TIMERS_PER_TICK_MAX = 2000;
/** Time between two looks at all devices' timers. */
const LOOK_EVERY_MS = 5_000;

export interface EnricherDeps {
  /** Counts what is given up. */
  readonly deadLetters?: DeadLetterCounts;
  readonly codec: Codec;
  readonly partitions: number;
  readonly metrics: EnricherMetrics;
  readonly groups: GroupBook;
  readonly fences: FenceBook;
  /** Absent or null: nothing is traced. */
  readonly tracer?: Tracer | null;
}

/** A report that came late in this batch: its place among the outputs is kept until its device is settled. */
interface Waiting {
  readonly at: number;
  readonly record: InRecord;
  readonly taken: Extract<Taken, { kind: 'publish' }>;
}

export class EnricherTask implements Task {
  readonly #deps: EnricherDeps;
  readonly #publisher: Publisher;
  readonly #guard: RecordGuard;
  readonly #devices = new PackedDevices();
  readonly #book: DeviceBook;
  #ready = false;
  /** Devices that the step that runs has to do with: their state records are written with it. */
  readonly #open = new Map<string, DeviceState>();
  /** Devices that came online by a session or a presence record. */
  readonly #awake = new Set<string>();
  #lookedMs = 0;
  /** Ids of schemas that the registry does not have. */
  readonly #lostSchemas = new Set<number>();

  constructor(partition: number, deps: EnricherDeps) {
    this.#deps = deps;
    this.#publisher = new Publisher(deps.codec, partition);
    this.#guard = new RecordGuard(deps.codec, STAGE, partition, deps.partitions, deps.deadLetters);
    this.#book = new DeviceBook(deps.groups, deps.fences);
  }

  prepare(records: readonly InRecord[]): Promise<void> {
    return learnSchemas(this.#deps.codec, records);
  }

  load(record: InRecord): void {
    const key = record.key?.toString('utf8') ?? '';
    if (record.topic === DEVICES) {
      if (!key.startsWith(GROUP_PREFIX))
        this.#guard.read(DEVICES, record, key, (device) => this.#book.put(key, device));
      return;
    }
    const bar = key.indexOf('|');
    const [ident, part] = bar < 0 ? [key, ''] : [key.slice(0, bar), key.slice(bar + 1)];
    if (record.topic === SESSIONS) this.#loadSession(record, ident);
    else this.#loadState(record, ident, part);
  }

  ready(): void {
    this.#devices.restored();
    this.#ready = true;
  }

  process(records: readonly InRecord[]): StepResult {
    const outputs: (OutRecord | null)[] = this.#guard.takeDeadLetters();
    const unsettled = new Map<string, { readonly batch: Unsettled; readonly waiting: Waiting[] }>();
    const trace = StepTrace.of(this.#deps.tracer ?? null, 'enrich', records);
    for (const record of records) {
      const from = outputs.length;
      const report = this.#deps.codec.outline(record.value!) ?? outlineOf(this.#whole(record));
      const { ident } = report;
      const taken = this.#report(record, report, outputs, () => {
        let open = unsettled.get(ident);
        if (open === undefined) unsettled.set(ident, (open = { batch: new Unsettled(), waiting: [] }));
        return open.batch;
      });
      if (taken === null) {
        trace?.became(record, outputs, from);
        continue;
      }
      unsettled.get(ident)!.waiting.push({ at: outputs.length, record, taken });
      // One place for telemetry-enriched and one for device-state, in the order of telemetry.
      outputs.push(null, null);
    }
    for (const [ident, { batch, waiting }] of unsettled) this.#settle(ident, batch, waiting, outputs);
    if (trace !== null) {
      for (const { waiting } of unsettled.values())
        for (const { at, record } of waiting) trace.became(record, outputs, at, at + 2);
      trace.end();
    }
    failpoint('enricher.folded');
    return { outputs: outputs.filter((output) => output !== null), state: this.#takeState() };
  }

  tick(nowMs: number, lagZero: boolean): StepResult | null {
    const outputs = this.#guard.takeDeadLetters();
    this.#wake(outputs);
    // Behind the end silence says nothing: what they sent is not read yet.
    if (lagZero && nowMs - this.#lookedMs >= LOOK_EVERY_MS) this.#look(nowMs, outputs);
    const state = this.#takeState();
    return outputs.length + state.length === 0 ? null : { outputs, state };
  }

  #loadSession(record: InRecord, ident: string): void {
    this.#guard.read(SESSIONS, record, ident, (session) => {
      const known = this.#ready ? this.#glance(ident) : null;
      if (session === null || known === null || session.since <= known.liveness.state.lastSeenUs) return;
      if (this.#stateOf(ident).liveness.seen(session.since, null)) this.#awake.add(ident);
    });
  }

  #loadState(record: InRecord, ident: string, part: string): void {
    const value = record.value === null ? null : this.#deps.codec.decode(STATE_TOPIC, record.value);
    const payload = value === null || value.format !== STATE_FORMAT ? null : value.payload;
    if (!this.#ready) this.#devices.restore(ident, part, payload);
  }

  #whole(record: InRecord): Telemetry {
    return this.#deps.codec.decode(TELEMETRY, record.value!);
  }

  /** One record of telemetry. What it returns came late: it is published when its device is settled. */
  #report(
    record: InRecord,
    report: TelemetryOutline,
    outputs: (OutRecord | null)[],
    open: () => Unsettled,
  ): Waiting['taken'] | null {
    const { metrics } = this.#deps;
    const { ident } = report;
    const state = this.#stateOf(ident);
    if (report.kind === 'presence') {
      this.#seen(state, report, outputs);
      metrics.presence();
      return null;
    }
    const profile = this.#book.profile(ident);
    const stamp = stampOf(report, profile.tenant);
    const wasOnline = state.liveness.state.online;
    state.liveness.seen(report.received_at, modeOf(state));
    const taken = take(state, report, () => this.#whole(record), profile, open);
    metrics.report(taken);
    if (wasOnline === false) outputs.push(this.#presenceEvent('online', ident, profile.tenant, report.received_at));
    if (taken.kind === 'duplicate') {
      outputs.push(this.#publisher.duplicate(this.#whole(record), taken.cause));
      return null;
    }
    if (taken.enrichment === null) return taken;
    this.#publish(record, taken, taken.enrichment, state, outputs.length, outputs);
    for (const output of taken.outputs) outputs.push(this.#publisher.output(output, stamp, record.timestampMs));
    metrics.outputs(taken.outputs);
    return null;
  }

  #publish(
    record: InRecord,
    taken: Waiting['taken'],
    enrichment: Enrichment,
    state: DeviceState,
    at: number,
    outputs: (OutRecord | null)[],
  ): void {
    const { report, shown, newest, entry } = taken;
    const { ident } = report;
    const source = record.value!;
    const value = this.#publisher.enrichedValue(source, shown, enrichment);
    outputs[at] = this.#publisher.enriched(ident, value, record);
    if (!newest) return;
    // Packed with the step: no view into the whole fetch is kept.
    state.newest = shown === null ? source : this.#deps.codec.encode(TELEMETRY, shown);
    state.hidden = entry.hidden;
    outputs[at + 1] = this.#publisher.deviceState(ident, value, record.timestampMs);
  }

  #settle(ident: string, batch: Unsettled, waiting: readonly Waiting[], outputs: (OutRecord | null)[]): void {
    const state = this.#stateOf(ident);
    const profile = this.#book.profile(ident);
    const settled = settle(state, batch, profile);
    const enrichmentAt = (entry: Entry): Enrichment =>
      settled.enrichments.get(entryKey(entry)) ?? enrichmentOf(state, state.fold, [], true);
    let last: TelemetryOutline | null = null;
    for (const { at, record, taken } of waiting) {
      const doubts = settled.doubts.get(entryKey(taken.entry));
      const shown =
        doubts === undefined || taken.entry.hidden
          ? taken.shown
          : withDoubts(taken.shown ?? this.#whole(record), doubts);
      this.#publish(record, { ...taken, shown }, enrichmentAt(taken.entry), state, at, outputs);
      last = taken.report;
    }
    if (last === null) return;
    const stamp = stampOf(last, profile.tenant);
    for (const output of settled.outputs) outputs.push(this.#publisher.output(output, stamp));
    this.#deps.metrics.outputs(settled.outputs);
    this.#deps.metrics.refold();
  }

  /** A presence record: a sign of life, nothing else. */
  #seen(state: DeviceState, report: TelemetryOutline, outputs: (OutRecord | null)[]): void {
    const wasOnline = state.liveness.state.online;
    if (!state.liveness.seen(report.received_at, null)) return;
    const { tenant } = this.#book.profile(report.ident);
    if (wasOnline === false) outputs.push(this.#presenceEvent('online', report.ident, tenant, report.received_at));
    const record = this.#deviceState(report.ident, state);
    if (record !== null) outputs.push(record);
  }

  /** Publishes those that a session has woken. */
  #wake(outputs: OutRecord[]): void {
    for (const ident of [...this.#awake].slice(0, TIMERS_PER_TICK_MAX)) {
      this.#awake.delete(ident);
      const state = this.#stateOf(ident);
      const { tenant } = this.#book.profile(ident);
      outputs.push(this.#presenceEvent('online', ident, tenant, state.liveness.state.onlineSinceUs));
      const record = this.#deviceState(ident, state);
      if (record !== null) outputs.push(record);
    }
  }

  /** Timers of all devices: who is silent for too long, and whose trip has ended by it. */
  #look(nowMs: number, outputs: OutRecord[]): void {
    this.#lookedMs = nowMs;
    const nowUs = nowMs * 1000;
    let left = TIMERS_PER_TICK_MAX;
    for (const ident of this.#devices.idents()) {
      if (left === 0) {
        this.#lookedMs = 0;
        return;
      }
      if (this.#isDue(ident, nowUs) && this.#timers(ident, nowUs, outputs)) left--;
    }
  }

  /** Whether a timer of the device may have something to say: most have not, and stay packed. */
  #isDue(ident: string, nowUs: number): boolean {
    const { liveness, timed, onTrip, lastFoldedUs } = this.#glance(ident)!;
    if (liveness.state.online === true && nowUs > liveness.deadlineUs) return true;
    return (
      !timed &&
      onTrip &&
      lastFoldedUs > 0 &&
      nowUs - lastFoldedUs > this.#book.profile(ident).world.thresholds.gap_s * 1e6
    );
  }

  /** True when they said something. */
  #timers(ident: string, nowUs: number, outputs: OutRecord[]): boolean {
    const state = this.#stateOf(ident);
    if (this.#newestReads(state) === 'later') return false;
    const { tenant, world } = this.#book.profile(ident);
    const asleep = !state.timed && state.lastFoldedUs > 0 && nowUs - state.lastFoldedUs > world.thresholds.gap_s * 1e6;
    const timedOut = asleep ? timeOut(state) : [];
    // What is said of the past is said as its last report would have: in whatever order of events it is found.
    const protocol = PROTOCOLS[state.log.newest?.protocol ?? 0] || null;
    const stamp = { ident, tenant, emittedUs: nowUs, protocol };
    for (const output of timedOut) outputs.push(this.#publisher.output(output, stamp));
    const offline = state.liveness.judge(nowUs);
    if (offline) {
      outputs.push(this.#presenceEvent('offline', ident, tenant, state.liveness.state.onlineSinceUs));
      const record = this.#deviceState(ident, state);
      if (record !== null) outputs.push(record);
    }
    return offline || timedOut.length > 0;
  }

  /** The newest report again, with the presence as it is now; null: there was none. */
  #deviceState(ident: string, state: DeviceState): OutRecord | null {
    if (state.newest === null || this.#newestReads(state) !== 'now') return null;
    const enrichment = enrichmentOf(state, state.fold, [], false);
    const shown = state.hidden ? hidden(this.#deps.codec.decode(TELEMETRY, state.newest)) : null;
    return this.#publisher.deviceState(ident, this.#publisher.enrichedValue(state.newest, shown, enrichment));
  }

  /**
   * Whether the newest report can be read. State may hold one under a schema from before an upgrade that no record since has used: it is fetched, and timers of the
   * device wait for it. One that the registry does not give any more is not waited for.
   */
  #newestReads({ newest }: DeviceState): 'now' | 'later' | 'never' {
    const { codec } = this.#deps;
    const id = newest === null ? null : codec.writerIdOf(newest);
    if (id === null || codec.knows(TELEMETRY, id)) return 'now';
    if (this.#lostSchemas.has(id)) return 'never';
    codec.learn(id).catch((error: unknown) => {
      if (!(error instanceof SchemaError && error.retriable)) this.#lostSchemas.add(id);
    });
    return 'later';
  }

  #presenceEvent(type: 'online' | 'offline', ident: string, tenant: string | null, atUs: number): OutRecord {
    const at = Math.round(atUs);
    this.#deps.metrics.presenceEvent(type);
    return this.#publisher.event({ event_id: `${type}-${at}`, ident, tenant, type, at, emitted_at: at });
  }

  #stateOf(ident: string): DeviceState {
    let state = this.#open.get(ident);
    if (state === undefined) this.#open.set(ident, (state = this.#devices.unpack(ident) ?? new DeviceState()));
    return state;
  }

  /** What timers and sessions ask of a device; null: there is none. */
  #glance(ident: string): Glance | null {
    const state = this.#open.get(ident);
    return state === undefined ? this.#devices.glance(ident) : glanceOf(state);
  }

  #takeState(): OutRecord[] {
    const records: OutRecord[] = [];
    for (const [ident, state] of this.#open) {
      const { head, written, dropped } = this.#devices.pack(ident, state);
      records.push(this.#publisher.state(ident, '', head));
      for (const { part, payload } of written) records.push(this.#publisher.state(ident, part, payload));
      for (const part of dropped) records.push(this.#publisher.state(ident, part, null));
    }
    this.#open.clear();
    return records;
  }
}

const stampOf = (report: TelemetryOutline, tenant: string | null): Stamp => ({
  ident: report.ident,
  tenant: report.tenant ?? tenant,
  emittedUs: report.received_at,
  protocol: report.protocol,
});

/** What its interval is learnt for. */
function modeOf({ fold }: DeviceState): Mode {
  if (fold.motion.trip !== null && fold.motion.trip.endedUs === null) return 'moving';
  return fold.track.ignition === false ? 'asleep' : 'parked';
}
