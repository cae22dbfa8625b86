/** JT/T 808 in its editions of 2011, 2013 and 2019, as newer SinoTrack devices speak it. */
import type { Protocol } from '../protocol.js';
import { accept, tick } from './accept.js';
import { COMMAND_SPECS } from './commands.js';
import { decode, join, part } from './decode.js';
import { detect } from './detect.js';
import { correlationOf, encode } from './encode.js';
import { explain } from './explain.js';
import { frame, settles } from './frame.js';
import { FLAG } from './message.js';
import { LIMITS, open, type Jt808Link } from './state.js';

export const jt808: Protocol<Jt808Link> = {
  id: 'jt808',
  title: 'JT808',
  port: 5015,
  limits: LIMITS,
  owns: (byte) => byte === FLAG,
  detect,
  open,
  frame,
  settles,
  accept,
  tick,
  decode,
  part,
  join,
  commands: COMMAND_SPECS,
  encode,
  addressedBy: ['ident', 'phone', 'phoneIdent', 'version'] satisfies readonly (keyof Jt808Link)[],
  correlationOf,
  explain,
};

export type { Jt808Link } from './state.js';
export { COMMAND_NAMES as JT808_COMMANDS } from './encode.js';
export * as jt808Device from './simulate.js';
