/** What a JT808 connection remembers, and the bounds of the protocol. */
import { bcdBytes } from '../wire/bcd.js';
import type { Known, LinkState, ProtocolLimits } from '../protocol.js';
import { PartSets } from './parts.js';

/** Most bytes between two flags: 1023 + 21 + 1, with escapes. */
export const BETWEEN_FLAGS_MAX = 2090;
/** Bytes without a closing flag, after which the opening one is given up. */
export const BUFFERED_MAX = 4096;
/** Frames in a row that could not be read, after which the connection is closed. */
export const BAD_FRAMES_MAX = 100;

export const LIMITS: ProtocolLimits = {
  // One above, so that the frame's own rule (drop the flag) comes before the connection's (close).
  frameBytesMax: BUFFERED_MAX + 1,
  idleTimeoutMs: 15 * 60_000,
  // Every answer names the serial that it answers.
  replyAgeMaxMs: null,
};

/** The last split command, kept so that the device can ask for its parts again (0x0005). */
export interface SentParts {
  readonly firstSerial: number;
  readonly frames: readonly Uint8Array[];
}

export interface Jt808Link extends LinkState {
  /** Phone field as last received, 6 or 10 bytes; null before the first message. */
  phone: Uint8Array | null;
  /** The device that `phone` names. */
  phoneIdent: string | null;
  /** Version byte of the 2019 edition; null: 2011 or 2013. */
  version: number | null;
  /** Next serial of the server; wraps at 65535. */
  serial: number;
  /** The flag at the front of the buffer has already closed a frame. */
  sharedFlag: boolean;
  /** Bytes of the frame that `frame` has just given out, found good and free of escapes; 0: none. `accept` takes it, and need not add up again. */
  sound: number;
  badFrames: number;
  readonly parts: PartSets;
  sent: SentParts | null;
}

export function open(known?: Known): Jt808Link {
  const phone = known?.phone ?? null;
  const is2019 = known?.version !== undefined || (phone !== null && phone.length > 12);
  return {
    ident: known?.ident ?? (phone === null ? null : withoutZeros(phone)),
    phone: phone === null ? null : bcdBytes(phone, is2019 ? 10 : 6),
    phoneIdent: phone === null ? null : withoutZeros(phone),
    version: is2019 ? (known?.version ?? 1) : null,
    serial: known?.serial ?? 0,
    sharedFlag: false,
    sound: 0,
    badFrames: 0,
    parts: new PartSets(),
    sent: null,
  };
}
const withoutZeros = (digits: string): string => digits.replace(/^0+/, '');

/** The next serial, counted on. */
export function takeSerial(state: Jt808Link): number {
  const serial = state.serial;
  state.serial = (serial + 1) & 0xffff;
  return serial;
}
