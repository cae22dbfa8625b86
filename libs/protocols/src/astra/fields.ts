/**
 * Fields as rows. A row says where a value stands, how wide it is, how it is scaled and what it is called; from it come, once at
 * load, the closure that decodes it into a report, the one that encodes it (simulator, tests) and its line of the byte map.
 *
 * value = (raw + plus) × times ÷ per. A factor and a divisor, not one factor: `raw / 10` rounds once, `raw * 0.1` twice.
 */
import type { Report } from '../catalogue/report.generated.js';
import { flagSetter, numberSetter, stringSetter } from '../catalogue/set.js';
import type { ByteField } from '../protocol.js';
import { hex, i16, i32, i8, latin1, u16, u24, u32 } from '../wire/reader.js';
import type { Writer } from '../wire/writer.js';
import { GNSS_EPOCH_S } from './time.js';

/** `lo4`, `hi4`, `lo7`: a part of one byte. `time`: u32, seconds since 1980-01-06. */
export type NumberType = 'u8' | 'u16' | 'u24' | 'u32' | 'i8' | 'i16' | 'i32' | 'lo4' | 'hi4' | 'lo7' | 'time';
/**
 * `text`: ASCII, cut at NUL or FF, trimmed, left out when empty. `hex`: upper-case digits. `id`: hex, left out when all bytes are
 * 00 or all are FF. `decimal`: u32 as text. `enum`: one byte by `labels`, others as the number's text. `bit`: a boolean.
 */
export type FieldType = NumberType | 'text' | 'hex' | 'id' | 'decimal' | 'enum' | 'bit';

export interface RowOptions {
  readonly per?: number;
  readonly times?: number;
  readonly plus?: number;
  /** Rounds the value to so many decimals. */
  readonly decimals?: number;
  /** Raw value that stands for "not known". */
  readonly absent?: number;
  /** A raw value above this is not plausible and is left out. */
  readonly max?: number;
  /** Width of text, hex and id. */
  readonly bytes?: number;
  readonly labels?: readonly string[];
  readonly bit?: number;
}
export type Row = readonly [name: string, at: number, type: FieldType, unit: string, options?: RowOptions];

export type Value = number | string | boolean;

export interface Field {
  readonly name: string;
  readonly at: number;
  readonly bytes: number;
  readonly unit: string;
  /** `at` here and below: where the row's group starts. */
  readonly read: (b: Uint8Array, at: number, report: Report) => void;
  readonly raw: (b: Uint8Array, at: number) => number | string;
  /** Null: the device did not say. */
  readonly value: (b: Uint8Array, at: number) => Value | null;
  /** Writes at `at + field.at` of bytes that are already there (zeros before the first field of a group). */
  readonly write: (out: Uint8Array, at: number, value: Value | null) => void;
}

type Raw = (b: Uint8Array, at: number) => number;
const RAW: Readonly<Record<NumberType, Raw>> = {
  u8: (b, at) => b[at]!,
  u16,
  u24,
  u32,
  i8,
  i16,
  i32,
  lo4: (b, at) => b[at]! & 0x0f,
  hi4: (b, at) => b[at]! >>> 4,
  lo7: (b, at) => b[at]! & 0x7f,
  time: u32,
};
const WIDTH: Readonly<Record<NumberType, number>> = {
  ...{ u8: 1, u16: 2, u24: 3, u32: 4, i8: 1, i16: 2, i32: 4 },
  ...{ lo4: 1, hi4: 1, lo7: 1, time: 4 },
};

export function fieldOf(row: Row): Field {
  const [name, at, type, unit, options = {}] = row;
  switch (type) {
    case 'text':
    case 'hex':
    case 'id':
    case 'decimal':
    case 'enum':
      return textField(name, at, type, unit, options);
    case 'bit':
      return bitField(name, at, unit, options.bit ?? 0);
    default:
      return numberField(name, at, type, unit, options);
  }
}

export function fieldsOf(rows: readonly Row[]): readonly Field[] {
  return rows.map(fieldOf);
}

function numberField(name: string, at: number, type: NumberType, unit: string, o: RowOptions): Field {
  const set = numberSetter(name);
  const rawOf = RAW[type];
  const { per = 1, times = 1, plus = type === 'time' ? GNSS_EPOCH_S : 0 } = o;
  const power = o.decimals === undefined ? null : 10 ** o.decimals;
  const scaled = (raw: number): number => {
    const value = ((raw + plus) * times) / per;
    return power === null ? value : Math.round(value * power) / power;
  };
  const known = (raw: number): boolean => raw !== o.absent && (o.max === undefined || raw <= o.max);
  const value = (b: Uint8Array, from: number): number | null => {
    const raw = rawOf(b, from + at);
    return known(raw) ? scaled(raw) : null;
  };
  const plain = plus === 0 && times === 1 && power === null && o.absent === undefined && o.max === undefined;
  return {
    name,
    at,
    bytes: WIDTH[type],
    unit,
    read: WIDTH[type] === 1 ? byteReader(at, set, value) : wideReader(plain, type, at, per, set, value),
    raw: (b, from) => rawOf(b, from + at),
    value,
    write: (out, from, wanted) => {
      if (typeof wanted !== 'number') {
        if (o.absent !== undefined) put(out, from + at, type, o.absent);
        return;
      }
      put(out, from + at, type, Math.round((wanted * per) / times - plus));
    },
  };
}

/** One byte has 256 values: they are worked out at load. NaN stands for a value that is left out. */
function byteReader(
  at: number,
  set: (r: Report, v: number) => void,
  value: (b: Uint8Array, from: number) => number | null,
): Field['read'] {
  const values = Float64Array.from(
    { length: 256 },
    (_, raw) => value(new Uint8Array(at + 1).fill(raw), 0) ?? Number.NaN,
  );
  const guarded = values.some((each) => Number.isNaN(each));
  if (!guarded) return (b, from, report) => set(report, values[b[from + at]!]!);
  return (b, from, report) => {
    const found = values[b[from + at]!]!;
    if (!Number.isNaN(found)) set(report, found);
  };
}

/** The common width without branches, because most fields are so. */
function wideReader(
  plain: boolean,
  type: NumberType,
  at: number,
  per: number,
  set: (r: Report, v: number) => void,
  value: (b: Uint8Array, from: number) => number | null,
): Field['read'] {
  if (plain && type === 'u16')
    return (b, from, report) => set(report, ((b[from + at]! << 8) | b[from + at + 1]!) / per);
  return (b, from, report) => {
    const found = value(b, from);
    if (found !== null) set(report, found);
  };
}

function put(out: Uint8Array, at: number, type: NumberType, raw: number): void {
  if (type === 'lo4') out[at] = (out[at]! & 0xf0) | (raw & 0x0f);
  else if (type === 'hi4') out[at] = (out[at]! & 0x0f) | ((raw & 0x0f) << 4);
  else if (type === 'lo7') out[at] = (out[at]! & 0x80) | (raw & 0x7f);
  else for (let i = WIDTH[type] - 1, rest = raw; i >= 0; i--, rest = Math.floor(rest / 256)) out[at + i] = rest & 0xff;
}

function bitField(name: string, at: number, unit: string, bit: number): Field {
  const set = flagSetter(name);
  const value = (b: Uint8Array, from: number): boolean => ((b[from + at]! >>> bit) & 1) === 1;
  return {
    name,
    at,
    bytes: 1,
    unit,
    read: (b, from, report) => set(report, value(b, from)),
    raw: (b, from) => b[from + at]!,
    value,
    write: (out, from, wanted) => {
      if (wanted === true) out[from + at] = out[from + at]! | (1 << bit);
    },
  };
}

type TextType = 'text' | 'hex' | 'id' | 'decimal' | 'enum';

function textField(name: string, at: number, type: TextType, unit: string, o: RowOptions): Field {
  const set = stringSetter(name);
  const bytes = type === 'decimal' ? 4 : type === 'enum' ? 1 : (o.bytes ?? 1);
  const labels = o.labels ?? [];
  const value = (b: Uint8Array, from: number): string | null => {
    const start = from + at;
    switch (type) {
      case 'text':
        return asciiText(b, start, start + bytes);
      case 'hex':
        return hex(b, start, start + bytes);
      case 'id':
        return isBlank(b, start, start + bytes) ? null : hex(b, start, start + bytes);
      case 'decimal':
        return String(u32(b, start));
      case 'enum':
        return labels[b[start]!] ?? String(b[start]!);
    }
  };
  return {
    name,
    at,
    bytes,
    unit,
    read: (b, from, report) => {
      const found = value(b, from);
      if (found !== null) set(report, found);
    },
    raw: (b, from) => (type === 'decimal' ? u32(b, from + at) : hex(b, from + at, from + at + bytes)),
    value,
    write: (out, from, wanted) => {
      if (typeof wanted === 'string') putText(out, from + at, bytes, type, labels, wanted);
    },
  };
}

function putText(
  out: Uint8Array,
  at: number,
  bytes: number,
  type: TextType,
  labels: readonly string[],
  text: string,
): void {
  if (type === 'text') for (let i = 0; i < bytes; i++) out[at + i] = i < text.length ? text.charCodeAt(i) : 0;
  else if (type === 'enum') out[at] = labels.includes(text) ? labels.indexOf(text) : Number(text);
  else if (type === 'decimal') put(out, at, 'u32', Number(text));
  else for (let i = 0; i < bytes; i++) out[at + i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16) || 0;
}

/** ASCII of [from, to): cut at the first NUL or FF, trimmed; null when nothing is left. */
export function asciiText(b: Uint8Array, from: number, to: number): string | null {
  let end = from;
  while (end < to && b[end] !== 0x00 && b[end] !== 0xff) end++;
  const text = latin1(b, from, end).trim();
  return text === '' ? null : text;
}

/** All 00 or all FF. */
export function isBlank(b: Uint8Array, from: number, to: number): boolean {
  const first = b[from]!;
  if (first !== 0x00 && first !== 0xff) return false;
  for (let i = from + 1; i < to; i++) if (b[i] !== first) return false;
  return true;
}

/** Reads every field. The caller has checked that the group's bytes are there. */
export function readFields(fields: readonly Field[], b: Uint8Array, at: number, report: Report): void {
  for (let i = 0; i < fields.length; i++) fields[i]!.read(b, at, report);
}

/** Reads the fields that end at or before `end`: a body that stops early says nothing about the rest. */
export function readFieldsUpTo(fields: readonly Field[], b: Uint8Array, at: number, end: number, r: Report): void {
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i]!;
    if (at + field.at + field.bytes <= end) field.read(b, at, r);
  }
}

/** The byte map of a group, up to `end`. */
export function explainFields(fields: readonly Field[], b: Uint8Array, at: number, end: number): ByteField[] {
  const map: ByteField[] = [];
  for (const field of fields) {
    if (at + field.at + field.bytes > end) continue;
    const value = field.value(b, at);
    map.push({
      offset: at + field.at,
      length: field.bytes,
      field: field.name,
      raw: field.raw(b, at),
      ...(value !== null && { value }),
      ...(field.unit !== '' && { unit: field.unit }),
    });
  }
  return map;
}

/** Values by parameter name, in the units that decoding gives. */
export type Values = Readonly<Record<string, Value | null>>;

/** The inverse of readFields: `size` bytes, zero where no value is given. */
export function writeFields(fields: readonly Field[], size: number, values: Values, out: Writer): void {
  const body = new Uint8Array(size);
  for (const field of fields) field.write(body, 0, values[field.name] ?? null);
  out.bytes(body);
}
