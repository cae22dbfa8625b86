/**
 * The device's side: frames as a tracker words them. Plain values in, bytes out; no clock, no randomness. Used by the simulator and by
 * tests that encode and decode again.
 */
import { crc16Arc } from '../wire/crc.js';
import { Writer, latin1Bytes } from '../wire/writer.js';
import { codesOf, fieldOf } from './plan.js';
import { acknowledgement, unitIdOf } from './unit.js';

/** Raw values of custom fields by code, in the wire's units; what is missing is 0 or empty. Bytes (`GV`, `GN`) as hex. */
export type CustomValues = Readonly<Record<string, number | string>>;

/** A record in natural units. */
export interface SimulatedRecord {
  /** Seconds since 1970. */
  readonly gps: number;
  readonly rtc: number;
  readonly send: number;
  /** Degrees. */
  readonly longitude: number;
  readonly latitude: number;
  readonly heading: number;
  readonly reason: number;
  /** km */
  readonly mileage: number;
  readonly hdop: number;
  readonly inputs: number;
  /** km/h */
  readonly speed: number;
  readonly outputs: number;
  /** V */
  readonly analog: number;
  readonly driver?: string;
  /** °C; absent without a sensor. */
  readonly temperature1?: number;
  readonly temperature2?: number;
  readonly text?: string;
  readonly custom?: CustomValues;
  /** Custom info behind the format's fields as it is (binary: bytes; ASCII: text with its commas). */
  readonly tail?: Uint8Array;
}

export interface SimulatedFrame {
  /** Two characters; `@P`. */
  readonly prefix?: string;
  /** Decimal. */
  readonly unitId: string;
  readonly sequence: number;
  readonly records: readonly SimulatedRecord[];
  /** Format of the custom info, `%SA%MV`; with `%CI` in it every record holds the format. */
  readonly form?: string;
  readonly calendar?: boolean;
  /** Bytes of a cell id in binary; 4. */
  readonly cellIdBytes?: 2 | 4;
}

const ABSENT = 2000;
const SUB = '\x1a';

/** Thrown only for a mistake of the caller: a unit id that is none. */
function unitHalves(unitId: string): { readonly high: number; readonly low: number } {
  const unit = unitIdOf(unitId);
  if (unit === null) throw new RangeError(`unitId ${unitId}: use 1 to 20 digits below 2^64`);
  return unit;
}

export function keepAliveFrame(unitId: string, sequence: number): Uint8Array {
  const { high, low } = unitHalves(unitId);
  return acknowledgement(high, low, sequence);
}

/** A binary report. */
export function binaryFrame(frame: SimulatedFrame): Uint8Array {
  const w = header(frame.prefix ?? '@P', frame.unitId, frame.sequence);
  for (const record of frame.records) binaryRecord(w, record, frame);
  return seal(w);
}

/** An ASCII report. */
export function asciiFrame(frame: SimulatedFrame): Uint8Array {
  const lines = frame.records.map((record) => `${asciiRecord(record, frame)}\r\n`).join('');
  const behind = `,${frame.sequence},${frame.unitId},${lines}`;
  const summed = latin1Bytes(`,${behind.length}${behind}`);
  const crc = crc16Arc(summed, 0, summed.length).toString(16).toUpperCase().padStart(4, '0');
  return new Writer()
    .latin1(`${frame.prefix ?? '@P'},${crc}`)
    .bytes(summed)
    .done();
}

/** A line of the device: `replyLine('OK')`, `replyLine('FORM', '0,@P,0,"%MV"', 'A1')`. */
export function replyLine(name: string, params?: string, tag?: string): Uint8Array {
  return latin1Bytes(`$${name}${tag === undefined ? '' : `+${tag}`}${params === undefined ? '' : `=${params}`}\r\n`);
}

/** A picture cut into pieces of at most `size` bytes, numbered from `base`. */
export function pictureFrames(
  unitId: string,
  sequence: number,
  time: number,
  data: Uint8Array,
  size: number,
  base: 0 | 1,
): Uint8Array[] {
  const count = Math.max(1, Math.ceil(data.length / size));
  return Array.from({ length: count }, (_, i) => {
    const piece = data.subarray(i * size, (i + 1) * size);
    const w = header('@R', unitId, sequence + i);
    w.u32(time)
      .u8(i + base)
      .u8(count)
      .u16(piece.length)
      .bytes(piece);
    return seal(w);
  });
}

/** One impact packet: 50 triples in 1/1000 g behind the record's fixed part. */
export function impactFrame(
  frame: Omit<SimulatedFrame, 'records'>,
  record: SimulatedRecord,
  id: number,
  triples: readonly (readonly [number, number, number])[],
): Uint8Array {
  const tail = new Writer();
  tail.u8(id);
  for (const [x, y, z] of triples) tail.u16(x).u16(y).u16(z);
  return binaryFrame({ ...frame, records: [{ ...record, reason: 14, tail: tail.done() }] });
}

/** The short text frame in binary. */
export function shortTextFrame(
  unitId: string,
  sequence: number,
  rtc: number,
  text: string,
  calendar = false,
): Uint8Array {
  const w = header('@P', unitId, sequence);
  time(w, rtc, calendar);
  return seal(w.latin1(text).u8(0));
}

function header(prefix: string, unitId: string, sequence: number): Writer {
  const { high, low } = unitHalves(unitId);
  return new Writer(256).latin1(prefix).u16(0).u16(0).u16(sequence).u32(high).u32(low);
}

/** Fills in length and CRC. */
function seal(w: Writer): Uint8Array {
  w.setU16(4, w.length - 6);
  const bytes = w.done();
  const crc = crc16Arc(bytes, 4, bytes.length);
  bytes[2] = crc >>> 8;
  bytes[3] = crc;
  return bytes;
}

function time(w: Writer, seconds: number, calendar: boolean): void {
  if (!calendar) {
    w.u32(seconds);
    return;
  }
  const at = new Date(seconds * 1000);
  w.u16(at.getUTCFullYear())
    .u8(at.getUTCMonth() + 1)
    .u8(at.getUTCDate());
  w.u8(at.getUTCHours()).u8(at.getUTCMinutes()).u8(at.getUTCSeconds());
}

const tenths = (value: number | undefined): number => (value === undefined ? ABSENT : Math.round(value * 10));

function binaryRecord(w: Writer, record: SimulatedRecord, frame: SimulatedFrame): void {
  const calendar = frame.calendar ?? false;
  for (const seconds of [record.gps, record.rtc, record.send]) time(w, seconds, calendar);
  w.u32(Math.round(record.longitude * 1e6))
    .u32(Math.round(record.latitude * 1e6))
    .u16(record.heading)
    .u8(record.reason);
  w.u32(Math.round(record.mileage * 10))
    .u16(Math.round(record.hdop * 10))
    .u8(record.inputs)
    .u16(record.speed);
  w.u8(record.outputs)
    .u16(Math.round(record.analog * 1000))
    .latin1(record.driver ?? '')
    .u8(0);
  w.u16(tenths(record.temperature1))
    .u16(tenths(record.temperature2))
    .latin1(record.text ?? '')
    .u8(0);
  const form = frame.form ?? '';
  for (const code of codesOf(form) ?? []) {
    const value = code === 'CI' ? form : (record.custom?.[code] ?? 0);
    binaryValue(w, code, value, frame);
  }
  if (record.tail !== undefined) w.bytes(record.tail);
}

function binaryValue(w: Writer, code: string, value: number | string, frame: SimulatedFrame): void {
  const { width } = fieldOf(code);
  const number = Number(value);
  switch (width) {
    case 'u8':
    case 'i8':
      w.u8(number);
      break;
    case 'u16':
    case 'i16':
      w.u16(number);
      break;
    case 'u32':
    case 'i32':
      w.u32(number);
      break;
    case 'cell':
      if (frame.cellIdBytes === 2) w.u16(number);
      else w.u32(number);
      break;
    case 'time':
      time(w, number, frame.calendar ?? false);
      break;
    case 'u64': {
      const { high, low } = unitHalves(String(value));
      w.u32(high).u32(low);
      break;
    }
    case 'hex6':
    case 'hex60': {
      const bytes = width === 'hex6' ? 6 : 60;
      const hex = (value === 0 ? '' : String(value)).padEnd(2 * bytes, '0');
      for (let i = 0; i < bytes; i++) w.u8(Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
      break;
    }
    case 'str':
    case 'unknown':
      w.latin1(value === 0 ? '' : String(value)).u8(0);
  }
}

function asciiTime(seconds: number, calendar: boolean): string {
  return calendar ? new Date(seconds * 1000).toISOString().replace(/[-:T]|\..*$/g, '') : String(seconds);
}

function asciiRecord(record: SimulatedRecord, frame: SimulatedFrame): string {
  const calendar = frame.calendar ?? false;
  const form = frame.form ?? '';
  const custom = (codesOf(form) ?? []).map((code) => {
    if (code === 'CI') return form;
    const value = String(record.custom?.[code] ?? '');
    return fieldOf(code).commas === true ? value + SUB : value;
  });
  const tail = record.tail === undefined ? [] : [String.fromCharCode(...record.tail)];
  return [
    ...[record.gps, record.rtc, record.send].map((seconds) => asciiTime(seconds, calendar)),
    Math.round(record.longitude * 1e6),
    Math.round(record.latitude * 1e6),
    record.heading,
    record.reason,
    Math.round(record.mileage * 10),
    Math.round(record.hdop * 10),
    record.inputs,
    record.speed,
    record.outputs,
    Math.round(record.analog * 1000),
    record.driver ?? '',
    tenths(record.temperature1),
    tenths(record.temperature2),
    (record.text ?? '') + SUB,
    ...custom,
    ...tail,
  ].join(',');
}
