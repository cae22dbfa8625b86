/** For the tests of this folder: bytes through a connection and the decoder, as the services do it. */
import { reportToFlat, type FlatReport } from '../catalogue/flat.js';
import { fromHex, toHex } from '../hex.js';
import { Link } from '../link.js';
import type { CommandResponse, Known, Rejection, Transport } from '../protocol.js';
import { crc16Modbus } from '../wire/crc.js';
import { latin1Bytes } from '../wire/writer.js';
import { astra } from './index.js';

/** 2027-01-01T00:00:00Z. */
export const NOW_S = 1_798_761_600;
/** A made-up IMEI with a good check digit. */
export const IMEI = '350000000000006';
const GNSS_EPOCH_S = 315_964_800;

export interface Heard {
  readonly ident: string | null;
  readonly frames: readonly string[];
  readonly messages: readonly FlatReport[];
  readonly presences: readonly FlatReport[];
  readonly responses: readonly CommandResponse[];
  readonly replies: string;
  readonly rejected: readonly Rejection[];
  readonly closed: boolean;
}

/** Chunks as hex, bytes or text; after the last one the connection ends, unless `open`. */
export function hear(
  chunks: readonly (string | Uint8Array)[],
  options: { known?: Known; transport?: Transport; nowS?: number; open?: boolean } = {},
): Heard {
  const transport = options.transport ?? 'tcp';
  const nowMs = (options.nowS ?? NOW_S) * 1000;
  const link = new Link({
    families: [{ id: 'astra', protocols: [astra] }],
    transport,
    ...(options.known && { known: options.known }),
  });
  const heard = {
    ident: null as string | null,
    frames: [] as string[],
    messages: [] as FlatReport[],
    presences: [] as FlatReport[],
    responses: [] as CommandResponse[],
    replies: '',
    rejected: [] as Rejection[],
    closed: false,
  };
  const env = { nowMs, transport, settingsOf: () => ({}) };
  const drain = (): void => {
    for (let item = link.next(env); item !== null; item = link.next(env)) {
      if (item.kind === 'refused') {
        heard.rejected.push({ reason: item.reason, start: 0, end: item.bytes.length });
        continue;
      }
      const { accepted, bytes } = item;
      heard.frames.push(toHex(bytes));
      heard.replies += accepted.reply === null ? '' : toHex(accepted.reply);
      if (accepted.kind === 'reject') {
        heard.rejected.push(accepted.rejection);
        continue;
      }
      const input = { frame: bytes, ident: accepted.ident, context: accepted.context, receivedAtUs: nowMs * 1000 };
      const decoded = astra.decode({ ...input, settings: {} });
      for (const report of decoded.reports)
        (report.kind === 'report' ? heard.messages : heard.presences).push(reportToFlat(report));
      heard.responses.push(...decoded.responses);
      heard.rejected.push(...decoded.rejected);
    }
  };
  for (const chunk of chunks) {
    link.push(typeof chunk === 'string' ? bytesOf(chunk) : chunk);
    drain();
  }
  if (options.open !== true) {
    link.end();
    drain();
  }
  return { ...heard, ident: link.ident, closed: link.broken };
}

/** Hex where it is hex, text otherwise. */
export function bytesOf(text: string): Uint8Array {
  return fromHex(text) ?? latin1Bytes(text);
}

/** A packet of any letter: length and checksum are put in. Body in hex, behind the length field. */
export function packet(letter: string, bodyHex: string): Uint8Array {
  const body = fromHex(bodyHex)!;
  const bytes = new Uint8Array(body.length + 5);
  bytes[0] = letter.charCodeAt(0);
  bytes.set(body, 3);
  return sealed(bytes);
}

/** Corrects length and checksum in place. */
export function sealed(bytes: Uint8Array): Uint8Array {
  bytes[1] = bytes.length >>> 8;
  bytes[2] = bytes.length & 0xff;
  const sum = crc16Modbus(bytes, 0, bytes.length - 2);
  bytes[bytes.length - 2] = sum >>> 8;
  bytes[bytes.length - 1] = sum & 0xff;
  return bytes;
}

export function hexOf(value: number, bytes: number): string {
  return value.toString(16).padStart(2 * bytes, '0');
}

/** Header IMEI. */
export function identHex(ident: string): string {
  return hexOf(Number(ident.slice(0, 8)), 4) + hexOf(Number(ident.slice(8)), 3);
}

/** A report of X in hex: sequence, mask of the modules, time (s since 1970), reasons, status, then the modules' bytes. */
export function reportX(
  modules: Readonly<Record<number, string>>,
  head: { sequence?: number; time?: number; reasons?: number; status?: number } = {},
): string {
  const mask = Object.keys(modules).reduce((sum, number) => sum + 2 ** (Number(number) - 1), 0);
  const bytes = Object.entries(modules)
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, hex]) => hex)
    .join('');
  const time = hexOf((head.time ?? NOW_S - 60) - GNSS_EPOCH_S, 4);
  return (
    hexOf(head.sequence ?? 1, 1) +
    hexOf(mask, 6) +
    time +
    hexOf(head.reasons ?? 1, 4) +
    hexOf(head.status ?? 1, 2) +
    bytes
  );
}

/** Small seeded generator (mulberry32): a test prints its seed and repeats. */
export function seeded(seed: number): { below(n: number): number; bytes(n: number): Uint8Array } {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  return {
    below: (n) => next() % n,
    bytes: (n) => Uint8Array.from({ length: n }, () => next() & 0xff),
  };
}
