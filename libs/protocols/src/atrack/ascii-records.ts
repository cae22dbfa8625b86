/** Records of an ASCII frame: one line each. The number of values says whether a format fits. */
import { NO_MAP, type Report } from '../catalogue/report.generated.js';
import { addQuality, append } from '../catalogue/set.js';
import type { DecodeInput } from '../protocol.js';
import { toHex } from '../hex.js';
import { latin1 } from '../wire/reader.js';
import { COMMA, CR, LF, PERCENT, SUB, find, findCrLf } from './ascii.js';
import { Draft, type FieldSettings, finish, readSettings } from './draft.js';
import { readAsciiFixed } from './fixed.js';
import { formText, holdsInline, inlineLearnt, plansOf, storedPlans } from './form.js';
import { asciiHead, asciiHeader } from './header.js';
import { asciiPacket } from './impact.js';
import { type Outcome, applyPacket, identify, newReport, reject } from './outcome.js';
import type { Plan, Step } from './plan.js';
import { REASON_IMPACT } from './report-reasons.js';
import { writeShortText } from './short-text.js';
import { CALENDAR_DIGITS, asciiTime } from './time.js';

const draft = new Draft();
const s: FieldSettings = { gDivisor: 1000, engineOdometerUnitKm: 1, ignitionFromInput0: false, nowS: 0 };

/** Decodes an ASCII report into `out`. */
export function decodeAscii(input: DecodeInput, out: Outcome): void {
  const b = input.frame;
  const end = b.length;
  const said = asciiHeader(b, 0, end);
  if (said !== 'ok') {
    reject(out, 'bad_syntax', 0, end, 'header');
    return;
  }
  readSettings(input.settings, input.receivedAtUs, s);
  const { sequence, body } = asciiHead;
  const stored = storedPlans(input.settings);
  let taught = '';
  let index = 0;
  for (let at = body; at < end; index++) {
    const crLf = findCrLf(b, at, end);
    const to = crLf < 0 ? lastEnd(b, at, end) : crLf;
    if (to > at) {
      const form = line(input, out, at, to, index, sequence, stored);
      if (form !== '') taught = form;
    }
    at = crLf < 0 ? end : crLf + 2;
  }
  if (taught === '') return;
  const learnt = inlineLearnt(taught, input.settings, () => ({
    binary: false,
    prefix: toHex(b, 0, 2),
    timeFormat: find(b, COMMA, body, end) - body === CALENDAR_DIGITS ? 1 : 0,
  }));
  if (learnt !== null) out.learnt = append(out.learnt, learnt);
}

/** End of a last line whose CR LF was lost, or half of it. */
function lastEnd(b: Uint8Array, at: number, end: number): number {
  let to = end;
  while (to > at && (b[to - 1] === LF || b[to - 1] === CR)) to--;
  return to;
}

/** One record; gives the format that it holds, or ''. */
function line(
  input: DecodeInput,
  out: Outcome,
  at: number,
  to: number,
  index: number,
  sequence: number,
  stored: readonly Plan[],
): string {
  const b = input.frame;
  const formKnown = stored.length > 0 && stored[0]!.steps.length > 0;
  const customAt = readAsciiFixed(b, at, to, formKnown, draft);
  if (customAt < 0) {
    if (index > 0 || !shortText(input, out, at, to, sequence)) reject(out, 'body_short', at, to, `record[${index}]`);
    return '';
  }
  const r = newReport(input, sequence);
  const packet =
    draft.reason === REASON_IMPACT && input.context['waiting'] === 'impact_data'
      ? asciiPacket(b, customAt, to, s.gDivisor)
      : null;
  let form = '';
  if (packet !== null) {
    identify(draft, r, packet.id);
    applyPacket(packet, input.context['impact_base'] === '1' ? 1 : 0, r);
  } else {
    identify(draft, r);
    if (customAt < to) form = custom(input, out, r, customAt, to, index, stored);
  }
  finish(draft, r, s);
  out.reports = append(out.reports, r);
  return form;
}

/** `rtc,text<1A>`: the short text frame. */
function shortText(input: DecodeInput, out: Outcome, at: number, to: number, sequence: number): boolean {
  const b = input.frame;
  const comma = find(b, COMMA, at, to);
  if (comma === to || b[to - 1] !== SUB) return false;
  return writeShortText(input, out, sequence, asciiTime(b, at, comma), latin1(b, comma + 1, to - 1), draft, s);
}

/** Reads the values [at, to). Gives the format that the record holds, or ''. */
function custom(
  input: DecodeInput,
  out: Outcome,
  r: Report,
  at: number,
  to: number,
  index: number,
  stored: readonly Plan[],
): string {
  const b = input.frame;
  const own = ownForm(b, at, to);
  const plans = own === '' ? stored : plansOf(own, input.settings, true);
  const path = `record[${index}].custom`;
  const first = plans[0];
  if (first === undefined || first.steps.length === 0) {
    keepRaw(r, b, at, to);
    reject(out, 'format_unknown', at, to, path);
    return '';
  }
  // A single one is tried by reading with it.
  const plan = plans.length === 1 ? first : (plans.find((one) => behind(one, b, at, to) === to + 1) ?? first);
  const rest = run(plan, b, at, to, r);
  if (rest === to + 1) return own;
  if (rest <= to) keepRaw(r, b, rest, to);
  addQuality(r, 'form_mismatch');
  // A format that the record itself holds can not be out of date: the firmware writes more or fewer values than it says.
  if (own === '') reject(out, 'layout_mismatch', at, to, path);
  return own;
}

function keepRaw(r: Report, b: Uint8Array, from: number, to: number): void {
  if (r.strings === NO_MAP) r.strings = {};
  r.strings['atrack.custom.raw'] = latin1(b, from, to);
}

/** The value that is a format holding `%CI`: the first one as a rule, but it may stand anywhere. */
function ownForm(b: Uint8Array, at: number, to: number): string {
  for (let p = find(b, PERCENT, at, to); p < to; p = find(b, PERCENT, p + 1, to)) {
    if (p > at && b[p - 1] !== COMMA) continue;
    const form = formText(b, p, find(b, COMMA, p, to));
    if (holdsInline(form)) return form;
  }
  return '';
}

/** End of the value of a step at `from`; the next one begins at `nextFrom`. Results of `valueEnd`. */
let nextFrom = 0;
function valueEnd(step: Step, b: Uint8Array, from: number, to: number): number {
  if (step.commas) {
    const close = find(b, SUB, from, to);
    if (close < to) {
      nextFrom = close + 2;
      return close;
    }
  }
  const comma = find(b, COMMA, from, to);
  nextFrom = comma + 1;
  return comma;
}

/** Where the values end if they are this plan's: `to` + 1 exactly when it has one step for each; -1: there are fewer. */
function behind(plan: Plan, b: Uint8Array, at: number, to: number): number {
  let p = at;
  for (const step of plan.steps) {
    if (p > to) return -1;
    valueEnd(step, b, p, to);
    p = nextFrom;
  }
  // A value closed by 0x1A at the end of the line has no comma behind it.
  return p > to ? to + 1 : p;
}

/** Reads the values. Gives where the surplus begins, `to` + 1 when all fits, or `to` + 2 when values are missing. */
function run(plan: Plan, b: Uint8Array, at: number, to: number, r: Report): number {
  let p = at;
  for (const step of plan.steps) {
    if (p > to) return to + 2;
    const from = p;
    const end = valueEnd(step, b, from, to);
    p = nextFrom;
    if (!step.ascii(b, from, end, r, draft, s)) draft.bad = true;
  }
  return p > to ? to + 1 : p;
}
