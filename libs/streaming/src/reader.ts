import type { Kafka } from 'kafkajs';
import { toError } from './errors.js';
import { Follower } from './follower.js';
import type { ReaderOptions, StreamLog } from './ports.js';

/** Reads topics until told to stop: by `onRecord`, the signal, silence, or the end of what was there. */
export async function readTopics(
  client: Kafka,
  clientId: string,
  options: ReaderOptions,
  log: StreamLog,
): Promise<void> {
  if (options.signal?.aborted === true) return;
  let finish: (error?: Error) => void = () => undefined;
  const finished = new Promise<void>((resolve, reject) => {
    finish = (error) => (error === undefined ? resolve() : reject(error));
  });
  finished.catch(() => undefined);

  let done = false;
  let idleTimer: NodeJS.Timeout | undefined;
  const rearm = (): void => {
    if (options.idleMs === undefined || done) return;
    clearTimeout(idleTimer);
    idleTimer = setTimeout(() => finish(), options.idleMs);
  };
  const follower = new Follower({
    client,
    clientId,
    topics: options.topics,
    from: options.from,
    onRecord: (record) => {
      if (done) return;
      rearm();
      if (options.onRecord(record) === false) {
        done = true;
        finish();
      }
    },
    onThrow: (_record, error) => {
      done = true;
      finish(toError(error));
    },
    onOutOfRange: (error) => finish(error),
    log,
  });
  const abort = (): void => finish();
  options.signal?.addEventListener('abort', abort, { once: true });
  try {
    await follower.start();
    rearm();
    if (options.untilEnd === true) follower.caughtUp.then(() => finish(), finish);
    await finished;
  } finally {
    done = true;
    clearTimeout(idleTimer);
    options.signal?.removeEventListener('abort', abort);
    await follower.stop();
  }
}
