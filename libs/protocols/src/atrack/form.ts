/**
 * Which format the custom info of a record has. It comes, in this order, from the record itself (`%CI` is a field whose value is the
 * whole format), or from the device's settings. A format proves itself by where the record then ends.
 */
import type { DeviceSettings, Learnt } from '../protocol.js';
import { PERCENT, find, isDigit, isUpper, trimmed } from './ascii.js';
import { type Plan, FORM_BYTES_MAX, codesOf, planOf } from './plan.js';

const C = 0x43;
const I = 0x49;

/** `%CI` stands at `at`. */
export const isInlineAt = (b: Uint8Array, at: number, end: number): boolean =>
  at + 3 <= end && b[at] === PERCENT && b[at + 1] === C && b[at + 2] === I;

const NO_PLANS: readonly Plan[] = [];
const listText = (codes: readonly string[] | undefined): string =>
  codes === undefined || codes.length === 0 ? '' : `%${codes.join('%')}`;

/**
 * Plans to try for a format that shows the `AT$FORM` list alone: the J1939 and J1708 lists are appended to it when a device has them
 * enabled. `own`: the bare list first (the record itself holds it), else the one that the settings describe.
 */
export function plansOf(form: string, settings: DeviceSettings, bareFirst: boolean): readonly Plan[] {
  if (settings.j1939Fields === undefined && settings.j1708Fields === undefined)
    return planOf(form, settings.fieldWidths)?.alone ?? NO_PLANS;
  const j1939 = listText(settings.j1939Fields);
  const j1708 = listText(settings.j1708Fields);
  const forms = bareFirst
    ? [form, form + j1939, form + j1708, form + j1939 + j1708]
    : [form + j1939 + j1708, form, form + j1939, form + j1708];
  const plans: Plan[] = [];
  for (const text of j1939 === '' && j1708 === '' ? [form] : new Set(forms)) {
    const plan = planOf(text, settings.fieldWidths);
    if (plan !== null) plans.push(plan);
  }
  return plans;
}

/** Plans of the device's stored format; empty when it is not known. */
export function storedPlans(settings: DeviceSettings): readonly Plan[] {
  const { form } = settings;
  return form === undefined || form === null ? NO_PLANS : plansOf(form, settings, false);
}

/** The format that was read last, by its bytes: a device writes the same one in every record. */
let lastBytes = new Uint8Array(0);
let lastForm = '';

/** The format in [from, to), blanks and 0x1A around it aside; '' when it is none. */
export function formText(b: Uint8Array, from: number, to: number): string {
  const length = lastBytes.length;
  if (length > 0 && to - from === length) {
    let i = 0;
    while (i < length && b[from + i] === lastBytes[i]) i++;
    if (i === length) return lastForm;
  }
  if (to - from > FORM_BYTES_MAX) return '';
  const form = trimmed(b, from, to);
  if (codesOf(form) === null) return '';
  lastBytes = b.slice(from, to);
  lastForm = form;
  return form;
}

/** `%CI` is one of the codes. */
export const holdsInline = (form: string): boolean => form.startsWith('%CI%') || `${form}%`.includes('%CI%');

/** The NUL-terminated format at `at`, or '' when none ends before `end`. */
export function inlineForm(b: Uint8Array, at: number, end: number): string {
  const limit = Math.min(end, at + FORM_BYTES_MAX + 1);
  const nul = find(b, 0, at, limit);
  return nul === limit ? '' : formText(b, at, nul);
}

/** The first NUL-terminated run of codes in [at, end) that holds `%CI`, or ''. The values stand in front of it. */
export function lookAhead(b: Uint8Array, at: number, end: number): string {
  for (let p = find(b, PERCENT, at, end); p < end; p = find(b, PERCENT, p + 1, end)) {
    let q = p;
    let holdsInline = false;
    while (q < end && (b[q] === PERCENT || isUpper(b[q]!) || isDigit(b[q]!))) {
      if (isInlineAt(b, q, end)) holdsInline = true;
      q++;
    }
    if (!holdsInline || q === end || b[q] !== 0) continue;
    const form = inlineForm(b, p, end);
    if (form !== '') return form;
  }
  return '';
}

/** Position of `%CI` in a plan when it is not the first, or -1. */
export const inlineIndex = (plan: Plan): number => plan.steps.findIndex((step) => step.code === 'CI');

/** How the frame that held a format was written, as the answer to `AT$FORM=?` would say it. */
export interface FrameForm {
  readonly binary: boolean;
  /** Four hex digits. */
  readonly prefix: string;
  /** 0: seconds, 1: calendar. */
  readonly timeFormat: 0 | 1;
}

/** What a record's own format teaches; null when the settings hold it already. */
export function inlineLearnt(form: string, settings: DeviceSettings, frame: () => FrameForm): Learnt | null {
  if (settings.form === form && settings.formSource === 'inline') return null;
  return {
    name: 'form',
    value: { form, source: 'inline', ...frame(), fields: codesOf(form) ?? [] },
    settings: { form, formSource: 'inline' },
  };
}
