/** The device's side of H02: frames from plain values, for simulators and tests. No clock, no randomness. */
import { bcdBytes } from '../wire/bcd.js';
import { two, utcFields } from '../wire/calendar.js';
import { Writer, latin1Bytes } from '../wire/writer.js';

export interface H02Fix {
  /** Ten digits; text frames take IMEIs too. */
  readonly ident: string;
  /** ms since 1970; null: the clock was never set (text: empty fields). */
  readonly timeMs: number | null;
  readonly valid: boolean;
  /** Degrees, south and west negative. */
  readonly latitude: number;
  readonly longitude: number;
  readonly knots: number;
  /** Degrees, 0–359. */
  readonly course: number;
  /** Active low, unsigned. */
  readonly status: number;
}
export interface H02Cell {
  readonly mcc: number;
  readonly mnc: number;
  readonly lac: number;
  readonly cellid: number;
}
export interface H02TextFix extends H02Fix {
  readonly vendorCode?: string;
  readonly cell?: H02Cell;
  /** V1: battery code 0–6 or percentage. V6: ICCID. */
  readonly tail?: string;
}

/** `DDMM.mmmm` with `width` digits of degrees. */
function angleText(degrees: number, width: number): string {
  const units = Math.round(Math.abs(degrees) * 600_000);
  const minutes = (units % 600_000) / 10_000;
  return `${String(Math.floor(units / 600_000)).padStart(width, '0')}${minutes.toFixed(4).padStart(7, '0')}`;
}
const wordOf = (status: number): string => (status >>> 0).toString(16).toUpperCase().padStart(8, '0');

function timeText(ms: number | null): { readonly time: string; readonly date: string } {
  if (ms === null) return { time: '', date: '' };
  const t = utcFields(ms);
  return { time: `${two(t.hh)}${two(t.mi)}${two(t.ss)}`, date: `${two(t.dd)}${two(t.mo)}${two(t.yy)}` };
}

/** A position block with its status and cells, behind whatever the type puts in front. */
function blockText(fix: H02TextFix): string {
  const { time, date } = timeText(fix.timeMs);
  const place = [
    angleText(fix.latitude, 2),
    fix.latitude < 0 ? 'S' : 'N',
    angleText(fix.longitude, 3),
    fix.longitude < 0 ? 'W' : 'E',
  ];
  const motion = [fix.knots.toFixed(2).padStart(6, '0'), String(Math.round(fix.course) % 360).padStart(3, '0')];
  const c = fix.cell;
  const cells = c === undefined ? [] : [String(c.mcc), two(c.mnc), String(c.lac), String(c.cellid)];
  const tail = fix.tail === undefined ? [] : [fix.tail];
  return [time, fix.valid ? 'A' : 'V', ...place, ...motion, date, wordOf(fix.status), ...cells, ...tail].join(',');
}

/** V1 (position) or V6 (the same after power-on, with the ICCID as tail), or any other type of the same layout. */
export function encodeText(type: 'V1' | 'V2' | 'V5' | 'V6', fix: H02TextFix): Uint8Array {
  return latin1Bytes(`*${fix.vendorCode ?? 'HQ'},${fix.ident},${type},${blockText(fix)}#`);
}

/** V4: the answer to a command; `hhmmss` is the time the command carried. */
export function encodeConfirmation(
  command: string,
  params: readonly string[],
  hhmmss: string,
  fix: H02TextFix,
): Uint8Array {
  const lead = [command, ...params, hhmmss].join(',');
  return latin1Bytes(`*${fix.vendorCode ?? 'HQ'},${fix.ident},V4,${lead},${blockText(fix)}#`);
}

/** HTBT, with the battery's percentage if given. */
export function encodeHeartbeat(ident: string, batteryPercent?: number, vendorCode = 'HQ'): Uint8Array {
  const level = batteryPercent === undefined ? '' : `,${batteryPercent}`;
  return latin1Bytes(`*${vendorCode},${ident},HTBT${level}#`);
}

export interface H02Record extends H02Fix {
  /** Record number, 0–255. */
  readonly sequence: number;
  readonly batteryCode?: number;
}
export interface H02LongRecord extends H02Record {
  readonly csq: number;
  readonly satellites: number;
  /** Whole km. */
  readonly mileage: number;
  readonly cell: H02Cell;
}

/** The 29 bytes that every `$` record begins with. Speed and course are whole numbers here. */
function recordHead(record: H02Record): Writer {
  const { time, date } = timeText(record.timeMs);
  const latitude = Math.round(Math.abs(record.latitude) * 600_000);
  const longitude = Math.round(Math.abs(record.longitude) * 600_000);
  const degreesMinutes = (units: number, width: number): string =>
    String(Math.floor(units / 600_000)).padStart(width, '0') + String(units % 600_000).padStart(6, '0');
  const flags = (record.longitude < 0 ? 0 : 8) | (record.latitude < 0 ? 0 : 4) | (record.valid ? 2 : 0);
  const place = bcdBytes(`${degreesMinutes(longitude, 3)}0`, 5);
  place[4]! |= flags;
  const motion = Math.min(999, Math.round(record.knots)) * 1000 + (Math.round(record.course) % 360);
  return new Writer(45)
    .u8(0x24)
    .bytes(bcdBytes(record.ident, 5))
    .bytes(bcdBytes(time, 3))
    .bytes(bcdBytes(date, 3))
    .bytes(bcdBytes(degreesMinutes(latitude, 2), 4))
    .u8(record.batteryCode ?? 0)
    .bytes(place)
    .bytes(bcdBytes(String(motion), 3))
    .u32(record.status);
}

export function encodeRecord32(record: H02Record): Uint8Array {
  return recordHead(record).u8(0xff).u8(0).u8(record.sequence).done();
}

export function encodeRecord45(record: H02LongRecord): Uint8Array {
  const { cell } = record;
  return recordHead(record)
    .u8(0xff)
    .u8(0)
    .u8(record.csq)
    .u8(record.satellites)
    .u32(record.mileage)
    .u16(cell.mcc)
    .u8(cell.mnc)
    .u16(cell.lac)
    .u16(cell.cellid)
    .u8(record.sequence)
    .done();
}
