/**
 * Impact data (`AT$GDAT`): eight packets of 50 samples, each in a frame of its own behind the fixed part of a record with report id 14.
 * They are known as such only while the server waits for them. What remains behind the fixed part says which layout it is:
 *
 *   301   packet id u8,  50 × (X, Y, Z) i16        302   packet id u16, 50 × (X, Y, Z) i16
 *   151   packet id u8,  50 × (X, Y, Z) i8, 16 counts per g
 *   ASCII packet id, then 600 hex digits or 150 decimals
 */
import type { Acceleration } from '../catalogue/report.generated.js';
import { i8, u16 } from '../wire/reader.js';
import { COMMA, WHOLE, find, hexDigit, scanNumber, scanned } from './ascii.js';
import { triples } from './gforce.js';

export const IMPACT_SAMPLES = 50;
const AXES = 3;
const VALUES = IMPACT_SAMPLES * AXES;
const COUNTS_PER_G_I8 = 16;

export interface ImpactPacket {
  /** As sent: from 0 or from 1. */
  readonly id: number;
  readonly samples: readonly Acceleration[];
}

/** The packet behind the fixed part, or null: [at, end) is something else. `divisor`: words per g. */
export function binaryPacket(b: Uint8Array, at: number, end: number, divisor: number): ImpactPacket | null {
  switch (end - at) {
    case 1 + VALUES * 2:
      return { id: b[at]!, samples: triples(b, at + 1, IMPACT_SAMPLES, divisor) };
    case 2 + VALUES * 2:
      return { id: u16(b, at), samples: triples(b, at + 2, IMPACT_SAMPLES, divisor) };
    case 1 + VALUES:
      return { id: b[at]!, samples: grouped((i) => i8(b, at + 1 + i) / COUNTS_PER_G_I8) };
    default:
      return null;
  }
}

/** The same of the values [at, to) of an ASCII record. */
export function asciiPacket(b: Uint8Array, at: number, to: number, divisor: number): ImpactPacket | null {
  if (at >= to) return null;
  const id = scanNumber(b, at, to);
  if (scanned.kind !== WHOLE || scanned.end >= to) return null;
  const p = scanned.end + 1;
  if (find(b, COMMA, p, to) === to) {
    const digits = b.subarray(p, to).filter((byte) => hexDigit(byte) >= 0);
    if (digits.length !== VALUES * 4) return null;
    const bytes = new Uint8Array(VALUES * 2);
    for (let i = 0; i < bytes.length; i++) bytes[i] = (hexDigit(digits[2 * i]!) << 4) | hexDigit(digits[2 * i + 1]!);
    return { id, samples: triples(bytes, 0, IMPACT_SAMPLES, divisor) };
  }
  const values = decimals(b, p, to);
  if (values === null) return null;
  return { id, samples: grouped((i) => values[i]! / divisor) };
}

/** Exactly 150 whole numbers in [at, to), or null. */
function decimals(b: Uint8Array, at: number, to: number): readonly number[] | null {
  const values: number[] = [];
  let p = at;
  while (p < to && values.length <= VALUES) {
    const value = scanNumber(b, p, to);
    if (scanned.kind !== WHOLE) return null;
    values.push(value);
    p = scanned.end + 1;
  }
  return values.length === VALUES ? values : null;
}

function grouped(value: (index: number) => number): Acceleration[] {
  return Array.from({ length: IMPACT_SAMPLES }, (_, i) => ({
    x: value(AXES * i),
    y: value(AXES * i + 1),
    z: value(AXES * i + 2),
  }));
}
