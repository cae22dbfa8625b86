/** Calendar fields with two-digit years (2000–2099) and seconds since 1970, without Date, so that a report allocates nothing. */

const SECONDS_2000 = 946_684_800;
const DAYS_BEFORE = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
const DAYS_IN = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Seconds since 1970, UTC, of 2000+yy-mo-dd hh:mi:ss. -1 when a field is missing (negative) or impossible: month 13, 31 February,
 * hour 25, second 60.
 */
export function utcSeconds(yy: number, mo: number, dd: number, hh: number, mi: number, ss: number): number {
  if (yy < 0 || yy > 99 || mo < 1 || mo > 12 || dd < 1) return -1;
  if (hh < 0 || hh > 23 || mi < 0 || mi > 59 || ss < 0 || ss > 59) return -1;
  // From 2000 to 2099 every fourth year is a leap year.
  const leap = (yy & 3) === 0 ? 1 : 0;
  if (dd > DAYS_IN[mo - 1]! + (mo === 2 ? leap : 0)) return -1;
  const days = yy * 365 + ((yy + 3) >> 2) + DAYS_BEFORE[mo - 1]! + (mo > 2 ? leap : 0) + dd - 1;
  return SECONDS_2000 + days * 86_400 + hh * 3_600 + mi * 60 + ss;
}

/** UTC fields of a time, ms since 1970; `yy` is the year of the century. */
export function utcFields(ms: number): { yy: number; mo: number; dd: number; hh: number; mi: number; ss: number } {
  const date = new Date(ms);
  return {
    yy: date.getUTCFullYear() % 100,
    mo: date.getUTCMonth() + 1,
    dd: date.getUTCDate(),
    hh: date.getUTCHours(),
    mi: date.getUTCMinutes(),
    ss: date.getUTCSeconds(),
  };
}

/** Two digits. */
export const two = (n: number): string => (n < 10 ? `0${n}` : String(n));
