/**
 * Records of a binary frame. They follow each other without separator or count, so the length of the custom info must be known to
 * find the second: a format is right when a record that is read with it ends at the end of the frame, or where another record plausibly
 * starts.
 */
import { NO_MAP, type Report } from '../catalogue/report.generated.js';
import { append } from '../catalogue/set.js';
import type { DecodeInput } from '../protocol.js';
import { toHex } from '../hex.js';
import { i32, latin1, u16 } from '../wire/reader.js';
import { find } from './ascii.js';
import { Draft, type FieldSettings, finish, readSettings } from './draft.js';
import { readBinaryFixed, recordMin } from './fixed.js';
import { inlineForm, inlineIndex, inlineLearnt, isInlineAt, lookAhead, plansOf, storedPlans } from './form.js';
import { BINARY_HEADER_BYTES } from './header.js';
import { binaryPacket } from './impact.js';
import { type Outcome, applyPacket, clear, identify, newReport, reject } from './outcome.js';
import { type CellBytes, type Plan, measure, runBinary, stepBytes } from './plan.js';
import { REASON_IMPACT } from './report-reasons.js';
import { writeShortText } from './short-text.js';
import { TIME_MIN_S, type TimeBytes, binaryTime, timeBytesAt } from './time.js';

/** What is the same for all records of a frame. One object: decoding does not call itself. */
export interface BinaryFrame {
  timeBytes: TimeBytes;
  cellBytes: CellBytes;
  bytes: Uint8Array;
  end: number;
}
const f: BinaryFrame = { timeBytes: 4, cellBytes: 4, bytes: new Uint8Array(0), end: 0 };
const draft = new Draft();
const s: FieldSettings = { gDivisor: 1000, engineOdometerUnitKm: 1, ignitionFromInput0: false, nowS: 0 };

/** Forms that the frame taught, and the guess at one unknown width. */
interface Notes {
  form: string;
  cellBytes: CellBytes | null;
  widthCode: string;
  /** Bytes of it; -1: records disagree. */
  width: number;
}

/** Decodes a binary report into `out`. */
export function decodeBinary(input: DecodeInput, out: Outcome): void {
  readSettings(input.settings, input.receivedAtUs, s);
  if (records(input, out, storedPlans(input.settings))) return;
  // The stored format does not fit one of the records: it is out of date, so none of them is read with it.
  clear(out);
  records(input, out, []);
}

/** Prepares `BinaryFrame` for a frame; for `explain`. */
export function openFrame(input: DecodeInput): BinaryFrame {
  const { settings, frame: b } = input;
  f.bytes = b;
  f.end = b.length;
  f.timeBytes = timeBytesAt(b, BINARY_HEADER_BYTES, b.length, settings.timeMode ?? 'auto');
  f.cellBytes = settings.cellIdBytes === 2 ? 2 : 4;
  return f;
}

function records(input: DecodeInput, out: Outcome, stored: readonly Plan[]): boolean {
  const b = input.frame;
  const { end } = openFrame(input);
  const sequence = u16(b, 6);
  if (end - BINARY_HEADER_BYTES < recordMin(f.timeBytes)) {
    shortFrame(input, out, sequence);
    return true;
  }
  const notes: Notes = { form: '', cellBytes: null, widthCode: '', width: 0 };
  for (let at = BINARY_HEADER_BYTES, index = 0; at < end; index++) {
    const customAt = readBinaryFixed(b, at, end, f.timeBytes, draft);
    // Ciphertext has no NUL where a text would end, so this comes first; the numbers in front of the texts have been read.
    if (index === 0 && looksEncrypted(draft)) {
      reject(out, 'encrypted', at, end, 'record[0]');
      return true;
    }
    if (customAt < 0) {
      reject(out, 'body_short', at, end, `record[${index}]`);
      break;
    }
    const r = newReport(input, sequence);
    const packet =
      draft.reason === REASON_IMPACT && index === 0 && input.context['waiting'] === 'impact_data'
        ? binaryPacket(b, customAt, end, s.gDivisor)
        : null;
    if (packet !== null) {
      identify(draft, r, packet.id);
      applyPacket(packet, input.context['impact_base'] === '1' ? 1 : 0, r);
      at = end;
    } else {
      identify(draft, r);
      at = custom(input, out, r, customAt, index, stored, notes);
      if (at < 0) return false;
    }
    finish(draft, r, s);
    out.reports = append(out.reports, r);
  }
  teach(input, out, notes);
  return true;
}

/** AES leaves a fitting CRC and contents of which nothing can be; a device without clock and fix sends zeros, which can. */
const looksEncrypted = (d: Draft): boolean =>
  d.heading > 359 &&
  (Math.abs(d.longitude) > 180e6 || Math.abs(d.latitude) > 90e6) &&
  !possible(d.gps) &&
  !possible(d.rtc) &&
  !possible(d.send);
/** Up to 2100. */
const possible = (t: number): boolean => t >= TIME_MIN_S && t < 4_102_444_800;

/** Reads the custom info at `at` and gives the offset of the next record, or -1: the stored format does not fit. */
function custom(
  input: DecodeInput,
  out: Outcome,
  r: Report,
  at: number,
  index: number,
  stored: readonly Plan[],
  notes: Notes,
): number {
  const { bytes: b, end } = f;
  if (at === end) return end;
  if (isInlineAt(b, at, end)) {
    const form = inlineForm(b, at, end);
    const plans = form === '' ? [] : plansOf(form, input.settings, true);
    for (const plan of plans) {
      const next = fits(plan, at, notes);
      if (next < 0) continue;
      notes.form = form;
      run(plan, plan.steps.length, at, r);
      return next;
    }
    if (plans.length > 0) {
      notes.form = form;
      return unknown(out, r, at, index, plans[0]!, true, notes);
    }
  }
  for (const plan of stored) {
    const next = fits(plan, at, notes);
    if (next < 0 || holdsAnother(plan, at, input.settings.form ?? '')) continue;
    run(plan, plan.steps.length, at, r);
    return next;
  }
  const ahead = lookAhead(b, at, end);
  if (ahead !== '') {
    for (const plan of plansOf(ahead, input.settings, true)) {
      const next = fits(plan, at, notes);
      if (next < 0) continue;
      notes.form = ahead;
      run(plan, plan.steps.length, at, r);
      return next;
    }
  }
  if (startsRecord(at)) return at;
  const first = stored[0];
  if (first !== undefined && first.unknownAt < 0 && first.guessAt < 0) return -1;
  return unknown(out, r, at, index, first ?? null, false, notes);
}

function run(plan: Plan, count: number, at: number, r: Report): number {
  return runBinary(plan, count, f.bytes, at, r, draft, s, f);
}

/** Where the next record starts if this format is right, or -1. Tries both widths of a cell id, the likelier first. */
function fits(plan: Plan, at: number, notes: Notes): number {
  if (plan.unknownAt >= 0) return -1;
  const count = plan.steps.length;
  const next = measure(plan, count, f.bytes, at, f.end, f);
  if (next >= 0 && ends(next)) return next;
  if (plan.cellAt < 0) return -1;
  f.cellBytes = f.cellBytes === 4 ? 2 : 4;
  const other = measure(plan, count, f.bytes, at, f.end, f);
  if (other >= 0 && ends(other)) {
    notes.cellBytes = f.cellBytes;
    return other;
  }
  f.cellBytes = f.cellBytes === 4 ? 2 : 4;
  return -1;
}

/** A record may end here: at the end of the frame, in front of another one, or of one that was cut in its fixed part. */
const ends = (at: number): boolean => at === f.end || startsRecord(at) || startsCutRecord(at);

/** A plan with `%CI` behind other fields, in a record whose own format is another one. */
function holdsAnother(plan: Plan, at: number, form: string): boolean {
  const index = inlineIndex(plan);
  if (index <= 0) return false;
  const from = measure(plan, index, f.bytes, at, f.end, f);
  return from >= 0 && latin1(f.bytes, from, find(f.bytes, 0, from, f.end)) !== form;
}

/** A record plausibly starts here: the sending time is that of the first record, and position and heading are possible. */
function startsRecord(at: number): boolean {
  const { bytes: b, timeBytes, end } = f;
  if (end - at < recordMin(timeBytes) || !sameSending(at)) return false;
  const p = at + 3 * timeBytes;
  const longitude = i32(b, p);
  const latitude = i32(b, p + 4);
  if (longitude < -180e6 || longitude > 180e6 || latitude < -90e6 || latitude > 90e6) return false;
  return u16(b, p + 8) <= 359;
}

/** Too little is left for a record, but as far as it goes it is one. */
function startsCutRecord(at: number): boolean {
  const left = f.end - at;
  return left < recordMin(f.timeBytes) && left >= 3 * f.timeBytes && sameSending(at);
}

function sameSending(at: number): boolean {
  const { bytes: b, timeBytes } = f;
  for (let i = 2 * timeBytes; i < 3 * timeBytes; i++) if (b[at + i] !== b[BINARY_HEADER_BYTES + i]) return false;
  return true;
}

/**
 * What can not be skipped: keeps the fields in front of it, and the bytes up to the next record raw. Without a plan, or when it is a
 * stored one that does not fit, that is all of the custom info.
 */
function unknown(
  out: Outcome,
  r: Report,
  at: number,
  index: number,
  plan: Plan | null,
  own: boolean,
  notes: Notes,
): number {
  let rawAt = at;
  let path = `record[${index}].custom`;
  if (plan !== null) {
    const count = readable(plan, own);
    const to = measure(plan, count, f.bytes, at, f.end, f);
    if (to >= 0) {
      run(plan, count, at, r);
      rawAt = to;
      const step = plan.steps[count];
      if (step !== undefined) path += `.${step.code}`;
    }
  }
  let next = rawAt;
  while (next < f.end && !startsRecord(next)) next++;
  if (next === rawAt) return next;
  if (r.strings === NO_MAP) r.strings = {};
  r.strings['atrack.custom.raw'] = toHex(f.bytes, rawAt, next);
  reject(out, 'format_unknown', rawAt, next, path);
  if (plan !== null && plan.unknownAt >= 0) suggestWidth(plan, rawAt, next, notes);
  return next;
}

/** How many fields of a plan that does not fit can be read all the same: those in front of the first doubtful width. */
function readable(plan: Plan, own: boolean): number {
  let count = own ? plan.steps.length : 0;
  if (plan.unknownAt >= 0) count = plan.unknownAt;
  if (plan.guessAt >= 0 && (plan.guessAt < count || (!own && plan.unknownAt < 0))) count = plan.guessAt;
  if (plan.cellAt >= 0 && plan.cellAt < count) count = plan.cellAt;
  return count;
}

/** One unknown code: the width with which every record of the frame ends where it should is offered to the operator. */
function suggestWidth(plan: Plan, rawAt: number, next: number, notes: Notes): void {
  const rest = plan.steps.slice(plan.unknownAt + 1);
  if (rest.some((step) => step.bytes === 0 || step.bytes === -3)) return;
  let width = next - rawAt;
  for (const step of rest) width -= stepBytes(step, f.bytes, next, f);
  const { code } = plan.steps[plan.unknownAt]!;
  if (notes.widthCode === '') {
    notes.widthCode = code;
    notes.width = width;
  } else if (notes.widthCode !== code || notes.width !== width) notes.width = -1;
}

function teach(input: DecodeInput, out: Outcome, notes: Notes): void {
  if (notes.form !== '') {
    const learnt = inlineLearnt(notes.form, input.settings, () => ({
      binary: true,
      prefix: toHex(input.frame, 0, 2),
      timeFormat: f.timeBytes === 7 ? 1 : 0,
    }));
    if (learnt !== null) out.learnt = append(out.learnt, learnt);
  }
  if (notes.cellBytes !== null)
    out.learnt = append(out.learnt, {
      name: 'cell_id_bytes',
      value: notes.cellBytes,
      settings: { cellIdBytes: notes.cellBytes },
    });
  if (notes.widthCode !== '' && notes.width > 0)
    out.learnt = append(out.learnt, { name: 'field_width', value: { code: notes.widthCode, bytes: notes.width } });
}

/** `AT$POST` in its simple form: RTC time, text, NUL. Anything else of that length is no record. */
function shortFrame(input: DecodeInput, out: Outcome, sequence: number): void {
  const b = input.frame;
  const { end, timeBytes } = f;
  const textAt = BINARY_HEADER_BYTES + timeBytes;
  if (textAt < end && find(b, 0, textAt, end) === end - 1) {
    const rtc = binaryTime(b, BINARY_HEADER_BYTES, timeBytes);
    if (writeShortText(input, out, sequence, rtc, latin1(b, textAt, end - 1), draft, s)) return;
  }
  reject(out, 'body_short', BINARY_HEADER_BYTES, end, 'record[0]');
}
