/** What an H02 connection remembers, and the bounds of the protocol. */
import type { Known, LinkState, ProtocolLimits } from '../protocol.js';

/** Longest text frame, `*` to `#`. Text that runs on beyond it has lost its end. */
export const TEXT_BYTES_MAX = 2048;
/** Longest `$` record of any vendor. */
export const BINARY_BYTES_MAX = 51;
/** Frames in a row that could not be read, after which the connection is closed. */
export const BAD_FRAMES_MAX = 100;
/** Digits of an identifier: serial numbers have 10, IMEIs 15; more than 20 is no identifier of any vendor. */
export const IDENT_DIGITS_MAX = 20;
/** Vendor mark of a device that has not said its own. */
export const VENDOR_DEFAULT = 'HQ';

export const LIMITS: ProtocolLimits = {
  // One above the longest text, so that the text's own rule (drop one byte) comes before the connection's (close).
  frameBytesMax: TEXT_BYTES_MAX + 1,
  idleTimeoutMs: 15 * 60_000,
  // R12 names the server's time, not the frame; a device that has given up waiting would take it for the next frame's.
  replyAgeMaxMs: 30_000,
};

/** `$` lengths that SinoTrack itself uses, and those of other vendors with the same head. */
export type BinaryLength = 32 | 42 | 45 | 46 | 48 | 51;

export interface H02Link extends LinkState {
  /** The device's own two letters, as last received; commands must carry them. */
  vendorCode: string | null;
  /** Length of this device's `$` records once known; a device never changes it during a connection. */
  binaryLength: BinaryLength | null;
  /** The `$` at the front was once exactly this long at the end of a read, although its head is damaged. */
  damagedLength: 32 | 45 | null;
  badFrames: number;
  /** The answer that was worded last, and for whom: only its time changes. */
  r12: { readonly ident: string; readonly bytes: Uint8Array } | null;
  /** Second (since 1970) that the last command carried as HHMMSS: the next one takes a later one. */
  commandSecond: number;
}

export function open(known?: Known): H02Link {
  return {
    ident: known?.ident ?? null,
    vendorCode: known?.vendorCode ?? null,
    binaryLength: null,
    damagedLength: null,
    badFrames: 0,
    r12: null,
    commandSecond: 0,
  };
}
