/** Astra Telematics: AT100 to AT503. The README lists sources, deviations and open questions. */
import type { Protocol } from '../protocol.js';
import { accept, open, type AstraLink } from './accept.js';
import { COMMAND_SPECS } from './commands.js';
import { decode } from './decode.js';
import { correlationOf, encode } from './encode.js';
import { explain } from './explain.js';
import { detect, frame, PACKET_BYTES_MAX } from './frame.js';

export type { AstraLink } from './accept.js';
export * from './simulate.js';

const HOUR_MS = 3_600_000;

export const astra: Protocol<AstraLink> = {
  id: 'astra',
  title: 'Astra',
  port: 5103,
  limits: {
    frameBytesMax: PACKET_BYTES_MAX,
    // A sleeping device is silent for long; it closes or comes back by itself.
    idleTimeoutMs: 2 * HOUR_MS,
    // The answer names no packet, so a late one would confirm the next. How long a device waits is its setting `$TCPT`, whose
    // default no source gives; this is our choice, and below it the setting must not be.
    replyAgeMaxMs: 5_000,
  },
  owns: (firstByte) => (firstByte >= 0x20 && firstByte <= 0x7e) || [0x00, 0x0a, 0x0d].includes(firstByte),
  detect,
  open,
  frame,
  accept,
  decode,
  commands: COMMAND_SPECS,
  encode,
  correlationOf,
  explain,
};
