/** Byte maps of JT808 messages. Offsets count in the unescaped message, from its id; flags and escapes are not in it. */
import type { ByteField, DecodeInput } from '../protocol.js';
import { bcdText } from '../wire/bcd.js';
import { hex, i16, u16, u32 } from '../wire/reader.js';
import { identOf } from './ident.js';
import { LOCATION_BYTES } from './location.js';
import { Message, idText } from './message.js';

type Row = readonly [
  name: string,
  at: number,
  length: number,
  read: (b: Uint8Array, at: number) => unknown,
  unit?: string,
];

const time = (b: Uint8Array, at: number): string => bcdText(b, at, at + 6);
const LOCATION: readonly Row[] = [
  ['alarm.bitmask', 0, 4, u32],
  ['vehicle.state.bitmask', 4, 4, u32],
  ['latitude', 8, 4, (b, at) => u32(b, at) / 1e6, 'deg'],
  ['longitude', 12, 4, (b, at) => u32(b, at) / 1e6, 'deg'],
  ['altitude', 16, 2, i16, 'm'],
  ['speed', 18, 2, (b, at) => u16(b, at) / 10, 'km/h'],
  ['direction', 20, 2, u16, 'deg'],
  ['time', 22, 6, time, 'YYMMDDhhmmss, device zone'],
];

const message = new Message();

export function explain(input: DecodeInput): readonly ByteField[] {
  const m = message;
  if (m.read(input.frame) !== null) return [];
  const map = new Mapper(m);
  map.header();
  if (m.isEncrypted || m.isPart) map.rest('body');
  else if (m.id === 0x0200) map.location('', m.bodyTo);
  else if (m.id === 0x0201 || m.id === 0x0500) map.row('reply.serial', 2, u16).location('', m.bodyTo);
  else if (m.id === 0x0704) map.batch();
  else if (m.id === 0x0001)
    map
      .row('reply.serial', 2, u16)
      .row('reply.id', 2, u16)
      .row('result', 1, (b, at) => b[at]);
  else map.rest('body');
  map.at = m.bodyTo;
  return map.row('checksum', 1, (b, at) => b[at]).fields;
}

class Mapper {
  readonly fields: ByteField[] = [];
  readonly #m: Message;
  readonly #start: number;
  at: number;

  constructor(m: Message) {
    this.#m = m;
    this.#start = m.phoneFrom - (m.is2019 ? 5 : 4);
    this.at = this.#start;
  }

  row(field: string, length: number, read?: (b: Uint8Array, at: number) => unknown, unit?: string): this {
    const b = this.#m.bytes;
    this.fields.push({
      offset: this.at - this.#start,
      length,
      field,
      raw: hex(b, this.at, this.at + length),
      ...(read !== undefined && { value: read(b, this.at) }),
      ...(unit !== undefined && { unit }),
    });
    this.at += length;
    return this;
  }

  header(): void {
    const m = this.#m;
    this.row('message.id', 2, () => idText(m.id)).row('properties', 2, u16);
    if (m.is2019) this.row('version', 1, () => m.version);
    this.row('phone', m.phoneTo - m.phoneFrom, () => identOf(m.bytes, m.phoneFrom, m.phoneTo)).row('serial', 2, u16);
    if (m.isSplit) this.row('packets', 2, u16).row('packet', 2, u16);
  }

  rest(field: string): void {
    if (this.at < this.#m.bodyTo) this.row(field, this.#m.bodyTo - this.at);
  }

  location(prefix: string, to: number): void {
    if (to - this.at < LOCATION_BYTES) {
      this.rest(`${prefix}body`);
      return;
    }
    for (const [name, , length, read, unit] of LOCATION) this.row(prefix + name, length, read, unit);
    const b = this.#m.bytes;
    while (this.at + 2 <= to && b[this.at] !== 0 && this.at + 2 + b[this.at + 1]! <= to) {
      const id = hex(b, this.at, this.at + 1).toLowerCase();
      const length = b[this.at + 1]!;
      this.row(`${prefix}item[${id}]`, 2 + length, (bytes, at) => hex(bytes, at + 2, at + 2 + length));
    }
    if (this.at < to) this.row(`${prefix}tail`, to - this.at);
  }

  batch(): void {
    const m = this.#m;
    if (m.bodyTo - this.at < 3) {
      this.rest('body');
      return;
    }
    this.row('count', 2, u16).row('type', 1, (b, at) => b[at]);
    for (let i = 0; this.at + 2 <= m.bodyTo; i++) {
      const end = this.at + 2 + u16(m.bytes, this.at);
      if (end > m.bodyTo) break;
      this.row(`item[${i}].length`, 2, u16);
      if (end - this.at >= LOCATION_BYTES) this.location(`item[${i}].`, end);
      else if (end > this.at) this.row(`item[${i}]`, end - this.at);
    }
    this.rest('tail');
  }
}
