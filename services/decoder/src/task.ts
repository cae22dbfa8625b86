/**
 * The decoder's work on one partition. Keeps no state of its own but unfinished sets of parts, whose first offset is never
 * committed past, so that a crash reads them again.
 *
 * Guarantees: outcomes come in the order of the frames of a device; an offset is committed only after every outcome of its frame
 * is; each frame ends in at least one outcome (telemetry, answer, presence, dead letter, or a part that waits).
 */
import { Assembler, type DeviceSettings, type Learnt, type Rejection } from '@fleetwire/protocols';
import type { Codec, Command, RawFrame, Setting } from '@fleetwire/schemas';
import {
  type DeadLetterCounts,
  failpoint,
  learnSchemas,
  RecordGuard,
  StepTrace,
  type Tracer,
} from '@fleetwire/service';
import type { InRecord, OutRecord, StepResult, StreamLog, Task } from '@fleetwire/streaming';
import { answersOf, reportedParameters } from './answers.js';
import { decodeFrame, type FrameAt, type FrameOutcome } from './decode-frame.js';
import { awaitSetting, DeviceBook, FORM, learnSetting, withoutWaiting } from './device-book.js';
import type { FormQueries } from './form-queries.js';
import type { DecoderMetrics } from './metrics.js';
import { mediaRecords } from './media.js';
import { frameDeadLetter, settingRecord, STAGE } from './records.js';

export const RAW_FRAMES = 'raw-frames';

/** Reads frames again by offset: those that waited for a report format. Offsets that are gone are left out. */
export type Refetch = (partition: number, offsets: readonly number[]) => Promise<readonly InRecord[]>;

export interface DecoderDeps {
  /** Counts what is given up. */
  readonly deadLetters?: DeadLetterCounts;
  readonly codec: Codec;
  readonly version: string;
  readonly partitions: number;
  readonly refetch: Refetch;
  readonly formQueries: FormQueries;
  readonly metrics: DecoderMetrics;
  readonly log: StreamLog;
  /** Pictures are published only when the topic is configured. */
  readonly mediaTopic: boolean;
  /** Absent or null: nothing is traced. */
  readonly tracer?: Tracer | null;
}

export class DecoderTask implements Task {
  readonly #deps: DecoderDeps;
  readonly #partition: number;
  readonly #book: DeviceBook;
  readonly #assembler = new Assembler<FrameAt>();
  readonly #guard: RecordGuard;
  /** Context of frames whose parts are held, for the dead letter if the rest never comes. */
  readonly #rawOfPart = new Map<number, RawFrame>();
  /** Settings that this task wrote and has not read back yet, by key: what it reads before that is older than what it knows. */
  readonly #written = new Map<string, Buffer>();
  /** By device, what the last step decoded again: it leaves the list once that step is committed. */
  readonly #served = new Map<string, ReadonlySet<number>>();

  constructor(partition: number, deps: DecoderDeps) {
    this.#deps = deps;
    this.#partition = partition;
    this.#guard = new RecordGuard(deps.codec, STAGE, partition, deps.partitions, deps.deadLetters);
    this.#book = new DeviceBook((ident, field, remedy) => {
      deps.metrics.settingIgnored();
      deps.log.warn({ ident, field, remedy }, 'a setting of a device is not usable and is ignored');
    });
  }

  prepare(records: readonly InRecord[]): Promise<void> {
    return learnSchemas(this.#deps.codec, records);
  }

  load(record: InRecord): void {
    const key = record.key?.toString('utf8') ?? '';
    if (record.topic === 'devices') {
      this.#guard.read('devices', record, key, (device) => this.#book.putDevice(key, device));
      return;
    }
    const written = this.#written.get(key);
    if (written !== undefined) {
      if (record.value?.equals(written) === true) this.#written.delete(key);
      return;
    }
    const [ident = '', name = '', side] = key.split('|');
    this.#guard.read('device-settings', record, ident, (setting) => {
      if (setting !== null || side === 'reported') this.#book.putSetting(ident, name, setting);
    });
  }

  async process(records: readonly InRecord[]): Promise<StepResult> {
    const outputs: OutRecord[] = this.#guard.takeDeadLetters();
    this.#clearServed(outputs);
    const trace = StepTrace.of(this.#deps.tracer ?? null, 'decode', records);
    for (const record of records) {
      const from = outputs.length;
      const learning = this.#frame(record, outputs);
      if (learning !== null) await learning;
      trace?.became(record, outputs, from);
    }
    trace?.end();
    failpoint('decoder.decoded');
    return { outputs, holdAt: this.#hold() };
  }

  tick(nowMs: number): StepResult | null {
    const outputs = this.#guard.takeDeadLetters();
    this.#clearServed(outputs);
    this.#expire(this.#assembler.expire(nowMs * 1000), outputs);
    return outputs.length === 0 ? null : { outputs, holdAt: this.#hold() };
  }

  /** Not null: what it taught leads to reading other frames again, which takes time. */
  #frame(record: InRecord, outputs: OutRecord[]): Promise<void> | null {
    const { codec, metrics } = this.#deps;
    const at: FrameAt = { topic: record.topic, partition: record.partition, offset: record.offset };
    const raw = codec.decode('raw-frames', record.value!);
    const outcome = this.#decode(raw, at, this.#book.settingsFor(raw.ident, at.offset), 0);
    metrics.frame(outcome);
    if (outcome.frame === null) this.#rawOfPart.set(at.offset, { ...raw, frame: Buffer.from(raw.frame) });
    this.#expire(outcome.expired, outputs);
    this.#publish(raw, at, outcome, outputs);
    if (outcome.learnt.length > 0) return this.#learnAll(raw, at, outcome, outputs);
    this.#query(raw, at, outcome, outputs);
    return null;
  }

  async #learnAll(raw: RawFrame, at: FrameAt, outcome: FrameOutcome, outputs: OutRecord[]): Promise<void> {
    for (const learnt of outcome.learnt) await this.#learn(raw, at, learnt, outputs);
    this.#query(raw, at, outcome, outputs);
  }

  /** Asks a device for its report format, where that is called for. */
  #query(raw: RawFrame, at: FrameAt, outcome: FrameOutcome, outputs: OutRecord[]): void {
    if (outcome.rejected.some((r) => lacksForm(raw, r))) this.#awaitForm(raw, at, outputs);
    else if (this.#book.setting(raw.ident, FORM)?.source === 'reply')
      this.#ask(raw, this.#deps.formQueries.connected(raw), outputs);
  }

  #decode(raw: RawFrame, at: FrameAt, settings: DeviceSettings, revision: number): FrameOutcome {
    return decodeFrame(raw, at, {
      settings,
      device: this.#book.device(raw.ident),
      assembler: this.#assembler,
      version: this.#deps.version,
      revision,
    });
  }

  /** Every outcome of one frame as records, in the order of the frame. */
  #publish(raw: RawFrame, at: FrameAt, outcome: FrameOutcome, outputs: OutRecord[]): void {
    const { codec, version } = this.#deps;
    const partition = this.#partition;
    const timestampMs = Math.floor(raw.received_at / 1000);
    for (const report of outcome.reports)
      outputs.push({
        topic: 'telemetry',
        key: raw.ident,
        partition,
        timestampMs,
        value: codec.encode('telemetry', report),
      });
    for (const answer of answersOf(raw, at, outcome))
      outputs.push({
        topic: 'command-reports',
        key: raw.ident,
        partition,
        timestampMs,
        value: codec.encode('command-reports', answer),
      });
    for (const setting of reportedParameters(raw, at, outcome)) outputs.push(settingRecord(codec, setting));
    for (const rejection of outcome.rejected) {
      const letter = frameDeadLetter(raw, at, outcome.frame ?? raw.frame, rejection, version);
      outputs.push({ topic: 'dead-letters', key: raw.ident, timestampMs, value: codec.encode('dead-letters', letter) });
    }
    if (outcome.media !== null && this.#deps.mediaTopic) outputs.push(...mediaRecords(codec, raw, outcome.media));
  }

  async #learn(raw: RawFrame, at: FrameAt, learnt: Learnt, outputs: OutRecord[]): Promise<void> {
    if (learnt.name === FORM && learnt.settings?.formSource === 'reply') this.#deps.formQueries.answered(raw);
    const before = this.#book.setting(raw.ident, learnt.name);
    const what = { ident: raw.ident, name: learnt.name, value: learnt.value, settings: learnt.settings ?? {} };
    const setting = learnSetting(before, what, at.offset, raw.received_at, learnt.settings?.formSource ?? 'reply');
    if (setting !== null) this.#write(setting, outputs);
    // The same frame read again after a crash: what it led to may not have been committed.
    else if (before?.history.at(-1)?.source_offset !== at.offset) return;
    if (learnt.name !== FORM) return;
    const waiting = (setting ?? before)?.waiting.filter((offset) => offset < at.offset) ?? [];
    if (waiting.length > 0) await this.#decodeAgain(raw, waiting, learnt.settings ?? {}, outputs);
  }

  #write(setting: Setting, outputs: OutRecord[]): void {
    const record = settingRecord(this.#deps.codec, setting);
    this.#book.putSetting(setting.ident, setting.name, setting);
    this.#written.set(record.key, record.value);
    outputs.push(record);
  }

  #clearServed(outputs: OutRecord[]): void {
    for (const [ident, offsets] of this.#served) {
      const setting = this.#book.setting(ident, FORM);
      const cleared = setting === null ? null : withoutWaiting(setting, offsets);
      if (cleared !== null) this.#write(cleared, outputs);
    }
    this.#served.clear();
  }

  /**
   * Frames that came before their format was known, decoded with it: same message_id, revision 1. Those that it does not fit wait on;
   * those that are gone from the log are forgotten.
   */
  async #decodeAgain(
    raw: RawFrame,
    offsets: readonly number[],
    taught: DeviceSettings,
    outputs: OutRecord[],
  ): Promise<void> {
    const { codec, metrics, refetch } = this.#deps;
    const served = new Set([...(this.#served.get(raw.ident) ?? []), ...offsets]);
    this.#served.set(raw.ident, served);
    for (const record of await refetch(this.#partition, offsets)) {
      const at: FrameAt = { topic: record.topic, partition: record.partition, offset: record.offset };
      const waited = codec.decode('raw-frames', record.value!);
      if (waited.ident !== raw.ident) continue;
      const settings = { ...this.#book.settingsFor(raw.ident, at.offset), ...taught };
      const outcome = this.#decode(waited, at, settings, 1);
      metrics.decodedAgain(outcome);
      const fits = outcome.rejected.length === 0;
      if (!fits) served.delete(at.offset);
      else this.#publish(waited, at, { ...outcome, responses: [], media: null }, outputs);
    }
  }

  #awaitForm(raw: RawFrame, at: FrameAt, outputs: OutRecord[]): void {
    const setting = awaitSetting(this.#book.setting(raw.ident, FORM), raw.ident, FORM, at.offset, raw.received_at);
    if (setting !== null) this.#write(setting, outputs);
    const { form } = this.#book.settingsFor(raw.ident, at.offset);
    const known = form !== undefined && form !== null;
    for (const query of this.#deps.formQueries.unfit(raw, known)) this.#ask(raw, query, outputs);
  }

  #ask(raw: RawFrame, query: Command | null, outputs: OutRecord[]): void {
    if (query === null) return;
    outputs.push({
      topic: 'commands',
      key: raw.ident,
      partition: this.#partition,
      value: this.#deps.codec.encode('commands', query),
    });
  }

  #expire(sets: FrameOutcome['expired'], outputs: OutRecord[]): void {
    for (const set of sets) {
      for (const part of set.parts) {
        const raw = this.#rawOfPart.get(part.ref.offset);
        if (raw === undefined) continue;
        this.#deps.metrics.rejected(set.protocol, 'parts_missing');
        const rejection = { reason: 'parts_missing', start: 0, end: part.frame.length } as const;
        const letter = frameDeadLetter(raw, part.ref, part.frame, rejection, this.#deps.version);
        outputs.push({ topic: 'dead-letters', key: raw.ident, value: this.#deps.codec.encode('dead-letters', letter) });
      }
    }
  }

  /** The first part of an unfinished set stays uncommitted. Also forgets contexts of parts that are no longer held. */
  #hold(): ReadonlyMap<string, number> {
    let lowest = Number.POSITIVE_INFINITY;
    const held = new Set<number>();
    for (const ref of this.#assembler.refs()) {
      held.add(ref.offset);
      lowest = Math.min(lowest, ref.offset);
    }
    for (const offset of this.#rawOfPart.keys()) if (!held.has(offset)) this.#rawOfPart.delete(offset);
    return Number.isFinite(lowest) ? new Map([[RAW_FRAMES, lowest]]) : new Map();
  }
}

/** Custom values without a format, or with one that they do not fit (any more): the device is asked, and the frame waits. */
function lacksForm(raw: RawFrame, rejection: Rejection): boolean {
  return rejection.reason === 'format_unknown' || (raw.protocol === 'atrack' && rejection.reason === 'layout_mismatch');
}
