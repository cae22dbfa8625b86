/**
 * Module 46: CAN frames as seen on the bus.
 *
 *   since November 2024   u16 size of the whole module, 4 reserved, n × (u32 identifier, 8 data bytes, u8 age in s)
 *   before                u16 size of the whole module,             n × (u32 identifier, 8 data bytes)
 *
 * The size tells which; where both fit the newer one wins. Neither: the bytes are kept as hex.
 */
import type { Report, TroubleCode } from '../catalogue/report.generated.js';
import type { ByteField } from '../protocol.js';
import { hex, u16 } from '../wire/reader.js';
import { setNumber, setText, type ReadModule } from './module.js';

const NEW_HEADER_BYTES = 6;
const NEW_ENTRY_BYTES = 13;
const OLD_HEADER_BYTES = 2;
const OLD_ENTRY_BYTES = 12;

interface Entries {
  readonly from: number;
  readonly bytes: number;
  readonly count: number;
}

function entriesOf(at: number, end: number): Entries | null {
  const size = end - at;
  return (
    whole(at + NEW_HEADER_BYTES, size - NEW_HEADER_BYTES, NEW_ENTRY_BYTES) ??
    whole(at + OLD_HEADER_BYTES, size - OLD_HEADER_BYTES, OLD_ENTRY_BYTES)
  );
}

function whole(from: number, bytes: number, each: number): Entries | null {
  return bytes > 0 && bytes % each === 0 ? { from, bytes: each, count: bytes / each } : null;
}

/** X: `at` is at the size. */
export const readCan: ReadModule = (b, at, end, report) => {
  const entries = entriesOf(at, end);
  if (entries !== null) readEntries(b, entries, report);
  else if (end > at + OLD_HEADER_BYTES) setText(report, 'can.data.raw', hex(b, at + OLD_HEADER_BYTES, end));
};

/** Y: 4 reserved, then entries of 13 bytes, as many as are whole. `at` is behind the size. */
export const readCanY: ReadModule = (b, at, end, report) => {
  const from = at + 4;
  readEntries(
    b,
    { from, bytes: NEW_ENTRY_BYTES, count: Math.max(0, Math.floor((end - from) / NEW_ENTRY_BYTES)) },
    report,
  );
};

function readEntries(b: Uint8Array, entries: Entries, report: Report): void {
  for (let i = 0, at = entries.from; i < entries.count; i++, at += entries.bytes) {
    const id = hex(b, at, at + 4);
    setText(report, `can.data.frame.${id}`, hex(b, at + 4, at + 12));
    if (entries.bytes === NEW_ENTRY_BYTES) setNumber(report, `can.data.age.${id}`, b[at + 12]!);
  }
}

export function explainCan(b: Uint8Array, at: number, end: number): readonly ByteField[] {
  const map: ByteField[] = [{ offset: at, length: 2, field: 'can.data.bytes', raw: u16(b, at), unit: 'bytes' }];
  const entries = entriesOf(at, end);
  if (entries === null) {
    if (end > at + 2)
      map.push({ offset: at + 2, length: end - at - 2, field: 'can.data.raw', raw: hex(b, at + 2, end) });
    return map;
  }
  if (entries.from > at + 2) map.push({ offset: at + 2, length: 4, field: 'reserved', raw: hex(b, at + 2, at + 6) });
  for (let i = 0, from = entries.from; i < entries.count; i++, from += entries.bytes)
    explainEntry(b, from, entries, map);
  return map;
}

function explainEntry(b: Uint8Array, at: number, entries: Entries, map: ByteField[]): void {
  const id = hex(b, at, at + 4);
  map.push({ offset: at, length: 4, field: 'can identifier', raw: id });
  map.push({ offset: at + 4, length: 8, field: `can.data.frame.${id}`, raw: hex(b, at + 4, at + 12) });
  if (entries.bytes === NEW_ENTRY_BYTES)
    map.push({ offset: at + 12, length: 1, field: `can.data.age.${id}`, raw: b[at + 12]!, unit: 's' });
}

/** Module 21 of Y: J1939 trouble codes, groups of four bytes until one of zeros or the end. */
export const readJ1939: ReadModule = (b, at, end, report) => {
  const codes: TroubleCode[] = [];
  for (let i = at; i + 4 <= end; i += 4) {
    const [b0, b1, b2, b3] = [b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!];
    if ((b0 | b1 | b2 | b3) === 0) break;
    const spn = b0 + 256 * b1 + 65536 * (b2 >>> 5);
    codes.push({ standard: 'J1939', code: null, spn, fmi: b2 & 0x1f, cm: b3 >>> 7, oc: b3 & 0x7f });
  }
  report.can_dtc = [...(report.can_dtc ?? []), ...codes];
};
