/** The message types of text frames, and how each is answered. Source: chapters 3.6 and 3.9 of the vendor-neutral H02 description. */
import type { TextFields } from './fields.js';

/** How the server answers: `time` R12 (classic servers: only where `classic`), `echo` the frame cut behind its type. */
export type Ack = 'time' | 'echo' | 'none';

export type Kind =
  | 'position' // V1, V2, V5, V6, V8, VI1: block, status, cells, tail
  | 'confirmation' // V4
  | 'host' // V19: block without status, host, ICCID, status
  | 'cells-or-position' // V3: a cell list, or an address request
  | 'neighbours' // NBR
  | 'watch' // LINK
  | 'short-position' // VP1
  | 'heartbeat' // HTBT, V0
  | 'text' // SMS
  | 'silent'; // XT, BS, BASE, I1, empty, and every unknown one

/** What stands behind the cell group. */
export type Tail = 'none' | 'battery' | 'iccid' | 'wifi';

export interface MessageType {
  readonly name: string;
  readonly kind: Kind;
  readonly tail: Tail;
  readonly ack: Ack;
  /** Whether servers of the older habit (`v4`) acknowledge it too. */
  readonly classic: boolean;
  /** In V2 and VI1 a text-coding digit stands in the place of the validity letter. */
  readonly digitValid: boolean;
}

const row = (
  name: string,
  kind: Kind,
  tail: Tail = 'none',
  ack: Ack = 'none',
  classic = false,
  digitValid = false,
): MessageType => ({ name, kind, tail, ack, classic, digitValid });

export const TYPES: readonly MessageType[] = [
  row('V1', 'position', 'battery', 'time', true),
  row('V2', 'position', 'none', 'none', false, true),
  row('V3', 'cells-or-position', 'none', 'none', false, true),
  row('V4', 'confirmation', 'battery'),
  row('V5', 'position', 'battery', 'time'),
  row('V6', 'position', 'iccid', 'time'),
  row('V8', 'position', 'wifi', 'time'),
  row('V19', 'host'),
  row('VI1', 'position', 'none', 'none', false, true),
  row('NBR', 'neighbours', 'none', 'time', true),
  row('LINK', 'watch'),
  row('VP1', 'short-position'),
  row('HTBT', 'heartbeat', 'none', 'echo', true),
  row('V0', 'heartbeat', 'none', 'echo', true),
  row('SMS', 'text'),
  row('XT', 'silent'),
  row('BS', 'silent'),
  row('BASE', 'silent'),
  row('I1', 'silent'),
  row('', 'silent'),
];

/** Up to four characters as one number: a look-up without a string. */
const packed = (text: string): number => {
  let value = 0;
  for (let i = 0; i < text.length; i++) value = (value << 8) | text.charCodeAt(i);
  return value;
};
const BY_NAME = new Map<number, MessageType>(TYPES.map((type) => [packed(type.name), type]));
export const CONFIRMATION = BY_NAME.get(packed('V4'))!;

/** The type of a scanned frame. `V4V1` is a V4 whose comma is missing. Unknown types come back under their own name. */
export function typeOf(f: TextFields): MessageType {
  const from = f.from(2);
  const size = f.size(2);
  if (size <= 4) {
    let key = 0;
    for (let i = 0; i < size; i++) key = (key << 8) | f.bytes[from + i]!;
    const known = BY_NAME.get(key);
    if (known !== undefined) return known;
  }
  if (size > 2 && f.bytes[from] === 0x56 && f.bytes[from + 1] === 0x34) return CONFIRMATION;
  return row(f.text(2), 'silent');
}

/** Vendor and identifier are well formed: two characters, digits only. Otherwise the path of the field at fault. */
export function syntaxFault(f: TextFields): 'vendor' | 'ident' | 'type' | null {
  if (f.count < 3) return f.count < 2 || f.size(0) !== 2 ? 'vendor' : 'type';
  if (f.size(0) !== 2 || !printable(f.bytes[f.from(0)]!) || !printable(f.bytes[f.from(0) + 1]!)) return 'vendor';
  if (!f.isDigits(1, f.size(1))) return 'ident';
  return null;
}
const printable = (c: number): boolean => c > 0x20 && c < 0x7f;
