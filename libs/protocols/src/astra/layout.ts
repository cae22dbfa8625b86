/**
 * How reports lie in a packet. Modules of X carry no length, so a wrong guess shifts everything after it: a layout counts only
 * when the announced reports consume the packet exactly up to its checksum.
 *
 *   report of X, Z   u8 sequence, 6 module mask, u32 time, u32 reasons, u16 status, modules in ascending order
 *   report of Y      u8 sequence, 10 module mask, u32 time, 8 reasons, u32 status, modules, each with its size in front
 *
 * Three modules changed over time: 10 and 45 are tried in both layouts; 46 says by its size which one it is.
 */
import { u16, u32 } from '../wire/reader.js';
import { EXTRA_MODULES, OLD_CM2010, OLD_TRAILER_ID } from './modules-extra.js';
import { rawModule, type Module } from './module.js';
import { SEED_MODULES } from './modules.js';

export const X_HEADER_BYTES = 17;
export const Y_HEADER_BYTES = 27;
export const CRC_BYTES = 2;
const X_MODULES = 48;

/** One way to read the modules of X. */
export interface Variant {
  readonly name: string;
  /** By number; index 0 is unused. */
  readonly modules: readonly Module[];
  /** Bytes of modules 1 to 44 by mask byte: 256 sums for each of the six, the highest first. */
  readonly sums: Uint16Array;
  readonly oldBeacons: boolean;
}

/** Modules whose content a private variant of one customer changed; only their sizes are known. */
const Z_SIZES: readonly (readonly [number: number, size: number])[] = [
  [18, 17],
  [20, 10],
  [21, 19],
  [26, 6],
  [31, 1],
  [32, 25],
  [33, 46],
  [34, 38],
  [35, 106],
  [36, 9],
  [37, 31],
  [38, 26],
  [39, 71],
];

const CURRENT = byNumber([...SEED_MODULES, ...EXTRA_MODULES]);
const PRIVATE = byNumber([...CURRENT.slice(1), ...Z_SIZES.map(([number, size]) => rawModule(number, size))]);

/** Later modules replace earlier ones of the same number. */
function byNumber(modules: readonly Module[]): readonly Module[] {
  const table: Module[] = Array.from({ length: X_MODULES + 1 }, (_, n) => rawModule(n, 0));
  for (const module of modules) table[module.number] = module;
  return table;
}

function variant(name: string, base: readonly Module[], old: readonly Module[]): Variant {
  const modules = byNumber([...base.slice(1), ...old]);
  return { name, modules, sums: sumsOf(modules), oldBeacons: old.includes(OLD_CM2010) };
}

function sumsOf(modules: readonly Module[]): Uint16Array {
  const sums = new Uint16Array(6 * 256);
  for (let byte = 0; byte < 6; byte++) {
    const first = 8 * (5 - byte) + 1;
    for (let mask = 0; mask < 256; mask++) {
      let bytes = 0;
      for (let bit = 0; bit < 8; bit++) {
        const number = first + bit;
        if ((mask >>> bit) & 1 && number <= 44) bytes += modules[number]!.size;
      }
      sums[byte * 256 + mask] = bytes;
    }
  }
  return sums;
}

const withOld = (name: string, base: readonly Module[]): readonly Variant[] => [
  variant(name, base, []),
  variant(`${name}, trailer ID`, base, [OLD_TRAILER_ID]),
  variant(`${name}, CM2010`, base, [OLD_CM2010]),
  variant(`${name}, trailer ID and CM2010`, base, [OLD_TRAILER_ID, OLD_CM2010]),
];

/** Current layout first. */
export const X_VARIANTS: readonly Variant[] = withOld('X', CURRENT);
export const Z_VARIANTS: readonly Variant[] = withOld('Z', PRIVATE);
/** When no login said which: Z only where X does not fit. */
export const ANY_VARIANTS: readonly Variant[] = [...X_VARIANTS, ...Z_VARIANTS];

/** End of module `number` of X that starts at `at`; -1 when it does not end before `end`. */
export function moduleEndX(b: Uint8Array, at: number, end: number, number: number, v: Variant): number {
  const module = v.modules[number]!;
  let next = at + module.size;
  if (module.size === 0) {
    if (number === 45) next = at + 3 <= end ? at + 7 + u16(b, at + 1) : -1;
    else if (at + 2 > end) return -1;
    else if (number === 46) next = u16(b, at) >= 2 ? at + u16(b, at) : -1;
    else next = at + 2 + u16(b, at);
  }
  return next <= end ? next : -1;
}

/** End of the report of X that starts at `at`; -1 when it does not end before `end`. */
export function reportEndX(b: Uint8Array, at: number, end: number, v: Variant): number {
  if (at + X_HEADER_BYTES > end) return -1;
  const s = v.sums;
  const top = b[at + 1]!;
  let next = at + X_HEADER_BYTES + s[top]! + s[256 + b[at + 2]!]! + s[512 + b[at + 3]!]!;
  next += s[768 + b[at + 4]!]! + s[1024 + b[at + 5]!]! + s[1280 + b[at + 6]!]!;
  if (next > end) return -1;
  for (let number = 45; top >= 0x10 && number <= X_MODULES; number++) {
    if ((top >>> (number - 41)) & 1) next = moduleEndX(b, next, end, number, v);
    if (next < 0) return -1;
  }
  return next;
}

/** Bytes of the size field in front of a module of Y. */
export function sizeWidthY(number: number): number {
  return number === 45 || number === 46 || number === 48 ? 2 : 1;
}

/** End of the module of Y whose size field is at `at`. 48 counts only what follows, the others themselves as well. */
export function moduleEndY(b: Uint8Array, at: number, end: number, number: number): number {
  const width = sizeWidthY(number);
  if (at + width > end) return -1;
  const size = width === 2 ? u16(b, at) : b[at]!;
  if (number === 48) return at + 2 + size <= end ? at + 2 + size : -1;
  return size >= width && at + size <= end ? at + size : -1;
}

/** Is module `number` in the 80-bit mask of the Y report at `at`? */
export function hasModuleY(b: Uint8Array, at: number, number: number): boolean {
  return ((b[at + 10 - ((number - 1) >>> 3)]! >>> ((number - 1) & 7)) & 1) === 1;
}
export const Y_MODULES = 80;

export function reportEndY(b: Uint8Array, at: number, end: number): number {
  if (at + Y_HEADER_BYTES > end) return -1;
  let next = at + Y_HEADER_BYTES;
  for (let number = 1; number <= Y_MODULES; number++) {
    if (!hasModuleY(b, at, number)) continue;
    next = moduleEndY(b, next, end, number);
    if (next < 0) return -1;
  }
  return next;
}

export type Fit = 'no' | 'exact' | 'exact_and_timely';

/**
 * Do `count` reports from `from` on consume the bytes exactly up to `end`? Timely: none of their times is after `latestRaw`.
 * A null variant means Y.
 */
export function fit(
  b: Uint8Array,
  from: number,
  end: number,
  count: number,
  v: Variant | null,
  latestRaw: number,
): Fit {
  let at = from;
  let timely = true;
  for (let i = 0; i < count; i++) {
    const next = v === null ? reportEndY(b, at, end) : reportEndX(b, at, end, v);
    if (next < 0) return 'no';
    if (u32(b, v === null ? at + 11 : at + 7) > latestRaw) timely = false;
    at = next;
  }
  if (at !== end) return 'no';
  return timely ? 'exact_and_timely' : 'exact';
}

/** Where reading from `from` on goes wrong, for the dead letter. */
export function blame(
  b: Uint8Array,
  from: number,
  end: number,
  count: number,
  v: Variant | null,
): { readonly path: string; readonly at: number } {
  let at = from;
  for (let i = 0; i < count; i++) {
    const header = v === null ? Y_HEADER_BYTES : X_HEADER_BYTES;
    if (at + header > end) return { path: `report[${i}]`, at: Math.min(at, end) };
    const start = at;
    at += header;
    for (let number = 1; number <= (v === null ? Y_MODULES : X_MODULES); number++) {
      const present = v === null ? hasModuleY(b, start, number) : hasModuleX(b, start, number);
      if (!present) continue;
      const next = v === null ? moduleEndY(b, at, end, number) : moduleEndX(b, at, end, number, v);
      if (next < 0) return { path: `report[${i}].module[${number}]`, at };
      at = next;
    }
  }
  return { path: `report[${count}]`, at };
}

export function hasModuleX(b: Uint8Array, at: number, number: number): boolean {
  return ((b[at + 6 - ((number - 1) >>> 3)]! >>> ((number - 1) & 7)) & 1) === 1;
}
