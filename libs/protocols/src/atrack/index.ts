/** ATrack: binary and ASCII reports, keep-alives, pictures, impact data and answers to AT commands. See the README of this folder. */
import type { Protocol } from '../protocol.js';
import { accept } from './accept.js';
import { COMMAND_SPECS } from './commands.js';
import { decode } from './decode.js';
import { detect } from './detect.js';
import { correlationOf, encode } from './encode.js';
import { explain } from './explain.js';
import { frame } from './frame.js';
import { FRAME_BYTES_MAX } from './header.js';
import { type AtrackLink, openLink } from './link-state.js';
import { join, part } from './picture.js';

export const atrack: Protocol<AtrackLink> = {
  id: 'atrack',
  title: 'ATrack',
  port: 5044,
  limits: {
    frameBytesMax: FRAME_BYTES_MAX,
    // Keep-alives may be up to 255 minutes apart, but ten minutes is what fleets use.
    idleTimeoutMs: 600_000,
    // The acknowledgement names the frame's sequence id, so a late one is never taken for another's.
    replyAgeMaxMs: null,
  },
  // The prefix may be any two bytes.
  owns: () => true,
  detect,
  open: openLink,
  frame,
  accept,
  decode,
  part,
  join,
  commands: COMMAND_SPECS,
  encode,
  correlationOf,
  explain,
};

export type { AtrackLink } from './link-state.js';
