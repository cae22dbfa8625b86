import { Cursor } from './avro-reading.js';
import type { EnricherState } from './records.generated.js';

/** The fields of schemas/enricher-state.avsc in their order, which a test holds against the file. */
export const ENRICHER_STATE_FIELDS = [
  'kind',
  'ident',
  'part',
  'format',
  'payload',
  'barrier',
  'inputs',
  'written_at',
] as const satisfies readonly (keyof EnricherState)[];

const NO_INPUTS: EnricherState['inputs'] = Object.freeze([]);

/**
 * An EnricherState that this build wrote for a device; null: the general library must read it, or say what is wrong with it. `payload` is a view of
 * `value`: who keeps it longer than a step copies it. A restore reads hundreds of thousands.
 */
export function readEnricherState(value: Buffer, at: number): EnricherState | null {
  const cursor = new Cursor(value, at);
  const state: EnricherState = {
    kind: cursor.name() as EnricherState['kind'],
    ident: cursor.string(),
    part: cursor.string(),
    format: cursor.long(),
    payload: cursor.view(),
    barrier: null,
    inputs: NO_INPUTS,
    written_at: null,
  };
  // What states of devices never have is left to the general library.
  const plain = !cursor.some() && cursor.count() === 0 && !cursor.some();
  return !plain || cursor.failed || cursor.at !== value.length ? null : state;
}
