/** H02: the text and binary dialects of SinoTrack trackers and their relatives. */
import type { Protocol } from '../protocol.js';
import { accept } from './accept.js';
import { COMMAND_SPECS } from './commands.js';
import { decodeBinary } from './binary.js';
import { detect } from './detect.js';
import { correlationOf, encode } from './encode.js';
import { explain } from './explain.js';
import { frame } from './frame.js';
import { LIMITS, open, type H02Link } from './state.js';
import { decodeText } from './text.js';

/** Opens a JT808 frame: the one byte of the shared connection that is not for this protocol to judge. */
const JT808_FLAG = 0x7e;
const STAR = 0x2a;

export const h02: Protocol<H02Link> = {
  id: 'h02',
  title: 'H02',
  port: 5013,
  limits: LIMITS,
  // Whatever opens nothing is noise between H02 frames, and it is counted here.
  owns: (byte) => byte !== JT808_FLAG,
  detect,
  open,
  frame,
  accept,
  decode: (input) => (input.frame[0] === STAR ? decodeText(input) : decodeBinary(input)),
  commands: COMMAND_SPECS,
  encode,
  addressedBy: ['ident', 'vendorCode'] satisfies readonly (keyof H02Link)[],
  correlationOf,
  explain,
};

export type { H02Link } from './state.js';
export { COMMAND_NAMES as H02_COMMANDS } from './encode.js';
export * as h02Device from './simulate.js';
