/** Aborts at the first SIGINT or SIGTERM; a second one ends the process at once, as without a handler. */
export function interrupted(): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    process.removeListener('SIGINT', stop);
    process.removeListener('SIGTERM', stop);
    controller.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return controller.signal;
}
