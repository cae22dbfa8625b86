/** G-force words: triples of i16, X along the vehicle (positive when it accelerates), Y across, Z vertical. */
import type { Acceleration, Report } from '../catalogue/report.generated.js';
import { numberSetter } from '../catalogue/set.js';
import { i16 } from '../wire/reader.js';
import type { FieldSettings } from './draft.js';

const setForward = numberSetter('segment.max.acceleration');
const setBraking = numberSetter('segment.max.braking.acceleration');
const setCornering = numberSetter('segment.max.cornering.acceleration');
const setVertical = numberSetter('segment.max.vertical.acceleration');

export const SAMPLE_BYTES = 6;
const SAMPLES = 10;

/** `%GV`, one triple: the highest of the harsh event. All zero is absent. */
export function applyPeak(b: Uint8Array, at: number, r: Report, s: FieldSettings): void {
  const x = i16(b, at);
  const y = i16(b, at + 2);
  const z = i16(b, at + 4);
  if (x === 0 && y === 0 && z === 0) return;
  if (x >= 0) setForward(r, x / s.gDivisor);
  else setBraking(r, -x / s.gDivisor);
  setCornering(r, Math.abs(y) / s.gDivisor);
  setVertical(r, z / s.gDivisor);
}

/** `%GN`, ten triples. */
export function applySamples(b: Uint8Array, at: number, r: Report, s: FieldSettings): void {
  r.acceleration_array = triples(b, at, SAMPLES, s.gDivisor);
}

/** `count` triples of i16 at `at`, in g. */
export function triples(b: Uint8Array, at: number, count: number, divisor: number): Acceleration[] {
  const list: Acceleration[] = [];
  for (let i = 0, p = at; i < count; i++, p += SAMPLE_BYTES)
    list.push({ x: i16(b, p) / divisor, y: i16(b, p + 2) / divisor, z: i16(b, p + 4) / divisor });
  return list;
}
