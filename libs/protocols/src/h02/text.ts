/** Decodes text frames: `*VV,<id>,<TYPE>[,field]*#`. */
import type { Report } from '../catalogue/report.generated.js';
import { addQuality, numberSetter, stringSetter } from '../catalogue/set.js';
import type { Decoded, DecodeInput } from '../protocol.js';
import { dateOf, findBlock, findStatus, microdegrees } from './block.js';
import { GROUP, readGroup, setIccid } from './cells.js';
import { confirmationOf } from './confirmation.js';
import { FIRST, TextFields } from './fields.js';
import { readHost, readLinkOfWatch, readNeighbours, readShortPosition, readCellList } from './other-types.js';
import { answered, identify, one, refused, setCourse, setPlace, setSpeed, setTime, startReport } from './report.js';
import { batteryLevel, writeStatus } from './status.js';
import { syntaxFault, typeOf, type MessageType, type Tail } from './types.js';

const fields = new TextFields();
const setText = stringSetter('text');
const setCsq = numberSetter('gsm.csq');

export function decodeText(input: DecodeInput): Decoded {
  const f = fields;
  const frame = input.frame;
  if (!f.scan(frame)) return refused('bad_syntax', frame.length);
  const fault = syntaxFault(f);
  if (fault !== null) return refused('bad_syntax', frame.length, fault);
  const type = typeOf(f);
  const report = startReport(input, type.name);
  report.vendor_code = vendorOf(f);
  switch (type.kind) {
    case 'position':
      keepAlive(report, readPosition(report, f, type, input, true));
      break;
    case 'confirmation': {
      const block = findBlock(f);
      const response = confirmationOf(f, block, report);
      if (block >= 0) readPosition(report, f, type, input, false);
      else report.kind = 'presence';
      return answered(identify(report), response);
    }
    case 'cells-or-position':
      keepAlive(
        report,
        findBlock(f) >= 0
          ? readPosition(report, f, type, input, true)
          : readCellList(report, f, input, conditions(input)),
      );
      break;
    case 'host':
      keepAlive(report, readPosition(report, f, type, input, true) && readHost(report, f, conditions(input)));
      break;
    case 'neighbours':
      keepAlive(report, readNeighbours(report, f, input, conditions(input)));
      break;
    case 'watch':
      keepAlive(report, readLinkOfWatch(report, f, input, conditions(input)));
      break;
    case 'short-position':
      keepAlive(report, readShortPosition(report, f, conditions(input)));
      break;
    case 'heartbeat': {
      const level = f.integer(FIRST);
      keepAlive(report, level >= 0 && level <= 100);
      if (report.kind === 'report') report.battery_level = level;
      break;
    }
    case 'text': {
      const text = freeText(f);
      setText(report, text);
      return answered(identify(report), { command: 'SMS', outcome: 'value', values: [text] });
    }
    case 'silent':
      report.kind = 'presence';
      break;
  }
  return one(identify(report));
}

/** Nothing in the frame but who sent it: it shows that the device is there, and no more. */
function keepAlive(report: Report, told: boolean): void {
  if (!told) report.kind = 'presence';
}

const conditions = (input: DecodeInput): boolean => input.settings.h02Alarms !== false;

/** The vendor marks that are met again and again, so that no string is made for them. */
function vendorOf(f: TextFields): string {
  const at = f.from(0);
  return f.bytes[at] === 0x48 && f.bytes[at + 1] === 0x51 ? 'HQ' : f.text(0);
}

/** Everything behind the type, commas and line feeds included. */
function freeText(f: TextFields): string {
  let text = '';
  for (let at = f.to(2) + 1; at < f.end; at++) text += String.fromCharCode(f.bytes[at]!);
  return text;
}

/**
 * Block, status and what follows them. Without a block only the status and its tail are read; false: there was neither.
 * A bad status ends the reading: where later fields stand is uncertain then.
 */
function readPosition(
  report: Report,
  f: TextFields,
  type: MessageType,
  input: DecodeInput,
  ignition: boolean,
): boolean {
  const latitude = findBlock(f);
  if (latitude < 0) {
    const at = findStatus(f);
    if (at < 0) return false;
    addQuality(report, 'position_malformed');
    setTime(report, f.seconds(FIRST, at - 1), input.receivedAtUs);
    writeStatus(report, f.word(at), ignition, conditions(input));
    readTail(report, f, at + 1, type.tail);
    return true;
  }
  readBlock(report, f, latitude, type.digitValid);
  const date = dateOf(f, latitude);
  setTime(report, f.seconds(latitude - 2, date), input.receivedAtUs);
  const joined = f.joinedWord(date);
  const status = joined >= 0 ? joined : f.word(date + 1);
  if (status < 0) return true;
  writeStatus(report, status, ignition, conditions(input));
  readTail(report, f, joined >= 0 ? date + 1 : date + 2, type.tail);
  return true;
}

function readBlock(report: Report, f: TextFields, i: number, digitValid: boolean): void {
  const mark = f.single(i - 1);
  const valid = mark === 0x41 || mark === 0x42 || (digitValid && mark >= 0x30 && mark <= 0x39);
  report.position_valid = valid;
  const latitude = microdegrees(f, i);
  const longitude = microdegrees(f, i + 2);
  // Without a fix, 0/0 is the device's way of having no position.
  if (!valid && latitude === 0 && longitude === 0) return;
  if (!setPlace(report, latitude, f.single(i + 1) === 0x53, longitude, f.single(i + 3) === 0x57)) return;
  const speed = f.size(i + 4);
  if (speed >= 0) setSpeed(report, speed === 0 ? 0 : f.decimal(i + 4));
  const course = f.size(i + 5);
  if (course >= 0) setCourse(report, course === 0 ? 0 : f.decimal(i + 5));
}

function readTail(report: Report, f: TextFields, at: number, tail: Tail): void {
  // A comma before `#` makes an empty field that is none.
  let end = f.count;
  while (end > at && f.size(end - 1) === 0) end--;
  if (tail === 'wifi') {
    readWifiTail(report, f, at, end);
    return;
  }
  const cells = readGroup(report, f, at);
  if (cells === 'absent' || end !== at + GROUP + 1) return;
  const only = at + GROUP;
  if (tail === 'iccid' && f.size(only) > 3) {
    setIccid(report, f, only);
    return;
  }
  if (tail === 'none' || cells === 'hex') return;
  report.battery_level = batteryLevel(f.integer(only));
}

/**
 * V8: cells, [bssid, level] × 0–3, satellites, CSQ, volts × 0.1, battery %. Read from the right; what is left between them and the
 * cells are the access points.
 */
function readWifiTail(report: Report, f: TextFields, at: number, end: number): void {
  const four = end - GROUP;
  // Without room for both, four fields that open with a country are the cells, any other four the tail.
  const cellsOnly = four < at + GROUP && readGroup(report, f, at) !== 'absent' && report.gsm_mcc !== null;
  if (cellsOnly || four < at) return;
  if (four >= at + GROUP) readGroup(report, f, at);
  const satellites = f.integer(four);
  const csq = f.integer(four + 1);
  const decivolts = f.integer(four + 2);
  const level = f.integer(four + 3);
  if (satellites >= 0) report.position_satellites = satellites;
  if (csq >= 0) setCsq(report, csq);
  if (decivolts >= 0) report.external_powersource_voltage = decivolts / 10;
  if (level >= 0 && level <= 100) report.battery_level = level;
  const wifi: { mac: string; rssi: number | null }[] = [];
  for (let i = at + GROUP; i + 2 <= four; i += 2) {
    if (f.size(i) !== 12) continue;
    const rssi = f.hex(i + 1);
    wifi.push({ mac: f.text(i).toLowerCase(), rssi: rssi >= 0 ? rssi - 110 : null });
  }
  if (wifi.length > 0) report.wifi = wifi;
}
