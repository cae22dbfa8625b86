import { setFlagsFromString } from 'node:v8';

/** By how much the old generation may grow before it is collected, percent of what was alive. */
export const HEAP_GROWTH_PERCENT = 100;

const OPTION = '--heap-growing-percent';

/**
 * Lets dead objects take no more than live ones. On a machine with much memory V8 lets its heap become four times as large first, and
 * services that pass thousands of records a second through it take 100 MB more for nothing. Who gives the option himself is left alone.
 *
 * @param given options of Node: those of the command line, and NODE_OPTIONS
 * @returns false: it was given
 */
export function boundHeapGrowth(
  given: readonly (string | undefined)[],
  setFlags: (flags: string) => void = setFlagsFromString,
): boolean {
  if (given.some((option) => option?.includes(OPTION) === true)) return false;
  setFlags(`${OPTION}=${HEAP_GROWTH_PERCENT}`);
  return true;
}
