/** Byte maps of H02 frames: what stands where, and what it says. */
import type { ByteField, DecodeInput } from '../protocol.js';
import { bcdNumber, bcdText } from '../wire/bcd.js';
import { hex, u16, u32 } from '../wire/reader.js';
import { dateOf, findBlock, microdegrees } from './block.js';
import { FIRST, TextFields } from './fields.js';
import { wordText } from './status.js';
import { typeOf } from './types.js';

const fields = new TextFields();

export function explain(input: DecodeInput): readonly ByteField[] {
  return input.frame[0] === 0x2a ? explainText(input.frame) : explainBinary(input.frame);
}

function explainText(frame: Uint8Array): readonly ByteField[] {
  const f = fields;
  if (!f.scan(frame) || f.count < 3) return [];
  const names = namesOf(f);
  const map: ByteField[] = [{ offset: 0, length: 1, field: 'start', raw: '*' }];
  for (let i = 0; i < f.count; i++) {
    const field = names.get(i) ?? `field[${i - FIRST}]`;
    map.push({ offset: f.from(i), length: f.size(i), field, raw: f.text(i), ...meaningOf(f, i, field) });
  }
  map.push({ offset: f.end, length: 1, field: 'end', raw: '#' });
  return map;
}

function namesOf(f: TextFields): ReadonlyMap<number, string> {
  const names = new Map<number, string>([
    [0, 'vendor.code'],
    [1, 'ident'],
    [2, 'message.type'],
  ]);
  const block = findBlock(f);
  const type = typeOf(f);
  if (block < 0) return names;
  if (type.kind === 'confirmation') {
    if (f.size(2) === 2) names.set(FIRST, 'command');
    if (block - 3 > FIRST) names.set(block - 3, 'command.time');
  }
  const date = dateOf(f, block);
  const from = ['time', 'position.valid', 'latitude', 'north.south', 'longitude', 'east.west', 'speed', 'course'];
  from.forEach((name, i) => names.set(block - 2 + i, name));
  names.set(date, 'date');
  if (type.kind === 'host') return names.set(date + 3, 'gsm.sim.iccid').set(date + 4, 'vehicle.state');
  ['vehicle.state', 'gsm.mcc', 'gsm.mnc', 'gsm.lac', 'gsm.cellid'].forEach((name, i) => names.set(date + 1 + i, name));
  if (type.tail === 'battery') names.set(date + 6, 'battery.code');
  if (type.tail === 'iccid') names.set(date + 6, 'gsm.sim.iccid');
  if (type.tail === 'wifi') {
    const last = ['position.satellites', 'gsm.csq', 'external.powersource.voltage', 'battery.level'];
    last.forEach((name, i) => names.set(f.count - 4 + i, name));
  }
  return names;
}

function meaningOf(f: TextFields, i: number, field: string): Partial<ByteField> {
  switch (field) {
    case 'latitude':
    case 'longitude': {
      const micro = microdegrees(f, i);
      const negative = f.single(i + 1) === 0x53 || f.single(i + 1) === 0x57;
      return micro < 0 ? {} : { value: (negative ? -micro : micro) / 1e6, unit: 'deg' };
    }
    case 'speed':
      return f.decimal(i) < 0 ? {} : { value: Math.round(f.decimal(i) * 1852) / 1000, unit: 'km/h' };
    case 'course':
      return f.decimal(i) < 0 ? {} : { value: f.decimal(i), unit: 'deg' };
    case 'vehicle.state':
      return f.word(i) < 0 ? {} : { value: f.word(i) };
    default:
      return {};
  }
}

type Row = readonly [
  name: string,
  at: number,
  length: number,
  read?: (b: Uint8Array, at: number) => unknown,
  unit?: string,
];

const digits = (length: number) => (b: Uint8Array, at: number) => bcdNumber(b, at, at + length);
const HEAD: readonly Row[] = [
  ['ident', 1, 5, (b, at) => bcdText(b, at, at + 5)],
  ['time', 6, 3, (b, at) => bcdText(b, at, at + 3), 'hhmmss UTC'],
  ['date', 9, 3, (b, at) => bcdText(b, at, at + 3), 'DDMMYY'],
  ['latitude', 0x0c, 4, digits(4), 'DDMM.mmmm'],
  ['battery.code', 0x10, 1, (b, at) => b[at]],
  ['longitude and flags', 0x11, 5, (b, at) => bcdText(b, at, at + 5), 'DDDMM.mmmm + east 8, north 4, valid 2'],
  ['speed and course', 0x16, 3, digits(3), '3 digits kn + 3 digits deg'],
  ['vehicle.state', 0x19, 4, (b, at) => wordText(u32(b, at))],
];
const TAILS: Readonly<Record<number, readonly Row[]>> = {
  32: [
    ['user.alarm.bitmask', 0x1d, 1],
    ['reserved', 0x1e, 1],
    ['event.seqnum', 0x1f, 1, (b, at) => b[at]],
  ],
  45: [
    ['user.alarm.bitmask', 0x1d, 1],
    ['reserved', 0x1e, 1],
    ['gsm.csq', 0x1f, 1, (b, at) => b[at]],
    ['gnss.signal.raw', 0x20, 1, (b, at) => b[at]],
    ['vehicle.mileage', 0x21, 4, u32, 'km'],
    ['gsm.mcc', 0x25, 2, u16],
    ['gsm.mnc', 0x27, 1, (b, at) => b[at]],
    ['gsm.lac', 0x28, 2, u16],
    ['gsm.cellid', 0x2a, 2, u16],
    ['event.seqnum', 0x2c, 1, (b, at) => b[at]],
  ],
};

function explainBinary(b: Uint8Array): readonly ByteField[] {
  const map: ByteField[] = [{ offset: 0, length: 1, field: 'start', raw: String.fromCharCode(b[0] ?? 0) }];
  const shift = b.length === 42 ? 3 : 0;
  const isX = b[0] === 0x58;
  for (const [name, at, length, read, unit] of [...HEAD, ...(TAILS[b.length] ?? [])]) {
    const isIdent = name === 'ident';
    const offset = isIdent ? at : at + shift;
    const size = isIdent ? length + shift : length;
    if (offset + size > b.length) break;
    const mileage = isX && isIdent;
    map.push({
      offset,
      length: size,
      field: mileage ? 'vehicle.mileage' : name,
      raw: hex(b, offset, offset + size),
      ...(read !== undefined && { value: isIdent && shift > 0 ? bcdText(b, offset, offset + size) : read(b, offset) }),
      ...(mileage ? { unit: '1852/3600 m' } : unit !== undefined && { unit }),
    });
  }
  const end = map.at(-1)!.offset + map.at(-1)!.length;
  if (end < b.length) map.push({ offset: end, length: b.length - end, field: 'tail', raw: hex(b, end, b.length) });
  return map;
}
