/** The decoder half: one packet or text line in, reports and answers out. Pure; the only clock is the time of receipt. */
import { Report } from '../catalogue/report.generated.js';
import { addQuality } from '../catalogue/set.js';
import type { Decoded, DecodeInput, Rejection, RejectReason } from '../protocol.js';
import { crc16Modbus } from '../wire/crc.js';
import { u16, u32 } from '../wire/reader.js';
import { IdentityKey } from '../wire/identity.js';
import { choose, type Login } from './choose.js';
import {
  CRC_BYTES,
  hasModuleY,
  moduleEndX,
  moduleEndY,
  sizeWidthY,
  Y_HEADER_BYTES,
  Y_MODULES,
  X_HEADER_BYTES,
  type Variant,
} from './layout.js';
import { LEGACY, readLegacy, reasonsOf, reportEndLegacy, statusOf, type LegacyLayout } from './legacy.js';
import type { Scratch } from './module.js';
import { Y_TABLE } from './modules-y.js';
import { readReasonsLegacy, readReasonsX, readStatusLegacy, readStatusX } from './reasons.js';
import { decodeText, isText } from './responses.js';
import { GNSS_EPOCH_S, isPlausible } from './time.js';

const NOTHING: readonly never[] = [];
const key = new IdentityKey();
const scratch: Scratch = { reasons: 0, positioned: false, fixRaw: 0, latitudeRaw: 0, longitudeRaw: 0 };

/** Names of the RawFrame context. */
export const CONTEXT_IDENT = 'login_ident';
export const CONTEXT_LETTER = 'login_letter';

export function loginOf(input: DecodeInput): Login {
  return { ident: input.context[CONTEXT_IDENT] ?? null, letter: input.context[CONTEXT_LETTER] ?? null };
}

export function decode(input: DecodeInput): Decoded {
  const b = input.frame;
  if (isText(b)) return decodeText(input);
  const wrong = checkPacket(b);
  if (wrong !== null) return refused(wrong, 0, b.length);
  const login = loginOf(input);
  const choice = choose(b, login, input.receivedAtUs / 1000);
  switch (choice.kind) {
    case 'unknown_type':
      return refused('unknown_type', 0, 1, 'letter');
    case 'no_ident':
      return refused('no_ident', 0, b.length);
    case 'layout_mismatch':
      return refused('layout_mismatch', choice.at, b.length - CRC_BYTES, choice.path);
    case 'reports': {
      const reports: Report[] = [];
      const legacy = LEGACY.get(b[0]!);
      if (legacy !== undefined) legacyReports(input, choice.from, legacy, reports);
      else if (choice.variant === null) reportsY(input, choice.from, reports);
      else reportsX(input, choice.from, choice.variant, reports);
      if (choice.ident !== null && login.ident !== null && choice.ident !== login.ident)
        for (const report of reports) addQuality(report, 'ident_differs_from_login');
      return { reports, responses: NOTHING, rejected: NOTHING, learnt: NOTHING };
    }
  }
}

/** The frame again as the edge saw it: letter, length and checksum. */
export function checkPacket(b: Uint8Array): RejectReason | null {
  if (b.length < 3 + CRC_BYTES || u16(b, 1) !== b.length) return 'bad_length';
  const at = b.length - CRC_BYTES;
  return crc16Modbus(b, 0, at) === u16(b, at) ? null : 'bad_checksum';
}

export function refused(reason: RejectReason, start: number, end: number, path?: string): Decoded {
  const rejection: Rejection = path === undefined ? { reason, start, end } : { reason, start, end, path };
  return { reports: NOTHING, responses: NOTHING, rejected: [rejection], learnt: NOTHING };
}

function open(input: DecodeInput): Report {
  const report = new Report();
  report.ident = input.ident;
  report.protocol = 'astra';
  report.received_at = input.receivedAtUs;
  scratch.positioned = false;
  scratch.fixRaw = 0;
  scratch.latitudeRaw = 0;
  scratch.longitudeRaw = 0;
  return report;
}

/** Sets time and identity once everything else is read. */
function close(report: Report, timeRaw: number, sequence: number, reasonsHigh: number): void {
  const time = timeRaw + GNSS_EPOCH_S;
  const nowS = report.received_at / 1e6;
  report.device_time = time * 1e6;
  if (isPlausible(time, nowS)) report.timestamp = time * 1e6;
  else {
    const fix = scratch.fixRaw + GNSS_EPOCH_S;
    report.timestamp = isPlausible(fix, nowS) ? fix * 1e6 : report.received_at;
    addQuality(report, 'clock_suspect');
  }
  // What the device recorded: a stored report that comes again, in another packet and with the stored bit set, is the same one.
  key
    .start('astra', report.ident)
    .u32(timeRaw)
    .u8(sequence)
    .u8(scratch.positioned ? 1 : 0)
    .u32(scratch.latitudeRaw)
    .u32(scratch.longitudeRaw)
    .u32(reasonsHigh)
    .u32(scratch.reasons)
    .into(report);
}

const DIGITS = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));
function maskText(b: Uint8Array, at: number, bytes: number): string {
  let text = '0x';
  for (let i = 0; i < bytes; i++) text += DIGITS[b[at + i]!]!;
  return text;
}

let lastMask = -1;
let lastMaskText = '';
/** A device has few masks and sends the same one again and again. */
function maskTextX(b: Uint8Array, at: number): string {
  const mask = u16(b, at) * 2 ** 32 + u32(b, at + 2);
  if (mask !== lastMask) {
    lastMask = mask;
    lastMaskText = maskText(b, at, 6);
  }
  return lastMaskText;
}

function reportsX(input: DecodeInput, from: number, variant: Variant, reports: Report[]): void {
  const b = input.frame;
  const end = b.length - CRC_BYTES;
  let at = from;
  while (at >= 0 && at < end) at = reportX(input, at, end, variant, reports);
}

/** Reads the report at `at`, whose modules are known to lie inside; gives its end. */
function reportX(input: DecodeInput, at: number, end: number, variant: Variant, reports: Report[]): number {
  const b = input.frame;
  const report = open(input);
  readStatusX(report, u16(b, at + 15));
  report.strings = { 'report.module.bitmask': maskTextX(b, at + 1) };
  report.record_seqnum = b[at]!;
  scratch.reasons = u32(b, at + 11);
  readReasonsX(report, 0, scratch.reasons);
  let next = at + X_HEADER_BYTES;
  // The 48-bit mask in two halves: shifts have 32 bits.
  next = modulesX(b, next, end, u32(b, at + 3), 1, variant, report);
  if (next >= 0) next = modulesX(b, next, end, u16(b, at + 1), 33, variant, report);
  close(report, u32(b, at + 7), b[at]!, 0);
  reports.push(report);
  return next;
}

/** Modules of one half of the mask, whose lowest bit is module `first`, in ascending order. */
function modulesX(
  b: Uint8Array,
  from: number,
  end: number,
  half: number,
  first: number,
  variant: Variant,
  report: Report,
): number {
  let at = from;
  for (let rest = half; rest !== 0; rest &= rest - 1) {
    const number = first + 31 - Math.clz32(rest & -rest);
    const module = variant.modules[number]!;
    const next = module.size > 0 ? at + module.size : moduleEndX(b, at, end, number, variant);
    if (next < 0) return -1;
    module.read(b, at, next, report, scratch);
    at = next;
  }
  return at;
}

function reportsY(input: DecodeInput, from: number, reports: Report[]): void {
  const b = input.frame;
  const end = b.length - CRC_BYTES;
  let at = from;
  while (at >= 0 && at < end) {
    const report = open(input);
    const sequence = b[at]!;
    const timeRaw = u32(b, at + 11);
    const reasonsHigh = u32(b, at + 15);
    readStatusX(report, u32(b, at + 23));
    report.strings = { 'report.module.bitmask': maskText(b, at + 1, 10) };
    report.record_seqnum = sequence;
    scratch.reasons = u32(b, at + 19);
    readReasonsX(report, reasonsHigh, scratch.reasons);
    at = modulesY(b, at, end, report);
    close(report, timeRaw, sequence, reasonsHigh);
    reports.push(report);
  }
}

function modulesY(b: Uint8Array, start: number, end: number, report: Report): number {
  let at = start + Y_HEADER_BYTES;
  for (let number = 1; number <= Y_MODULES; number++) {
    if (!hasModuleY(b, start, number)) continue;
    const next = moduleEndY(b, at, end, number);
    if (next < 0) return -1;
    Y_TABLE[number]!.read(b, at + sizeWidthY(number), next, report, scratch);
    at = next;
  }
  return at;
}

function legacyReports(input: DecodeInput, from: number, layout: LegacyLayout, reports: Report[]): void {
  const b = input.frame;
  const end = b.length - CRC_BYTES;
  for (let at = from; at < end;) {
    const next = reportEndLegacy(b, at, end, layout);
    if (next < 0) return;
    const report = open(input);
    readStatusLegacy(report, statusOf(b, at, layout));
    report.record_seqnum = b[at]!;
    scratch.reasons = reasonsOf(b, at, layout);
    readReasonsLegacy(report, 0, scratch.reasons);
    readLegacy(b, at, layout, report, scratch);
    close(report, u32(b, at + layout.timeAt), b[at]!, 0);
    reports.push(report);
    at = next;
  }
}
