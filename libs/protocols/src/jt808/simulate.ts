/** The device's side of JT808: messages from plain values, for simulators and tests. No clock, no randomness. */
import { bcdBytes } from '../wire/bcd.js';
import { two, utcFields } from '../wire/calendar.js';
import { gbkBytes } from '../wire/gbk.js';
import { Writer, latin1Bytes } from '../wire/writer.js';
import { BODY_BYTES_MAX, wordMessage, type Addressee } from './message.js';

export interface Jt808Device {
  /** Digits; leading zeros are added. */
  readonly phone: string;
  readonly edition: 2013 | 2019;
}
export interface Jt808Registration {
  readonly province: number;
  readonly city: number;
  readonly manufacturer: string;
  readonly model: string;
  readonly terminal: string;
  readonly plateColour: number;
  readonly plate: string;
}
export interface Jt808Location {
  /** ms since 1970. */
  readonly timeMs: number;
  readonly alarm: number;
  /** ACC bit 0, fix bit 1, constellations from bit 18; the hemispheres are set from the coordinates. */
  readonly status: number;
  /** Degrees, south and west negative. */
  readonly latitude: number;
  readonly longitude: number;
  /** m */
  readonly altitude: number;
  /** km/h */
  readonly speed: number;
  readonly direction: number;
  /** Additional items: id and value. */
  readonly items?: readonly (readonly [id: number, value: Uint8Array])[];
}

/** Hours the device's clock is ahead of UTC, as the standard has it. */
const UTC_OFFSET_HOURS = 8;
const VERSION_2019 = 1;

const addressee = (device: Jt808Device): Addressee =>
  device.edition === 2019
    ? { phone: bcdBytes(device.phone, 10), version: VERSION_2019 }
    : { phone: bcdBytes(device.phone, 6), version: null };

/** Any message of a device. */
export const encodeMessage = (device: Jt808Device, id: number, serial: number, body: Uint8Array): Uint8Array =>
  wordMessage(id, addressee(device), serial, body);

/** The packets of a message whose body is too long for one (or is to be split after `bytesMax`). */
export function encodePackets(
  device: Jt808Device,
  id: number,
  firstSerial: number,
  body: Uint8Array,
  bytesMax = BODY_BYTES_MAX,
): readonly Uint8Array[] {
  const total = Math.max(1, Math.ceil(body.length / bytesMax));
  return Array.from({ length: total }, (_, i) =>
    wordMessage(id, addressee(device), (firstSerial + i) & 0xffff, body.subarray(i * bytesMax, (i + 1) * bytesMax), {
      total,
      number: i + 1,
    }),
  );
}

/** A text in a field of fixed width, NULs behind it. */
function padded(text: string, width: number): Uint8Array {
  const bytes = new Uint8Array(width);
  bytes.set(latin1Bytes(text).subarray(0, width));
  return bytes;
}

export function encodeRegistration(device: Jt808Device, serial: number, r: Jt808Registration): Uint8Array {
  const [maker, model, terminal] = device.edition === 2019 ? [11, 30, 30] : [5, 20, 7];
  const body = new Writer(128)
    .u16(r.province)
    .u16(r.city)
    .bytes(padded(r.manufacturer, maker))
    .bytes(padded(r.model, model))
    .bytes(padded(r.terminal, terminal))
    .u8(r.plateColour)
    .bytes(gbkBytes(r.plate) ?? latin1Bytes(r.plate));
  return encodeMessage(device, 0x0100, serial, body.done());
}

/** 0x0102; in the 2019 edition the code has its length in front, and IMEI and firmware behind it. */
export function encodeAuthentication(
  device: Jt808Device,
  serial: number,
  code: string,
  imei = '',
  firmware = '',
): Uint8Array {
  const words = latin1Bytes(code);
  if (device.edition !== 2019) return encodeMessage(device, 0x0102, serial, words);
  const body = new Writer(64).u8(words.length).bytes(words).bytes(padded(imei, 15)).bytes(padded(firmware, 20));
  return encodeMessage(device, 0x0102, serial, body.done());
}

export const encodeHeartbeat = (device: Jt808Device, serial: number): Uint8Array =>
  encodeMessage(device, 0x0002, serial, new Uint8Array(0));

/** The body of 0x0200, which the items of a batch have too. */
export function locationBody(l: Jt808Location): Uint8Array {
  const t = utcFields(l.timeMs + UTC_OFFSET_HOURS * 3_600_000);
  const status = (l.status & ~0xc) | (l.latitude < 0 ? 4 : 0) | (l.longitude < 0 ? 8 : 0);
  const body = new Writer(64)
    .u32(l.alarm)
    .u32(status)
    .u32(Math.round(Math.abs(l.latitude) * 1e6))
    .u32(Math.round(Math.abs(l.longitude) * 1e6))
    .u16(l.altitude)
    .u16(Math.round(l.speed * 10))
    .u16(Math.round(l.direction) % 360)
    .bytes(bcdBytes([t.yy, t.mo, t.dd, t.hh, t.mi, t.ss].map(two).join(''), 6));
  for (const [id, value] of l.items ?? []) body.u8(id).u8(value.length).bytes(value);
  return body.done();
}
export const encodeLocation = (device: Jt808Device, serial: number, location: Jt808Location): Uint8Array =>
  encodeMessage(device, 0x0200, serial, locationBody(location));

/** 0x0704. `backfill`: the locations waited for coverage. */
export function batchBody(locations: readonly Jt808Location[], backfill: boolean): Uint8Array {
  const body = new Writer(256).u16(locations.length).u8(backfill ? 1 : 0);
  for (const location of locations) {
    const item = locationBody(location);
    body.u16(item.length).bytes(item);
  }
  return body.done();
}
export const encodeBatch = (
  device: Jt808Device,
  serial: number,
  locations: readonly Jt808Location[],
  backfill: boolean,
): Uint8Array => encodeMessage(device, 0x0704, serial, batchBody(locations, backfill));

/** 0x0001: what came of a command. */
export const encodeAnswer = (
  device: Jt808Device,
  serial: number,
  replySerial: number,
  replyId: number,
  result: number,
): Uint8Array => encodeMessage(device, 0x0001, serial, new Writer(5).u16(replySerial).u16(replyId).u8(result).done());
