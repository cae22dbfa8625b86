/** The newest entry of a log, as far as reports that come after it ask: its place, and what spoke. */
import { EPOCH_US, type Reader, type Writer } from '../store/bytes.js';
import type { Place } from './entry.js';

export interface Newest extends Place {
  /** Place of the protocol in PROTOCOLS. */
  readonly protocol: number;
}

/** At most 24 bytes; the caller has asked for room. */
export function putNewest(out: Writer, newest: Newest | null): void {
  out.time(newest === null ? null : newest.timeUs, EPOCH_US);
  if (newest === null) return;
  out.signed(newest.sequence);
  out.word(newest.idHigh);
  out.word(newest.idLow);
  out.byte(newest.protocol);
}

export function takeNewest(from: Reader): Newest | null {
  const timeUs = from.time(EPOCH_US);
  if (timeUs === null) return null;
  return {
    timeUs,
    sequence: from.signed(),
    idHigh: from.word(),
    idLow: from.word(),
    protocol: from.byte(),
  };
}
