/** The byte map of a frame: each field with its offset, for `fleetwire decode --explain`. */
import { toHex } from '../hex.js';
import type { ByteField, DecodeInput } from '../protocol.js';
import { i16, i32, latin1, u16, u32 } from '../wire/reader.js';
import { COMMA, find, findCrLf } from './ascii.js';
import { openFrame } from './binary.js';
import { decode } from './decode.js';
import { recordMin } from './fixed.js';
import { inlineForm, isInlineAt, lookAhead, plansOf, storedPlans } from './form.js';
import { BINARY_HEADER_BYTES, asciiHead, asciiHeader, isPicture, kindAt } from './header.js';
import { measure, stepBytes } from './plan.js';
import { binaryTime } from './time.js';
import { identOf } from './unit.js';

const ROWS_MAX = 20_000;

/** See `Protocol.explain`. */
export function explain(input: DecodeInput): readonly ByteField[] {
  const b = input.frame;
  const rows: ByteField[] = [];
  const add = (offset: number, length: number, field: string, value?: unknown, unit?: string): void => {
    if (rows.length >= ROWS_MAX || offset + length > b.length) return;
    rows.push({
      offset,
      length,
      field,
      raw: toHex(b, offset, offset + length),
      ...(value !== undefined && { value }),
      ...(unit !== undefined && { unit }),
    });
  };
  switch (kindAt(b, 0, b.length, true)) {
    case 'keep_alive':
      add(0, 2, 'keep_alive');
      add(2, 8, 'unit_id', b.length >= 10 ? identOf(u32(b, 2), u32(b, 6)) : undefined);
      add(10, 2, 'sequence', u16(b, 10));
      break;
    case 'reply':
      add(0, b.length, 'reply', latin1(b, 0, b.length).trimEnd());
      break;
    case 'ascii':
      ascii(b, add);
      break;
    default:
      if (b.length >= BINARY_HEADER_BYTES) binary(input, add);
      else add(0, b.length, 'rest');
  }
  return rows;
}

type Add = (offset: number, length: number, field: string, value?: unknown, unit?: string) => void;

function binary(input: DecodeInput, add: Add): void {
  const b = input.frame;
  add(0, 2, 'prefix', latin1(b, 0, 2));
  add(2, 2, 'crc', u16(b, 2));
  add(4, 2, 'length', u16(b, 4), 'bytes');
  add(6, 2, 'sequence', u16(b, 6));
  add(8, 8, 'unit_id', identOf(u32(b, 8), u32(b, 12)));
  if (isPicture(b, 0)) {
    add(16, 4, 'picture.time', u32(b, 16), 's');
    add(20, 1, 'picture.number', b[20]);
    add(21, 1, 'picture.count', b[21]);
    add(22, 2, 'picture.size', u16(b, 22), 'bytes');
    add(24, b.length - 24, 'picture.data');
    return;
  }
  const frame = openFrame(input);
  // Where each record begins is what the decoder found, so that the map and the reports agree.
  const starts = recordStarts(input);
  starts.forEach((at, index) => record(input, at, starts[index + 1] ?? b.length, index, frame.timeBytes, add));
}

/** Offsets of the records: the sending time is the same in all of them, so is the number of reports. */
function recordStarts(input: DecodeInput): number[] {
  const b = input.frame;
  const { timeBytes } = openFrame(input);
  const wanted = decode(input).reports.length;
  const starts: number[] = [];
  let at = BINARY_HEADER_BYTES;
  while (starts.length < wanted && b.length - at >= recordMin(timeBytes)) {
    starts.push(at);
    const customAt = customStart(b, at, timeBytes);
    at = nextStart(input, customAt, timeBytes);
  }
  return starts;
}

function customStart(b: Uint8Array, at: number, timeBytes: 4 | 7): number {
  const driverEnd = find(b, 0, at + 3 * timeBytes + 23, b.length);
  return find(b, 0, driverEnd + 5, b.length) + 1;
}

function nextStart(input: DecodeInput, from: number, timeBytes: 4 | 7): number {
  const b = input.frame;
  const send = (at: number): string => toHex(b, at + 2 * timeBytes, at + 3 * timeBytes);
  const first = send(BINARY_HEADER_BYTES);
  for (let at = from; at + recordMin(timeBytes) <= b.length; at++) {
    if (send(at) !== first) continue;
    const p = at + 3 * timeBytes;
    if (Math.abs(i32(b, p)) <= 180e6 && Math.abs(i32(b, p + 4)) <= 90e6 && u16(b, p + 8) <= 359) return at;
  }
  return b.length;
}

function record(input: DecodeInput, at: number, end: number, index: number, timeBytes: 4 | 7, add: Add): void {
  const b = input.frame;
  const path = `record[${index}]`;
  const times = ['gps_time', 'rtc_time', 'sending_time'];
  times.forEach((name, i) => {
    const p = at + i * timeBytes;
    add(p, timeBytes, `${path}.${name}`, binaryTime(b, p, timeBytes), 's');
  });
  const p = at + 3 * timeBytes;
  add(p, 4, `${path}.longitude`, i32(b, p) / 1e6, 'deg');
  add(p + 4, 4, `${path}.latitude`, i32(b, p + 4) / 1e6, 'deg');
  add(p + 8, 2, `${path}.heading`, u16(b, p + 8), 'deg');
  add(p + 10, 1, `${path}.report_id`, b[p + 10]);
  add(p + 11, 4, `${path}.odometer`, u32(b, p + 11) / 10, 'km');
  add(p + 15, 2, `${path}.hdop`, u16(b, p + 15) / 10);
  add(p + 17, 1, `${path}.inputs`, b[p + 17]);
  add(p + 18, 2, `${path}.speed`, u16(b, p + 18), 'km/h');
  add(p + 20, 1, `${path}.outputs`, b[p + 20]);
  add(p + 21, 2, `${path}.analog_1`, u16(b, p + 21) / 1000, 'V');
  const driverEnd = find(b, 0, p + 23, end);
  add(p + 23, driverEnd + 1 - (p + 23), `${path}.driver`, latin1(b, p + 23, driverEnd));
  add(driverEnd + 1, 2, `${path}.temperature_1`, i16(b, driverEnd + 1) / 10, '°C');
  add(driverEnd + 3, 2, `${path}.temperature_2`, i16(b, driverEnd + 3) / 10, '°C');
  const textEnd = find(b, 0, driverEnd + 5, end);
  add(driverEnd + 5, textEnd + 1 - (driverEnd + 5), `${path}.text`, latin1(b, driverEnd + 5, textEnd));
  if (textEnd + 1 < end) custom(input, textEnd + 1, end, `${path}.custom`, timeBytes, add);
}

function custom(input: DecodeInput, at: number, end: number, path: string, timeBytes: 4 | 7, add: Add): void {
  const { frame: b, settings } = input;
  const own = isInlineAt(b, at, end) ? inlineForm(b, at, end) : lookAhead(b, at, end);
  const plans = own === '' ? storedPlans(settings) : plansOf(own, settings, true);
  for (const cellBytes of settings.cellIdBytes === 2 ? ([2, 4] as const) : ([4, 2] as const)) {
    const widths = { timeBytes, cellBytes };
    const plan = plans.find((one) => one.unknownAt < 0 && measure(one, one.steps.length, b, at, end, widths) === end);
    if (plan === undefined) continue;
    let p = at;
    for (const step of plan.steps) {
      const length = stepBytes(step, b, p, widths);
      add(
        p,
        length,
        `${path}.${step.code}`,
        step.width === 'str' ? latin1(b, p, p + length - 1) : undefined,
        step.unit,
      );
      p += length;
    }
    return;
  }
  add(at, end - at, `${path}.raw`);
}

const ASCII_FIELDS = [
  'gps_time', 'rtc_time', 'sending_time', 'longitude', 'latitude', 'heading', 'report_id', 'odometer', 'hdop', 'inputs', 'speed',
  'outputs', 'analog_1', 'driver', 'temperature_1', 'temperature_2', 'text',
] as const; // prettier-ignore

function ascii(b: Uint8Array, add: Add): void {
  add(0, 2, 'prefix', latin1(b, 0, 2));
  add(3, 4, 'crc', latin1(b, 3, 7));
  if (asciiHeader(b, 0, b.length) !== 'ok') {
    add(8, b.length - 8, 'rest');
    return;
  }
  const { sequence, unitFrom, unitTo, body } = asciiHead;
  const sequenceAt = find(b, COMMA, 8, b.length) + 1;
  add(8, sequenceAt - 9, 'length', latin1(b, 8, sequenceAt - 1), 'bytes');
  add(sequenceAt, unitFrom - 1 - sequenceAt, 'sequence', sequence);
  add(unitFrom, unitTo - unitFrom, 'unit_id', latin1(b, unitFrom, unitTo));
  for (let at = body, index = 0; at < b.length; index++) {
    const crLf = findCrLf(b, at, b.length);
    const to = crLf < 0 ? b.length : crLf;
    for (let p = at, n = 0; p < to; n++) {
      const comma = find(b, COMMA, p, to);
      const name = ASCII_FIELDS[n] ?? `custom[${n - ASCII_FIELDS.length}]`;
      add(p, comma - p, `record[${index}].${name}`, latin1(b, p, comma));
      p = comma + 1;
    }
    at = crLf < 0 ? b.length : crLf + 2;
  }
}
