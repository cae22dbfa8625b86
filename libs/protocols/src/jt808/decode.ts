/** Decodes JT808 messages, and joins the parts of split ones. */
import type { Report } from '../catalogue/report.generated.js';
import { numberSetter, stringSetter } from '../catalogue/set.js';
import type { CommandResponse, Decoded, DecodeInput, Part } from '../protocol.js';
import { hex, u16, u32 } from '../wire/reader.js';
import { LOCATION_BYTES, readLocation } from './location.js';
import { Message, idText, wordMessage } from './message.js';
import { parameterName, readParameter } from './parameters.js';
import { editionOf, readAttributes, readAuthentication, readDriver, readRegistration } from './registration.js';
import { decoded, identifyMessage, refused, startReport } from './report.js';

const message = new Message();
const setPayloadType = numberSetter('transparent.type');
const setPayload = stringSetter('transparent.data');
const setPayloadText = stringSetter('transparent.text');
const setUpgrade = [numberSetter('upgrade.type'), numberSetter('upgrade.result')] as const;
/** Reports of one batch; a body holds no more of them. */
const BACKFILL = 1;

export function decode(input: DecodeInput): Decoded {
  const m = message;
  const length = input.frame.length;
  const problem = m.read(input.frame);
  if (problem !== null) return refused(problem, length);
  if (m.isEncrypted) return refused('encrypted', length);
  if (m.isSplit && !m.isJoined && m.total !== 1)
    return m.isPart ? decoded([]) : refused('bad_length', length, 'packet');
  const body = m.bodyTo - m.bodyFrom;
  switch (m.id) {
    case 0x0200:
      if (body < LOCATION_BYTES) return refused('body_short', length);
      return decoded([readLocation(input, m.id, m.bytes, m.bodyFrom, m.bodyTo)]);
    case 0x0704:
      return batch(m, input, length);
    case 0x0201:
    case 0x0500: {
      if (body < LOCATION_BYTES + 2) return refused('body_short', length);
      const report = readLocation(input, m.id, m.bytes, m.bodyFrom + 2, m.bodyTo);
      const command = m.id === 0x0201 ? '0x8201' : '0x8500';
      return decoded([report], [{ command, outcome: 'ok', tag: String(u16(m.bytes, m.bodyFrom)) }]);
    }
    case 0x0001:
      return body < 5 ? refused('body_short', length) : decoded([presence(m, input)], [generalAnswer(m)]);
    case 0x0104:
      return body < 3 ? refused('body_short', length) : decoded([presence(m, input)], [parameters(m)]);
    default:
      return other(m, input, length);
  }
}

function other(m: Message, input: DecodeInput, length: number): Decoded {
  const report = startReport(input, m.id);
  switch (m.id) {
    case 0x0100: {
      const edition = editionOf(m);
      if (edition === null) return refused('body_short', length);
      readRegistration(report, m, edition);
      break;
    }
    case 0x0107:
      if (!readAttributes(report, m)) return refused('layout_mismatch', length, 'body');
      identifyMessage(report, m);
      return decoded([report], [{ command: '0x8107', outcome: 'value' }]);
    case 0x0900:
      if (m.bodyFrom >= m.bodyTo) return refused('body_short', length);
      readTransparent(report, m);
      break;
    case 0x0102:
      report.kind = 'presence';
      readAuthentication(report, m);
      break;
    case 0x0702:
      report.kind = 'presence';
      readDriver(report, m, input);
      break;
    case 0x0108:
      report.kind = 'presence';
      if (m.bodyTo - m.bodyFrom >= 2) setUpgrade.forEach((set, i) => set(report, m.bytes[m.bodyFrom + i]!));
      break;
    default:
      // Heartbeats, log-outs, and every message without a known layout: the device is there.
      report.kind = 'presence';
  }
  return decoded([identifyMessage(report, m)]);
}

function presence(m: Message, input: DecodeInput): Report {
  const report = startReport(input, m.id);
  report.kind = 'presence';
  return identifyMessage(report, m);
}

/**
 * 0x0704: count u16, type u8, then items with a length u16 in front. The items found count, not the count; an item that is cut ends
 * the reading, and one shorter than a location is skipped.
 */
function batch(m: Message, input: DecodeInput, length: number): Decoded {
  const b = m.bytes;
  if (m.bodyTo - m.bodyFrom < 3) return refused('body_short', length);
  const backfill = b[m.bodyFrom + 2] === BACKFILL;
  const reports: Report[] = [];
  for (let at = m.bodyFrom + 3; at + 2 <= m.bodyTo;) {
    const end = at + 2 + u16(b, at);
    if (end > m.bodyTo) break;
    if (end - at - 2 >= LOCATION_BYTES) {
      const report = readLocation(input, m.id, b, at + 2, end);
      if (backfill) report.message_buffered_status = true;
      reports.push(report);
    }
    at = end;
  }
  const none = reports.length === 0 && u16(b, m.bodyFrom) > 0;
  return none ? refused('body_short', length, 'item[0]') : decoded(reports);
}

/** Commands that have an answer of their own (0x0104, 0x0107, 0x0201, 0x0500): to them a general answer says only that they were taken. */
const ANSWERED_APART: ReadonlySet<number> = new Set([0x8104, 0x8106, 0x8107, 0x8201, 0x8500]);

/** 0x0001: serial and id of what is answered, result (0 ok, 1 failed, 2 bad message, 3 unsupported). */
function generalAnswer(m: Message): CommandResponse {
  const id = u16(m.bytes, m.bodyFrom + 2);
  const result = m.bytes[m.bodyFrom + 4]!;
  const taken = ANSWERED_APART.has(id) ? 'accepted' : 'ok';
  return {
    command: idText(id),
    outcome: result === 0 ? taken : 'error',
    code: result,
    tag: String(u16(m.bytes, m.bodyFrom)),
  };
}

/** 0x0104: reply serial u16, count u8, parameters. A parameter that is cut ends the reading. */
function parameters(m: Message): CommandResponse {
  const b = m.bytes;
  const values: { id: string; value: string | number }[] = [];
  for (let at = m.bodyFrom + 3; at + 5 <= m.bodyTo;) {
    const id = u32(b, at);
    const end = at + 5 + b[at + 4]!;
    if (end > m.bodyTo) break;
    values.push({ id: parameterName(id), value: readParameter(b, id, at + 5, b[at + 4]!) });
    at = end;
  }
  return { command: '0x8104', outcome: 'value', values, tag: String(u16(b, m.bodyFrom)) };
}

/** 0x0900: type u8 and data, which means something only to its vendor: hex, and as text where it is printable ASCII. */
function readTransparent(report: Report, m: Message): void {
  const from = m.bodyFrom + 1;
  setPayloadType(report, m.bytes[m.bodyFrom]!);
  setPayload(report, hex(m.bytes, from, m.bodyTo));
  let text = '';
  for (let at = from; at < m.bodyTo; at++) {
    const c = m.bytes[at]!;
    if ((c < 0x20 || c > 0x7e) && c !== 0x0d && c !== 0x0a) return;
    text += String.fromCharCode(c);
  }
  if (text !== '') setPayloadText(report, text);
}

/** The first serial of a set names it, with the device and the message's id. */
export function part(frame: Uint8Array): Part | null {
  const m = message;
  if (m.read(frame) !== null || m.isEncrypted || !m.isPart) return null;
  return { set: `${idText(m.id)} ${m.firstSerial}`, index: m.number - 1, count: m.total };
}

/**
 * One message out of its packets. Packet number 0, which no device may send (the edge refuses it), marks it: its body runs to the
 * end, because the length field is too narrow.
 */
export function join(parts: readonly Uint8Array[]): Uint8Array {
  const m = message;
  const bodies: Uint8Array[] = [];
  for (const frame of parts) if (m.read(frame) === null) bodies.push(m.bytes.slice(m.bodyFrom, m.bodyTo));
  const body = new Uint8Array(bodies.reduce((bytes, b) => bytes + b.length, 0));
  let at = 0;
  for (const b of bodies) {
    body.set(b, at);
    at += b.length;
  }
  const first = parts[0];
  if (first === undefined || m.read(first) !== null) return new Uint8Array(0);
  return wordMessage(m.id, { phone: m.phone, version: m.version }, m.firstSerial, body, { total: m.total, number: 0 });
}
