/**
 * A report format, compiled once: for each field code a closure that reads its binary value and one that reads its ASCII value. The
 * compiled formats are kept in a bounded cache, because a fleet has few formats and many records.
 */
import type { Report } from '../catalogue/report.generated.js';
import { i16, i32, i8, latin1, u16, u32 } from '../wire/reader.js';
import { BAD, DECIMAL, EMPTY, find, hexDigit, onlyZeros, scanNumber, scanned, trimText, trimmed } from './ascii.js';
import type { Draft, FieldSettings } from './draft.js';
import type { Field, NumberSink, Width } from './field.js';
import { FIELDS, numberedField } from './fields.js';
import { FMS_FIELDS, busField } from './fields-fms.js';
import { J1708_FIELDS } from './fields-j1708.js';
import { OBD_FIELDS } from './fields-obd.js';
import { asciiTime, binaryTime, type TimeBytes } from './time.js';
import { identOf } from './unit.js';

export type CellBytes = 2 | 4;
/** What the widths of a frame depend on. */
export interface FrameWidths {
  readonly timeBytes: TimeBytes;
  readonly cellBytes: CellBytes;
}

type ReadBinary = (b: Uint8Array, at: number, r: Report, d: Draft, s: FieldSettings, w: FrameWidths) => void;
type ReadAscii = (b: Uint8Array, from: number, to: number, r: Report, d: Draft, s: FieldSettings) => boolean;

/** One field of a plan. */
export interface Step {
  readonly code: string;
  readonly width: Width;
  /** Bytes in binary; 0: up to and with a NUL; -1: as a cell id; -2: as a time. */
  readonly bytes: number;
  readonly guess: boolean;
  readonly commas: boolean;
  readonly unit: string;
  readonly binary: ReadBinary;
  /** False: the value is no good and was left out. */
  readonly ascii: ReadAscii;
}

export interface Plan {
  /** The format as it was written, `%SA%MV`. */
  readonly form: string;
  readonly steps: readonly Step[];
  /** Index of the first field of unknown width, or -1. */
  readonly unknownAt: number;
  /** Index of the first field of guessed width, or -1. */
  readonly guessAt: number;
  /** Index of the first cell id, or -1. */
  readonly cellAt: number;
  /** This plan and no other: what is to be tried for a device without further lists. */
  readonly alone: readonly Plan[];
}

const STR = 0;
const CELL = -1;
const TIME = -2;
const UNKNOWN = -3;

const BYTES: Readonly<Record<Width, number>> = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  u64: 8,
  str: STR,
  cell: CELL,
  time: TIME,
  hex6: 6,
  hex60: 60,
  unknown: UNKNOWN,
};
const LOW: Partial<Record<Width, number>> = { i8: -128, i16: -32_768, i32: -2_147_483_648 };
const HIGH: Partial<Record<Width, number>> = {
  u8: 255,
  i8: 127,
  u16: 65_535,
  i16: 32_767,
  u32: 4_294_967_295,
  i32: 2_147_483_647,
  cell: 4_294_967_295,
};

const TABLE: ReadonlyMap<string, Field> = new Map(
  [...FIELDS, ...OBD_FIELDS, ...FMS_FIELDS, ...J1708_FIELDS].map((field) => [field.code, field]),
);
/** Codes with a row of their own; for the documentation and its test. */
export const FIELD_CODES: readonly string[] = [...TABLE.keys()];

const UNKNOWN_FIELDS = new Map<string, Field>();

/** The field of a code. What no table knows is kept under the vendor's name, and has no width in binary. */
export function fieldOf(code: string): Field {
  return TABLE.get(code) ?? numberedField(code) ?? busField(code) ?? unknownField(code);
}
function unknownField(code: string): Field {
  let field = UNKNOWN_FIELDS.get(code);
  if (field === undefined) {
    const name = `atrack.${code}`;
    field = {
      code,
      width: 'unknown',
      text: (value, r) => {
        if (value === '') return;
        r.strings = { ...r.strings, [name]: value };
      },
    };
    // There are 26 × 26 × 111 codes at most, and a plan's own cache is bounded.
    if (UNKNOWN_FIELDS.size < UNKNOWN_FIELDS_MAX) UNKNOWN_FIELDS.set(code, field);
  }
  return field;
}
const UNKNOWN_FIELDS_MAX = 1_000;

const CODE = /^[A-Z]{2}[0-9]{0,2}$/;
/** Longest format that is read. */
export const FORM_BYTES_MAX = 600;

/** The codes of a format; null: not a format. The empty format has none. */
export function codesOf(form: string): readonly string[] | null {
  if (form.length > FORM_BYTES_MAX) return null;
  const codes = form.split('%').filter((part) => part !== '');
  if (form !== '' && !form.startsWith('%')) return null;
  return codes.every((code) => CODE.test(code)) ? codes : null;
}

const PLANS_MAX = 512;
const plans = new Map<string, Plan | null>();

/**
 * The plan of a format, or null when it is none. `widths`: types that an operator gave to fields of undocumented width. Kept
 * for the next call; the one that was not used for longest goes first.
 */
export function planOf(form: string, widths?: Readonly<Record<string, string>>): Plan | null {
  const key = widths === undefined ? form : `${form} ${JSON.stringify(widths)}`;
  let plan = plans.get(key);
  if (plan !== undefined) {
    if (plan === newest) return plan;
    plans.delete(key);
  } else {
    plan = compile(form, widths);
    if (plans.size >= PLANS_MAX) plans.delete(plans.keys().next().value!);
  }
  plans.set(key, plan);
  newest = plan;
  return plan;
}
let newest: Plan | null = null;

function compile(form: string, widths: Readonly<Record<string, string>> | undefined): Plan | null {
  const codes = codesOf(form);
  if (codes === null) return null;
  const steps = codes.map((code) => stepOf(fieldOf(code), widths?.[code]));
  const alone: Plan[] = [];
  const plan: Plan = {
    form,
    alone,
    steps,
    unknownAt: steps.findIndex((step) => step.bytes === UNKNOWN),
    guessAt: steps.findIndex((step) => step.guess),
    cellAt: steps.findIndex((step) => step.bytes === CELL),
  };
  alone.push(plan);
  return plan;
}

function stepOf(field: Field, given: string | undefined): Step {
  const named = given !== undefined && given in BYTES && (field.guess === true || field.width === 'unknown');
  const width = named ? (given as Width) : field.width;
  return {
    code: field.code,
    width,
    bytes: BYTES[width],
    guess: !named && field.guess === true,
    commas: field.commas === true,
    unit: field.unit ?? '',
    binary: binaryOf(field, width),
    ascii: asciiOf(field),
  };
}

const READ: Partial<Record<Width, (b: Uint8Array, at: number) => number>> = {
  u8: (b, at) => b[at]!,
  i8,
  u16,
  i16,
  u32,
  i32,
};

function binaryOf(field: Field, width: Width): ReadBinary {
  const { number, text, bytes } = field;
  if (bytes !== undefined) return (b, at, r, _, s) => bytes(b, at, r, s);
  switch (width) {
    case 'str':
      return text === undefined
        ? (b, at, r, d, s) => wordOf(number, b, at, r, d, s)
        : (b, at, r, d) => text(b[at] === 0 ? '' : trimmed(b, at, find(b, 0, at, b.length)), r, d);
    case 'u64':
      return (b, at, r, d) => text?.(identOf(u32(b, at), u32(b, at + 4)), r, d);
    case 'cell':
      return (b, at, r, d, s, w) => number?.(w.cellBytes === 4 ? u32(b, at) : u16(b, at), r, d, s);
    case 'time':
      return (b, at, r, d, s, w) => number?.(binaryTime(b, at, w.timeBytes), r, d, s);
    default: {
      const read = READ[width];
      if (read === undefined) return () => undefined;
      if (number !== undefined) return (b, at, r, d, s) => number(read(b, at), r, d, s);
      return (b, at, r, d) => text?.(String(read(b, at)), r, d);
    }
  }
}

/** A number that an operator says is a text. */
function wordOf(
  number: NumberSink | undefined,
  b: Uint8Array,
  at: number,
  r: Report,
  d: Draft,
  s: FieldSettings,
): void {
  const value = scanNumber(b, at, find(b, 0, at, b.length));
  if (number !== undefined && scanned.kind !== EMPTY && scanned.kind !== BAD) number(value, r, d, s);
}

function asciiOf(field: Field): ReadAscii {
  const { number, text, bytes, decimalScale, width } = field;
  if (bytes !== undefined) {
    const wanted = BYTES[width];
    return (b, from, to, r, _, s) => {
      const length = hexInto(scratch, b, from, to);
      if (length === wanted) bytes(scratch, 0, r, s);
      return length === wanted || length === 0;
    };
  }
  if (width === 'time')
    return (b, from, to, r, d, s) => {
      const seconds = asciiTime(b, from, to);
      if (seconds > 0) number?.(seconds, r, d, s);
      return seconds > 0 || onlyZeros(b, from, to);
    };
  if (number === undefined || width === 'unknown')
    return (b, from, to, r, d) => {
      text?.(trimmed(b, from, to), r, d);
      return true;
    };
  // A guessed width bounds nothing.
  const low = field.guess === true ? -Infinity : (LOW[width] ?? 0);
  const high = field.guess === true ? Infinity : (field.asciiHigh ?? HIGH[width] ?? Infinity);
  return (b, from, to, r, d, s) => {
    let value = scanNumber(b, from, to);
    if (scanned.kind === EMPTY) return true;
    if (scanned.kind === BAD) {
      text?.(trimmed(b, from, to), r, d);
      return text !== undefined;
    }
    if (scanned.kind === DECIMAL) {
      if (decimalScale === undefined) return false;
      value = Math.round(value * decimalScale * 1000) / 1000;
    }
    if (value < low || value > high) return false;
    number(value, r, d, s);
    return true;
  };
}

const HEX_BYTES_MAX = 60;
const scratch = new Uint8Array(HEX_BYTES_MAX);

/** Bytes of the hex digits in [from, to), without what surrounds them; -1: not hex, or too many. */
function hexInto(into: Uint8Array, b: Uint8Array, from: number, to: number): number {
  const digits = trimText(latin1(b, from, to));
  if (digits.length % 2 !== 0 || digits.length > 2 * into.length) return -1;
  for (let i = 0; i < digits.length; i += 2) {
    const high = hexDigit(digits.charCodeAt(i));
    const low = hexDigit(digits.charCodeAt(i + 1));
    if (high < 0 || low < 0) return -1;
    into[i / 2] = (high << 4) | low;
  }
  return digits.length / 2;
}

/** Offset behind the first `count` fields of a plan at `at`, or -1: the bytes end before, or a width is unknown. */
export function measure(plan: Plan, count: number, b: Uint8Array, at: number, end: number, w: FrameWidths): number {
  let p = at;
  for (let i = 0; i < count; i++) {
    const { bytes } = plan.steps[i]!;
    if (bytes > 0) p += bytes;
    else if (bytes === STR) {
      p = find(b, 0, p, end) + 1;
    } else if (bytes === CELL) p += w.cellBytes;
    else if (bytes === TIME) p += w.timeBytes;
    else return -1;
    if (p > end) return -1;
  }
  return p;
}

/** Bytes of the step at `at`, whose record was measured. */
export function stepBytes(step: Step, b: Uint8Array, at: number, w: FrameWidths): number {
  if (step.bytes > 0) return step.bytes;
  if (step.bytes === STR) return find(b, 0, at, b.length) + 1 - at;
  return step.bytes === CELL ? w.cellBytes : w.timeBytes;
}

/** Reads the first `count` fields at `at`, which were measured. Gives the offset behind them. */
export function runBinary(
  plan: Plan,
  count: number,
  b: Uint8Array,
  at: number,
  r: Report,
  d: Draft,
  s: FieldSettings,
  w: FrameWidths,
): number {
  let p = at;
  for (let i = 0; i < count; i++) {
    const step = plan.steps[i]!;
    step.binary(b, p, r, d, s, w);
    p += step.bytes > 0 ? step.bytes : stepBytes(step, b, p, w);
  }
  return p;
}
