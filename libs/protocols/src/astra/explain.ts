/** The byte map of a frame: every byte once, in order, with what it means. For people; nothing else reads it. */
import type { ByteField, DecodeInput } from '../protocol.js';
import { crc16Modbus } from '../wire/crc.js';
import { hex, latin1, u16, u24, u32 } from '../wire/reader.js';
import { choose } from './choose.js';
import { loginOf } from './decode.js';
import { explainFields } from './fields.js';
import {
  CRC_BYTES,
  hasModuleX,
  hasModuleY,
  moduleEndX,
  moduleEndY,
  sizeWidthY,
  X_HEADER_BYTES,
  Y_HEADER_BYTES,
  Y_MODULES,
  type Variant,
} from './layout.js';
import { blocksOf, LEGACY, reasonsOf, reportEndLegacy, statusOf, type LegacyLayout } from './legacy.js';
import { IMEI_BYTES } from './imei.js';
import { Y_TABLE } from './modules-y.js';
import { isText, LOGIN_PREFIX } from './responses.js';
import { GNSS_EPOCH_S } from './time.js';

export function explain(input: DecodeInput): readonly ByteField[] {
  const b = input.frame;
  if (isText(b)) return explainText(b);
  if (b.length < 3 + CRC_BYTES) return [whole(b, 0, b.length, 'not a packet')];
  const end = b.length - CRC_BYTES;
  const map: ByteField[] = [
    { offset: 0, length: 1, field: 'letter', raw: b[0]!, value: latin1(b, 0, 1) },
    { offset: 1, length: 2, field: 'length', raw: u16(b, 1), unit: 'bytes' },
  ];
  const choice = choose(b, loginOf(input), input.receivedAtUs / 1000);
  if (choice.kind === 'reports') {
    const legacy = LEGACY.get(b[0]!);
    explainHead(b, legacy === undefined ? 4 : 3, choice.from, map);
    if (legacy !== undefined) explainLegacy(b, choice.from, end, legacy, map);
    else explainCounted(b, choice.from, end, choice.variant, map);
  } else map.push(whole(b, 3, end, `not read: ${choice.kind}`));
  const sum = crc16Modbus(b, 0, end);
  const verdict = sum === u16(b, end) ? 'good' : `wrong: ${sum} is expected`;
  map.push({ offset: end, length: CRC_BYTES, field: 'checksum', raw: u16(b, end), value: verdict });
  return map;
}

function whole(b: Uint8Array, from: number, to: number, field: string): ByteField {
  return { offset: from, length: to - from, field, raw: hex(b, from, to) };
}

/** Report count (letters X, Y, Z) and the IMEI when there is one before `from`. */
function explainHead(b: Uint8Array, identAt: number, from: number, map: ByteField[]): void {
  if (identAt === 4) map.push({ offset: 3, length: 1, field: 'report_count', raw: b[3]! });
  if (from !== identAt + IMEI_BYTES) return;
  map.push({ offset: identAt, length: 4, field: 'imei.digits.1.8', raw: u32(b, identAt) });
  map.push({ offset: identAt + 4, length: 3, field: 'imei.digits.9.15', raw: u24(b, identAt + 4) });
}

function time(b: Uint8Array, at: number): ByteField {
  return { offset: at, length: 4, field: 'timestamp', raw: u32(b, at), value: u32(b, at) + GNSS_EPOCH_S, unit: 's' };
}

function explainCounted(b: Uint8Array, from: number, end: number, v: Variant | null, map: ByteField[]): void {
  let at = from;
  while (at >= 0 && at < end) {
    const start = at;
    at = v === null ? headY(b, start, map) : headX(b, start, map);
    for (let number = 1; at >= 0 && number <= (v === null ? Y_MODULES : 48); number++) {
      if (v === null && hasModuleY(b, start, number)) at = moduleY(b, at, end, number, map);
      if (v !== null && hasModuleX(b, start, number)) at = moduleX(b, at, end, number, v, map);
    }
  }
}

function headX(b: Uint8Array, at: number, map: ByteField[]): number {
  map.push({ offset: at, length: 1, field: 'record.seqnum', raw: b[at]! });
  map.push(whole(b, at + 1, at + 7, 'report.module.bitmask'), time(b, at + 7));
  map.push({ offset: at + 11, length: 4, field: 'vehicle.state.bitmask', raw: u32(b, at + 11) });
  map.push({ offset: at + 15, length: 2, field: 'report.status.bitmask', raw: u16(b, at + 15) });
  return at + X_HEADER_BYTES;
}

function headY(b: Uint8Array, at: number, map: ByteField[]): number {
  map.push({ offset: at, length: 1, field: 'record.seqnum', raw: b[at]! });
  map.push(whole(b, at + 1, at + 11, 'report.module.bitmask'), time(b, at + 11));
  map.push(whole(b, at + 15, at + 23, 'vehicle.state.bitmask'));
  map.push({ offset: at + 23, length: 4, field: 'report.status.bitmask', raw: u32(b, at + 23) });
  return at + Y_HEADER_BYTES;
}

function moduleX(b: Uint8Array, at: number, end: number, number: number, v: Variant, map: ByteField[]): number {
  const next = moduleEndX(b, at, end, number, v);
  if (next < 0) return -1;
  fill(b, at, next, `module[${number}]`, v.modules[number]!.explain(b, at, next), map);
  return next;
}

function moduleY(b: Uint8Array, at: number, end: number, number: number, map: ByteField[]): number {
  const next = moduleEndY(b, at, end, number);
  if (next < 0) return -1;
  const body = at + sizeWidthY(number);
  map.push({
    offset: at,
    length: body - at,
    field: `module[${number}].bytes`,
    raw: body - at === 2 ? u16(b, at) : b[at]!,
  });
  fill(b, body, next, `module[${number}]`, Y_TABLE[number]!.explain(b, body, next), map);
  return next;
}

/** Adds a block's fields in order and names the bytes that none of them covers. */
function fill(
  b: Uint8Array,
  at: number,
  end: number,
  name: string,
  fields: readonly ByteField[],
  map: ByteField[],
): void {
  let covered = at;
  for (const field of [...fields].sort((x, y) => x.offset - y.offset)) {
    if (field.offset > covered) map.push(whole(b, covered, field.offset, `${name}.not_read`));
    map.push(field);
    covered = Math.max(covered, field.offset + field.length);
  }
  if (covered < end) map.push(whole(b, covered, end, `${name}.not_read`));
}

function explainLegacy(b: Uint8Array, from: number, end: number, l: LegacyLayout, map: ByteField[]): void {
  for (let at = from; at < end;) {
    const next = reportEndLegacy(b, at, end, l);
    if (next < 0) return;
    const { extra, stop } = blocksOf(b, at, l);
    const fields: ByteField[] = [
      { offset: at, length: 1, field: 'record.seqnum', raw: b[at]! },
      time(b, at + l.timeAt),
      { offset: at + l.reasonsAt, length: l.reasonsBytes, field: 'vehicle.state.bitmask', raw: reasonsOf(b, at, l) },
      { offset: at + l.statusAt, length: l.statusBytes, field: 'report.status.bitmask', raw: statusOf(b, at, l) },
      ...explainFields(l.head, b, at, next),
      ...explainFields(l.fields, b, at, next),
      ...(extra ? explainFields(l.extra, b, at, next) : []),
      ...(stop ? explainFields(l.stop, b, at, next) : []),
    ];
    fill(b, at, next, 'report', fields, map);
    at = next;
  }
}

function explainText(b: Uint8Array): readonly ByteField[] {
  const text = latin1(b, 0, b.length);
  const separator = text.startsWith(LOGIN_PREFIX) ? ';' : ',';
  const names = separator === ';' ? LOGIN_NAMES : [];
  const map: ByteField[] = [];
  let offset = 0;
  for (const [index, part] of text.split(separator).entries()) {
    map.push({ offset, length: part.length, field: names[index] ?? `text[${index}]`, raw: part });
    offset += part.length + 1;
  }
  return map;
}

const LOGIN_NAMES = [
  'login',
  'device.model',
  'ident',
  'vehicle.vin',
  'device.firmware.version',
  'device.protocol.letter',
  'device.hardware.version',
  'device.settings.checksum',
];
