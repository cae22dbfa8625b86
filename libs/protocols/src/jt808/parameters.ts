/** Terminal parameters (0x8103, 0x0104): id u32, length u8, value. The width follows from the id. */
import { gbkBytes, gbkText } from '../wire/gbk.js';
import { hex, fromHex, u16, u32 } from '../wire/reader.js';

export type ParameterKind = 'u32' | 'u16' | 'u8' | 'text';

/** Parameters that are not u32. */
const KINDS = new Map<number, ParameterKind>([
  ...[
    0x0010, 0x0011, 0x0012, 0x0013, 0x0014, 0x0015, 0x0016, 0x0017, 0x001a, 0x001d, 0x0023, 0x0024, 0x0025, 0x0026,
  ].map((id) => [id, 'text'] as const),
  ...[0x0040, 0x0041, 0x0042, 0x0043, 0x0044, 0x0048, 0x0049, 0x0083].map((id) => [id, 'text'] as const),
  [0x0031, 'u16'],
  [0x0081, 'u16'],
  [0x0082, 'u16'],
  [0x0084, 'u8'],
]);
export const kindOf = (id: number): ParameterKind => KINDS.get(id) ?? 'u32';
const isVendors = (id: number): boolean => id >= 0xf000 && id <= 0xffff;

export const parameterName = (id: number): string => `0x${id.toString(16).padStart(4, '0')}`;

/** A value as the device sent it: text, a number by its length, or hex. */
export function readParameter(b: Uint8Array, id: number, at: number, length: number): string | number {
  if (kindOf(id) === 'text') return gbkText(b, at, at + length).replace(/\0+$/, '');
  if (length === 4) return u32(b, at);
  if (length === 2) return u16(b, at);
  if (length === 1) return b[at]!;
  return hex(b, at, at + length);
}

/** Bytes of a value to set, or what would do instead. Vendor ids (F000–FFFF) take a number as u32, and hex for anything else. */
export function wordParameter(id: number, value: unknown): Uint8Array | string {
  const kind = kindOf(id);
  if (typeof value === 'string') {
    if (isVendors(id)) return fromHex(value) ?? 'use a number (u32) or the bytes as hex';
    const bytes = kind === 'text' ? gbkBytes(value) : null;
    if (kind !== 'text') return `use a whole number (${kind})`;
    return bytes !== null && bytes.length <= 255 ? bytes : 'use a text of at most 255 bytes that GBK can hold';
  }
  if (kind === 'text') return 'use a text';
  const width = kind === 'u32' ? 4 : kind === 'u16' ? 2 : 1;
  const max = 2 ** (8 * width) - 1;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max)
    return `use a whole number from 0 to ${max}`;
  const bytes = new Uint8Array(width);
  for (let i = width - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256;
  return bytes;
}
