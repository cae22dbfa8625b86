/** A file that a device sent, as records of `media`: in pieces that fit a message, with a digest that names it. */
import { createHash } from 'node:crypto';
import type { Codec, RawFrame } from '@fleetwire/schemas';
import type { OutRecord } from '@fleetwire/streaming';
import type { FrameOutcome } from './decode-frame.js';

/** Bytes of a file in one record, well below the topic's `max.message.bytes`. */
const PIECE_BYTES = 512 * 1024;

export function mediaRecords(codec: Codec, raw: RawFrame, media: NonNullable<FrameOutcome['media']>): OutRecord[] {
  const digest = createHash('sha256').update(media.bytes).digest('hex');
  const parts = Math.max(1, Math.ceil(media.bytes.length / PIECE_BYTES));
  return Array.from({ length: parts }, (_, part) => ({
    topic: 'media',
    key: raw.ident,
    value: codec.encode('media', {
      ident: raw.ident,
      tenant: null,
      media_id: digest.slice(0, 32),
      message_id: null,
      type: media.type,
      bytes: Buffer.from(media.bytes.subarray(part * PIECE_BYTES, (part + 1) * PIECE_BYTES)),
      part,
      parts,
      size_bytes: media.bytes.length,
      digest,
      taken_at: null,
      received_at: raw.received_at,
      protocol: raw.protocol,
      attributes: { set: media.set },
    }),
  }));
}
