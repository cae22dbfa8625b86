/** What a module is: an optional block inside a report. Most are rows alone; some bring a reader of their own. */
import { NO_MAP, type Report } from '../catalogue/report.generated.js';
import type { ByteField } from '../protocol.js';
import { hex } from '../wire/reader.js';
import type { Writer } from '../wire/writer.js';
import {
  explainFields,
  fieldsOf,
  readFields,
  readFieldsUpTo,
  writeFields,
  type Field,
  type Row,
  type Values,
} from './fields.js';

/** What readers of one report tell each other and the report's identity. One is reused: decoding is synchronous. */
export interface Scratch {
  /** Low 32 reason bits of the report header. */
  reasons: number;
  /** A position block was there; its raw values follow. */
  positioned: boolean;
  fixRaw: number;
  latitudeRaw: number;
  longitudeRaw: number;
}

/** Reads the block [at, end). X: `end - at` is the module's size. Y: the body may end early or go on longer. */
export type ReadModule = (b: Uint8Array, at: number, end: number, report: Report, scratch: Scratch) => void;

export interface Module {
  /** 1 for mask bit 0. */
  readonly number: number;
  readonly name: string;
  /** Bytes in X; 0 when the block itself says how long it is. */
  readonly size: number;
  readonly read: ReadModule;
  readonly explain: (b: Uint8Array, at: number, end: number) => readonly ByteField[];
  /** Appends the block made of plain values: the inverse of `read`. */
  readonly write: (values: Values, out: Writer) => void;
}

export interface ModuleSpec {
  readonly size: number;
  readonly rows?: readonly Row[];
  /** Made from the compiled rows, or null: the rows as they are. */
  readonly read?: (fields: readonly Field[]) => ReadModule;
  readonly explain?: Module['explain'];
}

/** A module of fixed size whose rows all lie inside it. */
export function module(number: number, name: string, spec: ModuleSpec): Module {
  const fields = fieldsOf(spec.rows ?? []);
  const ownBytes = fields.reduce((most, field) => Math.max(most, field.at + field.bytes), 0);
  const byRows: ReadModule = (b, at, end, report) => {
    if (at + ownBytes <= end) readFields(fields, b, at, report);
    else readFieldsUpTo(fields, b, at, end, report);
  };
  const raw = rawName(number);
  return {
    number,
    name,
    size: spec.size,
    read: spec.read?.(fields) ?? byRows,
    explain: spec.explain ?? ((b, at, end) => explainFields(fields, b, at, end)),
    write: (values, out) => {
      const given = values[raw];
      if (typeof given === 'string') writeHex(given, out);
      else writeFields(fields, spec.size, values, out);
    },
  };
}

/** A module whose content is private or unknown: kept as hex under `module.raw.<N>`. */
export function rawModule(number: number, size: number): Module {
  const name = rawName(number);
  return module(number, 'not documented', {
    size,
    read: () => (b, at, end, report) => {
      if (end > at) setText(report, name, hex(b, at, end));
    },
    explain: (b, at, end) => (end > at ? [{ offset: at, length: end - at, field: name, raw: hex(b, at, end) }] : []),
  });
}

export function rawName(number: number): string {
  return `module.raw.${number}`;
}

function writeHex(text: string, out: Writer): void {
  for (let i = 0; i + 1 < text.length; i += 2) out.u8(Number.parseInt(text.slice(i, i + 2), 16));
}

/** For names that only the bytes know, such as a CAN identifier. */
export function setText(report: Report, name: string, value: string): void {
  if (report.strings === NO_MAP) report.strings = {};
  report.strings[name] = value;
}

export function setNumber(report: Report, name: string, value: number): void {
  if (report.numbers === NO_MAP) report.numbers = {};
  report.numbers[name] = value;
}
