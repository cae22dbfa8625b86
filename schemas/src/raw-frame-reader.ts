import { Cursor } from './avro-reading.js';
import type { RawFrame } from './records.generated.js';

/** The fields of schemas/raw-frame.avsc in their order, which a test holds against the file. */
export const RAW_FRAME_FIELDS = [
  'ident',
  'peer',
  'protocol',
  'transport',
  'frame',
  'received_at',
  'edge',
  'listener',
  'connection',
  'sequence',
  'context',
] as const satisfies readonly (keyof RawFrame)[];

const NO_CONTEXT: RawFrame['context'] = Object.freeze({});

/**
 * A RawFrame that this build wrote; null: the general library must read it, or say what is wrong with it. `frame` is a view of `value`: who
 * keeps it longer than a step copies it. Every frame is read so once, a third of what reading it by the general library takes.
 */
export function readRawFrame(value: Buffer, at: number): RawFrame | null {
  const cursor = new Cursor(value, at);
  const raw: RawFrame = {
    ident: cursor.string(),
    // The same for all frames of a connection.
    peer: cursor.name(),
    protocol: cursor.name(),
    transport: cursor.name() as RawFrame['transport'],
    frame: cursor.view(),
    received_at: cursor.long(),
    edge: cursor.name(),
    listener: cursor.name(),
    connection: cursor.long(),
    sequence: cursor.long(),
    context: readContext(cursor),
  };
  return cursor.failed || cursor.at !== value.length ? null : raw;
}

function readContext(cursor: Cursor): RawFrame['context'] {
  let left = cursor.count();
  if (left === 0) return NO_CONTEXT;
  const entries: [string, string][] = [];
  for (; left > 0 && !cursor.failed; left--) entries.push([cursor.name(), cursor.string()]);
  cursor.close();
  return Object.fromEntries(entries);
}
