/** State of one connection (on UDP: of one source address). */
import type { Known, LinkState } from '../protocol.js';

/** A server that waits for impact data leaves off this long after the last packet. */
export const IMPACT_WAIT_MS = 60_000;
/** `$OK` to the query must come within this time. */
export const ANSWER_WAIT_MS = 30_000;
export const IMPACT_PACKETS = 8;

/** The server has asked a device for its impact data. */
export interface ImpactWait {
  /** The device; null until it has named itself. */
  ident: string | null;
  /** Id of the first packet: devices count from 0 or from 1. */
  base: 0 | 1 | null;
  /** A frame was refused since the wait began: it may have been packet 0, so a first id of 1 says nothing. */
  doubtful: boolean;
  /** Ids seen, and the sequence ids of their frames, so that a repeat is known as one. */
  readonly packets: Map<number, number>;
  /** Server clock, ms; null before the first frame. */
  lastMs: number | null;
}

export interface AtrackLink extends LinkState {
  /** Prefix of the last good frame as u16, or -1. */
  prefix: number;
  /** True after bytes that were no frame, until the next good one. */
  searching: boolean;
  /** Refusals since the last good frame, and bytes lost in them. */
  refusals: number;
  lostBytes: number;
  /** Bytes of the frame that `frame` has just given out and whose sum it found good; 0: none. `accept` takes it, and need not add up again. */
  summed: number;
  /** Unit id that was last turned into text. */
  unitHigh: number;
  unitLow: number;
  unitIdent: string;
  /** `AT$GDAT` was written: what its `$OK` must carry. */
  asked: { readonly tag: string | null; readonly atMs: number } | null;
  impact: ImpactWait | null;
}

export function openLink(known?: Known): AtrackLink {
  const ident = known?.ident ?? null;
  return {
    ident,
    prefix: -1,
    searching: false,
    refusals: 0,
    lostBytes: 0,
    summed: 0,
    unitHigh: 0,
    unitLow: 0,
    unitIdent: '0',
    asked: null,
    impact:
      known?.waiting === 'impact_data'
        ? { ident, base: null, doubtful: false, packets: new Map(), lastMs: null }
        : null,
  };
}
