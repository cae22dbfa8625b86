/**
 * The fold's state as bytes, about 150 for a vehicle on its way. Fields stand in the order of `state.ts`; STATE_FORMAT says which
 * version of them it is. What the state holds twice (the last fix is also the counted one, the last mark also the stop's) is written
 * once and is one value again when it is read.
 */
import { Reader, Writer } from '../store/bytes.js';
import { FoldReader } from './state-reader.js';
import { FoldWriter } from './state-writer.js';
import type { FoldState } from './state.js';

const READER = new FoldReader();
const OWN = new FoldWriter(new Writer());
const WRITERS = new WeakMap<Writer, FoldWriter>();

/** Writes a state behind what `out` holds. */
export function writeFold(out: Writer, state: FoldState): void {
  let writer = WRITERS.get(out);
  if (writer === undefined) WRITERS.set(out, (writer = new FoldWriter(out)));
  writer.state(state);
}

/** Reads what writeFold wrote. */
export function readFold(from: Reader): FoldState {
  READER.in = from;
  return READER.state();
}

/** A state as a value of its own. */
export function encodeFold(state: FoldState): Buffer {
  OWN.out.rewind();
  OWN.state(state);
  return Buffer.from(OWN.out.bytes.subarray(0, OWN.out.at));
}

/** Reads what encodeFold wrote. */
export function decodeFold(bytes: Buffer): FoldState {
  return readFold(new Reader().over(bytes));
}
