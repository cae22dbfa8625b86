/** Astra counts seconds since 1980-01-06T00:00:00Z, without leap seconds. */
export const GNSS_EPOCH_S = 315_964_800;
/** 2010-01-01T00:00:00Z: a device clock before this was never set. */
export const CLOCK_MIN_S = 1_262_304_000;
/** A device clock more than a day ahead of the server's is wrong. */
export const CLOCK_AHEAD_MAX_S = 86_400;

/** Is a time (seconds since 1970) one that a set clock can show, seen at `nowS`? */
export function isPlausible(unixS: number, nowS: number): boolean {
  return unixS >= CLOCK_MIN_S && unixS <= nowS + CLOCK_AHEAD_MAX_S;
}
