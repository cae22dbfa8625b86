/**
 * One field of the custom info: how wide it is in binary and what becomes of its value. Rows of the field tables are turned into these
 * once at load; a value reaches its sink the same way from a binary record and from an ASCII one.
 */
import { flagSetter, numberSetter, stringSetter } from '../catalogue/set.js';
import type { Report } from '../catalogue/report.generated.js';
import type { Draft, FieldSettings } from './draft.js';

/**
 * Width in binary. `cell` is 2 or 4 bytes by generation, `time` 4 or 7 by the frame's format, `hex6` and `hex60` are bytes that ASCII
 * writes as hex digits, `unknown` can not be skipped.
 */
export type Width =
  | 'u8' | 'u16' | 'u32' | 'i8' | 'i16' | 'i32' | 'u64' | 'str' | 'cell' | 'time' | 'hex6' | 'hex60' | 'unknown'; // prettier-ignore

export type NumberSink = (raw: number, r: Report, d: Draft, s: FieldSettings) => void;
export type TextSink = (text: string, r: Report, d: Draft) => void;
export type BytesSink = (b: Uint8Array, at: number, r: Report, s: FieldSettings) => void;

export interface Field {
  readonly code: string;
  readonly width: Width;
  /** The width is a guess, good only when the record then ends where it should. */
  readonly guess?: boolean;
  /** For whole numbers. */
  readonly number?: NumberSink;
  /** For texts, and for an ASCII value that is no number. */
  readonly text?: TextSink;
  readonly bytes?: BytesSink;
  /** ASCII only: a value with a decimal point is this many of the wire's units each. */
  readonly decimalScale?: number;
  /** ASCII only: the largest value, where it is not that of the width. */
  readonly asciiHigh?: number;
  /** ASCII only: the value may hold commas and then runs to 0x1A. */
  readonly commas?: boolean;
  readonly unit?: string;
}

const ABSENT = NaN;
const isAbsent = (value: number): boolean => value !== value;

/** raw / divisor under `name`. */
export function num(code: string, width: Width, name: string, divisor: number, unit: string): Field {
  const set = numberSetter(name);
  const number: NumberSink = divisor === 1 ? (raw, r) => set(r, raw) : (raw, r) => set(r, raw / divisor);
  return { code, width, number, unit };
}

/** The same with a width that no document gives. */
export function guessed(code: string, width: Width, name: string, divisor: number, unit: string): Field {
  return { ...num(code, width, name, divisor, unit), guess: true };
}

/** `convert(raw)` under `name`; NaN: absent. */
export function conv(code: string, width: Width, name: string, unit: string, convert: (raw: number) => number): Field {
  const set = numberSetter(name);
  return {
    code,
    width,
    unit,
    number: (raw, r) => {
      const value = convert(raw);
      if (!isAbsent(value)) set(r, value);
    },
  };
}

/** 0 and 1; 255 and anything else is absent. */
export function flag(code: string, name: string, inverted = false): Field {
  const set = flagSetter(name);
  return {
    code,
    width: 'u8',
    unit: 'flag',
    number: (raw, r) => {
      if (raw === 0 || raw === 1) set(r, (raw === 1) !== inverted);
    },
  };
}

/** A text without what surrounds it; empty is absent. */
export function text(code: string, name: string): Field {
  const set = stringSetter(name);
  return {
    code,
    width: 'str',
    text: (value, r) => {
      if (value !== '') set(r, value);
    },
  };
}

/** A number into the draft, for the fields that override the fixed part or join others. */
export function draft(code: string, width: Width, unit: string, number: NumberSink, decimalScale?: number): Field {
  return { code, width, number, unit, ...(decimalScale !== undefined && { decimalScale }) };
}

/** Raw under the vendor's own name: what the catalogue has no parameter for. */
export function vendor(code: string, width: Width): Field {
  const name = `atrack.${code}`;
  const number = numberSetter(name);
  const texts = text(code, name);
  // A text may consist of digits; it is one all the same.
  return width === 'str' ? texts : { code, width, number: (raw, r) => number(r, raw), text: texts.text! };
}

/** Result of a conversion that has no value. */
export const absent = (): number => ABSENT;
