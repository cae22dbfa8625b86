/** What the writer and the reader of the fold's state agree on. */

/** Resolutions of log entries, in steps a unit: what comes from an entry is a whole number of them. */
export const DEGREE = 1e6;
export const KM = 1e3;
export const SPEED = 10;
export const TENTH = 10;
export const HOUR = 3600;

export const ABSENT = 0;
export const NEW = 1;
export const KNOWN = 2;
