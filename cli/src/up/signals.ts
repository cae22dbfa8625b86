/**
 * Ctrl-C at `npm start` reaches the whole foreground group, and npm passes it on once more: the supervisor alone decides what it means, and two within a second are one.
 */

/** Signals closer than this are the same key press. */
const SAME_MS = 1_000;
/** How often the parent is looked at. */
const PARENT_MS = 1_000;

export interface StopSignals {
  /** Aborts at the first SIGINT, SIGTERM or SIGHUP, or when npm, which started us, is gone. */
  readonly stop: AbortSignal;
  /** Aborts at the second. */
  readonly hurry: AbortSignal;
  /** Takes the handlers off again. */
  release(): void;
}

export function stopSignals(env: Readonly<Record<string, string | undefined>>): StopSignals {
  const stop = new AbortController();
  const hurry = new AbortController();
  let last = -Infinity;
  const onSignal = (): void => {
    const now = performance.now();
    if (now - last < SAME_MS) return;
    last = now;
    if (stop.signal.aborted) hurry.abort();
    else stop.abort();
  };
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, onSignal);
  // Under npm a killed parent would leave us running where nobody sees it; started by hand (nohup) that is wanted.
  const parent = process.ppid;
  const watch =
    env['npm_lifecycle_event'] === undefined
      ? null
      : setInterval(() => {
          if (process.ppid !== parent) stop.abort();
        }, PARENT_MS);
  watch?.unref();
  return {
    stop: stop.signal,
    hurry: hurry.signal,
    release: () => {
      for (const name of names) process.off(name, onSignal);
      if (watch !== null) clearInterval(watch);
    },
  };
}
