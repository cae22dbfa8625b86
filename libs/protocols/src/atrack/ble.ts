/**
 * `%BC`, beacons. Two forms, told apart by a colon:
 *
 *   mode:mask:HEX     records as the mask says; bit 7: id, 6 bytes; bits 6 to 2 by mode
 *   HEX               records of u8 n, then n bytes: type u8, MAC 6 bytes, data
 *
 * Reading stops at the first record that does not fit; what came before is kept.
 */
import type { BleBeacon, Report } from '../catalogue/report.generated.js';
import { Reader, fromHex, hex } from '../wire/reader.js';

const BEACONS_MAX = 64;
const ID_BYTES = 6;
const NAME_BYTES = 9;
/** Payload bytes of mode 4 by hardware id. */
const PAYLOAD_BYTES: Readonly<Record<number, number>> = { 1: 11, 4: 11, 2: 2, 3: 6, 5: 10 };
/** Record type of a temperature and humidity tag. */
const TYPE_CLIMATE = 0xe0;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Draft = Mutable<BleBeacon>;

function beacon(id: string): Draft {
  return {
    id,
    rssi: null,
    type: null,
    companion: null,
    last_seen: null,
    height: null,
    temperature: null,
    humidity: null,
    battery_voltage: null,
    battery_level: null,
    tx_power: null,
    major: null,
    minor: null,
    local_name: null,
    data: null,
  };
}

/** Writes `ble.beacons` from the value of the field. An empty value, or one without a whole record, writes nothing. */
export function applyBeacons(value: string, r: Report): void {
  const beacons = value.includes(':') ? masked(value) : counted(value);
  if (beacons.length > 0) r.ble_beacons = beacons;
}

function masked(value: string): BleBeacon[] {
  const [modeText, maskText, hexText] = value.split(':');
  const mode = Number(modeText);
  const mask = Number(maskText);
  const bytes = fromHex((hexText ?? '').trim());
  const list: BleBeacon[] = [];
  if (bytes === null || !(mode >= 1 && mode <= 4) || !(mask > 0 && mask <= 255)) return list;
  const reader = new Reader(bytes);
  const has = (bit: number): boolean => (mask & (1 << bit)) !== 0;
  while (reader.left > 0 && list.length < BEACONS_MAX) {
    const before = reader.at;
    const one = beacon(has(7) ? reader.hex(ID_BYTES) : '');
    READERS[mode]!(reader, has, one);
    // A mask whose bits mean nothing in this mode gives records of no bytes.
    if (reader.short || reader.at === before) break;
    list.push(one);
  }
  return list;
}

type ModeReader = (r: Reader, has: (bit: number) => boolean, one: Draft) => void;

const READERS: Readonly<Record<number, ModeReader>> = {
  /** iBeacon. */
  1: (r, has, one) => {
    if (has(6)) one.major = r.u16();
    if (has(5)) one.minor = r.u16();
    if (has(4)) one.tx_power = r.u8();
    if (has(3)) one.rssi = r.i8();
  },
  /** Telemetry: mV, and °C in the tag's scale. */
  2: (r, has, one) => {
    if (has(6)) one.battery_voltage = r.u16() / 1000;
    if (has(5)) one.temperature = r.i16() / 100;
    if (has(4)) one.tx_power = r.u8();
    if (has(3)) one.rssi = r.i8();
  },
  /** Temperature and humidity tag. */
  3: (r, has, one) => {
    if (has(6)) one.humidity = r.u16();
    if (has(5)) one.temperature = r.i16() / 100;
    if (has(3)) one.rssi = r.i8();
    if (has(2)) one.data = r.hex(2);
  },
  /** Sensors: payloads of known length and unknown content. */
  4: (r, has, one) => {
    if (has(6)) {
      one.type = r.u8();
      const payload = PAYLOAD_BYTES[one.type] ?? 0;
      if (has(5) && payload > 0) one.data = r.hex(payload);
    }
    if (has(4)) one.local_name = r.latin1(NAME_BYTES).replace(/[\0 ]+$/, '');
  },
};

function counted(value: string): BleBeacon[] {
  const bytes = fromHex(value.trim());
  const list: BleBeacon[] = [];
  if (bytes === null) return list;
  const reader = new Reader(bytes);
  while (reader.left > 0 && list.length < BEACONS_MAX) {
    const body = reader.slice(reader.u8());
    if (reader.short || body.length < 1 + ID_BYTES) break;
    const one = beacon(hex(body, 1, 1 + ID_BYTES));
    const data = new Reader(body, 1 + ID_BYTES);
    one.type = body[0]!;
    if (one.type === TYPE_CLIMATE && data.left >= 2) one.temperature = data.i16() / 100;
    if (one.type === TYPE_CLIMATE && data.left >= 2) one.humidity = data.u16() / 100;
    if (data.left > 0) one.data = data.hex(data.left);
    list.push(one);
  }
  return list;
}
