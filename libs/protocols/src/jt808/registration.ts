/** Messages in which a device says what it is: 0x0100, 0x0102, 0x0107, 0x0702. */
import type { Report } from '../catalogue/report.generated.js';
import { flagSetter, numberSetter, stringSetter } from '../catalogue/set.js';
import type { DecodeInput } from '../protocol.js';
import { bcdText } from '../wire/bcd.js';
import { gbkText } from '../wire/gbk.js';
import { u16 } from '../wire/reader.js';
import type { Message } from './message.js';
import { setTime } from './report.js';

export type Edition = 2011 | 2013 | 2019;

/** Offsets of a registration: manufacturer from 4 to `model`, then model, terminal id, plate colour and plate. */
interface Layout {
  readonly model: number;
  readonly terminal: number;
  readonly colour: number;
}
const REGISTRATION: Readonly<Record<Edition, Layout>> = {
  2011: { model: 9, terminal: 17, colour: 24 },
  2013: { model: 9, terminal: 29, colour: 36 },
  2019: { model: 15, terminal: 45, colour: 75 },
};

const setManufacturer = stringSetter('manufacturer.code');
const setTerminal = stringSetter('manufacturer.device.code');
const setModel = stringSetter('device.model');
const setPlate = stringSetter('vehicle.plate.number');
const setVin = stringSetter('vehicle.vin');
const setPlateColour = numberSetter('vehicle.plate.color');
const setProvince = numberSetter('province.id');
const setCity = numberSetter('city.id');
const setHardware = stringSetter('device.hardware.version');
const setFirmware = stringSetter('device.firmware.version');
const setIccid = stringSetter('gsm.sim.iccid');
const setTerminalType = numberSetter('device.type.bitmask');
const setGnssBits = numberSetter('gnss.support.bitmask');
const setRadioBits = numberSetter('gsm.support.bitmask');
const setImei = stringSetter('device.imei');
const setDriverName = stringSetter('driver.name');
const setDriverId = stringSetter('driver.id');
const setAgency = stringSetter('driver.license.authority');
const setCardIn = flagSetter('driver.card.inserted.status');
const setCardResult = numberSetter('driver.card.result');

const isColour = (c: number | undefined): boolean => c !== undefined && (c <= 9 || (c >= 91 && c <= 99));

/**
 * The edition of a registration: the header says 2019; the older two are told apart by length, and by where a plate colour stands
 * (a VIN makes a 2011 body as long as a 2013 one). Null: too short for any.
 */
export function editionOf(m: Message): Edition | null {
  const length = m.bodyTo - m.bodyFrom;
  if (m.is2019) return length > REGISTRATION[2019].colour ? 2019 : null;
  if (length > REGISTRATION[2013].colour) {
    const in2013 = isColour(m.bytes[m.bodyFrom + REGISTRATION[2013].colour]);
    return !in2013 && isColour(m.bytes[m.bodyFrom + REGISTRATION[2011].colour]) ? 2011 : 2013;
  }
  return length > REGISTRATION[2011].colour ? 2011 : null;
}

/** Text without the NULs and blanks around it; GBK where it is not ASCII. */
function textOf(b: Uint8Array, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && (b[start] === 0 || b[start] === 0x20)) start++;
  while (end > start && (b[end - 1] === 0 || b[end - 1] === 0x20)) end--;
  return gbkText(b, start, end);
}
function put(report: Report, set: (report: Report, text: string) => void, text: string): void {
  if (text !== '') set(report, text);
}

/** 0x0100. The device code is the terminal id; where the plate colour is 0 the text behind it is the VIN. */
export function readRegistration(report: Report, m: Message, edition: Edition): void {
  const { bytes: b, bodyFrom: o } = m;
  const at = REGISTRATION[edition];
  setProvince(report, u16(b, o));
  setCity(report, u16(b, o + 2));
  put(report, setManufacturer, textOf(b, o + 4, o + at.model));
  put(report, setModel, textOf(b, o + at.model, o + at.terminal));
  put(report, setTerminal, textOf(b, o + at.terminal, o + at.colour));
  const colour = b[o + at.colour]!;
  setPlateColour(report, colour);
  put(report, colour === 0 ? setVin : setPlate, textOf(b, o + at.colour + 1, m.bodyTo));
}

/** 0x0102. The code is not kept: it lets a device in. 2019 adds IMEI and firmware behind it. */
export function readAuthentication(report: Report, m: Message): void {
  if (!m.is2019 || m.bodyFrom >= m.bodyTo) return;
  const imei = m.bodyFrom + 1 + m.bytes[m.bodyFrom]!;
  if (imei + 15 > m.bodyTo) return;
  put(report, setImei, textOf(m.bytes, imei, imei + 15));
  put(report, setFirmware, textOf(m.bytes, imei + 15, Math.min(m.bodyTo, imei + 35)));
}

/**
 * 0x0107: type u16, manufacturer, model, terminal id, ICCID BCD[10], two texts with a length in front, GNSS and radio bits. In the
 * 2019 edition devices write the manufacturer in 5 or in 11 bytes: the one whose lengths lead to the end is meant. False: neither.
 */
export function readAttributes(report: Report, m: Message): boolean {
  const b = m.bytes;
  const [model, terminal] = m.is2019 ? [30, 30] : [20, 7];
  for (const manufacturer of m.is2019 ? [5, 11] : [5]) {
    const modelAt = m.bodyFrom + 2 + manufacturer;
    const terminalAt = modelAt + model;
    const iccidAt = terminalAt + terminal;
    const hardwareAt = iccidAt + 10;
    if (hardwareAt >= m.bodyTo) continue;
    const firmwareAt = hardwareAt + 1 + b[hardwareAt]!;
    if (firmwareAt >= m.bodyTo) continue;
    const bits = firmwareAt + 1 + b[firmwareAt]!;
    // The older editions have one layout; some devices leave out the last two bytes, or add to them.
    if (m.is2019 ? bits + 2 !== m.bodyTo : bits > m.bodyTo) continue;
    setTerminalType(report, u16(b, m.bodyFrom));
    put(report, setManufacturer, textOf(b, m.bodyFrom + 2, modelAt));
    put(report, setModel, textOf(b, modelAt, terminalAt));
    put(report, setTerminal, textOf(b, terminalAt, iccidAt));
    put(report, setIccid, bcdText(b, iccidAt, hardwareAt).replace(/F+$/, '').replace(/^0+$/, ''));
    put(report, setHardware, textOf(b, hardwareAt + 1, firmwareAt));
    put(report, setFirmware, textOf(b, firmwareAt + 1, bits));
    if (bits < m.bodyTo) setGnssBits(report, b[bits]!);
    if (bits + 1 < m.bodyTo) setRadioBits(report, b[bits + 1]!);
    return true;
  }
  return false;
}

/** 0x0702: status u8 (1 in, 2 out), time, and when a card was read: result u8, name, certificate 20, authority. */
export function readDriver(report: Report, m: Message, input: DecodeInput): void {
  const b = m.bytes;
  const o = m.bodyFrom;
  if (m.bodyTo - o < 7) return;
  setCardIn(report, b[o] === 1);
  setTime(report, b, o + 1, input);
  if (o + 8 >= m.bodyTo) return;
  setCardResult(report, b[o + 7]!);
  const certificate = o + 9 + b[o + 8]!;
  if (b[o + 7] !== 0 || certificate + 20 >= m.bodyTo) return;
  put(report, setDriverName, textOf(b, o + 9, certificate));
  put(report, setDriverId, textOf(b, certificate, certificate + 20));
  const authority = certificate + 21;
  put(report, setAgency, textOf(b, authority, Math.min(m.bodyTo, authority + b[certificate + 20]!)));
}
