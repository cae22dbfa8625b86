/**
 * The enricher's work on one partition: the state of all its devices, and what each batch writes in one transaction with it.
 *
 * Guarantees: each (message_id, revision) is once in telemetry-enriched for readers of committed records, in the order of
 * telemetry; state is what the committed input made it, whatever was killed in between.
 */
import type { Codec, Duplicate, EnrichedTelemetry, Telemetry } from '@fleetwire/schemas';
import { failpoint, learnSchemas, RecordGuard } from '@fleetwire/service';
import type { InRecord, OutRecord, StepResult, Task } from '@fleetwire/streaming';
import { decodeState, DeviceState, encodeState, STATE_FORMAT } from './device-state.js';
import { enrich, enrichmentOf, notePresence, type Enriched } from './enrich.js';
import type { EnricherMetrics } from './metrics.js';
import { Presence } from './presence.js';

export const STAGE = 'enricher';
export const TELEMETRY = 'telemetry';
export const STATE_TOPIC = 'enricher-state';
export const SESSIONS = 'device-sessions';

/** Presence changes that one tick publishes; the rest wait for the next. */
const PRESENCE_PER_TICK_MAX = 2000;

export interface EnricherDeps {
  readonly codec: Codec;
  readonly partitions: number;
  readonly metrics: EnricherMetrics;
}

export class EnricherTask implements Task {
  readonly #deps: EnricherDeps;
  readonly #partition: number;
  readonly #guard: RecordGuard;
  readonly #devices = new Map<string, DeviceState>();
  readonly #presence = new Presence();
  /** Devices whose state record must be written with the step that runs. */
  readonly #touched = new Set<string>();
  #unpublished: string[] = [];

  constructor(partition: number, deps: EnricherDeps) {
    this.#deps = deps;
    this.#partition = partition;
    this.#guard = new RecordGuard(deps.codec, STAGE, partition, deps.partitions);
  }

  prepare(records: readonly InRecord[]): Promise<void> {
    return learnSchemas(this.#deps.codec, records);
  }

  load(record: InRecord): void {
    const key = record.key?.toString('utf8') ?? '';
    const [ident = '', part = ''] = key.split('|');
    if (record.topic === SESSIONS) this.#loadSession(record, ident, part);
    else this.#loadState(record, ident, part);
  }

  process(records: readonly InRecord[]): StepResult {
    const outputs = this.#guard.takeDeadLetters();
    for (const record of records) this.#report(record, outputs);
    failpoint('enricher.folded');
    return { outputs, state: this.#takeState() };
  }

  tick(nowMs: number): StepResult | null {
    const outputs = this.#guard.takeDeadLetters();
    const waiting = [...new Set([...this.#unpublished, ...this.#presence.takeChanged()])];
    this.#unpublished = waiting.slice(PRESENCE_PER_TICK_MAX);
    for (const ident of waiting.slice(0, PRESENCE_PER_TICK_MAX)) this.#publishPresence(ident, nowMs, outputs);
    const state = this.#takeState();
    return outputs.length + state.length === 0 ? null : { outputs, state };
  }

  #loadSession(record: InRecord, ident: string, edge: string): void {
    this.#guard.read(SESSIONS, record, ident, (session) => {
      if (session === null) this.#presence.end(ident, edge, record.timestampMs * 1000);
      else this.#presence.begin(ident, session.boot_id);
    });
  }

  /** State records: key `ident` is the device, `ident|N` a closed segment of its report log. */
  #loadState(record: InRecord, ident: string, part: string): void {
    const value = record.value === null ? null : this.#deps.codec.decode(STATE_TOPIC, record.value);
    const state = this.#stateOf(ident);
    if (part !== '') state.log.restore(Number(part), value?.payload ?? null);
    else if (value !== null) decodeState(value.payload, state);
  }

  #report(record: InRecord, outputs: OutRecord[]): void {
    const { codec, metrics } = this.#deps;
    const report = codec.decode(TELEMETRY, record.value!);
    const state = this.#stateOf(report.ident);
    this.#touched.add(report.ident);
    if (report.kind === 'presence') {
      state.lastSeenUs = Math.max(state.lastSeenUs, report.received_at);
      if (notePresence(state, this.#presence.online(report.ident, state.lastSeenUs), report.received_at))
        this.#unpublished.push(report.ident);
      metrics.presence();
      return;
    }
    const online = this.#presence.online(report.ident, Math.max(state.lastSeenUs, report.received_at));
    const enriched = enrich(state, report, online);
    metrics.report(enriched);
    if (enriched.kind === 'duplicate') outputs.push(this.#duplicate(report, enriched.cause));
    else this.#publish(record, report, state, enriched, outputs);
  }

  #publish(
    record: InRecord,
    report: Telemetry,
    state: DeviceState,
    enriched: Extract<Enriched, { kind: 'publish' }>,
    outputs: OutRecord[],
  ): void {
    const value = this.#enrichedValue('telemetry-enriched', record.value!, report, enriched.enrichment);
    const common = { key: report.ident, partition: this.#partition, timestampMs: record.timestampMs };
    outputs.push({ ...common, topic: 'telemetry-enriched', value, headers: traceOf(record) });
    if (!enriched.newest) return;
    // A copy: the record's value is a view into a whole fetch.
    state.newest = Buffer.from(record.value!);
    outputs.push({
      ...common,
      topic: 'device-state',
      value: this.#enrichedValue('device-state', record.value!, report, enriched.enrichment),
    });
  }

  /** Appends to the bytes where the writer's schema is ours; decodes, resolves and encodes otherwise (rolling upgrades). */
  #enrichedValue(
    topic: 'telemetry-enriched' | 'device-state',
    value: Buffer,
    report: Telemetry | null,
    enrichment: EnrichedTelemetry['enrichment'],
  ): Buffer {
    const { codec } = this.#deps;
    return (
      codec.appendEnrichment(value, enrichment, topic) ??
      codec.encode(topic, { ...(report ?? codec.decode(TELEMETRY, value)), enrichment })
    );
  }

  #publishPresence(ident: string, nowMs: number, outputs: OutRecord[]): void {
    const state = this.#devices.get(ident);
    if (state?.newest == null) return;
    notePresence(state, this.#presence.online(ident, state.lastSeenUs), nowMs * 1000);
    this.#touched.add(ident);
    const value = this.#enrichedValue('device-state', state.newest, null, enrichmentOf(state, false, false));
    outputs.push({ topic: 'device-state', key: ident, partition: this.#partition, value });
  }

  #duplicate(report: Telemetry, cause: Duplicate['cause']): OutRecord {
    const value = this.#deps.codec.encode('duplicates', {
      message_id: report.message_id,
      revision: report.revision,
      ident: report.ident,
      tenant: report.tenant,
      timestamp: report.timestamp,
      device_time: report.device_time,
      received_at: report.received_at,
      protocol: report.protocol,
      peer: report.peer,
      frame_ref: report.frame_ref,
      cause,
    });
    return { topic: 'duplicates', key: report.ident, partition: this.#partition, value };
  }

  #stateOf(ident: string): DeviceState {
    let state = this.#devices.get(ident);
    if (state === undefined) this.#devices.set(ident, (state = new DeviceState()));
    return state;
  }

  #takeState(): OutRecord[] {
    const records: OutRecord[] = [];
    for (const ident of this.#touched) {
      const state = this.#devices.get(ident)!;
      records.push(this.#stateRecord(ident, '', encodeState(state)));
      const { written, dropped } = state.log.takeChanges();
      for (const segment of written) records.push(this.#stateRecord(ident, String(segment.number), segment.bytes));
      for (const number of dropped) records.push(this.#stateRecord(ident, String(number), null));
    }
    this.#touched.clear();
    return records;
  }

  #stateRecord(ident: string, part: string, payload: Buffer | null): OutRecord {
    const value =
      payload === null
        ? null
        : this.#deps.codec.encode(STATE_TOPIC, {
            kind: 'state',
            ident,
            part,
            format: STATE_FORMAT,
            payload,
            barrier: null,
            inputs: [],
            written_at: null,
          });
    return { topic: STATE_TOPIC, key: part === '' ? ident : `${ident}|${part}`, partition: this.#partition, value };
  }
}

/** The trace of the frame goes on with its report. */
function traceOf(record: InRecord): Record<string, Buffer> {
  const { traceparent } = record.headers;
  return traceparent === undefined ? {} : { traceparent };
}
