/** By then a signal that has not come never will, however busy the machine is: a bound against hanging, not a measure of speed. */
export const NEVER_MS = 120_000;

/** Waits for a signal: asks until it is there, and says what was missing when it never came. */
export async function waitFor(
  what: string,
  ask: () => Promise<boolean> | boolean,
  timeoutMs = NEVER_MS,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let cause: unknown = null;
    try {
      if (await ask()) return;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline)
      throw new Error(`waited ${timeoutMs} ms for ${what}`, cause === null ? {} : { cause });
    await sleep(50);
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
