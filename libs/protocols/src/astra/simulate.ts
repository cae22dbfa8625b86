/**
 * What a device sends, made from plain values: the inverse of decoding, built on the same rows. No socket, clock or chance: the
 * caller brings times and values. Used by the simulator and by tests.
 */
import { crc16Modbus } from '../wire/crc.js';
import { latin1Bytes, Writer } from '../wire/writer.js';
import type { Values } from './fields.js';
import { CRC_BYTES, X_VARIANTS } from './layout.js';
import { LEGACY } from './legacy.js';
import { reasonBits } from './reasons.js';
import { GNSS_EPOCH_S } from './time.js';

export interface AstraLogin {
  readonly model: string;
  /** 15 digits. */
  readonly ident: string;
  readonly vin?: string;
  readonly firmware: string;
  /** Protocol letter of the packets that follow. */
  readonly letter: string;
  readonly hardware: string;
  /** Hex; older firmware has none. */
  readonly checksum?: string;
}

/** The login line of session mode 6. */
export function encodeLogin(login: AstraLogin): Uint8Array {
  const fields = ['$ASTRA', login.model, login.ident, login.vin ?? '', login.firmware, login.letter, login.hardware];
  if (login.checksum !== undefined) fields.push(login.checksum);
  return latin1Bytes(`${fields.join(';')}\r\n`);
}

export interface AstraReport {
  /** 0 to 255. */
  readonly sequence: number;
  /** Seconds since 1970. */
  readonly time: number;
  /** Reason bits, or their labels. */
  readonly reasons: number | readonly string[];
  /** Status bits; see STATUS_* of reasons.ts. */
  readonly status: number;
  /** X: which modules to send. */
  readonly modules?: readonly number[];
  /** By parameter name, in the units of decoding; `module.raw.<N>` gives a whole module in hex. What is missing is zero. */
  readonly values: Values;
}

const header = (letter: string): Writer => new Writer().u8(letter.charCodeAt(0)).u16(0);

function writeIdent(ident: string, out: Writer): void {
  const digits = ident.padStart(15, '0');
  out.u32(Number(digits.slice(0, 8))).u24(Number(digits.slice(8, 15)));
}

/** Length and checksum, the latter high byte first. */
function seal(out: Writer): Uint8Array {
  out.setU16(1, out.length + CRC_BYTES);
  return out.u16(crc16Modbus(out.view(), 0, out.length)).done();
}

const bitsOf = (reasons: AstraReport['reasons']): number =>
  typeof reasons === 'number' ? reasons : reasonBits(reasons);

/** A packet of X: with `ident` as session modes 4 and 5 send it, without as mode 6 does after a login. At most 255 reports. */
export function encodeXPacket(packet: {
  readonly ident?: string;
  readonly reports: readonly AstraReport[];
}): Uint8Array {
  const out = header('X').u8(packet.reports.length);
  if (packet.ident !== undefined) writeIdent(packet.ident, out);
  for (const report of packet.reports) {
    const modules = [...new Set(report.modules ?? [])].sort((a, b) => a - b);
    const mask = new Uint8Array(6);
    for (const number of modules) {
      const at = 5 - ((number - 1) >>> 3);
      mask[at] = mask[at]! | (1 << ((number - 1) & 7));
    }
    out.u8(report.sequence).bytes(mask);
    out
      .u32(report.time - GNSS_EPOCH_S)
      .u32(bitsOf(report.reasons))
      .u16(report.status);
    for (const number of modules) X_VARIANTS[0]!.modules[number]!.write(report.values, out);
  }
  return seal(out);
}

/** A packet of letter K, M, V or C. Status bit 8 (not C) adds the extra block. Null: another letter. */
export function encodeLegacyPacket(packet: {
  readonly letter: string;
  readonly ident: string;
  readonly reports: readonly AstraReport[];
}): Uint8Array | null {
  const layout = LEGACY.get(packet.letter.charCodeAt(0));
  if (layout === undefined) return null;
  const out = header(packet.letter);
  writeIdent(packet.ident, out);
  for (const report of packet.reports) {
    const extra = layout.extraBytes > 0 && (report.status & 0x0100) !== 0;
    const stop = extra && layout.stopBytes > 0 && (bitsOf(report.reasons) & 0x80) !== 0;
    const body = new Uint8Array(layout.bytes + (extra ? layout.extraBytes : 0) + (stop ? layout.stopBytes : 0));
    body[0] = report.sequence;
    putUnsigned(body, layout.timeAt, 4, report.time - GNSS_EPOCH_S);
    putUnsigned(body, layout.reasonsAt, layout.reasonsBytes, bitsOf(report.reasons));
    putUnsigned(body, layout.statusAt, layout.statusBytes, report.status);
    const head = layout.fixAt === layout.timeAt ? layout.head.filter((f) => f.at !== layout.fixAt) : layout.head;
    const groups = [head, layout.fields, extra ? layout.extra : [], stop ? layout.stop : []];
    for (const field of groups.flat()) field.write(body, 0, report.values[field.name] ?? null);
    out.bytes(body);
  }
  return seal(out);
}

function putUnsigned(out: Uint8Array, at: number, bytes: number, value: number): void {
  for (let i = bytes - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 256)) out[at + i] = rest & 0xff;
}
