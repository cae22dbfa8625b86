/** Module 45 since September 2025: BLE beacons. */
import type { BleBeacon } from '../catalogue/report.generated.js';
import type { ByteField } from '../protocol.js';
import { hex, i8, u16 } from '../wire/reader.js';
import type { ReadModule } from './module.js';

/** u8 count, u16 bytes of all entries, 4 reserved. */
const HEADER_BYTES = 7;
/** 6 MAC, i8 RSSI, u8 companion, u16 seconds since last seen, u8 type, u8 length of the metadata that follow. */
const ENTRY_BYTES = 12;
const TYPE_HEIGHT = 1;

/** X: header, then entries up to the announced length. */
export const readBeacons: ReadModule = (b, at, end, report) => {
  if (at + HEADER_BYTES > end) return;
  report.ble_beacons = beacons(b, at + HEADER_BYTES, end, b[at]!);
};

/** Y: 4 reserved, u8 count, entries as in X. `at` is behind the size. */
export const readBeaconsY: ReadModule = (b, at, end, report) => {
  if (at + 5 > end) return;
  report.ble_beacons = beacons(b, at + 5, end, b[at + 4]!);
};

/** Stops at the announced count, when fewer than 12 bytes are left, or when metadata would run over the end. */
function beacons(b: Uint8Array, from: number, end: number, count: number): BleBeacon[] {
  const list: BleBeacon[] = [];
  let at = from;
  while (list.length < count && at + ENTRY_BYTES <= end) {
    const next = at + ENTRY_BYTES + b[at + 11]!;
    if (next > end) break;
    list.push(beacon(b, at, next));
    at = next;
  }
  return list;
}

function beacon(b: Uint8Array, at: number, end: number): BleBeacon {
  const type = b[at + 10]!;
  const metadata = at + ENTRY_BYTES;
  const hasHeight = type === TYPE_HEIGHT && end - metadata >= 2;
  const rest = hasHeight ? metadata + 2 : metadata;
  return {
    id: hex(b, at, at + 6),
    rssi: i8(b, at + 6),
    type,
    companion: b[at + 7] === 1,
    last_seen: u16(b, at + 8),
    height: hasHeight ? u16(b, metadata) : null,
    temperature: null,
    humidity: null,
    battery_voltage: null,
    battery_level: null,
    tx_power: null,
    major: null,
    minor: null,
    local_name: null,
    data: rest < end ? hex(b, rest, end) : null,
  };
}

export function explainBeacons(b: Uint8Array, at: number, end: number): readonly ByteField[] {
  if (at + HEADER_BYTES > end) return [];
  const map: ByteField[] = [
    { offset: at, length: 1, field: 'ble.beacons.count', raw: b[at]! },
    { offset: at + 1, length: 2, field: 'ble.beacons.bytes', raw: u16(b, at + 1), unit: 'bytes' },
    { offset: at + 3, length: 4, field: 'reserved', raw: hex(b, at + 3, at + 7) },
  ];
  return [...map, ...explainEntries(b, at + HEADER_BYTES, end, b[at]!)];
}

export function explainBeaconsY(b: Uint8Array, at: number, end: number): readonly ByteField[] {
  if (at + 5 > end) return [];
  const map: ByteField[] = [
    { offset: at, length: 4, field: 'reserved', raw: hex(b, at, at + 4) },
    { offset: at + 4, length: 1, field: 'ble.beacons.count', raw: b[at + 4]! },
  ];
  return [...map, ...explainEntries(b, at + 5, end, b[at + 4]!)];
}

function explainEntries(b: Uint8Array, from: number, end: number, count: number): ByteField[] {
  const map: ByteField[] = [];
  let at = from;
  for (const [index, value] of beacons(b, from, end, count).entries()) {
    const length = ENTRY_BYTES + b[at + 11]!;
    map.push({ offset: at, length, field: `ble.beacons[${index}]`, raw: hex(b, at, at + length), value });
    at += length;
  }
  if (at < end) map.push({ offset: at, length: end - at, field: 'not read', raw: hex(b, at, end) });
  return map;
}
